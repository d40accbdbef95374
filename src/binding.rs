//! [`Client`] is what TypeScript holds. Reads and writes are synchronous; what waits for IndexedDB
//! or the network is told by notices (`client::events`).

use crate::browser::{self, thrown, to_object};
use crate::client::{Listener, Shared, TokenSource, token_missing};
use crate::memory::Memory;
use crate::{poison, task, view};
use haversack_core::json::{self, Json};
use haversack_core::query::{Param, PlanId};
use haversack_core::replica::{DraftOp, Key, Replica, WatchId, Watched};
use haversack_core::schema::{Schema, TableId};
use haversack_core::{Error, ErrorCode};
use js_sys::{Array, Function, Promise, Reflect, Uint32Array};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// The version of this module; for bug reports.
#[wasm_bindgen]
pub fn core_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// What says that a parameter is NULL, in the place of a text's length.
const NULL: f64 = -2.0;

/// What TypeScript writes a query's parameters to.
#[derive(Default)]
struct Input {
    /// Two for each: a number and -1, anything and the length of a text in bytes, or, of NULL,
    /// anything and [`NULL`].
    numbers: Vec<f64>,
    /// The texts, one after the other.
    text: Vec<u8>,
}

impl Input {
    fn reserve(&mut self, params: usize, bytes: usize) {
        // One more, because a run says there where its hits are.
        self.numbers.resize((params + 1) * 2, 0.0);
        self.text.resize(bytes, 0);
    }

    /// Reads parameters, one after the other, into `to`.
    fn read<'a>(&'a self, to: &mut [Param<'a>]) -> Result<(), Error> {
        let mut at = 0;
        for (to, from) in to.iter_mut().zip(self.numbers.chunks_exact(2)) {
            *to = if from[1] == NULL {
                Param::Null
            } else if from[1] < 0.0 {
                Param::Number(from[0])
            } else {
                let end = at + from[1] as usize;
                let text = self.text.get(at..end).unwrap_or_default();
                at = end;
                Param::Text(std::str::from_utf8(text).map_err(|_| not_text())?)
            };
        }
        Ok(())
    }
}

#[cold]
fn no_query(fault: &dyn std::fmt::Display) -> JsValue {
    let message = format!("not a query: {fault}");
    thrown(&Error::new(ErrorCode::InvalidQuery, message))
}

#[cold]
fn not_text() -> Error {
    Error::new(ErrorCode::InvalidQuery, "a parameter is not UTF-8")
}

/// Queries with so many parameters are run without an allocation.
const PARAMS_FEW: usize = 8;

/// An open database.
#[wasm_bindgen]
pub struct Client {
    shared: Rc<Shared>,
    input: RefCell<Input>,
    /// Why the last run failed, until TypeScript asks.
    error: RefCell<Option<Error>>,
}

#[wasm_bindgen]
impl Client {
    /// Opens a database: `{ schema, url, token, onEvent }`.
    pub fn open(options: JsValue) -> Promise {
        task::promise(async move { Ok(Client::of(open(&options).await?).into()) })
    }

    /// Opens a database in memory, without a server, for tests: `now` gives the time, `seed` is
    /// that of the random bytes.
    pub fn in_memory(
        schema: &str,
        identity: Option<String>,
        now: Function,
        seed: Option<f64>,
        on_event: Function,
    ) -> Result<Client, JsValue> {
        browser::lend();
        let schema = Schema::from_pulled(schema).map_err(|error| thrown(&error))?;
        poison::on_panic(&on_event);
        let now = move || now.call0(&JsValue::UNDEFINED).ok()?.as_f64();
        let memory = Memory::new(now, seed);
        let shared = Shared::in_memory(schema, identity, memory, listener(on_event));
        Ok(Client::of(shared))
    }

    /// Replaces all rows of a database in memory by those of another, of the same tables.
    pub fn take_rows(&self, other: &Client) -> Result<(), JsValue> {
        let taken = self.shared.take_rows(&other.shared);
        taken.map_err(|error| thrown(&error))
    }

    /// The slot of a row by its single integer key; -1 where there is none.
    pub fn find_int(&self, table: u16, key: f64) -> i32 {
        slot(
            self.shared
                .replica
                .borrow()
                .find_int(TableId(table), key as i64),
        )
    }

