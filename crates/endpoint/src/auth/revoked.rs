//! Which tokens were revoked before they expired: the database knows, by `jti`.
//!
//! `haversack.revoked` is a function that `attach` makes, over `haversack.revocations` and over the
//! application's own list where haversack.toml names one. A request is checked against it before
//! anything is done; open sockets are checked together, every few seconds.

use crate::state::{State, ended};
use crate::sync::postgres::session::Session;
use haversack_core::{Error, ErrorCode};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::broadcast;
use tokio_postgres::types::ToSql;

/// How often the tokens of open sockets are looked up.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// Announcements that a slow socket may fall behind; it looks for itself then.
const ANNOUNCEMENTS: usize = 64;
/// How long a token that was found good is good for answers that tell nothing; twice the time in which
/// it is looked up again.
const VOUCH_TIMEOUT: Duration = Duration::from_secs(4);
/// The most tokens that are held to be good.
const VOUCHED_MAX: usize = 50_000;

const REVOKED: &str = "SELECT haversack.revoked($1)";

/// The answer to a revoked token.
pub fn error() -> Error {
    Error::new(ErrorCode::TokenRevoked, "the token was revoked")
}

/// Checks that a token was not revoked.
///
/// # Errors
/// `token_revoked`, or what the database answers.
pub async fn check(session: &Session, jti: Option<&str>) -> Result<(), Error> {
    let Some(jti) = jti else { return Ok(()) };
    if look_up(session, &[jti]).await?.is_empty() {
        return Ok(());
    }
    Err(error())
}

/// The tokens of open sockets.
pub struct Watched {
    /// How many sockets each has.
    open: Mutex<BTreeMap<String, usize>>,
    revoked: broadcast::Sender<Arc<BTreeSet<String>>>,
    /// Those of requests that were found good.
    vouched: Mutex<BTreeMap<String, Vouched>>,
}

/// A token that was found good.
#[derive(Clone, Copy, Debug)]
struct Vouched {
    at: Instant,
    /// Since it was last looked up, has anybody relied on it?
    used: bool,
}

impl Default for Watched {
    fn default() -> Self {
        Self {
            open: Mutex::default(),
            revoked: broadcast::channel(ANNOUNCEMENTS).0,
            vouched: Mutex::default(),
        }
    }
}

impl Watched {
    /// Watches a token until the value is dropped.
    pub fn watch(self: &Arc<Self>, jti: Option<String>) -> Watch {
        // Subscribed first, so that no announcement falls in between.
        let announced = self.revoked.subscribe();
        if let Some(jti) = &jti {
            *self.lock().entry(jti.clone()).or_default() += 1;
        }
        Watch {
            watched: self.clone(),
            announced,
            jti,
        }
    }

    /// A request's token was found not to be revoked at this time.
    pub fn vouch(&self, jti: Option<&str>, at: Instant) {
        let Some(jti) = jti else { return };
        let mut vouched = self.vouched();
        if vouched.len() < VOUCHED_MAX {
            vouched.insert(jti.to_owned(), Vouched { at, used: false });
        }
    }

    /// Was a token not revoked a moment ago? Enough for an answer that tells nothing of anyone.
    pub fn is_vouched(&self, jti: Option<&str>) -> bool {
        let Some(jti) = jti else { return true };
        let mut vouched = self.vouched();
        let Some(known) = vouched.get_mut(jti) else {
            return false;
        };
        known.used = true;
        known.at.elapsed() < VOUCH_TIMEOUT
    }

    /// The names to look up: those of open sockets, and those that were relied on.
    fn names(&self) -> Vec<String> {
        let mut names: BTreeSet<String> = self.lock().keys().cloned().collect();
        let mut vouched = self.vouched();
        vouched.retain(|_, known| known.used || known.at.elapsed() < VOUCH_TIMEOUT);
        let used = vouched.iter_mut().filter(|(_, known)| known.used);
        names.extend(used.map(|(jti, known)| {
            known.used = false;
            jti.clone()
        }));
        names.into_iter().collect()
    }

    /// These were looked up at a time, and some found revoked.
    fn renew(&self, names: &[String], at: Instant, revoked: &BTreeSet<String>) {
        let mut vouched = self.vouched();
        for jti in names {
            if revoked.contains(jti) {
                vouched.remove(jti);
            } else if let Some(known) = vouched.get_mut(jti) {
                known.at = at;
            }
        }
    }

    fn vouched(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vouched>> {
        self.vouched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One socket's token.
pub struct Watch {
    watched: Arc<Watched>,
    announced: broadcast::Receiver<Arc<BTreeSet<String>>>,
    jti: Option<String>,
}

impl Watch {
    /// Waits until the token is revoked; for ever where it has no `jti`.
    pub async fn revoked(&mut self, state: &State) {
        let Some(jti) = &self.jti else {
            return std::future::pending().await;
        };
        loop {
            match self.announced.recv().await {
                Ok(revoked) if revoked.contains(jti) => return,
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    let Ok(session) = Session::get(&state.own_pool).await else {
                        continue;
                    };
                    if check(&session, Some(jti)).await.is_err() {
                        return;
                    }
                }
                Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some(jti) = &self.jti else { return };
        let mut open = self.watched.lock();
        if let Some(sockets) = open.get_mut(jti) {
            *sockets -= 1;
            if *sockets == 0 {
                open.remove(jti);
            }
        }
    }
}

/// Looks up the tokens of all open sockets, and of requests that rely on it, again and again, until the
/// endpoint ends.
pub async fn keep_watching(state: Arc<State>) {
    let mut ending = state.ending.subscribe();
    let mut healthy = true;
    loop {
        tokio::select! {
            () = tokio::time::sleep(CHECK_INTERVAL) => {}
            () = ended(&mut ending) => return,
        }
        let names = state.watched.names();
        let at = Instant::now();
        if names.is_empty() {
            continue;
        }
        let found = async {
            let session = Session::get(&state.own_pool).await?;
            look_up(&session, &names).await
        };
        match found.await {
            Ok(revoked) => {
                healthy = true;
                state.watched.renew(&names, at, &revoked);
                if !revoked.is_empty() {
                    let _ = state.watched.revoked.send(Arc::new(revoked));
                }
            }
            Err(error) => {
                if healthy {
                    tracing::error!(code = %error.code, "revoked tokens can't be looked up: {}", error.message);
                }
                healthy = false;
            }
        }
    }
}

/// Those of the names that are revoked.
async fn look_up<T: ToSql + Sync>(
    session: &Session,
    names: &[T],
) -> Result<BTreeSet<String>, Error> {
    let rows = session
        .query(REVOKED, &[&names])
        .await
        .map_err(|failure| failure.into_error())?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
