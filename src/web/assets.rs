//! Files that never change under their address: `/assets/<hash>/<file>`.
//!
//! The hash covers all of them, so an upgrade changes every address and no reader needs a hard reload.

use super::ask::takes;
use super::error::{Answer, Failure};
use super::shades;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::IntoResponse;
use std::borrow::Cow;
use std::fmt::Write;
use std::sync::{LazyLock, OnceLock};
use xxhash_rust::xxh3::Xxh3;

struct Asset {
    name: &'static str,
    mime: &'static str,
    body: Cow<'static, [u8]>,
    packed: OnceLock<Vec<u8>>,
}

/// Of 11: the last step takes four times as long for a fiftieth of the bytes.
const QUALITY: i32 = 10;

impl Asset {
    /// The body in brotli, made once: it is asked for on every first visit and never changes.
    fn packed(&self) -> &[u8] {
        self.packed.get_or_init(|| {
            let settings = brotli::enc::BrotliEncoderParams {
                quality: QUALITY,
                ..Default::default()
            };
            let mut packed = Vec::new();
            brotli::BrotliCompress(&mut &*self.body, &mut packed, &settings)
                .expect("memory takes what is written to it");
            packed
        })
    }
}

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// A script of ours without its comments and indentation, which are a fifth of its bytes.
fn lean(script: &str) -> String {
    let lines = script.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

macro_rules! script {
    ($name:literal) => {
        joined(
            $name,
            JS,
            lean(include_str!(concat!("../../templates/assets/", $name))),
        )
    };
}

macro_rules! asset {
    ($name:literal, $mime:expr, $path:literal) => {
        Asset {
            name: $name,
            mime: $mime,
            body: Cow::Borrowed(include_bytes!(concat!("../../templates/assets/", $path))),
            packed: OnceLock::new(),
        }
    };
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    vec![
        asset!("charts.css", CSS, "charts.css"),
        asset!("list.css", CSS, "list.css"),
        script!("list.js"),
        asset!("settings.css", CSS, "settings.css"),
        asset!("search.css", CSS, "search.css"),
        script!("suggest.js"),
        asset!("views.css", CSS, "views.css"),
        asset!("retold.css", CSS, "retold.css"),
        asset!("session.css", CSS, "session.css"),
        script!("app.js"),
        script!("replay.js"),
        script!("session.js"),
        asset!("icons.svg", SVG, "icons.svg"),
        asset!("favicon.svg", SVG, "favicon.svg"),
        // every page needs these: one request, packed together
        joined("vendor.js", JS, VENDOR.join(";\n")),
        joined("app.css", CSS, format!("{STYLE}{}", agent_colors())),
    ]
});

const STYLE: &str = include_str!("../../templates/assets/app.css");
const VENDOR: [&str; 3] = [
    include_str!("../../templates/assets/vendor/htmx.min.js"),
    include_str!("../../templates/assets/vendor/sse.min.js"),
    include_str!("../../templates/assets/vendor/idiomorph-ext.min.js"),
];

fn joined(name: &'static str, mime: &'static str, text: String) -> Asset {
    Asset {
        name,
        mime,
        body: Cow::Owned(text.into_bytes()),
        packed: OnceLock::new(),
    }
}

static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = Xxh3::new();
    for asset in ASSETS.iter() {
        hasher.update(asset.name.as_bytes());
        hasher.update(&asset.body);
    }
    format!("{:016x}", hasher.digest())
});

/// Content hash of all assets: `App::assets`.
pub fn hash() -> &'static str {
    &HASH
}

/// One class per agent, since the policy forbids inline style: `.a-<id> { --agent: <colour> }`, in a
/// shade that stands out from light and from dark ground.
fn agent_colors() -> String {
    let mut css = String::new();
    for info in crate::engine::agents() {
        let (light, dark) = shades::on_both(info.color);
        let value = match light == dark {
            true => light,
            false => format!("light-dark({light},{dark})"),
        };
        writeln!(css, ".a-{}{{--agent:{value}}}", info.id).expect("writing to a string succeeds");
    }
    css
}

/// Serves a file; one asked for under the hash of another build is given, but not kept.
pub async fn serve(Path((hash, file)): Path<(String, String)>, asked: HeaderMap) -> Answer {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == file)
        .ok_or_else(|| Failure::not_found("there is no such asset"))?;
    let keep = if hash == *HASH {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.mime)),
        (header::CACHE_CONTROL, HeaderValue::from_static(keep)),
    ];
    // anything else is packed on the way out, as pages are
    if !takes(&asked, "br") {
        return Ok((headers, asset.body.clone()).into_response());
    }
    let packed = [
        (header::CONTENT_ENCODING, HeaderValue::from_static("br")),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    Ok((headers, packed, asset.packed()).into_response())
}

/// Browsers ask for it unasked.
pub async fn favicon(asked: HeaderMap) -> Answer {
    serve(Path((HASH.clone(), "favicon.svg".into())), asked).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_lose_nothing_but_comments_and_indentation() {
        assert_eq!(lean("// why\n  a(); // b\n\n\tc();\n"), "a(); // b\nc();");
        for name in ["app", "list", "replay", "session", "suggest"] {
            let path = format!("{}/templates/assets/{name}.js", env!("CARGO_MANIFEST_DIR"));
            let script = std::fs::read_to_string(path).unwrap();
            let torn = |line: &&str| line.matches('`').count() % 2 == 1;
            assert_eq!(
                script.lines().find(torn),
                None,
                "text over lines would change"
            );
        }
    }

    #[test]
    fn packed_assets_are_the_same_bytes() {
        for asset in ASSETS.iter() {
            let mut body = Vec::new();
            brotli::BrotliDecompress(&mut asset.packed(), &mut body).unwrap();
            assert!(body == *asset.body, "{}", asset.name);
        }
    }
}
