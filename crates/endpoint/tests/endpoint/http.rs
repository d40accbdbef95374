//! What the endpoint answers to requests that are no good, and to pages of other origins.

use crate::harness::*;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use haversack_core::ErrorCode;
use haversack_core::protocol::Problem;
use haversack_endpoint::auth;
use http_body_util::BodyExt;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use tower::ServiceExt;

async fn refused(endpoint: &Endpoint, token: Option<&str>, body: impl Into<Body>) -> Problem {
    let (status, text) = post(&endpoint.router, token, body).await;
    let problem: Problem =
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{status} {text}: {e}"));
    assert_eq!(problem.status, status.as_u16());
    assert!(!problem.request_id.is_empty());
    problem
}

#[tokio::test]
async fn only_good_tokens_are_taken() {
    let endpoint = Endpoint::organizational().await;
    let replica = endpoint.new_replica("1");
    let body = serde_json::to_string(&replica.request(vec![])).unwrap();
    let signed = |algorithm, claims: serde_json::Value, secret: &str| {
        jsonwebtoken::encode(
            &Header::new(algorithm),
            &claims,
            &EncodingKey::from_secret(secret.as_bytes()),
        )
        .unwrap()
    };
    let soon = auth::now_s() + 60;
    let good = json!({"sub": "1", "exp": soon});
    let none = {
        let whole = signed(Algorithm::HS256, good.clone(), SECRET);
        let claims = whole.split('.').nth(1).unwrap();
        // {"alg":"none","typ":"JWT"}
        format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.")
    };
    let cases = [
        (None, ErrorCode::TokenMissing),
        (Some(String::new()), ErrorCode::TokenMissing),
        (Some("x".into()), ErrorCode::TokenInvalid),
        (Some(none), ErrorCode::TokenInvalid),
        (
            Some(signed(
                Algorithm::HS256,
                good.clone(),
                &SECRET.replace('0', "9"),
            )),
            ErrorCode::TokenInvalid,
        ),
        (
            Some(signed(Algorithm::HS512, good, SECRET)),
            ErrorCode::TokenInvalid,
        ),
        (
            Some(signed(Algorithm::HS256, json!({"exp": soon}), SECRET)),
            ErrorCode::TokenInvalid,
        ),
        (
            Some(signed(
                Algorithm::HS256,
                json!({"sub": "not a number", "exp": soon}),
                SECRET,
            )),
            ErrorCode::TokenInvalid,
        ),
        (
            Some(signed(
                Algorithm::HS256,
                json!({"sub": "1", "exp": soon - 3600}),
                SECRET,
            )),
            ErrorCode::TokenExpired,
        ),
    ];
    for (token, code) in cases {
        let problem = refused(&endpoint, token.as_deref(), body.clone()).await;
        assert_eq!((problem.code, problem.status), (code, 401), "{token:?}");
    }
    let (status, _) = post(&endpoint.router, Some(&token("1")), body).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn malformed_bodies_are_told_apart() {
    let endpoint = Endpoint::organizational().await;
    let token = token("1");
    let good = serde_json::to_value(endpoint.new_replica("1").request(vec![])).unwrap();
    let with = |key: &str, value: serde_json::Value| {
        let mut body = good.clone();
        body[key] = value;
        body.to_string()
    };
    let cases = [
        (String::new(), ErrorCode::MalformedRequest),
        ("{".into(), ErrorCode::MalformedRequest),
        ("[]".into(), ErrorCode::MalformedRequest),
        ("[".repeat(100_000), ErrorCode::MalformedRequest),
        (with("replica", json!("me")), ErrorCode::MalformedRequest),
        (with("cursor", json!("x")), ErrorCode::MalformedRequest),
        (
            with(
                "mutations",
                json!([{"seq": 1, "at": 0, "ops": [{"op": "drop"}]}]),
            ),
            ErrorCode::MalformedRequest,
        ),
        (
            with(
                "mutations",
                json!([{"seq": 18446744073709551615_u64, "at": 0, "ops": []}]),
            ),
            ErrorCode::MalformedRequest,
        ),
        (
            with("acknowledged", json!(18446744073709551615_u64)),
            ErrorCode::MalformedRequest,
        ),
        (with("protocol", json!(2)), ErrorCode::ProtocolUnsupported),
        (
            with("fingerprint", json!("other")),
            ErrorCode::SchemaChanged,
        ),
    ];
    for (body, code) in cases {
        let start = body.chars().take(80).collect::<String>();
        assert_eq!(
            refused(&endpoint, Some(&token), body).await.code,
            code,
            "{start}"
        );
    }
    assert_eq!(
        endpoint.count("haversack.replicas").await,
        0,
        "nothing is left of them"
    );
}

#[tokio::test]
async fn bodies_past_the_limit_are_refused() {
    let mut endpoint = Endpoint::organizational().await;
    let mut config = endpoint.state.config.clone();
    config.limits.body_bytes_max = 4096;
    let state = haversack_endpoint::serve::prepare(config, &endpoint.database.options())
        .await
        .unwrap();
    endpoint.router = haversack_endpoint::router::app(state);
    let token = token("1");
    let problem = refused(&endpoint, Some(&token), " ".repeat(5000)).await;
    assert_eq!(
        (problem.code, problem.status),
        (ErrorCode::BodyTooLarge, 413)
    );
    // Without a declared length, too.
    let chunks = (0..10).map(|_| Ok::<_, std::io::Error>(" ".repeat(1000)));
    let body = Body::from_stream(futures_util::stream::iter(chunks));
    assert_eq!(
        refused(&endpoint, Some(&token), body).await.code,
        ErrorCode::BodyTooLarge
    );
    let replica = endpoint.new_replica("1");
    assert!(replica.send(&replica.request(vec![])).await.is_ok());
}

#[tokio::test]
async fn origins_are_an_allow_list() {
    let endpoint = Endpoint::organizational().await;
    let call = async |method: Method, path: &str, origin: &str, preflight: bool| {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::ORIGIN, origin);
        if preflight {
            request = request
                .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
                .header(
                    header::ACCESS_CONTROL_REQUEST_HEADERS,
                    "authorization,content-type",
                );
        }
        endpoint
            .router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    };
    let allowed = |response: &axum::response::Response| {
        response
            .headers()
            .get(header::ACCESS_CONTROL_ALLOW_ORIGIN)
            .map(|v| v.to_str().unwrap().to_owned())
    };
    let response = call(Method::OPTIONS, "/v1/sync", ORIGIN, true).await;
    assert_eq!(
        (response.status(), allowed(&response).as_deref()),
        (StatusCode::OK, Some(ORIGIN))
    );
    let headers = response.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS]
        .to_str()
        .unwrap()
        .to_lowercase();
    assert!(headers.contains("authorization") && headers.contains("content-type"));
    for foreign in [
        "https://evil.example",
        "http://localhost:5174",
        "null",
        "http://localhost:5173.evil.example",
    ] {
        let response = call(Method::OPTIONS, "/v1/sync", foreign, true).await;
        assert_eq!(allowed(&response), None, "{foreign}");
        assert_eq!(
            allowed(&call(Method::GET, "/v1/schema", foreign, false).await),
            None
        );
        let response = call(Method::POST, "/v1/sync", foreign, false).await;
        assert_eq!(
            (response.status(), allowed(&response)),
            (StatusCode::FORBIDDEN, None)
        );
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(
            serde_json::from_slice::<Problem>(&body).unwrap().code,
            ErrorCode::OriginRefused
        );
    }
    // A page that is allowed may read why it was refused.
    let response = call(Method::POST, "/v1/sync", ORIGIN, false).await;
    assert_eq!(
        (response.status(), allowed(&response).as_deref()),
        (StatusCode::UNAUTHORIZED, Some(ORIGIN))
    );
}

