//! Who is asking: verifies tokens, and mints them for development.
//!
//! A token is judged by a key that is known for its algorithm: HS256 by the secret, the others by the
//! public keys of a JWK set. The token's header only chooses among them; `none`, or another algorithm
//! than the key's, is invalid whatever the signature (RFC 8725). Whether a token was revoked is the
//! database's to say (`revoked.rs`).

mod jwks;
mod keys;
pub mod revoked;

pub use jwks::{Jwks, Source};

use haversack_core::{Error, ErrorCode};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The fewest bytes of a secret: the size of HMAC-SHA-256's output.
pub const SECRET_BYTES_MIN: usize = 32;
/// The longest identity, in bytes: it is part of every change's scope.
const USER_BYTES_MAX: usize = 256;
/// The longest `jti`, in bytes.
const JTI_BYTES_MAX: usize = 256;
/// Clocks of two servers may differ by this much, in seconds.
const LEEWAY_S: u64 = 5;

/// A verified identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user, as the token names it.
    pub user: String,
    /// All claims of the token, as JSON.
    pub claims: String,
    /// When the token ends, in seconds since 1970.
    pub expires_at: u64,
    /// The token's own name, by which it can be revoked.
    pub jti: Option<String>,
}

/// What a token has to say beside its signature.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The claim that names the user.
    pub claim: String,
    /// `iss` has to be this, where it is given.
    pub issuer: Option<String>,
    /// `aud` has to contain this, where it is given.
    pub audience: Option<String>,
}

/// Verifies tokens.
pub struct Verifier {
    secret: Option<DecodingKey>,
    jwks: Option<Jwks>,
    expected: Expected,
}

impl Verifier {
    /// A verifier of tokens signed with a secret, with a key of a JWK set, or with either.
    ///
    /// # Errors
    /// `config_invalid` for a secret that is too short, or where there is neither.
    pub fn new(
        secret: Option<&str>,
        jwks: Option<Jwks>,
        expected: Expected,
    ) -> Result<Self, Error> {
        if let Some(secret) = secret {
            check_secret(secret)?;
        }
        if secret.is_none() && jwks.is_none() {
            return Err(Error::new(
                ErrorCode::ConfigInvalid,
                "nothing says whose tokens are good",
            )
            .hint(
                "set HAVERSACK_JWT_SECRET (make one with `openssl rand -hex 32`), or name \
                 the JWK set of your identity provider with --jwks or HAVERSACK_JWKS",
            ));
        }
        Ok(Self {
            secret: secret.map(|secret| DecodingKey::from_secret(secret.as_bytes())),
            jwks,
            expected,
        })
    }

    /// The JWK set, where there is one.
    pub fn jwks(&self) -> Option<&Jwks> {
        self.jwks.as_ref()
    }

    /// The identity that an `Authorization` header carries.
    ///
    /// # Errors
    /// `token_missing`, and as [`Verifier::verify`].
    pub async fn verify_header(&self, header: Option<&str>) -> Result<Identity, Error> {
        let token = header
            .and_then(|h| h.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .filter(|token| !token.is_empty())
            .ok_or_else(|| {
                Error::new(ErrorCode::TokenMissing, "the request has no bearer token")
                    .hint("send Authorization: Bearer <token>")
            })?;
        self.verify(token).await
    }

    /// The identity that a token names. A key that is not known yet is looked for anew, bounded in
    /// rate, so that a provider may change its keys.
    ///
    /// # Errors
    /// `token_expired` or `token_invalid`.
    pub async fn verify(&self, token: &str) -> Result<Identity, Error> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| unsigned())?;
        if header.alg == Algorithm::HS256 {
            let key = self.secret.as_ref().ok_or_else(unsigned)?;
            return self.judge(token, header.alg, &[key]);
        }
        let jwks = self.jwks.as_ref().ok_or_else(unsigned)?;
        let known = jwks.keys();
        let found = keys::candidates(&known, header.alg, header.kid.as_deref());
        let judged = self.judge(token, header.alg, &found);
        // A new key may be what is missing: of this name, or of any where the token names none.
        let missing = (found.is_empty() || header.kid.is_none())
            && judged
                .as_ref()
                .is_err_and(|e| e.code == ErrorCode::TokenInvalid);
        if !missing || !jwks.look_again().await {
            return judged;
        }
        let known = jwks.keys();
        let found = keys::candidates(&known, header.alg, header.kid.as_deref());
        self.judge(token, header.alg, &found)
    }

    /// Judges a token by the first of the keys that signed it.
    fn judge(
        &self,
        token: &str,
        algorithm: Algorithm,
        keys: &[&DecodingKey],
    ) -> Result<Identity, Error> {
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY_S;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp"]);
        if let Some(issuer) = &self.expected.issuer {
            validation.set_issuer(&[issuer]);
            validation.required_spec_claims.insert("iss".into());
        }
        match &self.expected.audience {
            Some(audience) => {
                validation.set_audience(&[audience]);
                validation.required_spec_claims.insert("aud".into());
            }
            None => validation.validate_aud = false,
        }
        let mut refused = unsigned();
        for key in keys {
            match jsonwebtoken::decode::<Map<String, Value>>(token, key, &validation) {
                Ok(data) => return identity(&self.expected.claim, &data.claims),
                Err(error) => {
                    let (signed, why) = explain(error.kind());
                    refused = why;
                    if signed {
                        break;
                    }
                }
            }
        }
        Err(refused)
    }
}

