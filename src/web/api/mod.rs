//! The JSON endpoints. (under construction)

use super::App;
use axum::Router;

pub fn router() -> Router<App> {
    Router::new()
}
