//! Stars, tags, titles and saved searches: what the person adds. The guard has checked origin and token
//! of every POST.

use super::params::Params;
use super::reply::{Failure, Reply, respond};
use super::session::find;
use crate::engine::Engine;
use crate::engine::view::{SavedSearch, TAG_COLORS, TagRow};
use crate::web::App;
use crate::web::saved::{PAGES, canonical};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagRecord {
    pub tag: String,
    /// Sessions that carry it.
    pub count: usize,
    /// One of the ten words of `POST /api/tags`, or `""`.
    pub color: String,
}

/// A list or a search under a name; `query` is its query string.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedRecord {
    pub id: u64,
    pub name: String,
    pub path: String,
    pub query: String,
}

/// Body of `POST /api/tags`.
#[derive(Debug, Deserialize)]
struct TagsBody {
    tag: String,
    color: Option<String>,
    rename: Option<String>,
    #[serde(default)]
    remove: bool,
}

/// Body of `POST /api/session/{id}/title`.
#[derive(Debug, Deserialize)]
struct TitleBody {
    title: String,
}

/// Body of `POST /api/bulk`.
#[derive(Debug, Deserialize)]
struct BulkBody {
    ids: Vec<String>,
    star: Option<bool>,
    tag: Option<String>,
    #[serde(default = "yes")]
    on: bool,
}

/// Body of `POST /api/saved`.
#[derive(Debug, Deserialize)]
struct SavedBody {
    #[serde(default)]
    id: u64,
    #[serde(default)]
    name: String,
    #[serde(default = "root")]
    path: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    remove: bool,
}

fn root() -> String {
    "/".into()
}

/// Body of `POST /api/session/{id}/star`.
#[derive(Debug, Deserialize)]
struct StarBody {
    #[serde(default = "yes")]
    on: bool,
}

/// Body of `POST /api/session/{id}/tag`.
#[derive(Debug, Deserialize)]
struct TagBody {
    tag: String,
    #[serde(default = "yes")]
    on: bool,
}

fn yes() -> bool {
    true
}

/// What a change answers with.
#[derive(Debug, Serialize, Deserialize)]
pub struct Changed {
    pub ok: bool,
    pub id: String,
    pub on: bool,
}

/// `GET /api/tags`: an array of [`TagRecord`]: the tags in use, and those made without a session.
///
/// # Errors
/// 500 when the store cannot be read.
pub fn tags(engine: &Engine, _: &Params) -> Result<Reply<Vec<TagRecord>>, Failure> {
    let tags = engine.tags()?.into_iter();
    let record = |row: TagRow| TagRecord {
        tag: row.tag.name,
        count: row.sessions,
        color: row.tag.color.to_owned(),
    };
    Ok(tags.map(record).collect::<Vec<_>>().into())
}

/// `POST /api/session/{id}/star` with `{"on": true}` (the default) or `{"on": false}`: [`Changed`].
pub(super) async fn star(State(app): State<App>, Path(id): Path<String>, body: Bytes) -> Response {
    let body = if body.is_empty() { "{}".into() } else { body };
    let StarBody { on } = match read(&body) {
        Ok(body) => body,
        Err(failure) => return failure.into_response(),
    };
    respond(&app, move |engine| {
        engine.set_star(find(engine, &id)?, on)?;
        Ok(Changed { ok: true, id, on }.into())
    })
    .await
}

/// `POST /api/session/{id}/tag` with `{"tag": "bug", "on": true}` (`on` may be left out): [`Changed`].
pub(super) async fn tag(State(app): State<App>, Path(id): Path<String>, body: Bytes) -> Response {
    let TagBody { tag, on } = match read(&body) {
        Ok(body) => body,
        Err(failure) => return failure.into_response(),
    };
    let tag = match line("tag", &tag, 40) {
        Ok(tag) => tag,
        Err(failure) => return failure.into_response(),
    };
    respond(&app, move |engine| {
        engine.set_tag(find(engine, &id)?, &tag, on)?;
        Ok(Changed { ok: true, id, on }.into())
    })
    .await
}

