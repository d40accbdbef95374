//! The addresses that the endpoint answers. `app` needs no socket, so tests call it directly.

use crate::auth::Identity;
use crate::problem::{ApiError, REQUEST_ID, RequestId};
use crate::state::State as Shared;
use crate::{health, poke, query, sync};
use axum::Router;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use haversack_core::{Error, ErrorCode};
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Elapsed, StreamExt};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// What a socket reads at a time. It is held as long as the socket is open, and all that a replica says
/// is its hello.
const POKE_BUFFER_BYTES: usize = 1024;
/// How long a request's body may take to arrive, and how long nothing more of it may come.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
const PIECE_TIMEOUT: Duration = Duration::from_secs(20);
const PREFLIGHT_AGE: Duration = Duration::from_secs(3600);
/// A first message is a token and two short texts.
const POKE_BYTES_MAX: usize = 16 * 1024;

/// The endpoint's router.
pub fn app(state: Arc<Shared>) -> Router {
    let origins: Vec<HeaderValue> = state
        .origins
        .iter()
        .filter_map(|o| o.parse().ok())
        .collect();
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([REQUEST_ID, header::RETRY_AFTER])
        .max_age(PREFLIGHT_AGE);
    Router::new()
        .route("/v1/schema", get(schema))
        .route("/v1/sync", post(synchronise))
        .route("/v1/query", post(ask))
        .route("/v1/poke", get(socket))
        .route("/health", get(healthy))
        .fallback(nowhere)
        .method_not_allowed_fallback(nowhere)
        .layer(cors)
        .layer(middleware::from_fn(identify))
        .with_state(state)
}

/// Gives each request its id, and the log a line without anything of its content.
async fn identify(mut request: Request, next: Next) -> Response {
    let id = RequestId(uuid::Uuid::new_v4().to_string());
    request.extensions_mut().insert(id.clone());
    let (method, path, start) = (
        request.method().clone(),
        request.uri().path().to_owned(),
        Instant::now(),
    );
    let mut response = next.run(request).await;
    let status = response.status().as_u16();
    tracing::debug!(request_id = id.0, %method, path, status, ms = start.elapsed().as_millis() as u64, "answered");
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    // Nothing here may be kept by a cache on the way: not rows, not the schema, not a failure.
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn nowhere(Extension(id): Extension<RequestId>, request: Request) -> ApiError {
    let message = format!(
        "there is nothing at {} {}",
        request.method(),
        request.uri().path()
    );
    ApiError::new(&Error::new(ErrorCode::NotFound, message), &id)
}

async fn schema(State(state): State<Arc<Shared>>) -> Response {
    let body = state.compiled().schema_json.clone();
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn healthy(State(state): State<Arc<Shared>>) -> Response {
    let health = health::health(&state).await;
    let status = if health.is_ok() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, axum::Json(health)).into_response()
}

/// A page of an origin that is not on the list is refused even where it needs no permission to read
/// the answer: what it sends would take effect.
fn check_origin(state: &Shared, headers: &HeaderMap) -> Result<(), Error> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    if origin
        .to_str()
        .is_ok_and(|origin| state.origins.iter().any(|o| o == origin))
    {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::OriginRefused,
        "the page's origin is not on the endpoint's allow-list",
    )
    .hint("start the endpoint with --allow-origin and the page's origin"))
}

async fn synchronise(
    State(state): State<Arc<Shared>>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let answer = async {
        let most = state.compiled().schema.limits.body_bytes_max;
        let (identity, request) = read(&state, &headers, body, most, "sync request").await?;
        let run = sync::postgres::sync(state.clone(), identity, request, id.0.clone());
        to_its_end(run, &id).await
    };
    let lines = answer.await.map_err(|e: Error| ApiError::new(&e, &id))?;
    Ok(in_lines(lines))
}

async fn ask(
    State(state): State<Arc<Shared>>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let answer = async {
        let most = state.compiled().schema.limits.body_bytes_max;
        let most = most.min(query::QUERY_BYTES_MAX);
        let (identity, request) = read(&state, &headers, body, most, "query").await?;
        let run = query::query(state.clone(), identity, request, id.0.clone());
        to_its_end(run, &id).await
    };
    let lines = answer.await.map_err(|e: Error| ApiError::new(&e, &id))?;
    Ok(in_lines(lines))
}