#[tokio::test]
async fn every_answer_is_named_and_uncached() {
    let endpoint = Endpoint::organizational().await;
    for (path, status, kind) in [
        ("/v1/schema", 200, "application/json"),
        ("/health", 200, "application/json"),
        ("/nowhere", 404, "application/problem+json"),
        ("/v1/sync", 404, "application/problem+json"),
        ("/v1/poke", 400, "application/problem+json"),
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = endpoint.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], kind, "{path}");
        assert_eq!(
            response.headers()[header::CACHE_CONTROL],
            "no-store",
            "{path}"
        );
        assert!(response.headers().contains_key("x-request-id"), "{path}");
    }
}

#[tokio::test]
async fn health_tells_of_tables_that_are_not_captured() {
    let endpoint = Endpoint::organizational().await;
    let health = async || {
        let request = Request::get("/health").body(Body::empty()).unwrap();
        let response = endpoint.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    };
    assert_eq!(health().await.0, 200);
    endpoint
        .sql("ALTER TABLE events DISABLE TRIGGER haversack_update")
        .await;
    let (status, body) = health().await;
    assert_eq!(status, 503);
    assert!(body.contains(r#""uncaptured":["events"]"#), "{body}");
}

#[tokio::test]
async fn a_migration_made_meanwhile_is_schema_changed() {
    let endpoint = Endpoint::organizational().await;
    let ada = endpoint.replica("1").await;
    endpoint
        .sql("ALTER TABLE tags ADD COLUMN note text; GRANT SELECT (note) ON tags TO PUBLIC")
        .await;
    haversack_endpoint::serve::reread_once(&endpoint.state)
        .await
        .unwrap();
    let problem = ada.send(&ada.request(vec![])).await.unwrap_err();
    assert_eq!(
        (problem.code, problem.status),
        (ErrorCode::SchemaChanged, 409)
    );
}
