//! What a request asks for, beyond its path: parameters, fragment or whole page, theme.

use super::params::Params;
use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, HeaderValue, header, request::Parts};
use std::convert::Infallible;

#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub path: String,
    pub params: Params,
    /// The page's main block alone is wanted.
    pub fragment: bool,
    /// Asked by htmx (or for a fragment path): what follows is swapped into an open page.
    pub htmx: bool,
    /// Asked while somebody types: the address is replaced, not added to the history.
    pub typing: bool,
    /// Chosen in this browser; `None`: as the settings say.
    pub theme: Option<Theme>,
    pub if_none_match: Option<String>,
    /// A page of ours led here: a form was sent, a link followed.
    pub followed: bool,
    /// Takes bodies packed with zstd.
    pub zstd: bool,
}

/// Colour scheme of the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    Auto,
    Light,
    Dark,
    /// Text at seven to one and strong borders, on black or white as the system says.
    Contrast,
}

impl Theme {
    pub const ALL: [Theme; 4] = [Theme::Auto, Theme::Light, Theme::Dark, Theme::Contrast];

    pub fn as_str(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
            Theme::Contrast => "contrast",
        }
    }
    /// As people read it.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Auto => "as the system",
            Theme::Light => "light",
            Theme::Dark => "dark",
            Theme::Contrast => "high contrast",
        }
    }
    pub fn parse(word: &str) -> Option<Theme> {
        Theme::ALL.into_iter().find(|theme| theme.as_str() == word)
    }
    /// Where the theme button leads.
    pub fn next(self) -> Theme {
        match self {
            Theme::Auto => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::Contrast,
            Theme::Contrast => Theme::Auto,
        }
    }
}

pub const THEME_COOKIE: &str = "codedash-theme";

impl Ask {
    pub fn new(path: &str, query: &str, headers: &HeaderMap) -> Ask {
        let params = Params::parse(query);
        let has = |name: &str| headers.get(name).is_some_and(|value| value == "true");
        let htmx = has("hx-request") && !has("hx-history-restore-request");
        let by_path = path.starts_with("/fragments/");
        let says = |name: &str, word: &str| headers.get(name).is_some_and(|value| value == word);
        Ask {
            path: path.to_owned(),
            fragment: by_path || htmx,
            htmx: by_path || htmx,
            typing: headers.contains_key("hx-trigger-name"),
            theme: params
                .get("theme")
                .and_then(Theme::parse)
                .or_else(|| cookie(headers, THEME_COOKIE).and_then(Theme::parse)),
            zstd: takes(headers, "zstd"),
            followed: says("sec-fetch-site", "same-origin") && says("sec-fetch-mode", "navigate"),
            params,
            if_none_match: headers
                .get(header::IF_NONE_MATCH)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
        }
    }
}

impl Ask {
    /// The asker has what this tag stands for.
    pub fn knows(&self, tag: &HeaderValue) -> bool {
        let known = self.if_none_match.as_deref().unwrap_or_default();
        known.split(',').any(|known| tag == known.trim())
    }
}

/// Whether a content coding is named among the accepted ones, without a weight.
pub fn takes(headers: &HeaderMap, coding: &str) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    let mut codings = accepted.unwrap_or_default().split(',').map(str::trim);
    codings.any(|named| named.eq_ignore_ascii_case(coding))
}

impl<S: Sync> FromRequestParts<S> for Ask {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Ask, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Ask::new(parts.uri.path(), query, &parts.headers))
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_taken_when_it_is_named_without_a_weight() {
        let asked = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            takes(&headers, "br")
        };
        assert!(asked("gzip, deflate, br"));
        assert!(!asked("gzip, br;q=0") && !asked("identity") && !asked("brr"));
    }
}
