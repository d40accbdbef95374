use super::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, PublicKeyUse};
use serde_json::json;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn expected() -> Expected {
    Expected {
        claim: "sub".into(),
        ..Expected::default()
    }
}

fn by_secret() -> Verifier {
    Verifier::new(Some(SECRET), None, expected()).unwrap()
}

async fn code(token: &str) -> ErrorCode {
    by_secret().verify(token).await.unwrap_err().code
}

fn unsigned_token(header: &str, claims: &str) -> String {
    format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    )
}

#[tokio::test]
async fn only_a_well_signed_token_names_a_user() {
    let verifier = by_secret();
    let good = mint(SECRET, "sub", "7", Duration::from_secs(60)).unwrap();
    assert_eq!(verifier.verify(&good).await.unwrap().user, "7");
    let header = format!("bearer {good}");
    let identity = verifier.verify_header(Some(&header)).await.unwrap();
    assert_eq!(identity.user, "7");
    for header in [None, Some("Basic x")] {
        let refused = verifier.verify_header(header).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::TokenMissing);
    }
    let secret = SECRET.replace('0', "x");
    let other = mint(&secret, "sub", "7", Duration::from_secs(60)).unwrap();
    assert_eq!(code(&other).await, ErrorCode::TokenInvalid);
    assert_eq!(code("a.b.c").await, ErrorCode::TokenInvalid);
    let claims = format!(r#"{{"sub":"7","exp":{}}}"#, now_s() + 60);
    for header in [
        r#"{"alg":"none","typ":"JWT"}"#,
        r#"{"alg":"HS512"}"#,
        r#"{"alg":"RS256"}"#,
    ] {
        let token = unsigned_token(header, &claims);
        assert_eq!(code(&token).await, ErrorCode::TokenInvalid);
    }
    let nameless = mint(SECRET, "uid", "7", Duration::from_secs(60)).unwrap();
    assert_eq!(code(&nameless).await, ErrorCode::TokenInvalid);
}

#[tokio::test]
async fn expiry_is_told_apart() {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let sign = |claims: Value| {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
    };
    let old = sign(json!({"sub": "7", "exp": now_s() - 60}));
    assert_eq!(code(&old).await, ErrorCode::TokenExpired);
    assert_eq!(
        code(&sign(json!({"sub": "7"}))).await,
        ErrorCode::TokenInvalid
    );
    assert!(Verifier::new(Some("short"), None, expected()).is_err());
    assert!(Verifier::new(None, None, expected()).is_err());
}

#[tokio::test]
async fn a_name_that_can_not_be_looked_up_is_refused() {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    for jti in [json!(7), json!("x".repeat(300)), json!("a\0b"), json!(null)] {
        let claims = json!({"sub": "7", "exp": now_s() + 60, "jti": jti});
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
        assert_eq!(code(&token).await, ErrorCode::TokenInvalid, "{jti}");
    }
}

/// A private key for tests, as a provider has it.
struct Signer {
    kid: &'static str,
    algorithm: Algorithm,
    key: EncodingKey,
}

fn signer(kid: &'static str, algorithm: Algorithm) -> Signer {
    let file = format!(
        "{}/tests/fixtures/keys/{kid}.der",
        env!("CARGO_MANIFEST_DIR")
    );
    let der = std::fs::read(file).unwrap();
    let key = match algorithm {
        Algorithm::RS256 => EncodingKey::from_rsa_der(&der),
        Algorithm::ES256 => EncodingKey::from_ec_der(&der),
        Algorithm::EdDSA => EncodingKey::from_ed_der(&der),
        other => panic!("no key for {other:?}"),
    };
    Signer {
        kid,
        algorithm,
        key,
    }
}

impl Signer {
    fn public(&self) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.kid.to_owned());
        jwk
    }

    fn sign(&self, kid: Option<&str>, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = kid.map(str::to_owned);
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }
}

fn claims() -> Value {
    json!({"sub": "7", "exp": now_s() + 60, "iss": "https://id.example", "aud": ["app", "other"]})
}

/// A file with a JWK set, removed with the value.
struct SetFile(std::path::PathBuf);

impl SetFile {
    fn new(name: &str, keys: &[Jwk]) -> Self {
        let file =
            std::env::temp_dir().join(format!("haversack-{name}-{}.json", std::process::id()));
        let file = Self(file);
        file.write(keys);
        file
    }

    fn write(&self, keys: &[Jwk]) {
        std::fs::write(&self.0, json!({ "keys": keys }).to_string()).unwrap();
    }

    async fn verifier(&self, expected: Expected) -> Verifier {
        let jwks = Jwks::fetch(Source::File(self.0.clone())).await.unwrap();
        Verifier::new(Some(SECRET), Some(jwks), expected).unwrap()
    }
}

