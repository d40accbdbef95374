//! The live queries of a tab's application, kept as the browser's side keeps them: after each change the rows
//! that changed are forgotten, and in the next microtask those queries are asked again that the core calls
//! concerned.
//!
//! Whether what is kept is right is asked elsewhere (`check/live.rs`).

use super::tabs::Client;
use crate::question::{Question, Shape, Sort};
use crate::rows::Rows;
use haversack_core::query::{PlanId, QueryShape};
use haversack_core::replica::{Replica, WatchId, Watched};
use haversack_core::schema::TableId;
use haversack_simulated_browser::spawn;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};

/// A live query gives way to another one in one of so many moments.
const CHANGES_ONE_IN: u32 = 12;

/// A live query.
pub struct Kept {
    /// What it asks.
    pub question: Question,
    /// Its last result, a text for each row, or one for all groups.
    pub result: Vec<String>,
    sort: Option<Sort>,
    watched: Watched,
    watch: WatchId,
    waits: bool,
}

/// Those of an application.
#[derive(Default)]
pub struct Live {
    queries: Vec<Kept>,
    /// The rows that were read and have not changed since.
    known: HashMap<(TableId, u32), Rc<str>>,
    /// Is it going to ask again?
    scheduled: bool,
    /// The version of the replica at which what is kept was last found right.
    right_at: Option<u64>,
}

impl Live {
    /// One query of each sort.
    pub fn begin(replica: &mut Replica, seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let rows = Rows::shown(replica);
        let mut live = Self::default();
        for sort in Sort::ALL {
            let question = Question::draw(sort, replica.schema(), &rows, &mut rng);
            live.add(replica, question, Some(sort));
        }
        live
    }

    /// Begins a live query.
    pub fn ask(&mut self, replica: &mut Replica, question: Question) {
        self.add(replica, question, None);
    }

    /// The live queries.
    pub fn queries(&self) -> &[Kept] {
        &self.queries
    }

    /// Is the replica as it was when what is kept was last found right?
    pub fn is_known_right(&self, replica: &Replica) -> bool {
        self.right_at == Some(replica.version())
    }

    /// What is kept was found right.
    pub fn is_right(&mut self, replica: &Replica) {
        self.right_at = Some(replica.version());
    }

    /// Now and then, ends a query and begins another of its sort.
    pub fn move_on(&mut self, replica: &mut Replica, seed: u64) {
        let mut rng = SmallRng::seed_from_u64(seed);
        if rng.random_range(0..CHANGES_ONE_IN) > 0 {
            return;
        }
        let at = rng.random_range(0..self.queries.len());
        let Some(sort) = self.queries[at].sort else {
            return;
        };
        let ended = self.queries.remove(at);
        replica.unwatch(ended.watch);
        let rows = Rows::shown(replica);
        let question = Question::draw(sort, replica.schema(), &rows, &mut rng);
        self.add(replica, question, Some(sort));
    }

    fn add(&mut self, replica: &mut Replica, question: Question, sort: Option<Sort>) {
        let watched = match &question.shape {
            Shape::Rows(shape) => replica.compile(shape).map(Watched::Rows),
            Shape::Groups(shape) => replica.compile_grouping(shape).map(Watched::Groups),
        };
        let watched = watched.expect("the question is one of this schema");
        let result = self.run(replica, &question, watched);
        let watch = watch(replica, None, &question, watched);
        self.queries.push(Kept {
            question,
            result,
            sort,
            watched,
            watch,
            waits: false,
        });
    }

    /// Takes in what has changed; says whether a query is to be asked again.
    fn touch(&mut self, replica: &mut Replica) -> bool {
        let mut dirty = Vec::new();
        replica.take_dirty(&mut dirty);
        for row in &dirty {
            self.known.remove(row);
        }
        if dirty.is_empty() {
            return false;
        }
        for watch in replica.take_concerned() {
            let mut queries = self.queries.iter_mut();
            if let Some(query) = queries.find(|query| query.watch == watch) {
                query.waits = true;
            }
        }
        self.queries.iter().any(|query| query.waits)
    }

