//! Tells replicas that something changed. A watcher asks Postgres which scopes were touched since it
//! last looked, twenty times a second and at once after a push; sockets pass it on.
//! Never sends rows: a poke only says "pull".

use crate::auth::{Identity, now_s, revoked};
use crate::problem::RequestId;
use crate::state::{State, ended};
use crate::sync::Asker;
use crate::sync::cursor::Position;
use crate::sync::failure::Failure;
use crate::sync::postgres::session::Session;
use crate::sync::postgres::{ON_DISK, POSITION, note_history, position, read_position};
use axum::extract::ws::{Message, WebSocket};
use haversack_core::protocol::{PROTOCOL_VERSION, PokeClient, PokeServer, Problem};
use haversack_core::{Error, ErrorCode};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::task::JoinHandle;
use tokio_postgres::Row;

const POLL: Duration = Duration::from_millis(50);
/// How long one answer may take.
const LOOK_LIMIT: Duration = Duration::from_secs(10);
// What is read whole all the same counts as so dear then that it would be compiled, each time.
const BEGIN: &str = "BEGIN READ ONLY; SET LOCAL plan_cache_mode = force_generic_plan; \
     SET LOCAL enable_seqscan = off; SET LOCAL jit = off";
const POLL_AFTER_FAILURE: Duration = Duration::from_secs(1);
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
const PING: Duration = Duration::from_secs(20);
/// A socket that takes no message for so long is gone.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

// All columns are of one snapshot, so nothing falls between two polls. What else is told of it is as for a
// pull that stands at the last poll.
const TOUCHED: &str = "
SELECT CASE WHEN $1::text IS NOT NULL AND $1 <> pg_current_snapshot()::text THEN
    ARRAY(SELECT DISTINCT scope FROM haversack.changes
          WHERE tbl > 0 AND xid >= pg_snapshot_xmin($1::text::pg_snapshot) AND xid < pg_snapshot_xmax(pg_current_snapshot())
            AND NOT pg_visible_in_snapshot(xid, $1::text::pg_snapshot)) END, p.*, ";

/// Watches the changelog from now on, in a task of its own, until the endpoint ends.
///
/// # Errors
/// `database_unavailable`, or what Postgres answers to the first look.
pub async fn start(state: Arc<State>) -> Result<JoinHandle<()>, Error> {
    // Looked before anyone can connect, so that no change precedes the first comparison.
    let look = state.watermark.begin();
    let (position, scopes) = poll(&state, None).await?;
    note(&state, &position).await?;
    let snapshot = position.snapshot.clone();
    state.watermark.saw(look, position, &scopes);
    Ok(tokio::spawn(watch(state, snapshot)))
}

async fn watch(state: Arc<State>, mut seen: String) {
    let mut healthy = true;
    let mut ending = state.ending.subscribe();
    loop {
        let pause = if healthy { POLL } else { POLL_AFTER_FAILURE };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = state.committed.notified() => {}
            () = ended(&mut ending) => return,
        }
        let look = state.watermark.begin();
        match poll(&state, Some(&seen)).await {
            Ok((position, scopes)) => {
                // It may come back as it was before; each push looks by itself.
                let _ = note(&state, &position).await;
                healthy = true;
                seen.clone_from(&position.snapshot);
                // Before anybody hears of it and asks.
                state.watermark.saw(look, position, &scopes);
                if !scopes.is_empty() {
                    // Without a socket there is nobody to tell.
                    let _ = state.touched.send(Arc::new(scopes));
                }
            }
            Err(error) => {
                state.watermark.lost(look);
                if healthy {
                    tracing::error!(code = %error.code, "the changelog can't be watched: {}", error.message);
                }
                healthy = false;
            }
        }
    }
}

/// Notes the history where it is another one, before anybody else draws keys from the sequences.
async fn note(state: &State, position: &Position) -> Result<(), Error> {
    if position.noted {
        return Ok(());
    }
    let session = Session::get(&state.own_pool).await?;
    note_history(&session).await.map_err(|f| f.into_error())
}

async fn poll(state: &State, seen: Option<&str>) -> Result<(Position, Vec<String>), Error> {
    let mut session = Session::get(&state.own_pool).await?;
    let looked = look(&mut session, seen).await;
    let rows = looked.map_err(|failure| failure.into_error())?;
    let row = rows
        .first()
        .ok_or_else(|| Error::new(ErrorCode::Internal, "no snapshot"))?;
    let scopes: Option<Vec<String>> = row.get(0);
    let position = read_position(row, 1);
    if row.get("on_disk") {
        state.durable.note(&position);
    }
    Ok((position, scopes.unwrap_or_default()))
}

async fn look(session: &mut Session, seen: Option<&str>) -> Result<Vec<Row>, Failure> {
    // To plan it anew costs many times what it costs, twenty times a second.
    session.begin(BEGIN, LOOK_LIMIT).await?;
    let sql = format!("{TOUCHED}{ON_DISK} FROM ({POSITION}) p");
    let rows = session.end_with(session.query(&sql, &[&seen])).await;
    if rows.is_err() {
        session.rollback().await;
    }
    rows
}