    /// The slot of a row by its single text key; -1 where there is none.
    pub fn find_text(&self, table: u16, key: &str) -> i32 {
        slot(self.shared.replica.borrow().find_text(TableId(table), key))
    }

    /// The slot of a row by its key as a JSON array; -1 where there is none.
    pub fn find_key(&self, table: u16, key: &str) -> Result<i32, JsValue> {
        let key = self.key(table, key)?;
        Ok(slot(
            self.shared.replica.borrow().find(TableId(table), &key),
        ))
    }

    /// Where the row of a key, as a JSON array, stands with the server: a `RowState` as a number.
    pub fn row_state(&self, table: u16, key: &str) -> Result<u8, JsValue> {
        let key = self.key(table, key)?;
        Ok(self.shared.replica.borrow().row_state(TableId(table), &key) as u8)
    }

    /// The rows of a table that are not acknowledged: slot, state, slot, state, …
    pub fn row_states(&self, table: u16) -> Uint32Array {
        let states = self.shared.replica.borrow().row_states(TableId(table));
        Uint32Array::from(states.as_slice())
    }

    /// How many rows a table has.
    pub fn len(&self, table: u16) -> u32 {
        self.shared.replica.borrow().len(TableId(table)) as u32
    }

    /// Frozen rows of these slots.
    pub fn rows(&self, table: u16, slots: &[u32]) -> Result<Array, JsValue> {
        let mut json = String::with_capacity(slots.len() * 512 + 2);
        json.push('[');
        {
            let replica = self.shared.replica.borrow();
            for (i, &slot) in slots.iter().enumerate() {
                if i > 0 {
                    json.push(',');
                }
                replica.row_json(TableId(table), slot, &mut json);
            }
        }
        json.push(']');
        self.shared.shapes[usize::from(table)]
            .frozen(&json)
            .map_err(|error| thrown(&error))
    }

    /// Compiles a query's shape.
    pub fn compile(&self, shape: &str) -> Result<u32, JsValue> {
        let shape = json::read_text(shape).map_err(|e| no_query(&e))?;
        let plan = self.shared.replica.borrow_mut().compile(&shape);
        plan.map(|plan| plan.0).map_err(|error| thrown(&error))
    }

    /// Compiles a grouping's shape.
    pub fn compile_grouping(&self, shape: &str) -> Result<u32, JsValue> {
        let shape = json::read_text(shape).map_err(|e| no_query(&e))?;
        let plan = self.shared.replica.borrow_mut().compile_grouping(&shape);
        plan.map(|plan| plan.0).map_err(|error| thrown(&error))
    }

    /// Makes room for so many parameters, and for so many bytes of their texts.
    pub fn reserve(&self, params: usize, bytes: usize) {
        self.input.borrow_mut().reserve(params, bytes);
    }

    /// Where parameters are written.
    pub fn params_ptr(&self) -> *const f64 {
        self.input.borrow().numbers.as_ptr()
    }

    /// Where the texts of parameters are written.
    pub fn text_ptr(&self) -> *const u8 {
        self.input.borrow().text.as_ptr()
    }

    /// Runs a query and returns how many rows it found; the first number of its parameters then says
    /// where their slots are. Negative where it failed: then `take_error` says why. (A `Result` would
    /// cross the boundary as an array, which costs as much as finding a few dozen rows.)
    pub fn run(&self, plan: u32, params: usize) -> i32 {
        let mut hits = std::ptr::null();
        let count = self.with_params(params, |params| {
            let mut replica = self.shared.replica.borrow_mut();
            let found = replica.run(PlanId(plan), params)?;
            // The plan keeps them until its next run, and TypeScript reads them before that.
            hits = found.as_ptr();
            Ok(found.len() as u32)
        });
        if let Some(first) = self.input.borrow_mut().numbers.first_mut() {
            *first = hits as usize as f64;
        }
        count
    }