impl Drop for SetFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn keys_of_a_set_verify_what_they_signed() {
    let signers = [
        signer("rsa", Algorithm::RS256),
        signer("ec", Algorithm::ES256),
        signer("ed", Algorithm::EdDSA),
    ];
    let file = SetFile::new("keys", &signers.each_ref().map(Signer::public));
    let verifier = file.verifier(expected()).await;
    for signer in &signers {
        for kid in [Some(signer.kid), None] {
            let identity = verifier.verify(&signer.sign(kid, &claims())).await;
            assert_eq!(identity.unwrap().user, "7", "{kid:?}");
        }
        let misnamed = verifier
            .verify(&signer.sign(Some("nobody"), &claims()))
            .await;
        assert_eq!(misnamed.unwrap_err().code, ErrorCode::TokenInvalid);
    }
    let own = mint(SECRET, "sub", "8", Duration::from_secs(60)).unwrap();
    assert_eq!(
        verifier.verify(&own).await.unwrap().user,
        "8",
        "the secret's too"
    );
    let stranger = signer("ec-new", Algorithm::ES256);
    let forged = stranger.sign(Some("ec"), &claims());
    assert_eq!(
        verifier.verify(&forged).await.unwrap_err().code,
        ErrorCode::TokenInvalid
    );
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    // The classic confusion: HS256 over the bytes of a public RSA key.
    let rsa = signer("rsa", Algorithm::RS256).public();
    let file = SetFile::new("confusion", std::slice::from_ref(&rsa));
    let jwks = Jwks::fetch(Source::File(file.0.clone())).await.unwrap();
    let verifier = Verifier::new(None, Some(jwks), expected()).unwrap();
    for secret in [serde_json::to_string(&rsa).unwrap(), "rsa".into()] {
        let key = EncodingKey::from_secret(secret.as_bytes());
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("rsa".into());
        let token = jsonwebtoken::encode(&header, &claims(), &key).unwrap();
        assert_eq!(
            verifier.verify(&token).await.unwrap_err().code,
            ErrorCode::TokenInvalid
        );
    }
}

#[tokio::test]
async fn weak_misused_and_secret_keys_are_left_out() {
    let good = signer("ec", Algorithm::ES256).public();
    let weak = signer("rsa-weak", Algorithm::RS256);
    let mut encrypts = signer("ed", Algorithm::EdDSA).public();
    encrypts.common.public_key_use = Some(PublicKeyUse::Encryption);
    let mut other = signer("rsa", Algorithm::RS256).public();
    other.common.key_algorithm = Some(KeyAlgorithm::RS512);
    let secret: Jwk = serde_json::from_value(
        json!({"kty": "oct", "kid": "s", "k": URL_SAFE_NO_PAD.encode(SECRET)}),
    )
    .unwrap();
    let unusable = [weak.public(), encrypts, other, secret];
    let file = SetFile::new("unusable", &unusable);
    let refused = Jwks::fetch(Source::File(file.0.clone()))
        .await
        .err()
        .unwrap();
    assert_eq!(refused.code, ErrorCode::ConfigInvalid);
    assert!(refused.details.hint.is_some());
    file.write(&[&unusable[..], &[good]].concat());
    let verifier = file.verifier(expected()).await;
    let token = weak.sign(Some("rsa-weak"), &claims());
    assert_eq!(
        verifier.verify(&token).await.unwrap_err().code,
        ErrorCode::TokenInvalid
    );
    std::fs::write(&file.0, "{}").unwrap();
    assert!(Jwks::fetch(Source::File(file.0.clone())).await.is_err());
    assert!(
        Jwks::fetch(Source::File("/nowhere/keys.json".into()))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn issuer_and_audience_have_to_be_as_expected() {
    let ec = signer("ec", Algorithm::ES256);
    let file = SetFile::new("claims", &[ec.public()]);
    let issuer = |issuer: &str, audience: &str| Expected {
        issuer: Some(issuer.into()),
        audience: Some(audience.into()),
        ..expected()
    };
    let token = ec.sign(Some("ec"), &claims());
    let good = file.verifier(issuer("https://id.example", "app")).await;
    assert!(good.verify(&token).await.is_ok());
    for (wrong, word) in [
        (issuer("https://other.example", "app"), "iss"),
        (issuer("https://id.example", "apps"), "aud"),
    ] {
        let refused = file.verifier(wrong).await.verify(&token).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::TokenInvalid);
        assert!(refused.message.contains(word), "{refused}");
    }
    let bare = ec.sign(Some("ec"), &json!({"sub": "7", "exp": now_s() + 60}));
    assert!(
        good.verify(&bare).await.is_err(),
        "claims that are asked for may not be absent"
    );
}

#[tokio::test]
async fn a_new_key_is_found_without_a_restart_and_the_old_one_is_no_good_then() {
    let (old, new) = (
        signer("ec", Algorithm::ES256),
        signer("ec-new", Algorithm::ES256),
    );
    let file = SetFile::new("rotation", &[old.public()]);
    let verifier = file.verifier(expected()).await;
    let jwks = verifier.jwks().unwrap();
    let by_new = new.sign(Some("ec-new"), &claims());
    file.write(&[new.public()]);
    let early = verifier.verify(&by_new).await.unwrap_err();
    assert_eq!(
        early.code,
        ErrorCode::TokenInvalid,
        "not fetched twice within moments"
    );
    jwks.pretend_fetched_long_ago().await;
    assert!(verifier.verify(&by_new).await.is_ok());
    let by_old = old.sign(Some("ec"), &claims());
    assert_eq!(
        verifier.verify(&by_old).await.unwrap_err().code,
        ErrorCode::TokenInvalid
    );
    // A provider that does not answer takes no key away.
    std::fs::write(&file.0, "gone").unwrap();
    jwks.pretend_fetched_long_ago().await;
    assert!(verifier.verify(&by_old).await.is_err());
    assert!(verifier.verify(&by_new).await.is_ok());
}
