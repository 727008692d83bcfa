//! How an endpoint answers: a body with a status, or one sentence of what is wrong.

use crate::engine::Engine;
use crate::web::{App, blocking};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

pub const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");
pub const HELPER_COUNT: HeaderName = HeaderName::from_static("x-helper-count");
pub const EMPTY_COUNT: HeaderName = HeaderName::from_static("x-empty-count");

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply<T> {
    pub body: T,
    pub status: u16,
    /// Of lists: sent as `X-Total-Count`, `X-Helper-Count` and `X-Empty-Count`.
    pub counts: Option<Counts>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Sessions that match, whatever `limit` says.
    pub total: usize,
    /// Sessions that match but are hidden as helpers or sub-agents.
    pub hidden: usize,
    /// Sessions that match but are hidden since they hold no message.
    pub empty: usize,
}

impl<T> From<T> for Reply<T> {
    fn from(body: T) -> Reply<T> {
        Reply {
            body,
            status: 200,
            counts: None,
        }
    }
}

/// Why there is no answer; `{"error": ...}` on the wire.
#[derive(Clone, Debug)]
pub struct Failure {
    pub status: u16,
    /// One sentence, lower case.
    pub error: String,
    /// Adds `"messages": []`, which clients of the session endpoint read without looking.
    messages: bool,
}

impl Failure {
    pub fn new(status: u16, error: impl Into<String>) -> Failure {
        Failure {
            status,
            error: error.into(),
            messages: false,
        }
    }
    pub fn bad(error: impl Into<String>) -> Failure {
        Failure::new(400, error)
    }
    /// A parameter whose value is not allowed.
    pub fn parameter(name: &str, value: &str, allowed: &str) -> Failure {
        let shown: String = value.chars().take(60).collect();
        Failure::bad(format!("{name} is {shown:?}, it must be {allowed}"))
    }
    pub fn with_messages(self) -> Failure {
        Failure {
            messages: true,
            ..self
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        tracing::error!("{error:#}");
        Failure::new(500, format!("{error:#}"))
    }
}

/// `{"error": "..."}`, for the session endpoint with `"messages": []`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ErrorBody {
    pub error: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<()>>,
}

impl From<Failure> for ErrorBody {
    fn from(failure: Failure) -> ErrorBody {
        ErrorBody {
            error: failure.error,
            messages: failure.messages.then(Vec::new),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, json(&ErrorBody::from(self))).into_response()
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = (status, json(&self.body)).into_response();
        if let Some(counts) = self.counts {
            let headers = response.headers_mut();
            headers.insert(TOTAL_COUNT, HeaderValue::from(counts.total));
            headers.insert(HELPER_COUNT, HeaderValue::from(counts.hidden));
            headers.insert(EMPTY_COUNT, HeaderValue::from(counts.empty));
        }
        response
    }
}

fn json(body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(text) => (
            [
                (header::CONTENT_TYPE, "application/json"),
                (header::CACHE_CONTROL, "no-store"),
            ],
            text,
        )
            .into_response(),
        Err(error) => {
            tracing::error!("an answer cannot be written as JSON: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Runs an endpoint off the async threads and answers with what it gives; its JSON is written there
/// too, since a list of all sessions is megabytes.
pub async fn respond<T: Serialize + Send + 'static>(
    app: &App,
    endpoint: impl FnOnce(&Engine) -> Result<Reply<T>, Failure> + Send + 'static,
) -> Response {
    off_thread(app, move |engine| {
        endpoint(engine).map(Reply::into_response)
    })
    .await
    .unwrap_or_else(Failure::into_response)
}

/// Asks the engine on a thread that may block.
pub(super) async fn off_thread<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Engine) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match blocking::run(app, work).await {
        Ok(answer) => answer,
        Err(error) => Err(Failure::from(error)),
    }
}
