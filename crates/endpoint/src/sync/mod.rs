//! `POST /v1/sync`: push, then pull, answered as a stream of lines.
//!
//! The request runs in a task of its own, so that a replica that hangs up does not stop a push
//! half-way; what it writes to the database is decided by the transaction alone.

mod apply;
pub mod cursor;
mod encode;
mod lease;
mod pull;
mod push;
mod refusal;
mod rows;
pub mod session;
pub mod snapshots;
mod times;

use crate::auth::{Identity, revoked};
use crate::compiled::Compiled;
use crate::config::IdentityFormat;
use crate::scope::{JWT_CLAIM, JWT_CLAIMS, Scope};
use crate::state::State;
use bytes::Bytes;
use cursor::Cursor;
use haversack_core::protocol::{
    Head, Line, PROTOCOL_VERSION, PUSH_BATCH_MAX, Problem, SyncRequest,
};
use haversack_core::{Error, ErrorCode, value};
use session::Session;
use snapshots::Turn;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_postgres::NoTls;

/// Takes the user's role and identity for the rest of the transaction.
const ROLE_AND_IDENTITY: &str = "SELECT set_config('role', $1, true), \
     (SELECT count(set_config(s.name, s.value, true)) FROM unnest($2::text[], $3::text[]) AS s(name, value))";

/// Lines that wait for a slow replica.
const LINES_AHEAD: usize = 4;

/// Who asks, as the database has to know it.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The user, as the token names it.
    pub user: String,
    /// The scopes whose changes concern the user.
    pub scopes: Vec<String>,
    /// Names of the settings by which policies know the user, and beside them their values.
    pub settings: (Vec<String>, Vec<String>),
}

impl Asker {
    /// The scopes of an identity, from the identity alone; nothing that a client says adds to them.
    ///
    /// # Errors
    /// `token_invalid` where the identity is not of the type of a column that names owners.
    pub fn new(compiled: &Compiled, identity: &Identity) -> Result<Self, Error> {
        let mut scopes = vec!["*".to_owned()];
        for kind in &compiled.owner_types {
            // The changelog has the owner as Postgres prints it.
            let canonical = value::parse(kind, &identity.user)
                .ok()
                .and_then(|value| value::to_text(kind, &value))
                .ok_or_else(|| {
                    Error::new(
                        ErrorCode::TokenInvalid,
                        "the token's user is not of the type of the columns that name owners",
                    )
                })?;
            scopes.push(format!("u:{canonical}"));
        }
        scopes.dedup();
        Ok(Self {
            user: identity.user.clone(),
            scopes,
            settings: settings(compiled, identity),
        })
    }
}

/// What policies read, by name and value.
fn settings(compiled: &Compiled, identity: &Identity) -> (Vec<String>, Vec<String>) {
    let name = compiled.schema.identity.setting.clone();
    match compiled.identity_format {
        IdentityFormat::Text => (vec![name], vec![identity.user.clone()]),
        // Functions made for older versions of PostgREST ask its older settings first.
        IdentityFormat::Json if name == JWT_CLAIMS => {
            let claim = &compiled.schema.identity.claim;
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let (mut names, mut values) = (
                vec![name, JWT_CLAIM.to_owned()],
                vec![identity.claims.clone(); 2],
            );
            if claim.chars().all(plain) {
                names.push(format!("{JWT_CLAIM}.{claim}"));
                values.push(identity.user.clone());
            }
            (names, values)
        }
        IdentityFormat::Json => (vec![name], vec![identity.claims.clone()]),
    }
}

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
    let compiled = state.compiled();
    let asker = Asker::new(&compiled, &identity)?;
    check(&request)?;
    check_fingerprint(&compiled, &request)?;
    let cursor = request.cursor.as_deref().map(Cursor::parse).transpose()?;
    let mut session = Session::get(&state.pool).await?;
    revoked::check(&session, identity.jti.as_deref()).await?;
    let pushed = match push::push(&mut session, &state, &asker, &request, cursor.as_ref()).await {
        Ok(pushed) => pushed,
        Err(error) => {
            session.rollback().await;
            return Err(error);
        }
    };
    if pushed.wrote {
        state.committed.notify_one();
    }
    // As the push may have read it again, under the same fingerprint.
    let compiled = state.compiled();
    check_fingerprint(&compiled, &request)?;
    let pulled = match pull::pull(
        &mut session,
        &compiled,
        &asker,
        cursor.as_ref(),
        &state.snapshots,
    )
    .await
    {
        Ok(pulled) => pulled,
        Err(failure) => {
            session.rollback().await;
            return Err(failure.into_error());
        }
    };
    let head = Head {
        protocol: PROTOCOL_VERSION,
        epoch: pulled.epoch,
        fingerprint: compiled.schema.fingerprint.clone(),
        user: asker.user,
        verdicts: pushed.verdicts,
        leases: pushed.leases,
        snapshot: pulled.snapshot.is_some(),
        rows_total: pulled.rows_total,
        time: pulled.time,
    };
    let head = encode::line(&Line::Head(head))?;
    let end = encode::line(&Line::End {
        cursor: pulled.cursor,
    })?;
    let (lines, receiver) = mpsc::channel(LINES_AHEAD);
    let answer = Answer {
        limit: pull::answer_timeout(pulled.rows_total),
        first: std::iter::once(head).chain(pulled.lines).collect(),
        // An answer that is at hand needs its connection no more.
        streamed: pulled.snapshot.map(|turn| (turn, session)),
        end,
        lines,
        request_id,
    };
    tokio::spawn(answer.send(compiled));
    Ok(receiver)
}

