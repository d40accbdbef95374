//! What the server has done, commit by commit, and so what anybody may see of it at any snapshot.
//!
//! It learns of commits alone, and works everything out anew from them: by another way than the endpoint's,
//! it says which rows a cursor stands for.

use crate::model::By;
use crate::rows::{Row, Rows};
use crate::tally::{Broken, Invariant};
use haversack_core::protocol::{KeyText, Seq, Verdict};
use haversack_core::schema::{Schema, TableId};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// What a commit did to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The table.
    pub table: TableId,
    /// The row's key.
    pub key: KeyText,
    /// What it was.
    pub old: Option<Row>,
    /// What it is.
    pub new: Option<Row>,
}

/// A transaction that was committed.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// Its id.
    pub xid: u64,
    /// Who did it.
    pub by: By,
    /// What it did, each row once.
    pub rows: Vec<Change>,
    /// The verdicts that it recorded.
    pub verdicts: Vec<Verdict>,
}

/// Which transactions a moment contains: Postgres's `pg_snapshot`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Snapshot {
    low: u64,
    high: u64,
    open: Vec<u64>,
}

impl Snapshot {
    /// Reads it as Postgres prints it, `xmin:xmax:xip,…`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let low = parts.next()?.parse().ok()?;
        let high = parts.next()?.parse().ok()?;
        let open = parts.next()?.split(',').filter(|xid| !xid.is_empty());
        let open: Result<_, _> = open.map(str::parse).collect();
        Some(Self {
            low,
            high,
            open: open.ok()?,
        })
    }

    /// The snapshot of a cursor.
    pub fn of_cursor(cursor: &str) -> Option<Self> {
        Self::parse(cursor.split('.').nth(1)?)
    }

    /// Does it contain a committed transaction?
    pub fn contains(&self, xid: u64) -> bool {
        xid < self.low || (xid < self.high && !self.open.contains(&xid))
    }
}

/// A moment of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    timeline: usize,
    commits: usize,
}

/// One history of the database: from its making or a restore to the next restore.
#[derive(Debug)]
struct Timeline {
    epoch: String,
    base: Rows,
    /// The timeline that it branched off, and after how many of its commits.
    parent: Option<Mark>,
    commits: Vec<Commit>,
    /// The rows of the last snapshot that was asked for.
    last: RefCell<Option<(Snapshot, Rc<Rows>)>>,
}

/// A verdict, and where it was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The verdict.
    pub verdict: Verdict,
    /// In which timeline.
    pub timeline: usize,
}

/// All that the server has done.
#[derive(Debug)]
pub struct Oracle {
    schema: Arc<Schema>,
    timelines: Vec<Timeline>,
    verdicts: BTreeMap<(String, Seq), Vec<Given>>,
    now: Rows,
}

impl Oracle {
    /// Of an empty database.
    pub fn new(schema: Arc<Schema>, epoch: String) -> Self {
        let now = Rows::none(&schema);
        Self {
            timelines: vec![Timeline::new(epoch, now.clone())],
            verdicts: BTreeMap::new(),
            schema,
            now,
        }
    }

    /// Takes in a commit.
    ///
    /// # Errors
    /// I1 where it found other rows than the last one left; I2 and I3 where it judged a mutation twice, or
    /// out of order.
    pub fn commit(&mut self, commit: Commit) -> Result<(), Broken> {
        for change in &commit.rows {
            let rows = &mut self.now.0[usize::from(change.table.0)];
            if rows.get(&change.key) != change.old.as_ref() {
                let table = &self.schema.table(change.table).name;
                let key = change.key.join(", ");
                let why = format!("{table} {key} is not what the last commit left of it");
                return Err(Broken::new(Invariant::I1, why));
            }
            match &change.new {
                Some(row) => rows.insert(change.key.clone(), row.clone()),
                None => rows.remove(&change.key),
            };
        }
        if let By::Push { replica, .. } = &commit.by {
            self.judge(replica, &commit.verdicts)?;
        }
        if let Some(timeline) = self.timelines.last_mut() {
            timeline.commits.push(commit);
        }
        Ok(())
    }

