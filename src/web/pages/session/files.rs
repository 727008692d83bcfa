//! `/session/{id}/files`: the files that a session edited, each with its edits as diffs.

use crate::engine::view::Touched;
use crate::web::ask::Ask;
use crate::web::cards;
use crate::web::error::{Answer, Failure};
use crate::web::marks::find;
use crate::web::messages::{self, child_href};
use crate::web::params::Params;
use crate::web::respond::{self, fragment};
use crate::web::shell::Shell;
use crate::web::transcript::{Content, Insight, Item, Renderer};
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::{Path, State};

/// Files at a time, and in the side bar of the session.
const LIMIT: usize = 200;
const FEW: usize = 10;
/// Edits at a time.
const EDITS: usize = 20;

#[derive(Template)]
#[template(path = "pages/session/files.html", blocks = ["results"])]
pub struct Files {
    pub shell: Shell,
    /// The session's page, and its name.
    pub path: String,
    pub name: String,
    pub files: Vec<File>,
    pub total: usize,
    pub edits: usize,
    /// The first few alone, for the side bar.
    pub few: bool,
    pub all: String,
    pub more: Option<String>,
}
fragment!(Files);

/// A file with the way to its edits.
pub struct File {
    pub touched: Touched,
    /// Its folder and its name.
    pub folder: String,
    pub file: String,
    /// Address of the page that shows its edits, and of these alone.
    pub href: String,
    pub part: String,
    /// `None` until they are asked for.
    pub edits: Option<Edits>,
}

/// Some edits of one file.
#[derive(Template)]
#[template(path = "parts/session/edits.html")]
pub struct Edits {
    pub shell: Shell,
    pub edits: Vec<Item>,
    pub total: usize,
    pub after: usize,
    /// Address of the page that shows the next ones, and of these alone.
    pub next: Option<(String, String)>,
}

pub async fn page(State(app): State<App>, Path(id): Path<String>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let sid = find(&app.engine, &id)?;
        let params = ask.params.only(&["file", "few", "from", "offset"]);
        let touched = app.engine.touched(sid)?;
        let view = app
            .engine
            .session(sid)?
            .ok_or_else(|| Failure::not_found("this session is not known any more"))?;
        let path = messages::path(&view.card.session.key.native);
        let mut shell = Shell::new(app, &ask, "/", "Files");
        shell.here = params.url(&format!("{path}/files"));
        let name = cards::name(&view.card.session);
        let project = &view.card.session.project;
        let mut page = Files::new(shell, (path, name), project, touched, &params);
        if let Some(open) = params.get("file") {
            let wanted = page.files.iter().position(|file| file.touched.path == open);
            let at = wanted.ok_or_else(|| Failure::not_found("this file was not edited here"))?;
            page.files[at].edits = Some(part(app, &ask, &page.path, sid, open)?);
        }
        respond::page(&ask, &page)
    })
    .await
}

/// Edits of one file alone.
pub async fn edits(State(app): State<App>, Path(id): Path<String>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let sid = find(&app.engine, &id)?;
        let file = ask.params.get("file").unwrap_or_default();
        let path = messages::path(&id);
        respond::part(&ask, &part(app, &ask, &path, sid, file)?)
    })
    .await
}

fn part(
    app: &App,
    ask: &Ask,
    path: &str,
    sid: crate::model::Sid,
    file: &str,
) -> Result<Edits, Failure> {
    let offset = ask.params.number("offset").unwrap_or_default();
    let found = app.engine.edits(sid, file, offset, EDITS)?;
    let insight = Insight::default();
    let mut renderer = Renderer::new(path, None, &insight);
    let items = found.items.into_iter();
    let edits: Vec<Item> = items
        .map(|item| renderer.item(item, child_href(&app.engine)))
        .collect();
    let at = |offset: usize| {
        let params = Params::default().with("file", file);
        let params = params.with("offset", &offset.to_string());
        (
            params.url(&format!("{path}/files")),
            params.url(&format!("/fragments{path}/edits")),
        )
    };
    Ok(Edits {
        shell: Shell::new(app, ask, "/", "Files"),
        total: found.total,
        after: found.total.saturating_sub(offset + edits.len()),
        next: found.next.map(at),
        edits,
    })
}

