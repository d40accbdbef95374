//! `/v1/query`: a question that a client puts to Postgres itself.
//!
//! **Invariant.** Whatever a client asks, its words are only compared with the schema's: names in SQL are the
//! catalog's, values are parameters. It is asked under the user's role, in a transaction that can't write, for
//! so long and for so many rows as the configuration says. An answer is made before its first byte is sent: who
//! reads slowly holds no connection, and it is whole or an error.

mod failure;
mod operand;
mod sql;

use crate::auth::Identity;
use crate::compiled::Compiled;
use crate::served::Served;
use crate::state::State;
use crate::sync::cursor::Position;
use crate::sync::encode::{RowLines, line};
use crate::sync::failure::Failure;
use crate::sync::postgres::session::Session;
use crate::sync::postgres::{Postgres, hand_out};
use crate::sync::store::Store;
use crate::sync::{Asker, check_fingerprint, check_protocol};
use bytes::Bytes;
use failure::{error_of, is_outdated};
use haversack_core::protocol::{PROTOCOL_VERSION, QueryHead, QueryLine, QueryParam, QueryRequest};
use haversack_core::query::{Checked, CheckedGroups, Param};
use haversack_core::schema::TableId;
use haversack_core::{Error, ErrorCode};
pub use sql::{Given, Statement, Thresholds};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_postgres::Row;

/// The largest request: a few of the longest lists, and far from what a sync may send.
pub const QUERY_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// What an answer may hold of rows, in bytes of text.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Asks Postgres, and hands out the lines of the answer.
///
/// # Errors
/// `token_invalid`, `token_revoked`, `protocol_unsupported`, `schema_changed`, what is wrong with the query
/// (`unknown_table`, `unknown_column`, `invalid_query`, `type_mismatch`, `out_of_range`), `query_too_slow`,
/// `overloaded`, `database_unavailable`.
pub async fn query(
    state: Arc<State>,
    identity: Identity,
    request: QueryRequest,
    request_id: String,
) -> Result<mpsc::Receiver<Bytes>, Error> {
    let compiled = state.compiled();
    let user = identity.user.clone();
    // As for a sync: who is none of the kind that owns rows is nobody.
    Asker::new(&compiled.served, &user)?;
    check_protocol(request.protocol)?;
    check_fingerprint(&compiled.served, &request.fingerprint)?;
    let most = state.config.limits.query_rows_max;
    let (table, statement) = prepare(&compiled, &request, most)?;
    let mut turn = state.queries.wait(&user).await?;
    let mut answer = Answer::new(&compiled.table(table).name, most);
    let session = Session::get(&state.pool).await?;
    let mut store = Postgres::new(session, state.clone(), identity);
    let timeout = Duration::from_millis(state.config.limits.query_timeout_ms.into());
    let asked = store.ask(statement, timeout, |row| answer.take(row)).await;
    match asked {
        Ok(position) => {
            let rows = answer.rows as u64;
            let lines = answer.lines(&compiled.served, user, position)?;
            // The answer takes memory until it is read.
            turn.without_connection();
            Ok(hand_out(lines, rows, turn, request_id))
        }
        Err(failure) => {
            store.rollback().await;
            if is_outdated(&failure) {
                // What the schema allows Postgres may refuse after a migration.
                store.reread().await?;
                check_fingerprint(&store.served(), &request.fingerprint)?;
            }
            Err(error_of(failure, timeout))
        }
    }
}

/// Checks a query, and gives it as SQL.
fn prepare(
    compiled: &Compiled,
    request: &QueryRequest,
    most: usize,
) -> Result<(TableId, Statement), Error> {
    let params: Vec<Param<'_>> = request.params.iter().map(QueryParam::as_param).collect();
    match (&request.query, &request.groups) {
        (Some(query), None) => {
            let checked = Checked::new(&compiled.schema, query, &params)?;
            let limit = limit(checked.limit, most)?;
            let statement = sql::statement(compiled, &checked, &params, limit)?;
            Ok((checked.table(), statement))
        }
        (None, Some(groups)) => {
            let checked = CheckedGroups::new(&compiled.schema, groups, &params)?;
            let limit = limit(checked.limit, most)?;
            let statement = sql::groups(compiled, &checked, &params, limit)?;
            Ok((checked.table(), statement))
        }
        (None, None) | (Some(_), Some(_)) => Err(Error::new(
            ErrorCode::InvalidQuery,
            "a question has either `query`, for rows, or `groups`",
        )),
    }
}

/// How many are asked of Postgres where so many are asked for, and one answer has at most `most`.
fn limit(asked: Option<usize>, most: usize) -> Result<usize, Error> {
    match asked {
        Some(limit) if limit > most => Err(Error::new(
            ErrorCode::InvalidQuery,
            format!("the limit is {limit}, and an answer of the endpoint has at most {most} rows"),
        )
        .hint("ask for less at a time, with an offset")),
        Some(limit) => Ok(limit),
        // One more tells whether there are more.
        None => Ok(most + 1),
    }
}

/// An answer in the making.
struct Answer {
    text: RowLines,
    lines: Vec<Bytes>,
    rows: usize,
    bytes: usize,
    rows_max: usize,
    more: bool,
}

impl Answer {
    fn new(table: &str, rows_max: usize) -> Self {
        Self {
            text: RowLines::new(table),
            lines: Vec::new(),
            rows: 0,
            bytes: 0,
            rows_max,
            more: false,
        }
    }

    /// Takes a row in; false where there is no room for it, and so for none that follows.
    fn take(&mut self, row: &Row) -> Result<bool, Failure> {
        let full = self.bytes + self.text.bytes() > ANSWER_BYTES_MAX;
        if full || self.rows == self.rows_max {
            self.more = true;
            // Beyond the most rows that were asked for there is none.
            return Ok(!full);
        }
        self.rows += 1;
        if let Some(line) = self.text.push(row)? {
            self.bytes += line.len();
            self.lines.push(line);
        }
        Ok(true)
    }

    fn lines(
        mut self,
        served: &Served,
        user: String,
        position: Position,
    ) -> Result<Vec<Bytes>, Error> {
        let head = QueryLine::Head(QueryHead {
            protocol: PROTOCOL_VERSION,
            epoch: position.epoch,
            fingerprint: served.schema.fingerprint.clone(),
            user,
            time: position.time,
        });
        let mut lines = vec![line(&head)?];
        lines.append(&mut self.lines);
        lines.extend(self.text.finish());
        lines.push(line(&QueryLine::End { more: self.more })?);
        Ok(lines)
    }
}