/// Whether the signature held, and what to say of a token that is refused.
fn explain(kind: &ErrorKind) -> (bool, Error) {
    match kind {
        ErrorKind::ExpiredSignature => {
            let why = Error::new(ErrorCode::TokenExpired, "the token has expired");
            (true, why)
        }
        ErrorKind::ImmatureSignature => (true, invalid("the token is not valid yet (nbf)")),
        ErrorKind::InvalidIssuer => (true, invalid("the token is of another issuer (iss)")),
        ErrorKind::InvalidAudience => (true, invalid("the token is for another audience (aud)")),
        ErrorKind::MissingRequiredClaim(claim) => {
            (true, invalid(&format!("the token lacks the claim {claim}")))
        }
        _ => (false, unsigned()),
    }
}

fn identity(claim: &str, claims: &Map<String, Value>) -> Result<Identity, Error> {
    let user = match claims.get(claim) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => number.to_string(),
        Some(_) | None => return Err(invalid("the token lacks the claim that names the user")),
    };
    // A zero byte can't be part of a Postgres setting.
    if user.is_empty() || user.len() > USER_BYTES_MAX || user.contains('\0') {
        return Err(invalid("the token's user is empty or too long"));
    }
    let jti = match claims.get("jti") {
        None => None,
        Some(Value::String(jti)) if jti.len() <= JTI_BYTES_MAX && !jti.contains('\0') => {
            Some(jti.clone())
        }
        // What can't be looked up can't be known not to be revoked.
        Some(_) => return Err(invalid("the token's jti is not a text, or too long")),
    };
    let expires_at = claims.get("exp").and_then(Value::as_f64).unwrap_or(0.0) as u64;
    let claims = serde_json::to_string(claims)
        .map_err(|_| invalid("the token's claims can't be written"))?;
    Ok(Identity {
        user,
        claims,
        expires_at,
        jti,
    })
}

fn unsigned() -> Error {
    invalid("the token is malformed, or not signed by a key that this endpoint knows")
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorCode::TokenInvalid, message)
}

fn check_secret(secret: &str) -> Result<(), Error> {
    if secret.len() >= SECRET_BYTES_MIN {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::ConfigInvalid,
        format!(
            "HAVERSACK_JWT_SECRET has {} bytes, but needs at least {SECRET_BYTES_MIN}",
            secret.len()
        ),
    )
    .hint("make one with `openssl rand -hex 32`"))
}

/// Seconds since 1970.
pub fn now_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_secs())
}

/// Mints a token for development.
///
/// # Errors
/// `config_invalid` for a secret that is too short.
pub fn mint(secret: &str, claim: &str, user: &str, ttl: Duration) -> Result<String, Error> {
    check_secret(secret)?;
    let mut claims = Map::new();
    claims.insert(claim.to_owned(), Value::from(user));
    claims.insert("iat".to_owned(), Value::from(now_s()));
    claims.insert(
        "exp".to_owned(),
        Value::from(now_s().saturating_add(ttl.as_secs())),
    );
    jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &claims,
        &EncodingKey::from_secret(secret.as_bytes()),
    )
    .map_err(|e| {
        Error::new(
            ErrorCode::Internal,
            format!("the token can't be signed: {e}"),
        )
    })
}

#[cfg(test)]
mod tests;
