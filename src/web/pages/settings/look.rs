//! `POST /settings/theme`: the colours of this browser, kept in a cookie.

use crate::web::ask::{THEME_COOKIE, Theme};
use crate::web::error::{Answer, Failure};
use crate::web::params::Params;
use crate::web::respond;
use axum::http::{HeaderValue, StatusCode, header};

pub async fn theme(body: String) -> Answer {
    let form = Params::parse(&body);
    let theme = form.get("theme").and_then(Theme::parse).ok_or_else(|| {
        Failure::new(
            StatusCode::BAD_REQUEST,
            "the theme is auto, light, dark or contrast",
        )
    })?;
    let mut response = respond::back(form.get("back"));
    let headers = response.headers_mut();
    headers.insert(header::SET_COOKIE, cookie(theme));
    Ok(response)
}

pub fn cookie(theme: Theme) -> HeaderValue {
    let cookie = format!(
        "{THEME_COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Strict; HttpOnly",
        theme.as_str()
    );
    HeaderValue::from_str(&cookie).expect("the words of a theme are a header value")
}