/// `POST /api/tags`: changes a tag on every session, and answers as [`tags`].
///
/// `{"tag": "bug", "color": "red"}` (`red`, `orange`, `yellow`, `green`, `teal`, `blue`, `indigo`,
/// `violet`, `pink`, `gray` or `""`; makes the tag when there is none), `{"tag": "bug", "rename":
/// "defect"}` (one that is there already takes it in), `{"tag": "bug", "remove": true}`.
pub(super) async fn change_tags(State(app): State<App>, body: Bytes) -> Response {
    respond(&app, move |engine| {
        let body: TagsBody = read(&body)?;
        let color = body.color.as_deref();
        if let Some(color) = color.filter(|c| !c.is_empty() && !TAG_COLORS.contains(c)) {
            let allowed = format!("one of {}", TAG_COLORS.join(", "));
            return Err(Failure::parameter("color", color, &allowed));
        }
        let tag = body.tag.trim();
        if body.remove {
            engine.remove_tag(tag)?;
            return tags(engine, &Params::default());
        }
        if let Some(color) = color {
            engine.color_tag(&line("tag", tag, 40)?, color)?;
        }
        if let Some(name) = &body.rename {
            engine.rename_tag(tag, &line("rename", name, 40)?)?;
        }
        tags(engine, &Params::default())
    })
    .await
}

/// `POST /api/session/{id}/title` with `{"title": "..."}` (`""`: the agent's title again): [`Changed`].
pub(super) async fn title(State(app): State<App>, Path(id): Path<String>, body: Bytes) -> Response {
    respond(&app, move |engine| {
        let body: TitleBody = read(&body)?;
        let title = match body.title.trim() {
            "" => String::new(),
            title => line("title", title, 200)?,
        };
        engine.set_title(find(engine, &id)?, &title)?;
        let on = !title.is_empty();
        Ok(Changed { ok: true, id, on }.into())
    })
    .await
}

/// `POST /api/bulk` with `{"ids": [...], "star": true}` or `{"ids": [...], "tag": "bug", "on": true}`: an
/// array of [`Changed`]. All of the sessions are changed, or none when one of the ids is none.
pub(super) async fn bulk(State(app): State<App>, body: Bytes) -> Response {
    respond(&app, move |engine| {
        let body: BulkBody = read(&body)?;
        let sids = body.ids.iter().map(|id| find(engine, id));
        let sids = sids.collect::<Result<Vec<_>, _>>()?;
        let on = match (body.star, &body.tag) {
            (Some(on), _) => {
                engine.set_stars(&sids, on)?;
                on
            }
            (None, Some(tag)) => {
                engine.set_tags(&sids, &line("tag", tag, 40)?, body.on)?;
                body.on
            }
            (None, None) => {
                return Err(Failure::bad("star or tag is missing: what is to be done?"));
            }
        };
        let changed = |id| Changed { ok: true, id, on };
        Ok(body.ids.into_iter().map(changed).collect::<Vec<_>>().into())
    })
    .await
}

/// `GET /api/saved`: an array of [`SavedRecord`], in the order in which they were saved.
///
/// # Errors
/// 500 when the store cannot be read.
pub fn saved(engine: &Engine, _: &Params) -> Result<Reply<Vec<SavedRecord>>, Failure> {
    let saved = engine.saved()?.into_iter().map(|search| SavedRecord {
        id: search.id,
        name: search.name,
        path: search.path,
        query: search.query,
    });
    Ok(saved.collect::<Vec<_>>().into())
}

/// `POST /api/saved` with `{"name": "...", "path": "/search", "query": "q=retry"}` (`path`: `/`, `/search`
/// or `/starred`), the same with the `id` of one that is changed, or `{"id": 3, "remove": true}`: answers
/// as [`saved`].
pub(super) async fn change_saved(State(app): State<App>, body: Bytes) -> Response {
    respond(&app, move |engine| {
        let body: SavedBody = read(&body)?;
        if body.remove {
            engine.remove_saved(body.id)?;
            return saved(engine, &Params::default());
        }
        if !PAGES.contains(&body.path.as_str()) {
            let allowed = format!("one of {}", PAGES.join(", "));
            return Err(Failure::parameter("path", &body.path, &allowed));
        }
        let state = crate::web::params::Params::parse(&body.query);
        engine.put_saved(&SavedSearch {
            id: body.id,
            name: line("name", &body.name, 64)?,
            path: body.path,
            query: canonical(&state).query(),
        })?;
        saved(engine, &Params::default())
    })
    .await
}

/// One line with something on it.
fn line(name: &str, text: &str, most: usize) -> Result<String, Failure> {
    let text = text.trim();
    let good = (1..=most).contains(&text.chars().count()) && !text.contains(char::is_control);
    match good {
        true => Ok(text.to_owned()),
        false => Err(Failure::parameter(
            name,
            text,
            &format!("1 to {most} characters on one line"),
        )),
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(body)
        .map_err(|error| Failure::bad(format!("the body is not what is expected: {error}")))
}
