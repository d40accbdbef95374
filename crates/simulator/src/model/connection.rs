//! A connection of an endpoint to the model, on behalf of one user, and how it breaks.

use super::backup::Committed;
use super::database::{Database, State, TextRow, refusal};
use super::statement::{Outside, broken};
use super::transaction::TxId;
use super::world::{Fault, Point};
use super::xid::Snapshot;
use haversack_core::replica::{Key, RowOp};
use haversack_core::schema::TableId;
use haversack_core::value::Value;
use haversack_endpoint::served::Served;
use haversack_endpoint::sync::failure::Failure;
use haversack_endpoint::sync::store::TextRow as Texts;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// A connection of an endpoint.
pub(super) struct Connection {
    pub database: Database,
    pub served: Arc<Served>,
    pub user: String,
    /// The transaction of a push.
    pub push: Cell<Option<TxId>>,
    /// What a pull sees: what was committed at its first statement.
    pub pull: RefCell<Option<View>>,
    is_broken: Cell<bool>,
    /// The life of the database that it is connected to, which a recovery ends.
    timeline: u64,
}

/// What is committed at some moment.
pub(super) struct View {
    pub committed: Committed,
    pub snapshot: Snapshot,
}

/// A row that was read.
pub(super) struct ReadRow(pub TextRow);

impl Texts for ReadRow {
    fn width(&self) -> usize {
        self.0.len()
    }

    fn text(&self, column: usize) -> Result<Option<&str>, Failure> {
        Ok(self.0[column].as_deref())
    }
}

impl Connection {
    /// A connection for a user, of an endpoint that serves this.
    pub fn new(database: &Database, served: Arc<Served>, user: &str) -> Self {
        Self {
            timeline: database.state.borrow().history.timeline(),
            database: database.clone(),
            served,
            user: user.to_owned(),
            push: Cell::new(None),
            pull: RefCell::new(None),
            is_broken: Cell::new(false),
        }
    }

    /// Is the connection still one?
    pub fn check(&self) -> Result<(), Failure> {
        let timeline = self.database.state.borrow().history.timeline();
        if self.is_broken.get() || timeline != self.timeline {
            return Err(self.cut());
        }
        Ok(())
    }

    /// Is anything wrong, here and now?
    pub fn gate(&self, point: Point) -> Result<Option<u64>, Failure> {
        self.check()?;
        if let Some(tx) = self.push.get() {
            self.database.state.borrow_mut().enter(tx)?;
        }
        match self.database.world.fault(point) {
            Fault::None => Ok(None),
            Fault::Delay(ms) => Ok(Some(ms)),
            Fault::Refuse(sqlstate) => Err(self.refuse(sqlstate)),
            // What a commit's own point makes of the latter is told there.
            Fault::Lost | Fault::LostAfter => Err(self.cut()),
        }
    }

    /// The same, where the connection has nothing else under way, and so may be delayed.
    pub async fn gate_or_wait(&self, point: Point) -> Result<(), Failure> {
        if let Some(ms) = self.gate(point)? {
            self.database.world.sleep(ms).await;
            self.check()?;
        }
        Ok(())
    }

    pub fn refuse(&self, sqlstate: &str) -> Failure {
        let refusal = refusal(sqlstate, "as the world will have it");
        match self.push.get() {
            Some(tx) => self.database.state.borrow_mut().fail(tx, refusal),
            None => refusal.into_failure(),
        }
    }

    /// The connection breaks, and what is open ends.
    pub fn cut(&self) -> Failure {
        self.is_broken.set(true);
        self.abort();
        broken()
    }

    pub fn abort(&self) {
        self.pull.take();
        if let Some(tx) = self.push.take() {
            self.database.state.borrow_mut().abort(tx);
        }
    }

    /// Does something in the push's transaction.
    pub fn with<T>(
        &self,
        point: Option<Point>,
        work: impl FnOnce(&mut State, TxId) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if let Some(point) = point {
            self.gate(point)?;
        }
        let Some(tx) = self.push.get() else {
            return Err(broken());
        };
        let mut state = self.database.state.borrow_mut();
        state.enter(tx)?;
        work(&mut state, tx)
    }

    /// Does an operation on a row in the push's transaction.
    pub fn write(&self, table: TableId, op: &RowOp) -> Result<Option<Key>, Failure> {
        let world = self.database.world.clone();
        let now_ms = world.now_ms();
        let mut random = || {
            let bits = u128::from(world.random()) << 64 | u128::from(world.random());
            bits.to_le_bytes()
        };
        let mut outside = Outside {
            now_ms,
            random: &mut random,
        };
        self.with(Some(Point::Write), |state, tx| {
            let touched = state.execute(tx, table, op, &mut outside)?;
            Ok(touched.into_iter().next().map(|change| change.key))
        })
    }

    /// Reads of what a pull sees.
    pub fn read_at<T>(
        &self,
        point: Point,
        work: impl FnOnce(&State, &View) -> T,
    ) -> Result<T, Failure> {
        self.gate(point)?;
        let view = self.pull.borrow();
        let view = view.as_ref().ok_or_else(broken)?;
        Ok(work(&self.database.state.borrow(), view))
    }

    /// Whose rows the user sees; none where the table has no owners.
    pub fn sees<'v>(&self, state: &State, table: TableId) -> impl Fn(&[Value]) -> bool + use<'v> {
        let column = state.shapes[usize::from(table.0)].owner;
        let user = state.owner_value(table, &self.user);
        move |row| column.is_none_or(|column| user.as_ref() == Some(&row[column]))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.abort();
    }
}
