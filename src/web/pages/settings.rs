//! `POST /settings/theme`: the colour scheme, kept in a cookie of this browser.

use crate::web::ask::{THEME_COOKIE, Theme};
use crate::web::error::{Answer, Failure};
use crate::web::params::Params;
use crate::web::respond;
use axum::http::{HeaderValue, StatusCode, header};

pub async fn theme(body: String) -> Answer {
    let form = Params::parse(&body);
    let theme = form
        .get("theme")
        .and_then(Theme::parse)
        .ok_or_else(|| Failure::new(StatusCode::BAD_REQUEST, "the theme is auto, light or dark"))?;
    let cookie = format!(
        "{THEME_COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Strict; HttpOnly",
        theme.as_str()
    );
    let mut response = respond::back(form.get("back"));
    response.headers_mut().insert(
        header::SET_COOKIE,
        HeaderValue::from_str(&cookie).expect("the words of a theme are a header value"),
    );
    Ok(response)
}
