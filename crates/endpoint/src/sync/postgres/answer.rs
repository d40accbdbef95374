//! A sync over Postgres, and its answer on its way: a stream of lines that a slow replica may not hold
//! for ever.

use super::Postgres;
use super::session::Session;
use crate::auth::Identity;
use crate::state::State;
use crate::sync::encode;
use crate::sync::pull::{self, Follows};
use crate::sync::store::Lines;
use crate::sync::{Answer, Asked, answer};
use bytes::Bytes;
use haversack_core::Error;
use haversack_core::protocol::{Problem, SyncRequest};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_postgres::NoTls;

/// Lines that wait for a slow replica.
const LINES_AHEAD: usize = 4;
/// A replica that takes no line for so long is cut off: its snapshot holds back vacuum.
const LINE_TIMEOUT: Duration = Duration::from_secs(20);
/// The longest that an answer may take, and what each of its rows adds to that: one who takes a line
/// now and then would hold a connection for hours.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
const ROW_TIMEOUT: Duration = Duration::from_millis(2);

/// Runs a sync and gives its lines; the first one is the head.
///
/// # Errors
/// Whatever is found before the first line. Later errors are a line.
pub async fn sync(
    state: Arc<State>,
    identity: Identity,
    request: SyncRequest,
    request_id: String,
) -> Result<mpsc::Receiver<Bytes>, Error> {
    let served = state.compiled().served.clone();
    let (replica, acknowledged) = (request.replica.clone(), request.acknowledged);
    let mut asked = Asked::new(&served, &identity.user, request)?;
    if state
        .watermark
        .is_read(&replica, &identity.user, acknowledged)
    {
        asked = asked.read();
    }
    let jti = identity.jti.clone();
    if state.watched.is_vouched(jti.as_deref())
        && let Some(answer) = asked.nothing_since(&served, &state.watermark).await?
    {
        return Ok(at_hand(answer).await);
    }
    let session = Session::get(&state.pool).await?;
    let user = identity.user.clone();
    let mut store = Postgres::new(session, state.clone(), identity);
    let Answer {
        first,
        follows,
        rows_total,
        end,
    } = answer(&mut store, &state.snapshots, asked).await?;
    state.watermark.read(&replica, &user, acknowledged);
    let (lines, receiver) = mpsc::channel(LINES_AHEAD);
    let sending = Sending {
        limit: answer_timeout(rows_total),
        first,
        // An answer that is at hand needs its connection no more.
        streamed: follows.map(|follows| (follows, store)),
        end,
        lines: Channel(lines),
        request_id,
    };
    tokio::spawn(sending.send());
    Ok(receiver)
}

/// The lines of an answer that is shorter than what may wait.
async fn at_hand(answer: Answer) -> mpsc::Receiver<Bytes> {
    let (lines, receiver) = mpsc::channel(LINES_AHEAD);
    for line in answer.first.into_iter().chain([answer.end]) {
        // The other end is here.
        let _ = lines.send(line).await;
    }
    receiver
}

/// Hands out the lines of an answer that is made, of so many rows, to whoever reads them in time. What is to be
/// kept meanwhile is let go of at the end.
pub fn hand_out(
    answer: Vec<Bytes>,
    rows: u64,
    keep: impl Send + 'static,
    request_id: String,
) -> mpsc::Receiver<Bytes> {
    let (lines, receiver) = mpsc::channel(LINES_AHEAD);
    let mut lines = Channel(lines);
    tokio::spawn(async move {
        let sent = async {
            for line in answer {
                if !lines.send(line).await {
                    return;
                }
            }
        };
        if tokio::time::timeout(answer_timeout(rows), sent)
            .await
            .is_err()
        {
            tracing::info!(request_id, "a client took too long to read its answer");
        }
        drop(keep);
    });
    receiver
}

/// An answer on its way.
struct Sending {
    /// How long it may take.
    limit: Duration,
    /// What is at hand.
    first: Vec<Bytes>,
    /// The tables to follow.
    streamed: Option<(Follows, Postgres)>,
    /// The line that ends it.
    end: Bytes,
    lines: Channel,
    request_id: String,
}

impl Sending {
    async fn send(self) {
        let Self {
            limit,
            first,
            streamed,
            end,
            mut lines,
            request_id,
        } = self;
        let token = |store: &Postgres| store.session.object().cancel_token();
        let cancel = streamed.as_ref().map(|(_, store)| token(store));
        let answer = async {
            for line in first {
                if !lines.send(line).await {
                    return;
                }
            }
            let last = match streamed {
                Some((follows, mut store)) => {
                    let last = last_line(&mut store, &follows, &mut lines, end, &request_id).await;
                    if last.is_none() {
                        let _ = token(&store).cancel_query(NoTls).await;
                    }
                    last
                }
                None => Some(end),
            };
            if let Some(last) = last {
                lines.send(last).await;
            }
        };
        if tokio::time::timeout(limit, answer).await.is_err() {
            tracing::info!(request_id, "a replica took too long to read its answer");
            if let Some(cancel) = cancel {
                // The connection is closed; what it runs for nobody ends too.
                let _ = cancel.cancel_query(NoTls).await;
            }
        }
    }
}

/// Streams whole tables; gives the line that ends the answer, none where nobody takes lines any more.
async fn last_line(
    store: &mut Postgres,
    follows: &Follows,
    lines: &mut Channel,
    end: Bytes,
    request_id: &str,
) -> Option<Bytes> {
    match pull::stream(store, follows, lines).await {
        Ok(true) => Some(end),
        Ok(false) => None,
        Err(failure) => {
            let problem = Problem::new(&failure.into_error(), request_id);
            Some(encode::problem(problem))
        }
    }
}

/// How long an answer of so many rows may take.
fn answer_timeout(rows: u64) -> Duration {
    ANSWER_TIMEOUT + ROW_TIMEOUT * u32::try_from(rows).unwrap_or(u32::MAX)
}

/// Lines on their way to a replica.
struct Channel(mpsc::Sender<Bytes>);

impl Lines for Channel {
    async fn send(&mut self, line: Bytes) -> bool {
        matches!(
            tokio::time::timeout(LINE_TIMEOUT, self.0.send(line)).await,
            Ok(Ok(()))
        )
    }
}