/// An answer on its way.
struct Answer {
    /// How long it may take.
    limit: Duration,
    /// What is at hand.
    first: Vec<Bytes>,
    /// The snapshot to follow.
    streamed: Option<(Turn, Session)>,
    /// The line that ends it.
    end: Bytes,
    lines: mpsc::Sender<Bytes>,
    request_id: String,
}

impl Answer {
    async fn send(self, compiled: Arc<Compiled>) {
        let Self {
            limit,
            first,
            streamed,
            end,
            lines,
            request_id,
        } = self;
        let cancel = streamed.as_ref().map(|(_, s)| s.object().cancel_token());
        let answer = async {
            for line in first {
                if !pull::send(&lines, line).await {
                    return;
                }
            }
            let last = match streamed {
                Some((_turn, session)) => {
                    snapshot(session, &compiled, &lines, &request_id, end).await
                }
                None => end,
            };
            pull::send(&lines, last).await;
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

/// Streams a snapshot; gives the line that ends the answer.
async fn snapshot(
    session: Session,
    compiled: &Compiled,
    sender: &mpsc::Sender<Bytes>,
    request_id: &str,
    end: Bytes,
) -> Bytes {
    match pull::stream(session, compiled, sender).await {
        Ok(()) => end,
        Err(failure) => {
            let problem = Problem::new(&failure.into_error(), request_id);
            encode::line(&Line::Error(problem)).unwrap_or_default()
        }
    }
}

/// A replica of another schema is answered before anything is applied.
fn check_fingerprint(compiled: &Compiled, request: &SyncRequest) -> Result<(), Error> {
    if request.fingerprint == compiled.schema.fingerprint {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::SchemaChanged,
        "the database's schema is not the one that this client was built with",
    )
    .hint("load the newer app, or run `haversack pull` and build it again"))
}

fn check(request: &SyncRequest) -> Result<(), Error> {
    if request.protocol != PROTOCOL_VERSION {
        return Err(Error::new(
            ErrorCode::ProtocolUnsupported,
            format!(
                "this endpoint speaks protocol {PROTOCOL_VERSION}, not {}",
                request.protocol
            ),
        ));
    }
    if request.mutations.len() > PUSH_BATCH_MAX {
        return Err(Error::new(
            ErrorCode::MalformedRequest,
            format!(
                "a push has at most {PUSH_BATCH_MAX} mutations, not {}",
                request.mutations.len()
            ),
        ));
    }
    if uuid::Uuid::parse_str(&request.replica).is_err() {
        return Err(Error::new(
            ErrorCode::MalformedRequest,
            "the replica's id is not a UUID",
        ));
    }
    Ok(())
}

/// The type of the column that names a table's owner.
pub(crate) fn owner_type(
    table: &haversack_core::schema::Table,
    scope: &Scope,
) -> Option<haversack_core::schema::Type> {
    match scope {
        Scope::Global => None,
        // A private owner column is not described; its text is taken as it is.
        Scope::Owner(column) => Some(
            table
                .column_id(column)
                .map_or(haversack_core::schema::Type::Text, |c| {
                    table.column(c).kind.clone()
                }),
        ),
    }
}
