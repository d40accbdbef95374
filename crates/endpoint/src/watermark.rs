//! What the watcher of the changelog has seen, so that a replica which lacks nothing is answered without
//! asking Postgres.
//!
//! **Invariant.** An answer from here is as true as one from Postgres at a moment after it was asked for:
//! the watcher has looked since, in the history and with the horizon of then, and has seen every commit in
//! the asker's scopes that its last look contains. Where anything is missing for that, or the watcher
//! does not look, the answer is none, and Postgres is asked.

use crate::sync::cursor::Position;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Scopes whose last change is known; beyond that all of them are forgotten at once.
const SCOPES_MAX: usize = 50_000;
/// Replicas that are known to have a record; beyond that all of them are forgotten at once.
const REPLICAS_MAX: usize = 50_000;
/// How long a replica's record may go unread, and unmarked as seen.
const REPLICA_TIMEOUT: Duration = Duration::from_secs(600);
/// How long the next look is waited for.
const LOOK_TIMEOUT: Duration = Duration::from_millis(250);

/// The set of transactions that a `pg_snapshot` contains.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Snapshot {
    max: u64,
    /// Those below `max` that were under way.
    open: Vec<u64>,
}

impl Snapshot {
    /// As Postgres prints it.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let _min = parts.next()?;
        let max = parts.next()?.parse().ok()?;
        let open = parts.next()?.split(',').filter(|xid| !xid.is_empty());
        let open = open.map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(Self { max, open })
    }

    /// Does it contain every commit that another one contains?
    fn covers(&self, other: &Self) -> bool {
        let lacks = |xid: &u64| *xid < other.max && !other.open.contains(xid);
        other.max <= self.max && !self.open.iter().any(lacks)
    }
}

/// What the watcher knows while it looks.
#[derive(Debug)]
struct Seen {
    /// The number of the last look.
    look: u64,
    position: Position,
    snapshot: Snapshot,
    /// The look since which every change is known.
    since: Snapshot,
    /// By scope, the look that found its last change.
    touched: HashMap<String, Snapshot>,
}

/// A replica whose record was read.
#[derive(Debug)]
struct Replica {
    user: String,
    acknowledged: u64,
    read: Instant,
}

/// What the watcher has seen.
#[derive(Debug)]
pub struct Watermark {
    /// None while it does not look.
    seen: Mutex<Option<Seen>>,
    /// The number of the last look that has begun, and of the last one that has ended.
    begun: watch::Sender<u64>,
    ended: watch::Sender<u64>,
    replicas: Mutex<HashMap<String, Replica>>,
}

impl Default for Watermark {
    fn default() -> Self {
        Self {
            seen: Mutex::default(),
            begun: watch::channel(0).0,
            ended: watch::channel(0).0,
            replicas: Mutex::default(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watermark {
    /// A look begins; gives its number.
    pub fn begin(&self) -> u64 {
        self.begun.send_modify(|look| *look += 1);
        *self.begun.borrow()
    }

    /// A look has found where the database stands, and in which scopes something was committed since the
    /// look before. `continues` is false where that one can't be gone on from.
    pub fn saw(&self, look: u64, position: Position, scopes: &[String]) {
        let mut seen = lock(&self.seen);
        if let Some(snapshot) = Snapshot::parse(&position.snapshot) {
            let before = seen
                .take()
                .filter(|before| position.continues && before.position.epoch == position.epoch);
            let (since, mut touched) = match before {
                Some(before) => (before.since, before.touched),
                None => (snapshot.clone(), HashMap::new()),
            };
            for scope in scopes {
                touched.insert(scope.clone(), snapshot.clone());
            }
            let full = touched.len() > SCOPES_MAX;
            *seen = Some(Seen {
                look,
                position,
                since: if full { snapshot.clone() } else { since },
                touched: if full { HashMap::new() } else { touched },
                snapshot,
            });
        } else {
            *seen = None;
        }
        drop(seen);
        self.ended.send_replace(look);
    }

    /// A look has failed.
    pub fn lost(&self, look: u64) {
        *lock(&self.seen) = None;
        self.ended.send_replace(look);
    }

    /// Where the database stands, if nothing was committed in these scopes, as of some moment from now on,
    /// that a cursor's snapshot does not contain.
    pub async fn nothing_since(&self, snapshot: &str, scopes: &[String]) -> Option<Position> {
        let cursor = Snapshot::parse(snapshot)?;
        let now = *self.begun.borrow();
        // What is known to lack something need not wait.
        self.nothing_yet(&cursor, scopes)?;
        let mut ended = self.ended.subscribe();
        let next = ended.wait_for(|look| *look > now);
        let next = tokio::time::timeout(LOOK_TIMEOUT, next).await;
        next.ok()?.ok()?;
        let (look, position) = self.nothing_yet(&cursor, scopes)?;
        (look > now && position.continues).then_some(position)
    }

    fn nothing_yet(&self, cursor: &Snapshot, scopes: &[String]) -> Option<(u64, Position)> {
        let seen = lock(&self.seen);
        let seen = seen.as_ref()?;
        let covers = |scope: &String| cursor.covers(seen.touched.get(scope).unwrap_or(&seen.since));
        if !scopes.iter().all(covers) {
            return None;
        }
        let mut position = seen.position.clone();
        // A cursor from the future is from another history, whatever its epoch says; one from after
        // the last look waits for the next.
        position.continues = cursor.max <= seen.snapshot.max;
        Some((seen.look, position))
    }

    /// The record of a replica was read, and all up to a number forgotten.
    pub fn read(&self, replica: &str, user: &str, acknowledged: u64) {
        let mut replicas = lock(&self.replicas);
        if replicas.len() >= REPLICAS_MAX {
            replicas.clear();
        }
        let record = Replica {
            user: user.to_owned(),
            acknowledged,
            read: Instant::now(),
        };
        replicas.insert(replica.to_owned(), record);
    }

    /// Up to which number a replica's verdicts were forgotten, as far as is known here.
    pub fn acknowledged(&self, replica: &str, user: &str) -> u64 {
        let replicas = lock(&self.replicas);
        let known = replicas.get(replica).filter(|known| known.user == user);
        known.map_or(0, |known| known.acknowledged)
    }

    /// Has a replica's record nothing to say or to learn, where it pushes nothing?
    pub fn is_read(&self, replica: &str, user: &str, acknowledged: u64) -> bool {
        let replicas = lock(&self.replicas);
        replicas.get(replica).is_some_and(|known| {
            known.user == user
                && known.acknowledged >= acknowledged
                && known.read.elapsed() < REPLICA_TIMEOUT
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(text: &str) -> Snapshot {
        Snapshot::parse(text).unwrap()
    }

    #[test]
    fn one_snapshot_covers_another_if_it_lacks_none_of_its_commits() {
        for (ours, theirs, covers) in [
            ("5:5:", "5:5:", true),
            ("9:9:", "5:5:", true),
            ("5:5:", "9:9:", false),
            // 6 was under way for us and done for them.
            ("6:9:6", "9:9:", false),
            ("6:9:6", "6:9:6", true),
            ("6:9:6", "6:8:6,7", true),
            ("6:9:6", "7:8:7", false),
            ("6:9:6", "6:6:", true),
        ] {
            assert_eq!(
                snapshot(ours).covers(&snapshot(theirs)),
                covers,
                "{ours} {theirs}"
            );
        }
        assert_eq!(Snapshot::parse("nonsense"), None);
    }
}