    fn judge(&mut self, replica: &str, verdicts: &[Verdict]) -> Result<(), Broken> {
        let timeline = self.timelines.len() - 1;
        for verdict in verdicts {
            let seq = verdict.seq;
            let given = Given {
                verdict: verdict.clone(),
                timeline,
            };
            let place = (replica.to_owned(), seq);
            let before = self.verdicts.range(..=place.clone()).rev();
            let of_replica = before.take_while(|((own, _), _)| own == replica);
            let here = |given: &Vec<Given>| given.iter().any(|g| g.timeline == timeline);
            let mut of_now = of_replica.filter(|(_, given)| here(given));
            if let Some(((_, last), _)) = of_now.next()
                && (*last == seq || *last + 1 != seq)
            {
                let why = format!("mutation {seq} of {replica} was judged after {last}");
                let twice = *last == seq;
                let invariant = if twice { Invariant::I2 } else { Invariant::I3 };
                return Err(Broken::new(invariant, why));
            }
            self.verdicts.entry(place).or_default().push(given);
        }
        Ok(())
    }

    /// The moment after the last commit.
    pub fn mark(&self) -> Mark {
        let last = self.timelines.len() - 1;
        Mark {
            timeline: last,
            commits: self.timelines[last].commits.len(),
        }
    }

    /// The database was restored as it was at a moment, with these rows, under another epoch.
    pub fn restored(&mut self, epoch: String, mark: Mark, rows: Rows) {
        let mut timeline = Timeline::new(epoch, rows.clone());
        timeline.parent = Some(mark);
        self.timelines.push(timeline);
        self.now = rows;
    }

    /// The rows as they are now.
    pub fn now(&self) -> &Rows {
        &self.now
    }

    /// The verdicts that a mutation got, one in each timeline at most.
    pub fn verdicts(&self, replica: &str, seq: Seq) -> impl Iterator<Item = &Verdict> {
        let given = self.verdicts.get(&(replica.to_owned(), seq));
        given.into_iter().flatten().map(|given| &given.verdict)
    }

    /// The verdict that a mutation was given last by one of these replicas, also in a history that is gone.
    pub fn last_verdict<'a>(
        &self,
        replicas: impl Iterator<Item = &'a String>,
        seq: Seq,
    ) -> Option<&Verdict> {
        let given = replicas.flat_map(|replica| {
            let given = self.verdicts.get(&(replica.clone(), seq));
            given.into_iter().flatten()
        });
        let last = given.max_by_key(|given| given.timeline);
        last.map(|given| &given.verdict)
    }

    /// The commits that no restore undid, in their order.
    pub fn surviving_commits(&self) -> Vec<&Commit> {
        let mut parts: Vec<&[Commit]> = Vec::new();
        let mut at = self.mark();
        loop {
            let timeline = &self.timelines[at.timeline];
            parts.push(&timeline.commits[..at.commits]);
            match timeline.parent {
                Some(parent) => at = parent,
                None => break,
            }
        }
        parts.into_iter().rev().flatten().collect()
    }

    /// The commits that a restore undid.
    pub fn undone_commits(&self) -> Vec<&Commit> {
        let mut kept: Vec<usize> = vec![0; self.timelines.len()];
        let mut at = Some(self.mark());
        while let Some(mark) = at {
            kept[mark.timeline] = mark.commits;
            at = self.timelines[mark.timeline].parent;
        }
        let timelines = self.timelines.iter().zip(kept);
        timelines.flat_map(|(t, kept)| &t.commits[kept..]).collect()
    }

    /// All commits, also those that a restore undid.
    pub fn all_commits(&self) -> impl Iterator<Item = &Commit> {
        self.timelines.iter().flat_map(|t| &t.commits)
    }

    /// How often the database was restored.
    pub fn restores(&self) -> usize {
        self.timelines.len() - 1
    }

    /// All rows at a snapshot of a history; none where there was no such history.
    pub fn rows_at(&self, epoch: &str, snapshot: &Snapshot) -> Option<Rc<Rows>> {
        let timeline = self.timelines.iter().find(|t| t.epoch == epoch)?;
        if let Some((known, rows)) = &*timeline.last.borrow()
            && known == snapshot
        {
            return Some(rows.clone());
        }
        let mut rows = timeline.base.clone();
        let seen = timeline.commits.iter().filter(|c| snapshot.contains(c.xid));
        for change in seen.flat_map(|commit| &commit.rows) {
            let rows = &mut rows.0[usize::from(change.table.0)];
            match &change.new {
                Some(row) => rows.insert(change.key.clone(), row.clone()),
                None => rows.remove(&change.key),
            };
        }
        let rows = Rc::new(rows);
        timeline
            .last
            .replace(Some((snapshot.clone(), rows.clone())));
        Some(rows)
    }
}

impl Timeline {
    fn new(epoch: String, base: Rows) -> Self {
        Self {
            epoch,
            base,
            parent: None,
            commits: Vec::new(),
            last: RefCell::default(),
        }
    }
}
