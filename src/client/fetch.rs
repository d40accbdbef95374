//! A query that is put to Postgres, by any tab. It only reads: nothing of the answer is stored, and what it
//! shows that the replica lacks comes by a sync.

use super::session::Session;
use super::{Shared, named_otherwise};
use crate::network::request;
use haversack_core::replica::{Found, Replica};
use haversack_core::{Error, ErrorCode, Recovery};
use std::rc::Rc;

impl Shared {
    /// Puts a request that [`Replica::question`] or [`Replica::question_of_groups`] made to the endpoint; `begin`
    /// begins its answer.
    ///
    /// # Errors
    /// `closed`, `not_signed_in`, `identity_changed`, `network`, `too_many_rows` where the answer lacks some,
    /// and what the endpoint answers. A token that it refuses is renewed once.
    pub async fn fetch(
        self: &Rc<Self>,
        body: String,
        begin: &dyn Fn(&Replica) -> Found,
    ) -> Result<Found, Error> {
        let session = self.session()?;
        let mut fresh = false;
        loop {
            let token = self.token(fresh).await?;
            match self.answered(&session, &token, body.clone(), begin).await {
                Err(error) if error.recovery() == Recovery::Authenticate => {
                    self.token.replace(None);
                    if fresh {
                        return Err(error);
                    }
                    fresh = true;
                }
                answered => return answered,
            }
        }
    }

    async fn answered(
        &self,
        session: &Session,
        token: &str,
        body: String,
        begin: &dyn Fn(&Replica) -> Found,
    ) -> Result<Found, Error> {
        let mut found = begin(&self.replica.borrow());
        let mut take = |line: &str| found.line(line);
        request::post(&format!("{}/v1/query", self.url), token, body, &mut take)
            .await
            .map_err(|failure| failure.error)?;
        // It may have been closed, or the user have changed, meanwhile.
        self.session()?;
        let (Some(head), Some(more)) = (found.head(), found.more()) else {
            let message = "the answer broke off before its end";
            return Err(Error::new(ErrorCode::Network, message));
        };
        if head.user != session.user {
            return Err(named_otherwise());
        }
        if more {
            let rows = found.len();
            let message = format!("the query has more rows than the {rows} of one answer");
            let hint = "ask for less at a time, with a limit and an offset";
            return Err(Error::new(ErrorCode::TooManyRows, message).hint(hint));
        }
        Ok(found)
    }
}