    /// Puts a query, with the parameters written before, to Postgres; its rows, frozen, or undefined for a
    /// database in memory.
    pub fn fetch(&self, plan: u32, params: usize) -> Promise {
        let shared = self.shared.clone();
        let asked = self.read_params(params, |params| {
            let replica = self.shared.replica.borrow();
            let body = replica.question(PlanId(plan), params)?;
            Ok((replica.plan_table(PlanId(plan)), body))
        });
        task::promise(async move {
            let (table, body) = asked?;
            if shared.memory()?.is_some() {
                return Ok(JsValue::UNDEFINED);
            }
            let begin = |replica: &Replica| replica.found(table);
            let found = shared.fetch(body, &begin).await?;
            let json = shared.replica.borrow().found_json(&found);
            let rows = shared.shapes[usize::from(table.0)].frozen(&json)?;
            Ok(rows.into())
        })
    }

    /// Puts a grouping, with the parameters written before, to Postgres; its groups as JSON, or undefined for a
    /// database in memory.
    pub fn fetch_groups(&self, plan: u32, params: usize) -> Promise {
        let (shared, plan) = (self.shared.clone(), PlanId(plan));
        let asked = self.read_params(params, |params| {
            let replica = self.shared.replica.borrow();
            replica.question_of_groups(plan, params)
        });
        task::promise(async move {
            let body = asked?;
            if shared.memory()?.is_some() {
                return Ok(JsValue::UNDEFINED);
            }
            let begin = |replica: &Replica| replica.found_groups(plan);
            let found = shared.fetch(body, &begin).await?;
            let json = shared.replica.borrow().found_json(&found);
            Ok(json.into())
        })
    }

    /// How many rows a query finds; negative as for `run`.
    pub fn count(&self, plan: u32, params: usize) -> i32 {
        self.with_params(params, |params| {
            self.shared.replica.borrow_mut().count(PlanId(plan), params)
        })
    }

    /// The groups that a grouping makes, as JSON; empty where it failed, as for `run`.
    pub fn run_grouping(&self, plan: u32, params: usize) -> String {
        let mut groups = String::new();
        self.with_params(params, |params| {
            let mut replica = self.shared.replica.borrow_mut();
            groups = replica.run_grouping(PlanId(plan), params)?;
            Ok(0)
        });
        groups
    }

    /// Why the last run failed.
    pub fn take_error(&self) -> JsValue {
        self.error
            .take()
            .map_or(JsValue::UNDEFINED, |error| thrown(&error))
    }

    /// What the last run of a query found beside its rows, see [`Replica::joined`].
    pub fn joined(&self, plan: u32) -> Uint32Array {
        let words = self.shared.replica.borrow().joined(PlanId(plan));
        Uint32Array::from(words.as_slice())
    }

    /// The relations of a table as JSON: an array of name, position of the other table, and whether there
    /// may be several rows.
    pub fn relations(&self, table: u16) -> String {
        let relations = self.shared.replica.borrow().relations(TableId(table));
        let relations = relations.iter().map(|(name, table, many)| {
            let name = json::text(name);
            format!("[{name},{},{many}]", table.0)
        });
        format!("[{}]", relations.collect::<Vec<_>>().join(","))
    }

    /// How a query was last run, as JSON.
    pub fn explain(&self, plan: u32) -> String {
        json::text(&self.shared.replica.borrow().explain(PlanId(plan)))
    }

    /// Rows that changed since the last call: table, slot, table, slot, …
    pub fn take_dirty(&self) -> Uint32Array {
        let mut dirty = Vec::new();
        self.shared.replica.borrow_mut().take_dirty(&mut dirty);
        let flat: Vec<u32> = dirty
            .iter()
            .flat_map(|&(table, slot)| [u32::from(table.0), slot])
            .collect();
        Uint32Array::from(flat.as_slice())
    }

    /// Watches a query whose last run was with these parameters (`groups`: a grouping); `known` is its
    /// watch from before, or -1. Gives the watch, or is negative as for `run`.
    pub fn watch(&self, known: i32, plan: u32, groups: bool, params: usize) -> i32 {
        let watched = match groups {
            true => Watched::Groups(PlanId(plan)),
            false => Watched::Rows(PlanId(plan)),
        };
        let known = u32::try_from(known).ok().map(WatchId);
        self.with_params(params, |params| {
            let mut replica = self.shared.replica.borrow_mut();
            Ok(replica.watch(known, watched, params)?.0)
        })
    }

