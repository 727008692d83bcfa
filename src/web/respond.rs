//! One struct, two answers: the whole page, or its main block when htmx (or `/fragments/`) asks.

use super::App;
use super::ask::Ask;
use super::error::{Answer, Failure};
use super::shell::Progress;
use crate::config;
use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use xxhash_rust::xxh3::xxh3_64;

/// A page whose main block can be sent alone.
pub trait Page: Template {
    fn fragment(&self) -> askama::Result<String>;
}

/// Gives a template struct its [`Page`] by the name of its main block.
macro_rules! fragment {
    ($page:ty) => {
        impl $crate::web::respond::Page for $page {
            fn fragment(&self) -> askama::Result<String> {
                askama::Template::render(&self.as_results())
            }
        }
    };
}
pub(crate) use fragment;

/// The page or its fragment, with a content tag: an unchanged page costs a 304.
pub fn page(ask: &Ask, page: &impl Page) -> Answer {
    let html = if ask.fragment {
        page.fragment()?
    } else {
        page.render()?
    };
    Ok(tagged(ask, html))
}

/// A part of a page that has no whole form.
pub fn part(ask: &Ask, part: &impl Template) -> Answer {
    Ok(tagged(ask, part.render()?))
}

/// A page of sessions under a tag of everything it is made from, so that nothing is made for a reader
/// who has it already. Distances in time ("2m ago") may be a minute old.
///
/// Not for what has other sources too: a search sees the index before the store tells of it.
pub fn stamped(app: &App, ask: &Ask, make: impl FnOnce() -> Answer) -> Answer {
    // before the page is made: what changes meanwhile has another tag
    let generations = app.engine.generations()?;
    let minute = config::now_ms() / 60_000;
    let progress = Progress::of(&app.engine.status.get());
    let state = format!(
        "{generations:?} {minute} {progress:?} {} {} {} {} {} {:?}",
        app.token,
        ask.path,
        ask.params.query(),
        ask.fragment,
        ask.typing,
        ask.theme
    );
    let tag = tag_of(&state);
    let mut response = match ask.knows(&tag) {
        true => (StatusCode::NOT_MODIFIED, html_headers()).into_response(),
        false => make()?,
    };
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}

/// Weak: the compression layer may change the bytes, never the meaning.
fn tag_of(state: &str) -> HeaderValue {
    let tag = format!("W/\"{:016x}\"", xxh3_64(state.as_bytes()));
    HeaderValue::from_str(&tag).expect("hexadecimal is a header value")
}

/// `text` under its content tag, or 304 when the asker has it already.
pub fn tagged(ask: &Ask, html: String) -> Response {
    let tag = tag_of(&html);
    let mut response = match ask.knows(&tag) {
        true => (StatusCode::NOT_MODIFIED, html_headers()).into_response(),
        false => (html_headers(), html).into_response(),
    };
    response.headers_mut().insert(header::ETAG, tag);
    response
}

/// The page, with its canonical address for the reader's address bar when it was swapped in.
pub fn navigated(ask: &Ask, shown: &impl Page, address: &str) -> Answer {
    let mut response = page(ask, shown)?;
    // a fragment asked for by its own path is a redraw of what is open already
    if ask.htmx && !ask.path.starts_with("/fragments/") {
        let name = match ask.typing {
            true => "hx-replace-url",
            false => "hx-push-url",
        };
        if let Ok(value) = HeaderValue::from_str(address) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// Back to where the form was sent from: only ever a path of ours.
pub fn back(to: Option<&str>) -> Response {
    let to = to
        .filter(|path| path.starts_with('/') && !path.starts_with("//") && !path.contains('\\'))
        .and_then(|path| HeaderValue::from_str(path).ok())
        .unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

/// A change is made, and whatever of the page shows it redraws itself.
pub fn marked() -> Response {
    let told = (
        HeaderName::from_static("hx-trigger"),
        HeaderValue::from_static("marked"),
    );
    (StatusCode::NO_CONTENT, [told]).into_response()
}

pub fn html_headers() -> [(HeaderName, HeaderValue); 3] {
    [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (
            header::VARY,
            HeaderValue::from_static("HX-Request, HX-Boosted, Cookie"),
        ),
    ]
}

/// Text that is no HTML whatever it holds.
pub fn plain(text: String) -> Result<Response, Failure> {
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
