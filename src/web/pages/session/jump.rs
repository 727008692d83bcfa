//! From one prompt, failure, edit, call or find of a session to the next.

use crate::engine::view::{Inside, Landmark, Way};
use crate::index::Match;
use crate::model::Sid;
use crate::web::App;
use crate::web::ask::Ask;
use crate::web::error::Answer;
use crate::web::params::Params;
use crate::web::respond;

/// A kind of item with the ways to its neighbours.
pub struct Jump {
    pub kind: &'static str,
    pub label: String,
    /// Keys that do the same.
    pub keys: (&'static str, &'static str),
    pub previous: String,
    pub next: String,
}

/// The box that searches in this session, and where among its finds the page stands.
pub struct Finder {
    pub q: String,
    /// State of the page that the form must not lose.
    pub carried: Vec<(String, String)>,
    pub count: usize,
    /// Ordinal of the find that is shown, from 1; 0 when none is.
    pub place: usize,
    pub previous: String,
    pub next: String,
    /// What was loosened to find anything; `""` otherwise.
    pub tier: String,
    pub filling: bool,
    /// The page without the search.
    pub clear: String,
    /// The same question to all sessions.
    pub everywhere: String,
}

pub fn jumps(params: &Params, path: &str, from: Option<u32>) -> Vec<Jump> {
    let tool = params.get("tool");
    let kinds = [
        ("prompt", "Prompt", ("p", "n")),
        ("error", "Error", ("E", "e")),
        ("edit", "Edit", ("C", "c")),
    ];
    let mut kinds: Vec<(&str, String, _)> = kinds
        .into_iter()
        .map(|(kind, label, keys)| (kind, label.to_owned(), keys))
        .collect();
    if let Some(tool) = tool {
        let name = tool.rsplit("__").next().unwrap_or(tool);
        kinds.push(("tool", name.to_owned(), ("T", "t")));
    }
    kinds
        .into_iter()
        .map(|(kind, label, keys)| Jump {
            kind,
            label,
            keys,
            previous: href(params, path, kind, Way::Previous, from),
            next: href(params, path, kind, Way::Next, from),
        })
        .collect()
}

fn href(params: &Params, path: &str, kind: &str, way: Way, from: Option<u32>) -> String {
    let way = if way == Way::Next { "" } else { "previous" };
    let from = from.map_or_else(String::new, |seq| seq.to_string());
    params
        .without("m")
        .without("none")
        .with("jump", kind)
        .with("way", way)
        .with("from", &from)
        .url(path)
}

pub fn finder(params: &Params, path: &str, inside: &Inside, from: Option<u32>) -> Finder {
    let q = params.get("q").unwrap_or_default().to_owned();
    let plain = params.without("m").without("none").without("q");
    let shown = params.get("m").and_then(|seq| seq.parse::<u32>().ok());
    let place = shown.and_then(|seq| inside.seqs.binary_search(&seq).ok());
    Finder {
        count: inside.seqs.len(),
        place: place.map_or(0, |place| place + 1),
        previous: href(params, path, "hit", Way::Previous, from),
        next: href(params, path, "hit", Way::Next, from),
        tier: match inside.tier {
            _ if inside.seqs.is_empty() => String::new(),
            Match::AllWords => String::new(),
            Match::AnyWord => "some of the words".into(),
            Match::CloseSpelling => match inside.corrected.as_slice() {
                [] => "words spelt nearly so".into(),
                corrected => corrected.join(", "),
            },
        },
        filling: inside.filling,
        carried: plain.without("filter").without("tool").pairs().to_vec(),
        clear: plain.url(path),
        everywhere: Params::default().with("q", &q).url("/search"),
        q,
    }
}

/// To the neighbour that an address asks for: `jump` says of what kind, `from` from where, `way` in
/// which direction. The answer is a redirect, so that every place has one address.
pub fn go(app: &App, sid: Sid, path: &str, params: &Params, ask: &Ask) -> Answer {
    let kind = ask.params.get("jump").unwrap_or_default();
    let way = match ask.params.get("way") {
        Some("previous") => Way::Previous,
        _ => Way::Next,
    };
    let from = super::number(&ask.params, "from");
    let found = match (kind, params.get("q")) {
        ("hit", Some(q)) => app.engine.inside(sid, q)?.step(from, way),
        ("hit", None) => return respond_to(&params.without("m").url(path)),
        _ => {
            let tool = params.get("tool").unwrap_or_default();
            app.engine.landmark(sid, &landmark(kind, tool), from, way)?
        }
    };
    let kept = kept(params, kind);
    let to = match (found, from) {
        (Some(seq), _) => format!("{}#m{seq}", kept.with("m", &seq.to_string()).url(path)),
        (None, Some(seq)) => {
            let here = kept.with("m", &seq.to_string()).with("none", kind);
            format!("{}#m{seq}", here.url(path))
        }
        (None, None) => kept.with("none", kind).url(path),
    };
    respond_to(&to)
}

fn respond_to(path: &str) -> Answer {
    Ok(respond::back(Some(path)))
}

fn landmark(kind: &str, tool: &str) -> Landmark {
    match kind {
        "error" => Landmark::Error,
        "edit" => Landmark::Edit,
        "compaction" => Landmark::Compaction,
        "tool" => Landmark::Tool(tool.to_owned()),
        _ => Landmark::Prompt,
    }
}

/// Without a filter that would hide what is jumped to.
fn kept(params: &Params, kind: &str) -> Params {
    let passing: &[&str] = match kind {
        "prompt" => &["user"],
        "error" => &["errors"],
        "edit" => &["edits"],
        "tool" => &["tools"],
        _ => &[],
    };
    let params = params.without("m").without("none");
    match params.get("filter") {
        Some(filter) if !passing.contains(&filter) => params.without("filter"),
        _ => params,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_leaves_a_filter_that_would_hide_where_it_leads() {
        for (query, kind, want) in [
            ("filter=user&m=3", "prompt", "filter=user"),
            ("filter=user&m=3", "error", ""),
            ("filter=tools&tool=Bash", "tool", "filter=tools&tool=Bash"),
            ("filter=errors&q=x", "hit", "q=x"),
        ] {
            assert_eq!(
                kept(&Params::parse(query), kind).query(),
                want,
                "{query} {kind}"
            );
        }
    }

    #[test]
    fn the_finder_says_which_find_is_shown() {
        let inside = Inside {
            seqs: vec![4, 9, 12],
            ..Inside::default()
        };
        let finder = |query: &str| finder(&Params::parse(query), "/session/x", &inside, Some(9));
        let shown = finder("q=lantern&m=9");
        assert_eq!((shown.place, shown.count), (2, 3));
        assert_eq!(shown.next, "/session/x?q=lantern&jump=hit&from=9");
        assert_eq!(finder("q=lantern&m=5").place, 0);
        assert_eq!(shown.clear, "/session/x");
    }
}