    /// Watches a query no more.
    pub fn unwatch(&self, watch: u32) {
        self.shared.replica.borrow_mut().unwatch(WatchId(watch));
    }

    /// The watches that changes concern, up to the last `take_dirty`.
    pub fn take_concerned(&self) -> Uint32Array {
        let concerned = self.shared.replica.borrow_mut().take_concerned();
        let ids: Vec<u32> = concerned.iter().map(|id| id.0).collect();
        Uint32Array::from(ids.as_slice())
    }

    /// Writes a transaction of operations.
    pub fn mutate(&self, ops: &str) -> Result<String, JsValue> {
        let made = drafts(ops).and_then(|drafts| self.shared.write(&drafts));
        made.map(|made| json::text(&made))
            .map_err(|error| thrown(&error))
    }

    /// Writes the operations of a refused mutation again.
    pub fn retry(&self, seq: f64, ops: &str) -> Result<String, JsValue> {
        let made = drafts(ops).and_then(|drafts| self.shared.retry(seq as u64, &drafts));
        made.map(|made| json::text(&made))
            .map_err(|error| thrown(&error))
    }

    /// Begins a write in steps, between which hooks run; gives its time.
    pub fn begin_steps(&self) -> Result<f64, JsValue> {
        let begun = self.shared.begin_steps().map(|now| now as f64);
        begun.map_err(|error| thrown(&error))
    }

    /// The row that an operation would change, as it is and as it would be.
    pub fn sketch(&self, op: &str) -> Result<Array, JsValue> {
        let sketched = draft(op).and_then(|op| self.shared.sketch(&op));
        sketched.map_err(|error| thrown(&error))
    }

    /// Does a step; gives what it changed: table, old row, new row, …
    pub fn step(&self, op: &str) -> Result<Array, JsValue> {
        let done = draft(op).and_then(|op| self.shared.do_step(&op));
        done.map_err(|error| thrown(&error))
    }

    /// Makes one mutation of the steps.
    pub fn commit_steps(&self) -> Result<String, JsValue> {
        let made = self.shared.commit_steps();
        made.map(|made| json::text(&made))
            .map_err(|error| thrown(&error))
    }

    /// Undoes the steps.
    pub fn withdraw_steps(&self) {
        self.shared.withdraw_steps();
    }

    /// Syncs now, whichever tab leads.
    pub fn sync_now(&self) {
        self.shared.ask();
    }

    /// The status, as JSON.
    pub fn status(&self) -> String {
        json::text(&self.shared.status())
    }

    /// Mutations without a verdict, as JSON.
    pub fn pending(&self) -> String {
        view::pending(&self.shared.schema, &self.shared.replica.borrow())
    }

    /// Rejected mutations, as JSON.
    pub fn rejected(&self) -> String {
        view::rejected(&self.shared.schema, &self.shared.rejected.borrow())
    }

    /// Lost values, as JSON.
    pub fn lost(&self) -> String {
        view::lost(&self.shared.schema, &self.shared.lost.borrow())
    }

    /// Forgets a rejected mutation.
    pub fn dismiss_rejected(&self, seq: f64) -> Promise {
        let shared = self.shared.clone();
        self.ends(async move { shared.dismiss_rejected(seq as u64).await })
    }

    /// Forgets a lost value.
    pub fn dismiss_lost(&self, id: f64) -> Promise {
        let shared = self.shared.clone();
        self.ends(async move { shared.dismiss_lost(id).await })
    }

    /// Resolves when the row stores are current.
    pub fn flush(&self) -> Promise {
        let shared = self.shared.clone();
        self.ends(async move { shared.flush().await })
    }

    /// Where the replica stands on disk, as JSON; undefined in memory, and before the first sign-in.
    pub fn standing(&self) -> Promise {
        let shared = self.shared.clone();
        task::promise(async move {
            let Ok(session) = shared.session() else {
                return Ok(JsValue::UNDEFINED);
            };
            Ok(JsValue::from_str(&json::text(
                &session.store.state().await?,
            )))
        })
    }

    /// Closes the database.
    pub fn close(&self) -> Promise {
        let shared = self.shared.clone();
        self.ends(async move {
            shared.close(None);
            Ok(())
        })
    }