    /// Asks again what waits for that.
    fn flush(&mut self, replica: &mut Replica) {
        self.scheduled = false;
        for mut query in std::mem::take(&mut self.queries) {
            if std::mem::take(&mut query.waits) {
                query.result = self.run(replica, &query.question, query.watched);
                let known = Some(query.watch);
                query.watch = watch(replica, known, &query.question, query.watched);
            }
            self.queries.push(query);
        }
    }

    /// A result, of rows that are known or read.
    fn run(&mut self, replica: &mut Replica, of: &Question, watched: Watched) -> Vec<String> {
        result(replica, of, watched, &mut |replica, row, out| {
            let known = self.known.entry(row).or_insert_with(|| {
                let mut json = String::new();
                replica.row_json(row.0, row.1, &mut json);
                json.into()
            });
            out.push_str(known);
        })
    }
}

impl Kept {
    /// What it gives now, read anew.
    pub fn recomputed(&self, replica: &mut Replica) -> Vec<String> {
        result(
            replica,
            &self.question,
            self.watched,
            &mut |replica, (table, slot), out| {
                replica.row_json(table, slot, out);
            },
        )
    }
}

fn watch(replica: &mut Replica, known: Option<WatchId>, of: &Question, it: Watched) -> WatchId {
    let watch = replica.watch(known, it, &of.params());
    watch.expect("it was just asked")
}

/// Appends the content of a row in a slot.
type RowText<'a> = dyn FnMut(&Replica, (TableId, u32), &mut String) + 'a;

/// What a question gives: a text for each row, with what is beside it, or one for all groups.
fn result(
    replica: &mut Replica,
    of: &Question,
    watched: Watched,
    text: &mut RowText<'_>,
) -> Vec<String> {
    let params = of.params();
    match (watched, &of.shape) {
        (Watched::Rows(plan), Shape::Rows(shape)) => {
            let slots = replica.run(plan, &params).expect("a good question");
            let slots = slots.to_vec();
            rows(replica, plan, shape, &slots, text)
        }
        (Watched::Groups(plan), _) => {
            let groups = replica.run_grouping(plan, &params);
            vec![groups.expect("a good question")]
        }
        (Watched::Rows(_), Shape::Groups(_)) => unreachable!("groups are watched as such"),
    }
}

fn rows(
    replica: &Replica,
    plan: PlanId,
    shape: &QueryShape,
    slots: &[u32],
    text: &mut RowText<'_>,
) -> Vec<String> {
    let table = replica.plan_table(plan);
    let read = |slot: &u32| {
        let mut out = String::new();
        text(replica, (table, *slot), &mut out);
        out
    };
    let mut rows: Vec<String> = slots.iter().map(read).collect();
    if shape.with.is_empty() {
        return rows;
    }
    let joined = replica.joined(plan);
    let mut rest = &joined[..];
    for related in &shape.with {
        let other = replica.schema().table_id(&related.query.table);
        let other = other.expect("a relation leads to a table");
        let counts = take(&mut rest, rows.len());
        for (row, count) in rows.iter_mut().zip(counts) {
            row.push_str(&format!(" with {count} {}", related.relation));
        }
        let total: u32 = counts.iter().sum();
        let mut theirs = take(&mut rest, total as usize).iter();
        for (row, count) in rows.iter_mut().zip(counts) {
            for slot in theirs.by_ref().take(*count as usize) {
                row.push(' ');
                text(replica, (other, *slot), row);
            }
        }
    }
    rows
}

fn take<'w>(rest: &mut &'w [u32], n: usize) -> &'w [u32] {
    let (taken, left) = rest.split_at(n);
    *rest = left;
    taken
}

/// Visible rows have changed, as a client says.
pub(super) fn changed(client: &Weak<RefCell<Client>>) {
    let Some(known) = client.upgrade() else {
        return;
    };
    let known = known.borrow();
    let Client::Open(shared, live) = &*known else {
        return;
    };
    let mut live = live.borrow_mut();
    if live.touch(&mut shared.replica.borrow_mut()) && !live.scheduled {
        live.scheduled = true;
        let client = client.clone();
        spawn(async move {
            if let Some(known) = client.upgrade()
                && let Client::Open(shared, live) = &*known.borrow()
            {
                live.borrow_mut().flush(&mut shared.replica.borrow_mut());
            }
        });
    }
}
