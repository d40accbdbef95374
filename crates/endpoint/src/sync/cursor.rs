//! Where a replica stands: a `pg_snapshot`, the epoch, and a hash of everything else on which the
//! set of its rows depends. Opaque to replicas; of no use to anyone but its owner, because scopes
//! come from the token each time.

use haversack_core::schema::hex;
use haversack_core::{Error, ErrorCode};
use sha2::{Digest, Sha256};

const VERSION: &str = "1";

/// A parsed cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The snapshot, as Postgres prints it.
    pub snapshot: String,
    /// Who it belongs to: see [`belonging`].
    pub belonging: String,
}

impl Cursor {
    /// Parses a cursor.
    ///
    /// # Errors
    /// `malformed_request`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let malformed = || {
            Error::new(
                ErrorCode::MalformedRequest,
                "the cursor is not one of this endpoint's",
            )
        };
        let mut parts = text.split('.');
        let (Some(VERSION), Some(snapshot), Some(belonging), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed());
        };
        if !is_snapshot(snapshot) || belonging.len() != 32 {
            return Err(malformed());
        }
        Ok(Self {
            snapshot: snapshot.to_owned(),
            belonging: belonging.to_owned(),
        })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{VERSION}.{}.{}", self.snapshot, self.belonging)
    }
}

/// `xmin:xmax:xip,…`, ordered, so that Postgres will not refuse it.
fn is_snapshot(text: &str) -> bool {
    let mut parts = text.split(':');
    let (Some(low), Some(high), Some(between), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let (Ok(low), Ok(high)) = (low.parse::<u64>(), high.parse::<u64>()) else {
        return false;
    };
    let mut last = low;
    let ordered = between.is_empty()
        || between.split(',').all(|xid| {
            xid.parse::<u64>().is_ok_and(|xid| {
                let good = xid >= last && xid < high;
                last = xid.saturating_add(1);
                good
            })
        });
    low > 0 && low <= high && ordered
}

/// A snapshot without the numbers beyond one.
pub fn up_to(snapshot: &str, last: u64) -> String {
    let mut parts = snapshot.split(':');
    let mut number = || parts.next().and_then(|part| part.parse::<u64>().ok());
    let (Some(low), Some(high)) = (number(), number()) else {
        return snapshot.to_owned();
    };
    let end = high.min(last.saturating_add(1));
    let open: Vec<&str> = parts
        .next()
        .unwrap_or_default()
        .split(',')
        .filter(|xid| xid.parse::<u64>().is_ok_and(|xid| xid < end))
        .collect();
    format!("{}:{end}:{}", low.min(end), open.join(","))
}

/// The last transaction that has ended in a snapshot. Where that can't be read, none is later.
pub fn last_ended(snapshot: &str) -> u64 {
    let mut parts = snapshot.split(':').skip(1);
    let high = parts.next().and_then(|part| part.parse::<u64>().ok());
    let open = parts.next().unwrap_or_default();
    let Some(high) = high else { return u64::MAX };
    // They ascend, so those that run up to the end are the last ones.
    let mut last = high.saturating_sub(1);
    for xid in open.rsplit(',').filter_map(|xid| xid.parse::<u64>().ok()) {
        if xid != last {
            break;
        }
        last -= 1;
    }
    last
}

/// The hash of epoch, role, user and schema: a cursor with another can't be continued.
pub fn belonging(epoch: &str, role: &str, user: &str, fingerprint: &str) -> String {
    let mut hash = Sha256::new();
    for part in [epoch, role, user, fingerprint] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex(&hash.finalize()[..16])
}

/// The name of a server's history, of what `attach` has named it and whatever tells it from its other
/// lives: `attached.life`. After a restore the first part is the same.
pub fn epoch(attached: &str, life: &str) -> String {
    let short = |text: &str| hex(&Sha256::digest(text.as_bytes())[..8]);
    format!(
        "{}.{}",
        short(attached),
        short(&format!("{life}/{attached}"))
    )
}

/// The database's state as one snapshot sees it.
#[derive(Clone, Debug)]
pub struct Position {
    /// `pg_current_snapshot()`.
    pub snapshot: String,
    /// The server's history.
    pub epoch: String,
    /// Is the history the one that was noted, with [`Store::note_history`](super::store::Store)?
    pub noted: bool,
    /// Can the given cursor's snapshot be continued from here?
    pub continues: bool,
    /// The database's time, in milliseconds since 1970; no commit in the snapshot is later.
    pub time: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_the_round_trip() {
        let cursor = Cursor {
            snapshot: "10:20:10,14".into(),
            belonging: belonging("e", "r", "u", "f"),
        };
        assert_eq!(Cursor::parse(&cursor.to_string()).unwrap(), cursor);
        assert_ne!(belonging("a", "b", "c", "d"), belonging("ab", "", "c", "d"));
    }

    #[test]
    fn a_snapshot_up_to_a_number_lacks_those_beyond() {
        for (whole, last, part) in [
            ("10:20:10,14", 25, "10:20:10,14"),
            ("10:20:10,14", 19, "10:20:10,14"),
            ("10:20:10,14", 14, "10:15:10,14"),
            ("10:20:10,14", 13, "10:14:10"),
            ("18:20:18", 13, "14:14:"),
        ] {
            assert_eq!(up_to(whole, last), part);
            assert!(is_snapshot(part));
        }
    }

    #[test]
    fn what_postgres_would_refuse_is_refused_first() {
        for wrong in [
            "",
            "10:20",
            "0:1:",
            "20:10:",
            "10:20:9",
            "10:20:20",
            "10:20:14,10",
            "10:20:10,10",
            "a:b:",
            "1:2:3:4",
        ] {
            assert!(!is_snapshot(wrong), "{wrong}");
        }
        for good in ["1:1:", "10:20:", "10:20:10", "10:20:10,19"] {
            assert!(is_snapshot(good), "{good}");
        }
        assert!(Cursor::parse("2.1:1:.x").is_err());
    }
}
