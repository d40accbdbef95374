//! What may be asked of a store within a transaction.

use super::data::{Database as Data, Records};
use super::key::{Key, ends};
use super::transaction::TxState;
use super::{Exception, exception};
use crate::timer::Signal;
use crate::value::{List, Value};
use crate::world::World;
use std::cell::RefCell;
use std::rc::Rc;

/// A store within a transaction.
pub struct Store {
    name: String,
    state: Rc<RefCell<TxState>>,
}

/// What will have a result once its transaction is done.
pub struct Request {
    result: Rc<RefCell<Value>>,
}

impl Request {
    /// The result.
    pub fn result(&self) -> Value {
        self.result.borrow().clone()
    }
}

impl Store {
    pub(super) fn new(name: &str, state: Rc<RefCell<TxState>>) -> Self {
        let name = name.to_owned();
        Self { name, state }
    }

    fn ask(
        &self,
        operation: impl FnOnce(&mut Records) -> Option<Signal> + 'static,
    ) -> Result<(), Exception> {
        let mut state = self.state.borrow_mut();
        let turn = World::with(World::turn);
        if state.outcome.is_some() || state.committing || state.active != turn {
            return Err(exception(
                "TransactionInactiveError",
                "the transaction is not active",
            ));
        }
        let name = self.name.clone();
        state.operations.push_back(Box::new(move |data: &mut Data| {
            data.records(&name).and_then(operation)
        }));
        Ok(())
    }

    /// Puts a record under a key.
    ///
    /// # Errors
    /// Where the key is none, or the transaction is not active.
    pub fn put(&self, value: &Value, key: &Value) -> Result<(), Exception> {
        let (key, value) = (Key::of(key)?, value.clone());
        self.ask(move |records| {
            records.records.insert(key, value);
            None
        })
    }

    /// Adds a record under the store's next number.
    ///
    /// # Errors
    /// Where the transaction is not active.
    pub fn add(&self, value: &Value) -> Result<Request, Exception> {
        let result = Rc::new(RefCell::new(Value::Undefined));
        let (to, value) = (result.clone(), value.clone());
        self.ask(move |records| {
            debug_assert!(records.numbered, "the store numbers its records");
            records.last += 1;
            let number = records.last as f64;
            records.records.insert(Key::Number(number), value);
            to.replace(number.into());
            None
        })?;
        Ok(Request { result })
    }

    /// Deletes a record, or all of a range.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn delete(&self, range: &Value) -> Result<(), Exception> {
        let ends = ends(range)?;
        self.ask(move |records| {
            records
                .records
                .retain(|key, _| !std::ops::RangeBounds::contains(&ends, key));
            None
        })
    }

    /// Deletes all records.
    ///
    /// # Errors
    /// Where the transaction is not active.
    pub fn clear(&self) -> Result<(), Exception> {
        self.ask(|records| {
            records.records.clear();
            None
        })
    }

    /// Reads a record; undefined where there is none.
    ///
    /// # Errors
    /// As [`Store::put`], and where the transaction was aborted.
    pub async fn get(&self, key: &Value) -> Result<Value, Exception> {
        let key = Key::of(key)?;
        self.read(move |records| records.records.get(&key).cloned().unwrap_or_default())
            .await
    }

    /// Reads up to `limit` records of a range, in the order of their keys.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn get_all(&self, range: &Value, limit: u32) -> Result<List, Exception> {
        let ends = ends(range)?;
        self.read(move |records| {
            let all = records.records.range(ends);
            List(all.take(limit as usize).map(|(_, v)| v.clone()).collect())
        })
        .await
    }

    /// Reads up to `limit` keys of a range, in order.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn get_all_keys(&self, range: &Value, limit: u32) -> Result<List, Exception> {
        let ends = ends(range)?;
        self.read(move |records| {
            let all = records.records.range(ends);
            List(
                all.take(limit as usize)
                    .map(|(k, _)| k.to_value())
                    .collect(),
            )
        })
        .await
    }

    async fn read<T: 'static>(
        &self,
        read: impl FnOnce(&Records) -> T + 'static,
    ) -> Result<T, Exception> {
        let result = Rc::new(RefCell::new(None));
        let (to, signal) = (result.clone(), Signal::default());
        let ring = signal.clone();
        self.ask(move |records| {
            to.replace(Some(read(records)));
            Some(ring)
        })?;
        let done = self.state.borrow().done.clone();
        either(&signal, &done).await;
        let read = result.take();
        read.ok_or_else(|| {
            let outcome = self.state.borrow().outcome.clone();
            match outcome {
                Some(Err(error)) => error,
                Some(Ok(())) | None => exception("AbortError", "aborted"),
            }
        })
    }
}

async fn either(first: &Signal, second: &Signal) {
    let (mut first, mut second) = (Box::pin(first.wait()), Box::pin(second.wait()));
    std::future::poll_fn(move |context| {
        use std::task::Poll;
        match first.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => second.as_mut().poll(context),
        }
    })
    .await;
}

/// The key range above `key`, exclusive.
pub fn above(key: &Value) -> Value {
    match key {
        Value::Plain(low) => Value::Range {
            low: low.clone(),
            open: true,
            high: None,
        },
        Value::Undefined | Value::Range { .. } => Value::Undefined,
    }
}

/// The key range from `low` to `high`, inclusive.
pub fn span(low: &Value, high: &Value) -> Value {
    match (low, high) {
        (Value::Plain(low), Value::Plain(high)) => Value::Range {
            low: low.clone(),
            open: false,
            high: Some(high.clone()),
        },
        _ => Value::Undefined,
    }
}