fn in_lines(lines: mpsc::Receiver<Bytes>) -> Response {
    let body = Body::from_stream(ReceiverStream::new(lines).map(Ok::<_, std::convert::Infallible>));
    ([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}

/// Reads who asks, and for what.
async fn read<T: DeserializeOwned>(
    state: &Shared,
    headers: &HeaderMap,
    body: Body,
    most: u64,
    what: &str,
) -> Result<(Identity, T), Error> {
    check_origin(state, headers)?;
    let authorization = headers
        .get(header::AUTHORIZATION)
        .and_then(|h| h.to_str().ok());
    let identity = state.verifier.verify_header(authorization).await?;
    let bytes = read_body(headers, body, most).await?;
    // serde_json stops at a depth of 128, so a body of brackets can't overflow the stack.
    let request = serde_json::from_slice(&bytes).map_err(|e| malformed(&e, what))?;
    Ok((identity, request))
}

/// Runs something to its end, also when whoever asked for it is gone: what Postgres does goes on in any case.
async fn to_its_end<T: Send + 'static>(
    run: impl Future<Output = Result<T, Error>> + Send + 'static,
    id: &RequestId,
) -> Result<T, Error> {
    tokio::spawn(run).await.map_err(|e| {
        tracing::error!(request_id = id.0, "a request panicked: {e}");
        Error::new(
            ErrorCode::Internal,
            "the endpoint failed; its log has the reason",
        )
    })?
}

/// Says where the JSON is wrong, without repeating what was sent.
fn malformed(e: &serde_json::Error, what: &str) -> Error {
    let what = match e.classify() {
        serde_json::error::Category::Data => &format!("is not a {what}"),
        serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof
        | serde_json::error::Category::Io => "is not JSON",
    };
    Error::new(
        ErrorCode::MalformedRequest,
        format!(
            "the body {what}: wrong at line {}, column {}",
            e.line(),
            e.column()
        ),
    )
}

async fn read_body(headers: &HeaderMap, body: Body, most: u64) -> Result<Bytes, Error> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Error::new(
            ErrorCode::MalformedRequest,
            "the endpoint takes bodies without Content-Encoding only",
        ));
    }
    let too_large = || {
        Error::new(
            ErrorCode::BodyTooLarge,
            format!("the body is larger than {most} bytes"),
        )
        .hint("send less at a time")
    };
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let limit = usize::try_from(most).unwrap_or(usize::MAX);
    let pieces = body.into_data_stream().timeout(PIECE_TIMEOUT);
    let body = Body::from_stream(
        pieces.map(|piece| piece.unwrap_or_else(|late| Err(axum::Error::new(late)))),
    );
    let late = || Error::new(ErrorCode::BodyTimeout, "the body did not arrive in time");
    match tokio::time::timeout(BODY_TIMEOUT, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(e)) if has_cause(&e, |cause| cause.is::<LengthLimitError>()) => Err(too_large()),
        Ok(Err(e)) if has_cause(&e, |cause| cause.is::<Elapsed>()) => Err(late()),
        Ok(Err(_)) => Err(Error::new(
            ErrorCode::MalformedRequest,
            "the body broke off",
        )),
        Err(_) => Err(late()),
    }
}

fn has_cause(
    error: &axum::Error,
    is_it: impl Fn(&(dyn std::error::Error + 'static)) -> bool,
) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if is_it(error) {
            return true;
        }
        cause = error.source();
    }
    false
}

async fn socket(
    State(state): State<Arc<Shared>>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    check_origin(&state, &headers).map_err(|e| ApiError::new(&e, &id))?;
    let upgrade = upgrade.map_err(|_| {
        ApiError::new(
            &Error::new(
                ErrorCode::MalformedRequest,
                "this address takes WebSocket connections only",
            ),
            &id,
        )
    })?;
    let upgrade = upgrade
        .read_buffer_size(POKE_BUFFER_BYTES)
        .max_message_size(POKE_BYTES_MAX)
        .max_frame_size(POKE_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| poke::serve(socket, state, id)))
}