impl Files {
    fn new(
        shell: Shell,
        (path, name): (String, String),
        project: &str,
        touched: Vec<Touched>,
        params: &Params,
    ) -> Files {
        let few = params.flag("few");
        let limit = if few { FEW } else { LIMIT };
        let open = params.get("file");
        let place = open.and_then(|open| touched.iter().position(|file| file.path == open));
        let from = match place {
            Some(place) => place / LIMIT * LIMIT,
            None => params.number("from").unwrap_or_default(),
        };
        let end = from.saturating_add(limit);
        let all = format!("{path}/files");
        Files {
            total: touched.len(),
            edits: touched.iter().map(|file| file.edits).sum(),
            few,
            more: (end < touched.len() && !few).then(|| {
                let next = Params::default().with("from", &end.to_string());
                next.url(&all)
            }),
            files: touched
                .into_iter()
                .skip(from)
                .take(limit)
                .map(|touched| File::new(touched, project, &path))
                .collect(),
            all,
            name,
            path,
            shell,
        }
    }
}

impl File {
    fn new(touched: Touched, project: &str, path: &str) -> File {
        let shown = within(&touched.path, project);
        let cut = shown.rfind(['/', '\\']).map_or(0, |at| at + 1);
        let (folder, file) = shown.split_at(cut);
        let params = Params::default().with("file", &touched.path);
        File {
            folder: folder.to_owned(),
            file: file.to_owned(),
            href: params.url(&format!("{path}/files")),
            part: params.url(&format!("/fragments{path}/edits")),
            edits: None,
            touched,
        }
    }
}

/// A path as it is from its session's folder, where it lies in that.
fn within<'p>(path: &'p str, project: &str) -> &'p str {
    let rest = path.strip_prefix(project.trim_end_matches(['/', '\\']));
    let rest = rest.and_then(|rest| rest.strip_prefix(['/', '\\']));
    rest.filter(|rest| !rest.is_empty() && !project.is_empty())
        .unwrap_or(path)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::sample;

    pub fn sample_page(query: &str) -> Files {
        let params = Params::parse(query);
        let shell = sample::shell("/", "Files");
        let name = "Bounded retries".to_owned();
        let touched = sample::touched();
        Files::new(shell, ("/session/x".into(), name), "/w", touched, &params)
    }

    #[test]
    fn a_path_is_its_folder_and_its_name() {
        let page = sample_page("");
        assert_eq!(page.files[0].folder, "/home/ada/src/orbit/src/");
        assert_eq!(page.files[0].file, "upload.rs");
        let html = page.render().unwrap();
        assert!(html.contains("/fragments/session/x/edits?file="));
    }

    #[test]
    fn a_path_in_the_sessions_folder_is_told_from_there() {
        for (path, project, want) in [
            ("/w/app/src/a.rs", "/w/app", "src/a.rs"),
            ("/w/app/src/a.rs", "/w/app/", "src/a.rs"),
            ("C:\\w\\a.rs", "C:\\w", "a.rs"),
            ("/w/application/a.rs", "/w/app", "/w/application/a.rs"),
            ("/w/app", "/w/app", "/w/app"),
            ("/a.rs", "", "/a.rs"),
            ("src/a.rs", "/w/app", "src/a.rs"),
        ] {
            assert_eq!(within(path, project), want, "{path} in {project}");
        }
    }

    #[test]
    fn the_side_bar_has_a_few_and_the_way_to_all() {
        let mut touched = sample::touched();
        let more = (0..30).map(|n| Touched {
            path: format!("more/{n}.rs"),
            edits: 1,
            ..Touched::default()
        });
        touched.extend(more);
        let page = |query: &str| {
            let params = Params::parse(query);
            let shell = sample::shell("/", "Files");
            Files::new(
                shell,
                ("/session/x".into(), String::new()),
                "",
                touched.clone(),
                &params,
            )
        };
        assert_eq!(page("few=1").files.len(), FEW);
        assert_eq!(page("few=1").total, touched.len());
        assert_eq!(page("").files.len(), touched.len());
    }
}
