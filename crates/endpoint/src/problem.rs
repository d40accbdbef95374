//! Errors as HTTP carries them: RFC 9457, with the id that finds the request in the log.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use haversack_core::protocol::Problem;
use haversack_core::{Error, Recovery};

/// The header that carries a request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RETRY_AFTER_MS: u64 = 1000;

/// A request's id.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// An error on its way out.
#[derive(Debug)]
pub struct ApiError(pub Box<Problem>);

impl ApiError {
    /// The answer that carries an error.
    pub fn new(error: &Error, id: &RequestId) -> Self {
        let mut problem = Problem::new(error, &id.0);
        // A code without a status of its own reaches HTTP only by a defect.
        if problem.status == 0 {
            problem.status = 500;
        }
        if problem.recovery == Recovery::Retry {
            problem.retry_after_ms = Some(RETRY_AFTER_MS);
        }
        tracing::info!(request_id = id.0, code = %error.code, sqlstate = error.details.sqlstate, "answered with a problem");
        Self(Box::new(problem))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(ms) = self.0.retry_after_ms {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
        }
        response
    }
}
