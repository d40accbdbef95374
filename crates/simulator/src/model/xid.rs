//! Transaction ids and snapshots, as Postgres gives them.
//!
//! **Invariant.** Ids are given at a transaction's first write, in that order, and never again;
//! transactions end in any order. A snapshot contains what had ended when it was taken, whatever the ids
//! say: that is what a naive cursor gets wrong.

use std::collections::BTreeSet;
use std::fmt;

/// The first id that Postgres gives to anybody; those below are its own.
const FIRST: u64 = 3;

/// What is known of transactions by their ids.
#[derive(Clone, Debug)]
pub struct Xids {
    next: u64,
    /// The greatest id that has ended, of transactions and savepoints.
    latest_ended: u64,
    /// Of whole transactions, not of savepoints.
    in_progress: BTreeSet<u64>,
}

impl Xids {
    /// Before the first transaction.
    pub fn new() -> Self {
        Self {
            next: FIRST,
            latest_ended: FIRST - 1,
            in_progress: BTreeSet::new(),
        }
    }

    /// The id of a transaction that writes for the first time.
    pub fn begin(&mut self) -> u64 {
        let xid = self.begin_savepoint();
        self.in_progress.insert(xid);
        xid
    }

    /// The id of a savepoint in which a transaction writes for the first time.
    pub fn begin_savepoint(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// A savepoint was undone.
    pub fn end_savepoint(&mut self, xid: u64) {
        self.latest_ended = self.latest_ended.max(xid);
    }

    /// A transaction has ended, either way; `savepoints` are its own that were not undone.
    pub fn end(&mut self, xid: u64, savepoints: &[u64]) {
        self.in_progress.remove(&xid);
        let last = savepoints.iter().copied().fold(xid, u64::max);
        self.latest_ended = self.latest_ended.max(last);
    }

    /// What `pg_current_snapshot()` says to one that has no id.
    pub fn snapshot(&self) -> Snapshot {
        let max = self.latest_ended + 1;
        let open: Vec<u64> = self.in_progress.range(..max).copied().collect();
        Snapshot {
            min: open.first().copied().unwrap_or(max),
            max,
            open,
        }
    }

    /// As after a recovery: what was in progress has ended.
    pub fn recovered(&self) -> Self {
        Self {
            next: self.next,
            latest_ended: self.next - 1,
            in_progress: BTreeSet::new(),
        }
    }
}

/// Which transactions had ended at some moment: a `pg_snapshot`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// All below had ended.
    pub min: u64,
    /// None from here on had begun, or ended.
    pub max: u64,
    /// Those in between that were in progress, ascending.
    pub open: Vec<u64>,
}

impl Snapshot {
    /// Reads a snapshot as Postgres prints it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (min, max, open) = (parts.next()?, parts.next()?, parts.next()?);
        let open = open.split(',').filter(|xid| !xid.is_empty());
        Some(Self {
            min: min.parse().ok()?,
            max: max.parse().ok()?,
            open: open.map(|xid| xid.parse().ok()).collect::<Option<_>>()?,
        })
    }

    /// Had this transaction ended?
    pub fn contains(&self, xid: u64) -> bool {
        xid < self.min || (xid < self.max && self.open.binary_search(&xid).is_err())
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.min, self.max)?;
        for (i, xid) in self.open.iter().enumerate() {
            write!(f, "{}{xid}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_began_first_and_ends_last_is_not_contained() {
        let mut xids = Xids::new();
        let (a, b) = (xids.begin(), xids.begin());
        let before = xids.snapshot();
        assert!(!before.contains(a) && !before.contains(b));
        xids.end(b, &[]);
        let between = xids.snapshot();
        assert_eq!(between.to_string(), format!("{a}:{}:{a}", b + 1));
        assert!(!between.contains(a) && between.contains(b));
        xids.end(a, &[]);
        let after = xids.snapshot();
        assert!(after.contains(a) && after.contains(b));
        assert_eq!(after.to_string(), format!("{0}:{0}:", b + 1));
        assert_eq!(Snapshot::parse(&between.to_string()), Some(between));
    }

    #[test]
    fn what_a_savepoint_took_counts_when_it_ends() {
        let mut xids = Xids::new();
        let a = xids.begin();
        let (undone, kept) = (xids.begin_savepoint(), xids.begin_savepoint());
        xids.end_savepoint(undone);
        assert_eq!(
            xids.snapshot().to_string(),
            format!("{a}:{}:{a}", undone + 1)
        );
        xids.end(a, &[kept]);
        assert_eq!(xids.snapshot().to_string(), format!("{0}:{0}:", kept + 1));
    }
}
