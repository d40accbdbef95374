//! Which transactions no crash of Postgres gives back: a number of which nothing had reached the disk is
//! given to another one then.
//!
//! **Invariant.** Whatever has ended in a position that is contained ended before all that was written was
//! seen to be on disk, in the same history. What vacuum or a page's tidying writes beside it holds up
//! nobody.

use crate::sync::cursor::{Position, last_ended};
use std::sync::{Mutex, PoisonError};

/// The last number that is known to be on disk, by the history it is of.
#[derive(Debug, Default)]
pub struct Durable(Mutex<(String, u64)>);

impl Durable {
    /// All that was written until this position was read is on disk.
    pub fn note(&self, position: &Position) {
        let ended = last_ended(&position.snapshot);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 == position.epoch {
            known.1 = known.1.max(ended);
        } else {
            *known = (position.epoch.clone(), ended);
        }
    }

    /// Is all that has ended at this position on disk, as far as is known?
    pub fn contains(&self, position: &Position) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.0 == position.epoch && last_ended(&position.snapshot) <= known.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(epoch: &str, snapshot: &str) -> Position {
        Position {
            snapshot: snapshot.into(),
            epoch: epoch.into(),
            noted: true,
            continues: true,
            time: 0,
        }
    }

    #[test]
    fn what_ended_before_all_was_on_disk_is_on_disk() {
        let durable = Durable::default();
        assert!(!durable.contains(&at("a", "5:5:")));
        durable.note(&at("a", "5:9:5,8"));
        // 7 is the last that had ended. What was open then, and is none of the last now, counts by its number.
        assert!(durable.contains(&at("a", "5:8:")));
        assert!(durable.contains(&at("a", "8:10:8,9")));
        assert!(!durable.contains(&at("a", "5:9:5")));
        durable.note(&at("a", "3:4:"));
        assert!(durable.contains(&at("a", "8:8:")), "it never goes back");
        assert!(!durable.contains(&at("b", "3:4:")), "another history");
        durable.note(&at("b", "3:4:"));
        assert!(!durable.contains(&at("a", "3:4:")));
    }
}
