//! An endpoint over the model: its real logic, without HTTP and tokens.

use super::connection::Connection;
use super::database::Database;
use bytes::Bytes;
use haversack_core::Error;
use haversack_core::protocol::{Problem, SyncRequest};
use haversack_endpoint::served::Served;
use haversack_endpoint::sync::store::Lines;
use haversack_endpoint::sync::{Answer, Asked, Asker, answer, encode, pull};
use haversack_endpoint::turns::Turns;
use haversack_endpoint::watermark::Watermark;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// The connections that the endpoint has, which bounds how many snapshots it sends at a time.
const CONNECTIONS: usize = 16;

/// An endpoint; several may share a database.
#[derive(Clone)]
pub struct Server {
    database: Database,
    snapshots: Rc<Turns>,
    /// Whose records it has read. Nobody looks at the changelog for it, so that it always asks the database.
    watermark: Rc<Watermark>,
    served: Rc<RefCell<Arc<Served>>>,
}

impl Server {
    /// An endpoint of a database.
    pub fn new(database: &Database) -> Self {
        let served = database.state.borrow().served.clone();
        Self {
            database: database.clone(),
            snapshots: Rc::new(Turns::of_snapshots(CONNECTIONS)),
            watermark: Rc::default(),
            served: Rc::new(RefCell::new(served)),
        }
    }

    /// Serves the schema under another fingerprint, as after a migration; none for its own.
    pub fn serve_fingerprint(&self, fingerprint: Option<String>) {
        let mut served = Served::clone(&self.database.state.borrow().served);
        if let Some(fingerprint) = fingerprint {
            served.schema.fingerprint = fingerprint;
        }
        self.served.replace(Arc::new(served));
    }

    /// The scopes whose commits concern a user.
    ///
    /// # Errors
    /// `token_invalid` where the user is not of the type of a column that names owners.
    pub fn scopes(&self, user: &str) -> Result<Vec<String>, Error> {
        Ok(Asker::new(&self.served.borrow(), user)?.scopes)
    }

    /// Runs a sync of a user's and gives its lines, as `/v1/sync` streams them. Dropped before it is
    /// done, it is an endpoint that died: what was committed stays, and no more.
    ///
    /// # Errors
    /// Whatever is found before the first line, as it would be answered. Later errors are a line.
    pub async fn sync(&self, user: &str, request: SyncRequest) -> Result<Vec<Bytes>, Error> {
        let served = self.served.borrow().clone();
        let (replica, acknowledged) = (request.replica.clone(), request.acknowledged);
        let mut asked = Asked::new(&served, user, request)?;
        // As the endpoint that is served: who is known, and pushes nothing, is answered by a pull alone.
        if self.watermark.is_read(&replica, user, acknowledged) {
            asked = asked.read();
        }
        let mut connection = Connection::new(&self.database, served, user);
        let Answer {
            first,
            follows,
            rows_total: _,
            end,
        } = answer(&mut connection, &self.snapshots, asked).await?;
        self.watermark.read(&replica, user, acknowledged);
        let mut lines = Collected(first);
        let last = match follows {
            Some(follows) => match pull::stream(&mut connection, &follows, &mut lines).await {
                Ok(_) => end,
                Err(failure) => encode::problem(Problem::new(&failure.into_error(), "")),
            },
            None => end,
        };
        lines.0.push(last);
        Ok(lines.0)
    }
}

/// Lines that are all taken.
struct Collected(Vec<Bytes>);

impl Lines for Collected {
    async fn send(&mut self, line: Bytes) -> bool {
        self.0.push(line);
        true
    }
}