    /// A promise without a value.
    fn ends(&self, future: impl Future<Output = Result<(), Error>> + 'static) -> Promise {
        task::promise(async move { future.await.map(|()| JsValue::UNDEFINED) })
    }

    /// The outcome of a run with the parameters written before.
    fn with_params(
        &self,
        count: usize,
        run: impl FnOnce(&[Param<'_>]) -> Result<u32, Error>,
    ) -> i32 {
        match self.read_params(count, run) {
            Ok(hits) => hits as i32,
            Err(error) => {
                self.error.replace(Some(error));
                -1
            }
        }
    }

    /// Gives the parameters written before; few ones, as nearly always, without an allocation.
    fn read_params<T>(
        &self,
        count: usize,
        run: impl FnOnce(&[Param<'_>]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let input = self.input.borrow();
        let count = count.min(input.numbers.len() / 2);
        let mut few = [Param::Null; PARAMS_FEW];
        let mut many = Vec::new();
        let params = match few.get_mut(..count) {
            Some(few) => few,
            None => {
                many.resize(count, Param::Null);
                &mut many[..]
            }
        };
        input.read(params)?;
        run(params)
    }
}

impl Client {
    fn key(&self, table: u16, key: &str) -> Result<Key, JsValue> {
        let definition = self.shared.schema.table(TableId(table));
        let key = Json::parse(key).and_then(|json| Key::from_json(definition, &json));
        key.map_err(|error| thrown(&error))
    }

    fn of(shared: Rc<Shared>) -> Client {
        Client {
            shared,
            input: RefCell::default(),
            error: RefCell::default(),
        }
    }
}

fn draft(op: &str) -> Result<DraftOp<'_>, Error> {
    json::read_text(op).map_err(|e| {
        Error::new(
            ErrorCode::MalformedRequest,
            format!("not an operation: {e}"),
        )
    })
}

fn drafts(ops: &str) -> Result<Vec<DraftOp<'_>>, Error> {
    json::read_text(ops).map_err(|e| {
        Error::new(
            ErrorCode::MalformedRequest,
            format!("not a list of operations: {e}"),
        )
    })
}

async fn open(options: &JsValue) -> Result<Rc<Shared>, Error> {
    browser::lend();
    let field = |name: &str| Reflect::get(options, &name.into()).unwrap_or_default();
    let text = |name: &str| {
        field(name).as_string().ok_or_else(|| {
            Error::new(
                ErrorCode::MalformedRequest,
                format!("open() needs \"{name}\" as text"),
            )
        })
    };
    let function = |name: &str| {
        field(name).dyn_into::<Function>().map_err(|_| {
            Error::new(
                ErrorCode::MalformedRequest,
                format!("open() needs \"{name}\" as a function"),
            )
        })
    };
    let schema_text = text("schema")?;
    let schema = Schema::from_pulled(&schema_text)?;
    // What is made of it takes as long again, and the page its turn between.
    browser::timer::sleep(0).await;
    let url = text("url")?.trim_end_matches('/').to_owned();
    let on_event = function("onEvent")?;
    poison::on_panic(&on_event);
    let token = token_source(function("token")?);
    Shared::open(schema, schema_text, url, token, listener(on_event)).await
}

fn listener(on_event: Function) -> Listener {
    Rc::new(move |notice| {
        let _ = on_event.call1(&JsValue::UNDEFINED, &to_object(notice));
    })
}

fn token_source(token: Function) -> TokenSource {
    Rc::new(move || {
        let token = token.clone();
        Box::pin(async move {
            let returned = token.call0(&JsValue::UNDEFINED).map_err(token_failed)?;
            let resolved = JsFuture::from(Promise::resolve(&returned)).await;
            let resolved = resolved.map_err(token_failed)?;
            resolved.as_string().ok_or_else(token_missing)
        })
    })
}

fn token_failed(reason: JsValue) -> Error {
    let message = Reflect::get(&reason, &"message".into()).ok();
    let text = message.and_then(|m| m.as_string());
    let text = text.unwrap_or_else(|| "no reason given".to_owned());
    Error::new(ErrorCode::Network, format!("`token()` failed: {text}"))
}

fn slot(slot: Option<u32>) -> i32 {
    slot.map_or(-1, |slot| slot as i32)
}
