//! Who may ask, and for what: the walls before every route.
//!
//! The server listens on the loopback, where any web page can send requests to it. So: only names of
//! our own in `Host` (a foreign name pointed at 127.0.0.1 fails), changes only from our own pages
//! (same origin and the per-start token), and a policy that lets no injected script or style run.

use super::App;
use super::error::Failure;
use super::params::Params;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use std::net::IpAddr;

/// Longest path with query, bytes.
pub const MAX_URI: usize = 8 * 1024;
/// Largest request body, bytes.
pub const MAX_BODY: usize = 64 * 1024;
/// Header that carries the per-start token where no form does.
pub const TOKEN_HEADER: &str = "x-codedash-token";

const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

/// Lets a request in, or answers it with what is wrong.
pub async fn admit(State(app): State<App>, request: Request, next: Next) -> Response {
    match check(&app, request).await {
        Ok(request) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

/// Puts the policy on every answer, refusals included. What is of documents stays away from style sheets
/// and scripts, which are none: a first visit asks for ten of them.
pub async fn policy(request: Request, next: Next) -> Response {
    const ALL: [(HeaderName, &str); 2] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    const DOCUMENTS: [(HeaderName, &str); 4] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ];
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let kind = headers.get(header::CONTENT_TYPE);
    let part = kind.is_some_and(|kind| {
        [&b"text/css"[..], b"text/javascript"]
            .iter()
            .any(|start| kind.as_bytes().starts_with(start))
    });
    let own = if part { &[][..] } else { &DOCUMENTS[..] };
    for (name, value) in ALL.iter().chain(own) {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn check(app: &App, request: Request) -> Result<Request, Failure> {
    check_host(&app.engine.started.host, request.headers(), request.uri())?;
    check_uri(request.uri())?;
    if matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) {
        return Ok(request);
    }
    check_origin(request.headers())?;
    check_token(&app.token, request).await
}

/// Every name that the request gives has to be ours: of two `Host` lines, or of a `Host` and an
/// absolute address, somebody between us and the browser may have believed the other one.
fn check_host(configured: &str, headers: &HeaderMap, uri: &Uri) -> Result<(), Failure> {
    let given = headers.get_all(header::HOST).iter();
    let mut names = given
        .map(|value| value.to_str().unwrap_or_default())
        .chain(uri.authority().map(|authority| authority.as_str()))
        .peekable();
    if names.peek().is_some() && names.all(|name| host_allowed(configured, name)) {
        return Ok(());
    }
    Err(Failure::new(
        StatusCode::FORBIDDEN,
        "this server answers only to localhost, 127.0.0.1, [::1] and the host it was started with",
    ))
}

/// Any port is fine: it may be forwarded, and a name is what an attacker cannot choose.
fn host_allowed(configured: &str, host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((name, "")) => name,
            Some((name, port)) if is_port(port.strip_prefix(':')) => name,
            _ => return false,
        },
        None => match host.split_once(':') {
            Some((name, port)) if is_port(Some(port)) => name,
            Some(_) => return false,
            None => host,
        },
    };
    let name = name.to_ascii_lowercase();
    let configured = configured.trim_matches(['[', ']']).to_ascii_lowercase();
    let ours = ["localhost", "127.0.0.1", "::1"].contains(&name.as_str()) || name == configured;
    // bound to every address: whoever types a number reached us on purpose, names stay closed
    let wildcard = matches!(configured.as_str(), "0.0.0.0" | "::");
    !name.is_empty() && (ours || wildcard && name.parse::<IpAddr>().is_ok())
}

fn is_port(text: Option<&str>) -> bool {
    text.is_some_and(|port| port.parse::<u16>().is_ok())
}

fn check_uri(uri: &Uri) -> Result<(), Failure> {
    let bad = |message: &str| Failure::new(StatusCode::BAD_REQUEST, message);
    let query = uri.query().unwrap_or_default();
    if uri.path().len() + query.len() > MAX_URI {
        return Err(Failure::new(
            StatusCode::URI_TOO_LONG,
            format!("the address is longer than {MAX_URI} bytes"),
        ));
    }
    if !well_encoded(uri.path()) {
        return Err(bad("the address holds a broken percent-encoding"));
    }
    let path = percent_decode_str(uri.path())
        .decode_utf8()
        .map_err(|_| bad("the address is not UTF-8"))?;
    if path.contains('\0') || percent_decode_str(query).any(|byte| byte == 0) {
        return Err(bad("the address holds a NUL byte"));
    }
    if path.split('/').any(|segment| matches!(segment, "." | ".."))
        || path.contains("//")
        || path.contains('\\')
    {
        return Err(Failure::not_found("there is no page at this address"));
    }
    Ok(())
}

fn well_encoded(path: &str) -> bool {
    path.split('%').skip(1).all(|part| {
        part.as_bytes()
            .get(..2)
            .is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit))
    })
}

/// A browser says where a request comes from; programs that say nothing are left to the token.
fn check_origin(headers: &HeaderMap) -> Result<(), Failure> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let same = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            text("host").is_some_and(|host| origin.split_once("://").is_some_and(|o| o.1 == host))
        }
        (None, None) => true,
    };
    if same {
        return Ok(());
    }
    Err(Failure::new(
        StatusCode::FORBIDDEN,
        "changes are accepted from codedash's own pages only",
    ))
}

async fn check_token(token: &str, request: Request) -> Result<Request, Failure> {
    let given = request
        .headers()
        .get(TOKEN_HEADER)
        .and_then(|value| value.to_str().ok());
    if given == Some(token) {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, MAX_BODY).await.map_err(|_| {
        Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the request body is longer than {MAX_BODY} bytes"),
        )
    })?;
    let is_form = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    });
    let form = Params::parse(std::str::from_utf8(&bytes).unwrap_or_default());
    if is_form && form.get("token") == Some(token) {
        return Ok(Request::from_parts(parts, Body::from(bytes)));
    }
    Err(Failure::new(
        StatusCode::FORBIDDEN,
        "the page is from an earlier start of codedash: reload it and try again",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_hosts() {
        for host in [
            "localhost",
            "localhost:3847",
            "LOCALHOST:1",
            "127.0.0.1:3847",
            "[::1]",
            "[::1]:3847",
            "box.lan:80",
        ] {
            assert!(host_allowed("box.lan", host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:3847",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "localhost:port",
            "localhost:3847@evil.example",
            "[::1]evil",
            "[::1",
            "10.0.0.7",
            "::1",
        ] {
            assert!(!host_allowed("box.lan", host), "{host}");
        }
    }

    #[test]
    fn a_wildcard_bind_takes_numbers_and_no_names() {
        assert!(host_allowed("0.0.0.0", "192.168.1.9:3847"));
        assert!(host_allowed("::", "[fd00::2]:3847"));
        assert!(!host_allowed("0.0.0.0", "rebound.example:3847"));
    }
}