/// Serves one socket until it closes, its token ends, or the endpoint does.
pub async fn serve(mut socket: WebSocket, state: Arc<State>, id: RequestId) {
    // Subscribed before `ready` is said, so that no change falls in between.
    let touched = state.touched.subscribe();
    let error = match hello(&mut socket, &state).await {
        Ok(Some((asker, identity))) => serve_asker(&mut socket, &state, &asker, identity, touched)
            .await
            .err(),
        Ok(None) => None,
        Err(error) => Some(error),
    };
    if let Some(error) = error {
        tracing::debug!(request_id = id.0, code = %error.code, "a socket is closed");
        say(&mut socket, &PokeServer::Error(Problem::new(&error, &id.0))).await;
    }
    let _ = tokio::time::timeout(SEND_TIMEOUT, socket.send(Message::Close(None))).await;
}

/// Reads the first message; none where the socket closed before it.
async fn hello(socket: &mut WebSocket, state: &State) -> Result<Option<(Asker, Identity)>, Error> {
    let late = || Error::new(ErrorCode::TokenMissing, "no hello with a token within 10 s");
    let text = match tokio::time::timeout(HELLO_TIMEOUT, socket.recv())
        .await
        .map_err(|_| late())?
    {
        Some(Ok(Message::Text(text))) => text,
        Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(None),
        Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {
            return Err(Error::new(
                ErrorCode::MalformedRequest,
                "the first message is not a hello",
            ));
        }
    };
    let PokeClient::Hello {
        protocol,
        token,
        replica: _,
    } = serde_json::from_str(&text).map_err(|_| {
        Error::new(
            ErrorCode::MalformedRequest,
            "the first message is not a hello",
        )
    })?;
    if protocol != PROTOCOL_VERSION {
        let message = format!("this endpoint speaks protocol {PROTOCOL_VERSION}, not {protocol}");
        return Err(Error::new(ErrorCode::ProtocolUnsupported, message));
    }
    let identity = state.verifier.verify(&token).await?;
    let asker = Asker::new(&state.compiled(), &identity.user)?;
    let session = Session::get(&state.own_pool).await?;
    revoked::check(&session, identity.jti.as_deref()).await?;
    let epoch = position(&session, None)
        .await
        .map_err(|f| f.into_error())?
        .epoch;
    drop(session);
    // What changed between the replica's last pull and now was announced to nobody.
    if !say(socket, &PokeServer::Ready { epoch }).await || !say(socket, &PokeServer::Poke).await {
        return Ok(None);
    }
    Ok(Some((asker, identity)))
}

async fn serve_asker(
    socket: &mut WebSocket,
    state: &State,
    asker: &Asker,
    identity: Identity,
    mut touched: Receiver<Arc<Vec<String>>>,
) -> Result<(), Error> {
    let mut watch = state.watched.watch(identity.jti);
    let concerns = |scopes: &[String]| scopes.iter().any(|scope| asker.scopes.contains(scope));
    let end = tokio::time::sleep(Duration::from_secs(
        identity.expires_at.saturating_sub(now_s()),
    ));
    let mut end = std::pin::pin!(end);
    let mut ping = tokio::time::interval_at(tokio::time::Instant::now() + PING, PING);
    let mut ending = state.ending.subscribe();
    loop {
        tokio::select! {
            () = &mut end => return Err(Error::new(ErrorCode::TokenExpired, "the token has expired")),
            () = watch.revoked(state) => return Err(revoked::error()),
            () = ended(&mut ending) => return Ok(()),
            _ = ping.tick() => {
                if !send(socket, Message::Ping(bytes::Bytes::new())).await {
                    return Ok(());
                }
            }
            message = socket.recv() => match message {
                // Nothing that a replica says after hello means anything, but reading keeps the
                // socket alive and shows its end.
                Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
            },
            scopes = touched.recv() => {
                let mut poke = match scopes {
                    Ok(scopes) => concerns(&scopes),
                    // Announcements were missed: any of them may have concerned this user.
                    Err(RecvError::Lagged(_)) => true,
                    Err(RecvError::Closed) => return Ok(()),
                };
                // Those that wait are one poke with this one.
                loop {
                    match touched.try_recv() {
                        Ok(scopes) => poke |= concerns(&scopes),
                        Err(TryRecvError::Lagged(_)) => poke = true,
                        Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                    }
                }
                if poke && !say(socket, &PokeServer::Poke).await {
                    return Ok(());
                }
            }
        }
    }
}

async fn say(socket: &mut WebSocket, message: &PokeServer) -> bool {
    match serde_json::to_string(message) {
        Ok(text) => send(socket, Message::Text(text.into())).await,
        Err(_) => false,
    }
}

async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(
        tokio::time::timeout(SEND_TIMEOUT, socket.send(message)).await,
        Ok(Ok(()))
    )
}
