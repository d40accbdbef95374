//! I9 and I8: causal consistency with atomic visibility, from what sessions wrote and read alone.
//!
//! Every written value is unique, so a value that is read names the transaction that wrote it. What a
//! transaction knows is what came before it in its session, what it read from, and what those knew. A
//! history is consistent where all writes can be put in one order such that every read has the last
//! write of its cell among those that its transaction knows. For a read of `w` by a transaction that also
//! knows another write `v` of the cell, that order must have `v` before `w`; the history is inconsistent
//! where such demands and what transactions know of each other run in a circle. (Bouajjani, Enea, Guerraoui,
//! Hamza: *On verifying causal consistency*, 2017; with several cells per transaction as in Biswas and Enea:
//! *On the complexity of checking transactional consistency*, 2019.)
//!
//! It knows nothing of servers, replicas or verdicts. Writes that came to nothing are to be left out by
//! whoever asks, with the reads of them.

use std::collections::HashMap;
use std::fmt::{Display, Formatter};

/// A place that holds a value: a column of a row.
pub type Cell = u32;
/// A value; each is written once.
pub type Value = u32;

/// What was written and read at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// What it wrote; of several writes of a cell the last counts.
    pub writes: Vec<(Cell, Value)>,
    /// What it read of others; none where nobody had written the cell.
    pub reads: Vec<(Cell, Option<Value>)>,
}

/// Whoever sees and does one thing after another: a tab, a writer in SQL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// In their order.
    pub transactions: Vec<Transaction>,
}

/// A transaction's place: the session and its position there.
pub type Place = (usize, usize);

/// What was promised and not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Guarantee {
    /// A value is read that nobody wrote, or that its transaction wrote over.
    ValuesAreWritten,
    /// What was read was written before.
    CausesComeFirst,
    /// A session sees its own writes.
    ReadYourWrites,
    /// A session does not go back.
    MonotonicReads,
    /// One session's writes are seen in their order.
    MonotonicWrites,
    /// Whoever sees a write sees what its writer had seen.
    WritesFollowReads,
    /// A transaction is seen whole.
    AtomicVisibility,
    /// All see concurrent writes of a cell in an order that has no circle.
    OneOrder,
}

/// A history that is not consistent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inconsistent {
    /// What is broken.
    pub guarantee: Guarantee,
    /// The transaction that read.
    pub reader: Place,
    /// What it read.
    pub cell: Cell,
    /// The value that it saw.
    pub seen: Option<Value>,
    /// A newer value that it should have seen, where there is one.
    pub expected: Option<Value>,
}

impl Display for Guarantee {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ValuesAreWritten => "every value read was written, and not written over",
            Self::CausesComeFirst => "what was read was written before",
            Self::ReadYourWrites => "read your writes",
            Self::MonotonicReads => "monotonic reads",
            Self::MonotonicWrites => "monotonic writes",
            Self::WritesFollowReads => "writes follow reads",
            Self::AtomicVisibility => "a transaction is seen whole",
            Self::OneOrder => "all writes have one order",
        })
    }
}

/// Checks a history.
///
/// # Errors
/// The first read that can't be explained.
///
/// # Panics
/// Where a value is written twice: the question makes no sense then.
pub fn check(sessions: &[Session]) -> Result<(), Inconsistent> {
    let graph = Graph::new(sessions)?;
    let known = graph.known()?;
    graph.ordered(&known)
}

/// A read of a value by a transaction.
#[derive(Clone, Copy)]
struct Read {
    reader: usize,
    cell: Cell,
    value: Option<Value>,
    /// The transaction that wrote the value.
    writer: Option<usize>,
}

struct Graph {
    places: Vec<Place>,
    /// Directly after each transaction.
    after: Vec<Vec<usize>>,
    reads: Vec<Read>,
    /// Who wrote each cell at last, and what.
    writers: HashMap<Cell, Vec<(usize, Value)>>,
}

/// A set of transactions for each transaction.
struct Known(Vec<Vec<u64>>);

impl Known {
    fn has(&self, of: usize, other: usize) -> bool {
        self.0[of][other / 64] >> (other % 64) & 1 == 1
    }
}

