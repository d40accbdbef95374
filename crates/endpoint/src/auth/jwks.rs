//! A JWK set that is fetched again and again, so that a provider may change its keys. What was
//! fetched last stays good while the provider does not answer.

use super::keys::{self, Key};
use crate::client;
use haversack_core::{Error, ErrorCode};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How often the set is fetched by itself.
pub const FETCH_INTERVAL: Duration = Duration::from_secs(300);
/// A token with an unknown key makes the set be fetched at once, but no more often than this: a
/// token costs nothing to make up.
const FETCH_GAP: Duration = Duration::from_secs(10);
/// The largest set, in bytes.
const SET_BYTES_MAX: u64 = 256 * 1024;

/// Where a JWK set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An address, by TLS but on this machine.
    Url(String),
    /// A file.
    File(PathBuf),
}

impl Source {
    /// What the person who configures an endpoint wrote.
    ///
    /// # Errors
    /// `config_invalid` for an address without TLS.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.starts_with("https://") {
            return Ok(Self::Url(text.to_owned()));
        }
        let Some(rest) = text.strip_prefix("http://") else {
            return Ok(Self::File(
                text.strip_prefix("file://").unwrap_or(text).into(),
            ));
        };
        let authority = rest.split('/').next().unwrap_or_default();
        let host = match authority.strip_prefix('[') {
            Some(six) => six.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        if matches!(host, "localhost" | "127.0.0.1" | "::1") {
            return Ok(Self::Url(text.to_owned()));
        }
        Err(Error::new(
            ErrorCode::ConfigInvalid,
            format!("keys can't be trusted from {text}: it is not an https:// address"),
        )
        .hint("whoever sits between could sign tokens for anybody; use https://, or a file"))
    }

    fn name(&self) -> String {
        match self {
            Self::Url(url) => url.clone(),
            Self::File(path) => path.display().to_string(),
        }
    }

    fn read(&self) -> Result<Vec<Key>, Error> {
        let text = match self {
            Self::Url(url) => client::fetch(url, &[], SET_BYTES_MAX)
                .map_err(|error| error.hint("check the address of --jwks, or HAVERSACK_JWKS"))?,
            Self::File(path) => std::fs::read_to_string(path).map_err(|e| {
                Error::new(
                    ErrorCode::ConfigInvalid,
                    format!("{} can't be read: {e}", path.display()),
                )
                .hint("--jwks, or HAVERSACK_JWKS, takes an https:// address or a file")
            })?,
        };
        keys::parse(&text, &self.name())
    }
}

/// A JWK set, as fetched last.
pub struct Jwks {
    source: Source,
    keys: RwLock<Arc<Vec<Key>>>,
    /// When it was last looked for; held while it is.
    looked: Mutex<Instant>,
}

impl Jwks {
    /// Fetches a set for the first time.
    ///
    /// # Errors
    /// `network` where it can't be fetched, `config_invalid` where it is no good.
    pub async fn fetch(source: Source) -> Result<Self, Error> {
        let keys = read(&source).await?;
        Ok(Self {
            source,
            keys: RwLock::new(Arc::new(keys)),
            looked: Mutex::new(Instant::now()),
        })
    }

    /// The keys.
    pub fn keys(&self) -> Arc<Vec<Key>> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Fetches the set again, because a key is missing. Says whether there may be another one now;
    /// false where it was fetched a moment ago.
    pub async fn look_again(&self) -> bool {
        let asked = Instant::now();
        let mut looked = self.looked.lock().await;
        if *looked > asked {
            // Somebody else has just looked, while this one waited.
            return true;
        }
        if looked.elapsed() < FETCH_GAP {
            return false;
        }
        *looked = Instant::now();
        self.replace().await
    }

    /// Fetches the set now and then, for ever.
    pub async fn keep(&self) {
        loop {
            tokio::time::sleep(FETCH_INTERVAL).await;
            let mut looked = self.looked.lock().await;
            *looked = Instant::now();
            self.replace().await;
        }
    }

    #[cfg(test)]
    pub(super) async fn pretend_fetched_long_ago(&self) {
        let mut looked = self.looked.lock().await;
        *looked = looked.checked_sub(FETCH_GAP).unwrap_or(*looked);
    }

    async fn replace(&self) -> bool {
        match read(&self.source).await {
            Ok(keys) => {
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                true
            }
            Err(error) => {
                tracing::error!(code = %error.code, "the keys of tokens can't be fetched, those of before stay: {}", error.message);
                false
            }
        }
    }
}

/// Reads a source in a thread that may wait.
async fn read(source: &Source) -> Result<Vec<Key>, Error> {
    let source = source.clone();
    tokio::task::spawn_blocking(move || source.read())
        .await
        .unwrap_or_else(|_| {
            Err(Error::new(
                ErrorCode::Internal,
                "fetching the keys of tokens failed",
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_by_tls_from_this_machine_or_from_a_file() {
        let url = |text: &str| assert_eq!(Source::parse(text), Ok(Source::Url(text.to_owned())));
        url("https://id.example/.well-known/jwks.json");
        url("http://localhost:9000/keys");
        url("http://127.0.0.1/keys");
        url("http://[::1]:9000/keys");
        for text in [
            "http://id.example/keys",
            "http://localhost.example/keys",
            "http://127.0.0.1.example",
        ] {
            assert_eq!(
                Source::parse(text).unwrap_err().code,
                ErrorCode::ConfigInvalid,
                "{text}"
            );
        }
        assert_eq!(
            Source::parse("keys.json"),
            Ok(Source::File("keys.json".into()))
        );
        assert_eq!(
            Source::parse("file:///etc/keys.json"),
            Ok(Source::File("/etc/keys.json".into()))
        );
    }
}
