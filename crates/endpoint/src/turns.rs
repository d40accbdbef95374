//! Limits how many snapshots are under way, in all and per user: each holds a connection for as long
//! as its replica takes to read it, and pushes need connections too.

use haversack_core::{Error, ErrorCode};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Snapshots of one user at a time.
pub const USER_SNAPSHOTS_MAX: usize = 2;

/// The snapshots that are under way.
#[derive(Debug)]
pub struct Snapshots {
    all: Arc<Semaphore>,
    users: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// The right to send a snapshot, for as long as the value lives.
#[derive(Debug)]
pub struct Turn {
    _all: OwnedSemaphorePermit,
    _user: OwnedSemaphorePermit,
}

impl Snapshots {
    /// At most half of the connections are given to snapshots.
    pub fn new(connections: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new((connections / 2).max(1))),
            users: Mutex::default(),
        }
    }

    /// Begins a snapshot for a user.
    ///
    /// # Errors
    /// `overloaded` where too many are under way. Nobody waits, since waiting holds a connection.
    pub fn begin(&self, user: &str) -> Result<Turn, Error> {
        let overloaded = |message| Error::new(ErrorCode::Overloaded, message);
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        // Only the users who have one under way are remembered.
        users.retain(|_, turns| turns.available_permits() < USER_SNAPSHOTS_MAX);
        let turns = users
            .entry(user.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(USER_SNAPSHOTS_MAX)));
        let user = turns.clone().try_acquire_owned().map_err(|_| {
            overloaded("this user has as many snapshots under way as one user may have")
        })?;
        let all =
            self.all.clone().try_acquire_owned().map_err(|_| {
                overloaded("as many snapshots are under way as the endpoint allows")
            })?;
        Ok(Turn {
            _all: all,
            _user: user,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_a_few_turns_and_all_have_half_of_the_connections() {
        let snapshots = Snapshots::new(7);
        let ada = [snapshots.begin("ada"), snapshots.begin("ada")];
        assert!(ada.iter().all(Result::is_ok));
        assert_eq!(
            snapshots.begin("ada").unwrap_err().code,
            ErrorCode::Overloaded
        );
        let grace = snapshots.begin("grace").unwrap();
        assert_eq!(
            snapshots.begin("lin").unwrap_err().code,
            ErrorCode::Overloaded
        );
        drop(grace);
        assert!(snapshots.begin("lin").is_ok());
        drop(ada);
        assert!(snapshots.begin("ada").is_ok());
        drop(snapshots.begin("lin"));
        assert!(snapshots.users.lock().unwrap().len() <= 1);
    }
}
