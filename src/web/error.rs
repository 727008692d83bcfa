//! Failures as answers: a handler says status and one sentence; the reader gets a page, a fragment
//! or JSON, whichever was asked for.
//!
//! Policy: what the asker did wrong is a 4xx with the sentence; what we did wrong is logged with its
//! whole chain and shown as a 500 with the outermost context only.

use super::App;
use super::ask::Ask;
use super::respond;
use super::shell::Shell;
use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Status and one clear sentence for a person.
#[derive(Clone, Debug)]
pub struct Failure {
    pub status: StatusCode,
    pub message: String,
}

pub type Answer = Result<Response, Failure>;

impl Failure {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Failure {
        Failure {
            status,
            message: message.into(),
        }
    }
    pub fn not_found(message: impl Into<String>) -> Failure {
        Failure::new(StatusCode::NOT_FOUND, message)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        tracing::error!("{error:#}");
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Failure {
        anyhow::Error::new(error)
            .context("cannot render the page")
            .into()
    }
}

impl IntoResponse for Failure {
    /// Plain text; [`present`] finds the failure in the extensions and dresses it.
    fn into_response(self) -> Response {
        let mut response = (self.status, format!("{}\n", self.message)).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "pages/error.html", blocks = ["results"])]
struct ErrorPage<'a> {
    shell: Shell,
    status: u16,
    headline: &'a str,
    message: &'a str,
}

/// Dresses every failure for its asker. Answers that are not ours (JSON) pass untouched.
pub async fn present(State(app): State<App>, request: Request, next: Next) -> Response {
    let ask = Ask::new(
        request.uri().path(),
        request.uri().query().unwrap_or_default(),
        request.headers(),
    );
    let json = request.uri().path().starts_with("/api/")
        || request
            .headers()
            .get(header::ACCEPT)
            .is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"));
    let response = next.run(request).await;
    match response.extensions().get::<Failure>() {
        Some(failure) => dress(&app, &ask, json, failure),
        None => response,
    }
}

fn dress(app: &App, ask: &Ask, json: bool, failure: &Failure) -> Response {
    if json {
        let body = serde_json::to_string(&Problem {
            error: &failure.message,
        })
        .expect("a string serialises");
        let json = HeaderValue::from_static("application/json");
        return (failure.status, [(header::CONTENT_TYPE, json)], body).into_response();
    }
    let page = ErrorPage {
        shell: Shell::new(
            app,
            ask,
            "",
            failure.status.canonical_reason().unwrap_or("Error"),
        ),
        status: failure.status.as_u16(),
        headline: headline(failure.status),
        message: &failure.message,
    };
    let html = if ask.fragment {
        page.as_results().render()
    } else {
        page.render()
    };
    match html {
        Ok(html) => (failure.status, respond::html_headers(), html).into_response(),
        Err(_) => (failure.status, failure.message.clone()).into_response(),
    }
}

#[derive(serde::Serialize)]
struct Problem<'a> {
    error: &'a str,
}

fn headline(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Nothing here",
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::URI_TOO_LONG | StatusCode::PAYLOAD_TOO_LARGE => "Too long",
        status if status.is_client_error() => "That request makes no sense",
        _ => "Something broke",
    }
}

/// A handler's panic, as an answer.
pub fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Failure::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "the server met a defect of its own; the log has the details",
    )
    .into_response()
}

/// Every path that no route takes.
pub async fn not_found() -> Failure {
    Failure::not_found("there is no page at this address")
}

/// A route that exists, asked with another method.
pub async fn wrong_method() -> Failure {
    Failure::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this address does not take that method",
    )
}
