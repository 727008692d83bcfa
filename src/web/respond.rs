//! One struct, two answers: the whole page, or its main block when htmx (or `/fragments/`) asks.
//!
//! What is made of the stores alone is made once for all who ask for it: see [`Memo`].

use super::App;
use super::ask::Ask;
use super::error::{Answer, Failure};
use super::shell::Progress;
use crate::config;
use askama::Template;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use xxhash_rust::xxh3::xxh3_64;

/// Levels, of 22, for pages up to [`LARGE`] and for larger ones: six takes a tenth off the bytes and a
/// millisecond for every fifty kilobytes.
const LEVEL: i32 = 6;
const QUICK: i32 = 3;
const LARGE: usize = 192 * 1024;
/// Less than this (bytes) goes as it is.
const SMALL: usize = 1_000;
/// Answers that are kept.
const KEPT: usize = 8;

/// The answers that were made last, with what they were made from. Tabs that show one list and redraw it
/// when something changed cost one list: whoever comes while it is made waits for it.
#[derive(Clone, Default)]
pub struct Memo(Arc<Mutex<VecDeque<Arc<Slot>>>>);

#[derive(Default)]
struct Slot {
    state: String,
    made: Mutex<Option<(HeaderMap, Bytes)>>,
}

impl Memo {
    fn slot(&self, state: String) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = slots.iter().position(|slot| slot.state == state);
        let slot = match known.and_then(|at| slots.remove(at)) {
            Some(slot) => slot,
            None => Arc::new(Slot {
                state,
                ..Slot::default()
            }),
        };
        slots.push_front(slot.clone());
        slots.truncate(KEPT);
        slot
    }
}

impl Slot {
    /// What was made of this state, else what is made now.
    fn get(&self, make: impl FnOnce() -> Answer) -> Answer {
        // who made it before may have panicked: then it was not made
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((headers, body)) = &*made {
            let mut response = Response::new(Body::from(body.clone()));
            *response.headers_mut() = headers.clone();
            return Ok(response);
        }
        let response = make()?;
        if let Some(Whole(body)) = response.extensions().get() {
            *made = Some((response.headers().clone(), body.clone()));
        }
        Ok(response)
    }
}

/// The whole body of a good answer, beside it.
#[derive(Clone)]
struct Whole(Bytes);

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
    // a settings file that somebody has just written makes other pages
    app.engine.settings.look();
    // before the page is made: what changes meanwhile has another tag
    let generations = app.engine.generations()?;
    let minute = config::now_ms() / 60_000;
    let progress = Progress::of(&app.engine.status.get());
    let state = format!(
        "{generations:?} {minute} {progress:?} {} {} {} {} {} {:?} {}",
        app.token,
        ask.path,
        ask.params.query(),
        ask.fragment,
        ask.typing,
        ask.theme,
        ask.zstd
    );
    let tag = tag_of(&state);
    let mut response = match ask.knows(&tag) {
        true => (StatusCode::NOT_MODIFIED, html_headers()).into_response(),
        false => app.memo.slot(state).get(make)?,
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
        false => whole(html, ask.zstd),
    };
    response.headers_mut().insert(header::ETAG, tag);
    response
}

/// Packed here, in one go, for who takes zstd: a tenth of the time that the layer before the socket
/// would need, which packs what is left.
fn whole(html: String, zstd: bool) -> Response {
    let level = if html.len() > LARGE { QUICK } else { LEVEL };
    let packed = (zstd && html.len() >= SMALL)
        .then(|| zstd::bulk::compress(html.as_bytes(), level).ok())
        .flatten();
    let coded = packed.is_some();
    let body = Bytes::from(packed.unwrap_or(html.into_bytes()));
    let mut response = (html_headers(), Body::from(body.clone())).into_response();
    if coded {
        let zstd = HeaderValue::from_static("zstd");
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, zstd);
    }
    response.extensions_mut().insert(Whole(body));
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
            HeaderValue::from_static(
                "HX-Request, HX-History-Restore-Request, Accept-Encoding, Cookie",
            ),
        ),
    ]
}

/// Text that is no HTML whatever it holds.
pub fn plain(text: String) -> Result<Response, Failure> {
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    const TEXT: &str = "a page that many tabs show, ";

    fn body(response: Response) -> Bytes {
        let whole = response.extensions().get::<Whole>().cloned();
        let read = axum::body::to_bytes(response.into_body(), usize::MAX);
        let read = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(read)
            .unwrap();
        assert!(whole.is_none_or(|whole| whole.0 == read));
        read
    }

    #[test]
    fn tabs_that_ask_for_one_state_cost_one_page() {
        let (memo, made) = (Memo::default(), AtomicU32::new(0));
        let make = || {
            made.fetch_add(1, Ordering::Relaxed);
            Ok(whole(TEXT.repeat(100), false))
        };
        let ask = || body(memo.slot("one".into()).get(make).unwrap());
        let bodies: Vec<Bytes> = std::thread::scope(|scope| {
            let tabs: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            tabs.into_iter().map(|tab| tab.join().unwrap()).collect()
        });
        assert!(bodies.iter().all(|body| *body == TEXT.repeat(100)));
        assert_eq!(made.load(Ordering::Relaxed), 1);
        body(memo.slot("two".into()).get(make).unwrap());
        assert_eq!(
            made.load(Ordering::Relaxed),
            2,
            "another state is another page"
        );
    }

    #[test]
    fn what_failed_or_was_left_long_ago_is_made_again() {
        let memo = Memo::default();
        let failed = memo
            .slot("one".into())
            .get(|| Err(Failure::not_found("gone")));
        assert!(failed.is_err());
        let page = |text: &'static str| move || Ok(whole(text.into(), false));
        let ask = |state: &str, text| body(memo.slot(state.into()).get(page(text)).unwrap());
        assert_eq!(ask("one", "first"), "first");
        assert_eq!(ask("one", "second"), "first");
        for n in 0..KEPT {
            ask(&format!("other {n}"), "other");
        }
        assert_eq!(ask("one", "second"), "second");
    }

    #[test]
    fn who_takes_zstd_gets_the_same_page_in_less() {
        let text = TEXT.repeat(100);
        let packed = whole(text.clone(), true);
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], "zstd");
        let body = body(packed);
        assert!(body.len() * 10 < text.len());
        let unpacked = zstd::bulk::decompress(&body, text.len()).unwrap();
        assert_eq!(unpacked, text.as_bytes());
        let small = whole("<p>so little</p>".into(), true);
        assert!(!small.headers().contains_key(header::CONTENT_ENCODING));
    }
}
