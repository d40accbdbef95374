//! One browser database in memory: confirmed rows, optimistic rows, and the queries over them.
//!
//! **Invariant (I5).** What is visible equals the confirmed rows with every pending mutation
//! replayed on top, in order: those with a number by number, then those without in the order in
//! which they were made. Not its job: storage, the network, deciding who was first.
//!
//! How the pieces are called, in order:
//!
//! 1. *Hydration.* [`Replica::new`]; [`Replica::set_identity`]; [`Replica::stage`] and a
//!    [`Staged::line`] or [`Staged::row`] or [`Staged::object`] per stored line or row;
//!    [`Replica::apply_patch`]; [`Replica::set_judged`]; [`Replica::adopt`] for each mutation of
//!    the stored queue.
//! 2. *A write.* [`Replica::prepare`] checks everything and changes nothing; [`Replica::apply`]
//!    makes it visible and gives its [`LocalId`]; the caller stores [`Replica::mutation`] in
//!    IndexedDB and then calls [`Replica::sequence`] with the number it got, or
//!    [`Replica::withdraw`] when storage failed. Another tab's mutation comes in by
//!    [`Replica::adopt`].
//! 3. *A sync.* [`Replica::stage`], [`Staged::line`] per line as they arrive; when the end has
//!    come, the caller stores the answer in one IndexedDB transaction; then
//!    [`Replica::apply_patch`], which can't fail: mutations with a verdict leave, the rest is
//!    replayed on top of the new rows.
//! 4. *Reading.* [`Replica::compile`] once per shape, [`Replica::run`] and [`Replica::count`];
//!    [`Replica::find`]; [`Replica::row_json`] once per row and version, which
//!    [`Replica::take_dirty`] tells.
//! 5. *A question to Postgres.* [`Replica::question`] is its request; [`Found::line`] takes in a line of the
//!    answer, and [`Replica::found_json`] gives its rows. Nothing of it is kept here.
//!
//! A replica without a server, for tests, begins with [`Replica::take_rows`] and ends every write by
//! [`Replica::confirm_visible`]. The rows of a server's model change by [`Replica::execute`].

mod alone;
mod bases;
mod checks;
mod defaults;
mod draft;
mod effect;
mod execute;
mod foreign;
mod found;
mod hashed;
mod judge;
mod key;
mod overlay;
mod patch;
mod prepare;
mod read;
mod refer;
mod renamed;
mod row_state;
mod rules;
mod same;
mod scan;
mod scratch;
mod settle;
mod staged;
mod steps;
mod table;
mod watch;

pub use alone::Sequences;
pub use draft::DraftOp;
pub use execute::{Executed, Refused, RowChange, RowOp};
pub use found::Found;
pub use haversack_rows::ValueRef;
pub use key::Key;
pub use overlay::{LocalId, PendingMutation};
pub use prepare::{Prepared, WriteContext};
pub use read::EXACT;
pub(crate) use read::write_values;
pub use row_state::RowState;
pub(crate) use same::digits;
pub use staged::{LineKind, Staged};
pub use steps::{Deferred, Rigour, Steps};
pub use watch::{WatchId, Watched};

pub(crate) use table::{TableStore, column_of};

use haversack_rows::column;

use crate::protocol::Seq;
use crate::query::{Grouping, GroupingShape, Plan, QueryShape};
use crate::schema::{Schema, Table, TableId};
use crate::value;
use hashbrown::HashMap;
use overlay::Overlay;
use renamed::Renamed;
use rules::TableRules;
use rustc_hash::FxBuildHasher;
use std::sync::Arc;
use watch::Watches;

/// A set of keys.
pub type KeySet = hashbrown::HashSet<Key, FxBuildHasher>;
pub(crate) type FxMap<K, V> = HashMap<K, V, FxBuildHasher>;

