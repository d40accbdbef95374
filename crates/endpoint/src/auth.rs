//! Who is asking: verifies and mints tokens. HS256 only; a token that names another algorithm,
//! `none` included, is invalid whatever its signature (RFC 8725).

use haversack_core::{Error, ErrorCode};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The fewest bytes of a secret: the size of HMAC-SHA-256's output.
pub const SECRET_BYTES_MIN: usize = 32;
/// The longest identity, in bytes: it is part of every change's scope.
const USER_BYTES_MAX: usize = 256;
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
}

/// Verifies tokens.
pub struct Verifier {
    key: DecodingKey,
    validation: Validation,
    claim: String,
}

impl Verifier {
    /// A verifier of tokens signed with a secret, that name the user in `claim`.
    ///
    /// # Errors
    /// `config_invalid` for a secret that is too short.
    pub fn new(secret: &str, claim: &str) -> Result<Self, Error> {
        check_secret(secret)?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY_S;
        validation.validate_nbf = true;
        validation.validate_aud = false;
        validation.set_required_spec_claims(&["exp"]);
        Ok(Self {
            key: DecodingKey::from_secret(secret.as_bytes()),
            validation,
            claim: claim.to_owned(),
        })
    }

    /// The identity that an `Authorization` header carries.
    ///
    /// # Errors
    /// `token_missing`, and as [`Verifier::verify`].
    pub fn verify_header(&self, header: Option<&str>) -> Result<Identity, Error> {
        let token = header
            .and_then(|h| h.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .filter(|token| !token.is_empty())
            .ok_or_else(|| {
                Error::new(ErrorCode::TokenMissing, "the request has no bearer token")
                    .hint("send Authorization: Bearer <token>")
            })?;
        self.verify(token)
    }

    /// The identity that a token names.
    ///
    /// # Errors
    /// `token_expired` or `token_invalid`.
    pub fn verify(&self, token: &str) -> Result<Identity, Error> {
        let data = jsonwebtoken::decode::<Map<String, Value>>(token, &self.key, &self.validation)
            .map_err(|e| match e.kind() {
            ErrorKind::ExpiredSignature => {
                Error::new(ErrorCode::TokenExpired, "the token has expired")
            }
            _ => invalid("the token is malformed or not signed by this server's secret"),
        })?;
        let user = match data.claims.get(&self.claim) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) if number.is_i64() || number.is_u64() => number.to_string(),
            Some(_) | None => return Err(invalid("the token lacks the claim that names the user")),
        };
        // A zero byte can't be part of a Postgres setting.
        if user.is_empty() || user.len() > USER_BYTES_MAX || user.contains('\0') {
            return Err(invalid("the token's user is empty or too long"));
        }
        let expires_at = data
            .claims
            .get("exp")
            .and_then(Value::as_f64)
            .unwrap_or(0.0) as u64;
        let claims = serde_json::to_string(&data.claims)
            .map_err(|_| invalid("the token's claims can't be written"))?;
        Ok(Identity {
            user,
            claims,
            expires_at,
        })
    }
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
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn code(token: &str) -> ErrorCode {
        Verifier::new(SECRET, "sub")
            .unwrap()
            .verify(token)
            .unwrap_err()
            .code
    }

    fn unsigned(header: &str, claims: &str) -> String {
        format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        )
    }

    #[test]
    fn only_a_well_signed_token_names_a_user() {
        let verifier = Verifier::new(SECRET, "sub").unwrap();
        let good = mint(SECRET, "sub", "7", Duration::from_secs(60)).unwrap();
        assert_eq!(verifier.verify(&good).unwrap().user, "7");
        assert_eq!(
            verifier
                .verify_header(Some(&format!("bearer {good}")))
                .unwrap()
                .user,
            "7"
        );
        assert_eq!(
            verifier.verify_header(None).unwrap_err().code,
            ErrorCode::TokenMissing
        );
        assert_eq!(
            verifier.verify_header(Some("Basic x")).unwrap_err().code,
            ErrorCode::TokenMissing
        );

        let other = mint(
            &SECRET.replace('0', "x"),
            "sub",
            "7",
            Duration::from_secs(60),
        )
        .unwrap();
        assert_eq!(code(&other), ErrorCode::TokenInvalid);
        assert_eq!(code("a.b.c"), ErrorCode::TokenInvalid);
        let exp = now_s() + 60;
        for header in [
            r#"{"alg":"none","typ":"JWT"}"#,
            r#"{"alg":"HS512"}"#,
            r#"{"alg":"RS256"}"#,
        ] {
            assert_eq!(
                code(&unsigned(header, &format!(r#"{{"sub":"7","exp":{exp}}}"#))),
                ErrorCode::TokenInvalid
            );
        }
        let nameless = mint(SECRET, "uid", "7", Duration::from_secs(60)).unwrap();
        assert_eq!(code(&nameless), ErrorCode::TokenInvalid);
    }

    #[test]
    fn expiry_is_told_apart() {
        let claims = serde_json::json!({"sub": "7", "exp": now_s() - 60});
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let old = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
        assert_eq!(code(&old), ErrorCode::TokenExpired);
        let endless = jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &serde_json::json!({"sub": "7"}),
            &key,
        )
        .unwrap();
        assert_eq!(code(&endless), ErrorCode::TokenInvalid);
        assert!(Verifier::new("short", "sub").is_err());
    }
}