impl Graph {
    fn new(sessions: &[Session]) -> Result<Self, Inconsistent> {
        let mut places = Vec::new();
        let mut after: Vec<Vec<usize>> = Vec::new();
        let mut writers: HashMap<Cell, Vec<(usize, Value)>> = HashMap::new();
        let mut written: HashMap<Value, (usize, Cell, bool)> = HashMap::new();
        for (s, session) in sessions.iter().enumerate() {
            for (t, transaction) in session.transactions.iter().enumerate() {
                let own = places.len();
                places.push((s, t));
                after.push(Vec::new());
                if t > 0 {
                    after[own - 1].push(own);
                }
                for (at, (cell, value)) in transaction.writes.iter().enumerate() {
                    let later = &transaction.writes[at + 1..];
                    let last = !later.iter().any(|(other, _)| other == cell);
                    let twice = written.insert(*value, (own, *cell, last));
                    assert!(twice.is_none(), "value {value} is written twice");
                    if last {
                        writers.entry(*cell).or_default().push((own, *value));
                    }
                }
            }
        }
        let mut reads = Vec::new();
        for (reader, place) in places.iter().enumerate() {
            for &(cell, value) in &sessions[place.0].transactions[place.1].reads {
                let writer = match value.map(|value| written.get(&value)) {
                    None => None,
                    Some(Some(&(writer, of, true))) if of == cell => Some(writer),
                    Some(_) => {
                        return Err(Inconsistent {
                            guarantee: Guarantee::ValuesAreWritten,
                            reader: *place,
                            cell,
                            seen: value,
                            expected: None,
                        });
                    }
                };
                if let Some(writer) = writer.filter(|writer| *writer != reader) {
                    after[writer].push(reader);
                }
                reads.push(Read {
                    reader,
                    cell,
                    value,
                    writer,
                });
            }
        }
        Ok(Self {
            places,
            after,
            reads,
            writers,
        })
    }

    /// What each transaction knows: all that leads to it.
    fn known(&self) -> Result<Known, Inconsistent> {
        let (order, stuck) = sorted(&self.after);
        if let Some(read) = self.reads.iter().find(|r| stuck.contains(&r.reader)) {
            return Err(self.inconsistent(Guarantee::CausesComeFirst, *read, None));
        }
        let words = self.places.len().div_ceil(64);
        let mut known = vec![vec![0u64; words]; self.places.len()];
        for &from in &order {
            let mut own = std::mem::take(&mut known[from]);
            own[from / 64] |= 1 << (from % 64);
            for &to in &self.after[from] {
                for (to, own) in known[to].iter_mut().zip(&own) {
                    *to |= own;
                }
            }
            // Nobody knows itself.
            own[from / 64] &= !(1 << (from % 64));
            known[from] = own;
        }
        Ok(Known(known))
    }

    fn ordered(&self, known: &Known) -> Result<(), Inconsistent> {
        let mut before = self.after.clone();
        let mut demands: Vec<(usize, usize, Read)> = Vec::new();
        for read in &self.reads {
            let writers = self.writers.get(&read.cell).map_or(&[][..], Vec::as_slice);
            for &(other, value) in writers {
                if Some(other) == read.writer || other == read.reader {
                    continue;
                }
                if !known.has(read.reader, other) {
                    continue;
                }
                match read.writer {
                    // It knows a write, so it must see it or a later one.
                    None => return Err(self.explain(known, *read, other, value)),
                    Some(writer) if known.has(other, writer) => {
                        return Err(self.explain(known, *read, other, value));
                    }
                    Some(writer) => {
                        before[other].push(writer);
                        demands.push((other, writer, *read));
                    }
                }
            }
        }
        let (_, stuck) = sorted(&before);
        let in_circle = |(other, writer, _): &&(usize, usize, Read)| {
            stuck.contains(other) && stuck.contains(writer)
        };
        match demands.iter().find(in_circle) {
            None => Ok(()),
            Some((other, _, read)) => {
                let newer = self.writers[&read.cell].iter().find(|(w, _)| w == other);
                let newer = newer.map(|(_, value)| *value);
                Err(self.inconsistent(Guarantee::OneOrder, *read, newer))
            }
        }
    }

    /// Names the guarantee that a read breaks, which should have seen `newer` by `other`.
    fn explain(&self, known: &Known, read: Read, other: usize, newer: Value) -> Inconsistent {
        let (reader, by) = (self.places[read.reader], self.places[other]);
        let reads_from = |who: usize| {
            let mut reads = self.reads.iter();
            reads.any(|r| r.reader == who && r.writer == Some(other))
        };
        let session = |who: usize| self.places[who].0;
        let earlier = (0..read.reader).filter(|who| session(*who) == reader.0);
        let guarantee = if by.0 == reader.0 {
            Guarantee::ReadYourWrites
        } else if reads_from(read.reader) {
            Guarantee::AtomicVisibility
        } else if earlier.into_iter().any(reads_from) {
            Guarantee::MonotonicReads
        } else if self.seen_of_session(known, read.reader, by) {
            Guarantee::MonotonicWrites
        } else {
            Guarantee::WritesFollowReads
        };
        self.inconsistent(guarantee, read, Some(newer))
    }

    /// Does a transaction, or one before it in its session, read from a later one of the writer's session?
    fn seen_of_session(&self, known: &Known, reader: usize, by: Place) -> bool {
        self.reads.iter().any(|r| {
            let mine = r.reader == reader
                || (self.places[r.reader].0 == self.places[reader].0
                    && known.has(reader, r.reader));
            let later = r.writer.map(|writer| self.places[writer]);
            mine && later.is_some_and(|(s, t)| s == by.0 && t > by.1)
        })
    }

    fn inconsistent(&self, guarantee: Guarantee, read: Read, newer: Option<Value>) -> Inconsistent {
        Inconsistent {
            guarantee,
            reader: self.places[read.reader],
            cell: read.cell,
            seen: read.value,
            expected: newer,
        }
    }
}

