//! The keys of a JWK set that can verify a token, each bound to one algorithm. Never fetches.

use haversack_core::{Error, ErrorCode};
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};

/// The most keys of a set.
const KEYS_MAX: usize = 64;
/// The shortest RSA modulus that is taken, in bits.
const RSA_BITS_MIN: usize = 2048;

/// A key, with the one algorithm that it is used for.
#[derive(Clone, Debug)]
pub struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// Reads a JWK set. Keys of other kinds, for other uses, or too weak are left out.
///
/// # Errors
/// `config_invalid` where it is no JWK set, or has no usable key.
pub fn parse(text: &str, name: &str) -> Result<Vec<Key>, Error> {
    let set: JwkSet = serde_json::from_str(text).map_err(|e| {
        Error::new(
            ErrorCode::ConfigInvalid,
            format!(
                "{name} is not a JWK set: wrong at line {}, column {}",
                e.line(),
                e.column()
            ),
        )
        .hint("it has to be JSON with a list `keys`, as RFC 7517 says")
    })?;
    let usable: Vec<Key> = set.keys.iter().take(KEYS_MAX).filter_map(usable).collect();
    if usable.is_empty() {
        return Err(Error::new(
            ErrorCode::ConfigInvalid,
            format!("{name} has no key that tokens can be verified by"),
        )
        .hint("it needs a public key for RS256 (2048 bits or more), ES256 or EdDSA (Ed25519)"));
    }
    Ok(usable)
}

/// The keys that may have signed a token with this header.
pub fn candidates<'k>(
    keys: &'k [Key],
    algorithm: Algorithm,
    kid: Option<&str>,
) -> Vec<&'k DecodingKey> {
    keys.iter()
        .filter(|key| key.algorithm == algorithm)
        .filter(|key| kid.is_none() || key.kid.as_deref() == kid)
        .map(|key| &key.key)
        .collect()
}

fn usable(jwk: &Jwk) -> Option<Key> {
    let common = &jwk.common;
    let signs = common
        .public_key_use
        .as_ref()
        .is_none_or(|u| *u == PublicKeyUse::Signature)
        && common
            .key_operations
            .as_ref()
            .is_none_or(|list| list.contains(&KeyOperations::Verify));
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) => {
            // Six bits a character of base64; without the leading zeros that some writers add.
            let bits = rsa.n.trim_start_matches('A').len() * 6;
            (bits >= RSA_BITS_MIN).then_some((Algorithm::RS256, KeyAlgorithm::RS256))
        }
        AlgorithmParameters::EllipticCurve(ec) => {
            (ec.curve == EllipticCurve::P256).then_some((Algorithm::ES256, KeyAlgorithm::ES256))
        }
        AlgorithmParameters::OctetKeyPair(pair) => (pair.curve == EllipticCurve::Ed25519)
            .then_some((Algorithm::EdDSA, KeyAlgorithm::EdDSA)),
        // A secret in a public list is nobody's secret, and what is unknown is no good.
        _ => None,
    };
    let (algorithm, named) = algorithm?;
    let meant = common.key_algorithm.is_none_or(|a| a == named);
    (signs && meant).then_some(())?;
    Some(Key {
        kid: common.key_id.clone(),
        algorithm,
        key: DecodingKey::from_jwk(jwk).ok()?,
    })
}
