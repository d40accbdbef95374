//! What a sync decides: push, then pull, over any [`Store`].
//!
//! It knows no SQL, spawns nothing and has no clock: those are the store's ([`postgres`] is the one
//! that is served). What a sync writes is decided by its transactions alone.

mod apply;
pub mod cursor;
pub mod encode;
pub mod failure;
mod lease;
pub mod postgres;
pub mod pull;
mod push;
mod refusal;
mod rows;
mod sets;
pub mod store;
mod times;

use crate::served::Served;
use crate::turns::Turns;
use crate::watermark::Watermark;
use bytes::Bytes;
use cursor::Cursor;
use haversack_core::protocol::{Head, Line, PROTOCOL_VERSION, PUSH_BATCH_MAX, SyncRequest};
use haversack_core::{Error, ErrorCode, value};
use pull::{Follows, Pulled};
use push::Pushed;
use store::Store;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The user, as the token names it.
    pub user: String,
    /// The scopes whose changes concern the user.
    pub scopes: Vec<String>,
}

impl Asker {
    /// The scopes of a user, from the identity alone; nothing that a client says adds to them.
    ///
    /// # Errors
    /// `token_invalid` where the identity is not of the type of a column that names owners.
    pub fn new(served: &Served, user: &str) -> Result<Self, Error> {
        let mut scopes = vec!["*".to_owned()];
        for kind in &served.owner_types {
            // The changelog has the owner as Postgres prints it.
            let canonical = value::parse(kind, user)
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
            user: user.to_owned(),
            scopes,
        })
    }
}

/// A sync that was asked for, and is fit to be tried.
#[derive(Clone, Debug)]
pub struct Asked {
    asker: Asker,
    request: SyncRequest,
    cursor: Option<Cursor>,
    /// Is the replica's record known to have nothing to say or to learn?
    read: bool,
}

impl Asked {
    /// Looks at what can be judged without a database.
    ///
    /// # Errors
    /// `token_invalid`, `protocol_unsupported`, `malformed_request`, `schema_changed`.
    pub fn new(served: &Served, user: &str, request: SyncRequest) -> Result<Self, Error> {
        let asker = Asker::new(served, user)?;
        check(&request)?;
        check_fingerprint(served, &request.fingerprint)?;
        let cursor = request.cursor.as_deref().map(Cursor::parse).transpose()?;
        Ok(Self {
            asker,
            request,
            cursor,
            read: false,
        })
    }

    /// The same, where the replica's record is known: for who pushes nothing it need not be read.
    #[must_use]
    pub fn read(self) -> Self {
        Self {
            read: self.request.mutations.is_empty() && self.request.leases.is_empty(),
            ..self
        }
    }

    /// The answer, if it takes nothing in, and nothing that concerns it was committed since its cursor.
    ///
    /// # Errors
    /// `internal`.
    pub async fn nothing_since(
        &self,
        served: &Served,
        watermark: &Watermark,
    ) -> Result<Option<Answer>, Error> {
        let Some(cursor) = self.cursor.as_ref().filter(|_| self.read) else {
            return Ok(None);
        };
        let since = watermark.nothing_since(&cursor.snapshot, &self.asker.scopes);
        let Some(position) = since.await else {
            return Ok(None);
        };
        let mut pulled = Pulled::nothing(served, &self.asker, &position);
        if !pulled.cursor.ends_with(&cursor.belonging) {
            return Ok(None);
        }
        // It stays where it is. A newer one may contain a number that a crash gives back and another
        // transaction gets, unless one that wrote has reached the disk since, as a push does.
        pulled.cursor = cursor.to_string();
        let fingerprint = served.schema.fingerprint.clone();
        finish(
            self.asker.user.clone(),
            Pushed::default(),
            pulled,
            fingerprint,
        )
        .map(Some)
    }
}