/// One browser database in memory.
#[derive(Debug)]
pub struct Replica {
    schema: Arc<Schema>,
    identity: Option<String>,
    /// See [`Replica::set_alone`].
    alone: bool,
    tables: Vec<TableStore>,
    infos: Vec<TableInfo>,
    rules: Vec<TableRules>,
    /// Another number after each change.
    version: u64,
    /// Per table, the rows that pending mutations touch.
    overlays: Vec<FxMap<Key, Overlay>>,
    /// In their order.
    pending: Vec<PendingMutation>,
    /// Those up to here are in a push that is under way.
    sent: Seq,
    /// Per table, the rows of refused mutations that are kept, and those in an open conflict.
    kept: Vec<[KeySet; 2]>,
    next_local: u64,
    /// The last number that has a verdict: what is adopted up to here comes too late.
    judged: Seq,
    /// The last mutation that ever had a verdict.
    reached: Seq,
    /// When the confirmed rows were read, by the database's clock.
    heard_ms: i64,
    renamed: Renamed,
    plans: Vec<Plan>,
    /// The shape of each plan.
    shapes: Vec<QueryShape>,
    groupings: Vec<(GroupingShape, Grouping)>,
    watches: Watches,
}

/// What is computed once of a table's description, for reading its rows.
#[derive(Debug)]
struct TableInfo {
    /// Per column, its name as a JSON member begins: `"name":`, with the brace or comma before.
    members: Vec<String>,
}

impl TableInfo {
    fn new(table: &Table) -> Self {
        let mut members = Vec::with_capacity(table.columns.len());
        for column in &table.columns {
            let mut member = String::from(if members.is_empty() { "{" } else { "," });
            value::write_json_string(&column.name, &mut member);
            member.push(':');
            members.push(member);
        }
        Self { members }
    }
}

impl Replica {
    /// An empty replica of a schema.
    pub fn new(schema: Arc<Schema>) -> Self {
        let (rules, specs) = rules::bind(&schema);
        let tables = schema.tables.iter().zip(specs);
        Self {
            identity: None,
            alone: false,
            tables: tables.map(|(t, specs)| TableStore::new(t, specs)).collect(),
            rules,
            version: 0,
            infos: schema.tables.iter().map(TableInfo::new).collect(),
            overlays: schema.tables.iter().map(|_| FxMap::default()).collect(),
            pending: Vec::new(),
            sent: 0,
            kept: schema.tables.iter().map(|_| Default::default()).collect(),
            next_local: 1,
            judged: 0,
            reached: 0,
            heard_ms: 0,
            renamed: Renamed::default(),
            plans: Vec::new(),
            shapes: Vec::new(),
            groupings: Vec::new(),
            watches: Watches::default(),
            schema,
        }
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Sets who the user is; without it nothing can be written.
    pub fn set_identity(&mut self, identity: Option<String>) {
        self.identity = identity;
        self.version += 1;
    }

    /// Who the user is.
    pub fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    /// Another number after each change of what is visible, and after some that change nothing there.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Says whether the replica holds every row of a table that the user may see; of a table that it
    /// does not, nothing is concluded from a row's absence. A snapshot makes all tables so.
    pub fn set_complete(&mut self, table: TableId, complete: bool) {
        self.store_mut(table).complete = complete;
        self.version += 1;
    }

    /// Does the replica hold every row of a table that the user may see?
    pub fn is_complete(&self, table: TableId) -> bool {
        self.store(table).complete
    }

    /// The last of this replica's mutations that has a verdict; 0 for none.
    pub fn judged(&self) -> Seq {
        self.judged
    }

    /// The last that ever had one: a restored server may have lost verdicts.
    pub fn reached(&self) -> Seq {
        self.reached
    }

    /// Takes note of when confirmed rows were read, in milliseconds since 1970 by the database's
    /// clock.
    pub fn hear(&mut self, heard_ms: i64) {
        self.heard_ms = self.heard_ms.max(heard_ms);
    }

    /// A write that is made now has seen what was confirmed, and the pending ones.
    fn not_before(&self) -> i64 {
        let last = self.pending.last().map_or(0, |pending| pending.mutation.at);
        self.heard_ms.max(last)
    }

    /// A place to parse an answer into, off to the side.
    pub fn stage(&self) -> Staged {
        Staged::new(Arc::clone(&self.schema))
    }

    fn store(&self, table: TableId) -> &TableStore {
        &self.tables[usize::from(table.0)]
    }

    fn store_mut(&mut self, table: TableId) -> &mut TableStore {
        &mut self.tables[usize::from(table.0)]
    }
}