/// The nodes so that each comes before those after it; and those that are in a circle, or behind one.
fn sorted(after: &[Vec<usize>]) -> (Vec<usize>, std::collections::HashSet<usize>) {
    let mut incoming = vec![0usize; after.len()];
    after.iter().flatten().for_each(|to| incoming[*to] += 1);
    let mut order: Vec<usize> = (0..after.len()).filter(|n| incoming[*n] == 0).collect();
    let mut at = 0;
    while let Some(&node) = order.get(at) {
        at += 1;
        for &to in &after[node] {
            incoming[to] -= 1;
            if incoming[to] == 0 {
                order.push(to);
            }
        }
    }
    let stuck = (0..after.len()).filter(|n| incoming[*n] > 0).collect();
    (order, stuck)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A history: sessions of transactions, each `x=1` for a write, `x:1` for a read, `x:-` for a read of
    /// nothing, with `;` between transactions.
    fn history(sessions: &[&str]) -> Vec<Session> {
        let transaction = |text: &str| {
            let mut transaction = Transaction::default();
            for word in text.split_whitespace() {
                let (cell, rest) = word.split_at(1);
                let cell = u32::from(cell.as_bytes()[0]);
                let value = rest[1..].parse().ok();
                if rest.starts_with('=') {
                    transaction.writes.push((cell, value.unwrap()));
                } else {
                    transaction.reads.push((cell, value));
                }
            }
            transaction
        };
        let session = |text: &&str| Session {
            transactions: text.split(';').map(transaction).collect(),
        };
        sessions.iter().map(session).collect()
    }

    #[test]
    fn good_histories_pass() {
        for good in [
            &["x=1; x:1; x=2; x:2", "x:-; x:1; x:2"][..],
            // Concurrent writes may be seen by one and not by the other.
            &["x=1", "y=2", "x:1 y:-; x:1 y:2", "y:2"],
            // A transaction is seen whole, before or after another.
            &["x=1 y=2", "x=3 y=4", "x:1 y:2; x:3 y:4", "x:3 y:4"],
            // One is written over in part by who had not seen it.
            &["x=1 y=2", "x=3", "x:3 y:2", "x:1 y:2; x:3 y:2"],
            // A later write of the same transaction counts.
            &["x=1 x=2; x:2", "x:2"],
            // Its own writes count within a transaction.
            &["x=1; x=2 x:1", "x:1"],
            &[],
        ] {
            assert_eq!(check(&history(good)), Ok(()), "{good:?}");
        }
    }

    #[test]
    fn each_anomaly_is_caught_and_named() {
        use Guarantee::*;
        for (bad, guarantee) in [
            // A value out of nowhere, of another cell, and one that its transaction wrote over.
            (&["x=1", "x:7"][..], ValuesAreWritten),
            (&["x=1", "y:1"], ValuesAreWritten),
            (&["x=1 x=2", "x:1"], ValuesAreWritten),
            // Each has read what the other writes afterwards.
            (&["x:2; y=1", "y:1; x=2"], CausesComeFirst),
            (&["x=1; x:-"], ReadYourWrites),
            (&["x=1; x=2; x:1"], ReadYourWrites),
            (&["x=1", "x:1; x=2; x:1"], ReadYourWrites),
            (&["x=1; x=2", "x:2; x:1"], MonotonicReads),
            (&["x=1", "x:1; x:-"], MonotonicReads),
            (&["x=1; y=2", "y:2 x:-"], MonotonicWrites),
            (&["x=1; x=2; y=3", "y:3; x:1"], MonotonicWrites),
            (&["x=1", "x:1; y=2", "y:2 x:-"], WritesFollowReads),
            (
                &["x=1", "x:1; x=2", "x:2; y=3", "y:3 x:1"],
                WritesFollowReads,
            ),
            // Half of a transaction.
            (&["x=1 y=2", "x:1 y:-"], AtomicVisibility),
            (
                &["x=1 y=2", "x:1 y:2; x=3 y=4", "x:3 y:2"],
                AtomicVisibility,
            ),
            // One sees the one write after the other, another the other way round.
            (&["x=1", "x=2", "x:1; x:2", "x:2; x:1"], OneOrder),
            // Halves of two transactions, each over the other.
            (&["x=1 y=2", "x=3 y=4", "x:1 y:4"], OneOrder),
        ] {
            let found = check(&history(bad)).expect_err(&format!("{bad:?}"));
            assert_eq!(found.guarantee, guarantee, "{bad:?}: {found:?}");
        }
    }

    #[test]
    fn the_read_that_is_wrong_is_named() {
        let found = check(&history(&["x=1; x=2", "x:2; y=5; x:1"])).unwrap_err();
        let x = u32::from(b'x');
        assert_eq!((found.reader, found.cell), ((1, 2), x));
        assert_eq!((found.seen, found.expected), (Some(1), Some(2)));
    }

    #[test]
    #[should_panic(expected = "written twice")]
    fn a_value_that_is_written_twice_is_no_question() {
        let _ = check(&history(&["x=1", "y=1"]));
    }
}
