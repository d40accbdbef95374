//! Limits how much of one kind is under way, in all and per user: each holds a connection for as long as
//! it takes, and pushes need connections too.

use haversack_core::{Error, ErrorCode};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Snapshots of one user at a time.
pub const USER_SNAPSHOTS_MAX: usize = 2;
/// Queries of one user at a time.
pub const USER_QUERIES_MAX: usize = 4;
/// How long a turn is waited for, by whoever holds no connection meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is under way of one kind.
#[derive(Debug)]
pub struct Turns {
    /// What it is, for people.
    what: &'static str,
    of_user: usize,
    patience: Duration,
    all: Arc<Semaphore>,
    users: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// The right to one more, for as long as the value lives.
#[derive(Debug)]
pub struct Turn {
    _connection: Option<OwnedSemaphorePermit>,
    _user: OwnedSemaphorePermit,
}

impl Turn {
    /// Counts for the user alone from now on: what is still under way holds no connection.
    pub fn without_connection(&mut self) {
        self._connection = None;
    }
}

impl Turns {
    /// Those of snapshots.
    pub fn of_snapshots(connections: usize) -> Self {
        Self::new("snapshots", connections, USER_SNAPSHOTS_MAX)
    }

    /// Those of queries.
    pub fn of_queries(connections: usize) -> Self {
        Self::new("queries", connections, USER_QUERIES_MAX)
    }

    /// At most half of the connections are given to one kind.
    fn new(what: &'static str, connections: usize, of_user: usize) -> Self {
        Self {
            what,
            of_user,
            patience: PATIENCE,
            all: Arc::new(Semaphore::new((connections / 2).max(1))),
            users: Mutex::default(),
        }
    }

    /// Takes a turn of a user's at once.
    ///
    /// # Errors
    /// `overloaded` where too many are under way. Nobody waits, since who asks holds a connection.
    pub fn begin(&self, user: &str) -> Result<Turn, Error> {
        let user = self.of(user).try_acquire_owned();
        let _user = user.map_err(|_| self.user_has_all())?;
        let all = self.all.clone().try_acquire_owned();
        let _connection = Some(all.map_err(|_| self.all_are_taken())?);
        Ok(Turn { _connection, _user })
    }

    /// Takes a turn of a user's when there is one.
    ///
    /// # Errors
    /// `overloaded` where none comes in time.
    pub async fn wait(&self, user: &str) -> Result<Turn, Error> {
        let own = tokio::time::timeout(self.patience, self.of(user).acquire_owned()).await;
        let Ok(Ok(_user)) = own else {
            return Err(self.user_has_all());
        };
        let all = tokio::time::timeout(self.patience, self.all.clone().acquire_owned()).await;
        let Ok(Ok(all)) = all else {
            return Err(self.all_are_taken());
        };
        let _connection = Some(all);
        Ok(Turn { _connection, _user })
    }

    /// The turns of one user.
    fn of(&self, user: &str) -> Arc<Semaphore> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        // Only the users are remembered who have a turn, or wait for one.
        users.retain(|_, turns| Arc::strong_count(turns) > 1);
        let turns = users
            .entry(user.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(self.of_user)));
        turns.clone()
    }

    fn user_has_all(&self) -> Error {
        let what = self.what;
        Error::new(
            ErrorCode::Overloaded,
            format!("this user has as many {what} under way as one user may have"),
        )
    }

    fn all_are_taken(&self) -> Error {
        let what = self.what;
        Error::new(
            ErrorCode::Overloaded,
            format!("as many {what} are under way as the endpoint allows"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_a_few_turns_and_all_have_half_of_the_connections() {
        let snapshots = Turns::of_snapshots(7);
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

    #[tokio::test]
    async fn who_waits_gets_the_turn_that_ends_and_does_not_wait_for_ever() {
        let mut queries = Turns::of_queries(16);
        queries.patience = Duration::from_millis(200);
        let queries = Arc::new(queries);
        let mut mine = Vec::new();
        for _ in 0..USER_QUERIES_MAX {
            mine.push(queries.wait("ada").await.unwrap());
        }
        let waiting = tokio::spawn({
            let queries = queries.clone();
            async move { queries.wait("ada").await }
        });
        tokio::task::yield_now().await;
        // Nobody else waits for it.
        assert!(queries.wait("grace").await.is_ok());
        // What is sent to a slow reader still is one of the user's.
        mine[0].without_connection();
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(mine.pop());
        let got = waiting.await.unwrap().unwrap();
        let late = queries.wait("ada").await.unwrap_err();
        assert_eq!(late.code, ErrorCode::Overloaded);
        assert!(late.message.contains("queries"), "{late}");
        drop((got, mine));
        assert!(queries.wait("ada").await.is_ok());
    }
}