/// An answer whose head is known.
#[derive(Debug)]
pub struct Answer {
    /// The lines at hand, the head first.
    pub first: Vec<Bytes>,
    /// Present where [`pull::stream`] is to send whole tables next, in the transaction that is open.
    pub follows: Option<Follows>,
    /// How many rows the answer has.
    pub rows_total: u64,
    /// The line that ends it.
    pub end: Bytes,
}

/// Pushes and pulls.
///
/// # Errors
/// Whatever is found before the first line; no transaction is open then. Later errors are a line.
pub async fn answer(
    store: &mut impl Store,
    snapshots: &Turns,
    asked: Asked,
) -> Result<Answer, Error> {
    let (pushed, pulled, fingerprint) = match push_and_pull(store, snapshots, &asked).await {
        Ok(done) => done,
        Err(error) => {
            store.rollback().await;
            return Err(error);
        }
    };
    finish(asked.asker.user, pushed, pulled, fingerprint)
}

fn finish(
    user: String,
    pushed: Pushed,
    pulled: Pulled,
    fingerprint: String,
) -> Result<Answer, Error> {
    let head = Head {
        protocol: PROTOCOL_VERSION,
        epoch: pulled.epoch,
        fingerprint,
        user,
        verdicts: pushed.verdicts,
        leases: pushed.leases,
        snapshot: pulled.snapshot,
        renewed: pulled.renewed,
        rows_total: pulled.rows_total,
        time: pulled.time,
        last: pushed.last,
    };
    let head = encode::line(&Line::Head(head))?;
    Ok(Answer {
        first: std::iter::once(head).chain(pulled.lines).collect(),
        follows: pulled.follows,
        rows_total: pulled.rows_total,
        end: encode::line(&Line::End {
            cursor: pulled.cursor,
        })?,
    })
}

async fn push_and_pull(
    store: &mut impl Store,
    snapshots: &Turns,
    asked: &Asked,
) -> Result<(Pushed, Pulled, String), Error> {
    let (asker, request, cursor) = (&asked.asker, &asked.request, asked.cursor.as_ref());
    if let Some(cursor) = cursor.filter(|_| asked.read && request.renew.is_none()) {
        let served = store.served();
        check_fingerprint(&served, &request.fingerprint)?;
        let pulled = pull::changes(store, &served, asker, cursor).await;
        if let Some(pulled) = pulled.map_err(|failure| failure.into_error())? {
            let fingerprint = served.schema.fingerprint.clone();
            return Ok((Pushed::default(), pulled, fingerprint));
        }
    }
    let pushed = push::push(store, asker, request, cursor).await?;
    if pushed.wrote {
        store.announce();
    }
    // As the push may have read it again, under the same fingerprint.
    let served = store.served();
    check_fingerprint(&served, &request.fingerprint)?;
    let renew = request.renew.as_ref();
    let pulled = pull::pull(store, &served, asker, cursor, renew, snapshots)
        .await
        .map_err(|failure| failure.into_error())?;
    Ok((pushed, pulled, served.schema.fingerprint.clone()))
}

/// A client of another schema is answered before anything is done.
///
/// # Errors
/// `schema_changed`.
pub fn check_fingerprint(served: &Served, fingerprint: &str) -> Result<(), Error> {
    if fingerprint == served.schema.fingerprint {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::SchemaChanged,
        "the database's schema is not the one that this client was built with",
    )
    .hint("load the newer app, or run `haversack pull` and build it again"))
}

/// A client of another protocol is answered by nothing else.
///
/// # Errors
/// `protocol_unsupported`.
pub fn check_protocol(protocol: u32) -> Result<(), Error> {
    if protocol == PROTOCOL_VERSION {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::ProtocolUnsupported,
        format!("this endpoint speaks protocol {PROTOCOL_VERSION}, not {protocol}"),
    ))
}

fn check(request: &SyncRequest) -> Result<(), Error> {
    check_protocol(request.protocol)?;
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
