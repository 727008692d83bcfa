//! Sessions as files: Markdown, JSON, and several at once in an archive. Written while they are read.

use crate::engine::Engine;
use crate::engine::view::ExportOptions;
use crate::model::Sid;
use crate::web::archive::Archive;
use crate::web::ask::Ask;
use crate::web::error::{Answer, Failure};
use crate::web::marks::find;
use crate::web::params::Params;
use crate::web::{App, api, blocking};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Sessions of one archive.
const MOST: usize = 1000;

/// `GET /session/{id}/export`, and the same below `/api`: Markdown. `tools=0` and `thinking=0` leave
/// those out.
pub async fn markdown(State(app): State<App>, Path(id): Path<String>, ask: Ask) -> Answer {
    let options = options(&ask.params);
    let (sid, name) = named(&app, id, "md").await?;
    let body = blocking::body(app, move |app, out| app.engine.export(sid, options, out));
    Ok(file("text/markdown; charset=utf-8", &name, body))
}

/// `GET /session/{id}/export.json`: the session's record and every message.
pub async fn json(State(app): State<App>, Path(id): Path<String>) -> Answer {
    let (sid, name) = named(&app, id, "json").await?;
    let body = blocking::body(app, move |app, out| {
        api::export::write(&app.engine, sid, out)
    });
    Ok(file("application/json", &name, body))
}

/// `POST /export`, form `id=` as often as there are sessions: an archive of Markdown files.
pub async fn several(State(app): State<App>, body: String) -> Answer {
    let form = Params::parse(&body);
    let options = options(&form);
    let bad = |message: String| Failure::new(StatusCode::BAD_REQUEST, message);
    let ids: Vec<String> = form.all("id").map(str::to_owned).collect();
    if ids.is_empty() {
        return Err(bad("no session was chosen".into()));
    }
    if ids.len() > MOST {
        return Err(bad(format!("at most {MOST} sessions go into one archive")));
    }
    // one that is not there is said before a file begins
    let sids = blocking::page(app.clone(), move |app| {
        let mut sids = Vec::new();
        for id in ids {
            let sid = find(&app.engine, &id)?;
            if !sids.contains(&sid) {
                sids.push(sid);
            }
        }
        Ok::<Vec<Sid>, Failure>(sids)
    })
    .await?;
    let body = blocking::body(app, move |app, out| {
        let mut archive = Archive::new(out);
        for sid in sids {
            let Some(view) = app.engine.session(sid)? else {
                continue;
            };
            let session = &view.card.session;
            let name = Archive::name(session.name(), session.last_at, &app.engine.config().zone);
            let id = short(&session.key.native);
            archive.add(&format!("{name}{id}"), "md", |out| {
                app.engine.export(sid, options, out)
            })?;
        }
        archive.finish()
    });
    Ok(file("application/zip", "codedash-sessions.zip", body))
}

fn options(params: &Params) -> ExportOptions {
    let wanted = |name: &str| !matches!(params.get(name), Some("0" | "false" | "off"));
    ExportOptions {
        tools: wanted("tools"),
        thinking: wanted("thinking"),
    }
}

/// The session and the name of its file.
async fn named(app: &App, id: String, ending: &'static str) -> Result<(Sid, String), Failure> {
    blocking::page(app.clone(), move |app| {
        let sid = find(&app.engine, &id)?;
        Ok((
            sid,
            format!("session-{}.{ending}", short(&native(&app.engine, sid, id))),
        ))
    })
    .await
}

fn native(engine: &Engine, sid: Sid, asked: String) -> String {
    match engine.session(sid) {
        Ok(Some(view)) => view.card.session.key.native.clone(),
        _ => asked,
    }
}

/// The first eight characters of an id that every file system takes.
fn short(id: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let short: String = id.chars().filter(plain).take(8).collect();
    if short.is_empty() {
        "session".into()
    } else {
        short
    }
}

fn file(kind: &'static str, name: &str, body: Body) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let disposition =
        HeaderValue::from_str(&disposition).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body).into_response()
}
