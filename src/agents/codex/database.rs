//! Codex's own databases: titles, folders, who spawned whom, and the first prompt of threads whose
//! rollout is gone. Always read whole; what they say annotates sessions.

use super::prompt;
use crate::agents::read::sqlite::{Db, Row};
use crate::agents::read::text;
use crate::agents::read::value::is_id;
use crate::agents::{EventSink, Flow};
use crate::model::{
    Event, EventKind, Fact, Message, ParseIssue, Relation, SessionStart, Source, SourceMode,
    TitleRank,
};
use std::path::Path;

pub(super) fn parse(source: &Source, sink: &mut dyn EventSink) {
    if let Err(issue) = read(source, sink) {
        sink.issue(issue);
    }
}

fn read(source: &Source, sink: &mut dyn EventSink) -> Result<(), ParseIssue> {
    let db = Db::open(&source.path)?;
    let tables = db.tables()?;
    let has = |name: &str| tables.iter().any(|table| table == name);
    let is_state = source
        .path
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("state"));
    // a state database without threads is a layout to be told of; a history may well have none
    if has("threads") || is_state {
        threads(&db, source, sink)?;
    }
    if has("thread_spawn_edges") {
        spawned(&db, sink)?;
    }
    for table in tables.iter().filter(|name| *name != "threads") {
        names(&db, table, sink)?;
    }
    Ok(())
}

const THREAD: [&str; 13] = [
    "id",
    "rollout_path",
    "title",
    "name",
    "first_user_message",
    "cwd",
    "archived",
    "agent_nickname",
    "agent_role",
    "created_at_ms",
    "created_at",
    "updated_at_ms",
    "updated_at",
];

fn threads(db: &Db, source: &Source, sink: &mut dyn EventSink) -> Result<(), ParseIssue> {
    let home = source.path.parent().unwrap_or(Path::new(""));
    let history = Told::of(home);
    db.rows("threads", &THREAD, &mut |row| {
        let Some(native) = row.text(0).filter(|id| is_id(id)) else {
            return Flow::Go;
        };
        let first = row.text(4).unwrap_or_default();
        let lost = row.text(1).is_some_and(|path| !has_rollout(home, &path));
        // of a session that the history tells of too, the history tells more
        let stands_in = lost && !first.trim().is_empty() && !history.tells(&native);
        sink.session(SessionStart {
            native,
            mode: match stands_in {
                true => SourceMode::StandIn,
                false => SourceMode::Annotate,
            },
        });
        let mut out = Out {
            sink,
            row,
            at: None,
        };
        for fact in facts(row, &first) {
            if out.push(EventKind::Fact(fact)) == Flow::Stop {
                return Flow::Stop;
            }
        }
        match stands_in {
            true => out.stand_in(&first),
            false => Flow::Go,
        }
    })
}

fn facts(row: &Row<'_>, first: &str) -> Vec<Fact> {
    let title = |text: String| Fact::Title {
        rank: TitleRank::Index,
        text: text::one_line(&text, text::MAX_TITLE),
    };
    // before a thread is named its title is the beginning of its first prompt
    let own_words = |text: &String| {
        !first
            .trim_start()
            .starts_with(text.trim_end_matches(['…', '.']).trim())
    };
    let mut facts = Vec::new();
    facts.extend(row.text(3).or(row.text(2).filter(own_words)).map(title));
    facts.extend(row.text(5).map(|cwd| Fact::Cwd(plain_path(&cwd))));
    facts.extend((row.number(6) == Some(1.0)).then_some(Fact::Archived));
    facts.extend(row.text(7).or(row.text(8)).map(Fact::AgentLabel));
    facts
}

struct Out<'a, 'r> {
    sink: &'a mut dyn EventSink,
    row: &'a Row<'r>,
    at: Option<i64>,
}

impl Out<'_, '_> {
    fn push(&mut self, kind: EventKind) -> Flow {
        self.sink.event(Event {
            at: self.at,
            offset: self.row.number,
            kind,
        })
    }

    fn stand_in(&mut self, first: &str) -> Flow {
        self.at = self.row.time(9).or(self.row.time(10));
        let last = self.row.time(11).or(self.row.time(12)).or(self.at);
        if let (Some(first), Some(last)) = (self.at, last)
            && self.push(EventKind::Fact(Fact::Span { first, last })) == Flow::Stop
        {
            return Flow::Stop;
        }
        let prompt = prompt::read(first);
        let mut body = text::body(prompt.text);
        if !self.sink.wants().prose {
            body.text
                .truncate(text::head(&body.text, text::PROMPT_HEAD).len());
        }
        self.push(EventKind::Message(Box::new(Message {
            prompt: prompt.kind,
            text: body.text,
            bytes: body.bytes,
            cut: body.cut,
            images: body.images,
            ..Message::default()
        })))
    }
}

fn spawned(db: &Db, sink: &mut dyn EventSink) -> Result<(), ParseIssue> {
    let columns = ["child_thread_id", "parent_thread_id"];
    db.rows("thread_spawn_edges", &columns, &mut |row| {
        let (Some(child), Some(parent)) = (row.text(0), row.text(1)) else {
            return Flow::Go;
        };
        if !is_id(&child) || !is_id(&parent) {
            return Flow::Go;
        }
        let fact = Fact::Parent {
            native: parent,
            relation: Relation::SubAgent,
        };
        annotate(sink, row, child, fact)
    })
}

/// Any other table that names threads, whatever the version calls it.
fn names(db: &Db, table: &str, sink: &mut dyn EventSink) -> Result<(), ParseIssue> {
    let columns = db.columns(table)?;
    let find = |names: &[&'static str]| {
        let known = |name: &&&str| columns.iter().any(|column| column == **name);
        names.iter().find(known).copied()
    };
    let about_threads = table.starts_with("thread") && !table.contains("tool");
    let id = find(&["thread_id"]).or_else(|| find(&["id"]).filter(|_| about_threads));
    let name = find(&["thread_name", "name", "title"]);
    let (true, Some(id), Some(name)) = (about_threads, id, name) else {
        return Ok(());
    };
    db.rows(table, &[id, name], &mut |row| {
        let (Some(native), Some(name)) = (row.text(0).filter(|id| is_id(id)), row.text(1)) else {
            return Flow::Go;
        };
        let title = Fact::Title {
            rank: TitleRank::Index,
            text: text::one_line(&name, text::MAX_TITLE),
        };
        annotate(sink, row, native, title)
    })
}

fn annotate(sink: &mut dyn EventSink, row: &Row<'_>, native: String, fact: Fact) -> Flow {
    sink.session(SessionStart {
        native,
        mode: SourceMode::Annotate,
    });
    let mut out = Out {
        sink,
        row,
        at: None,
    };
    out.push(EventKind::Fact(fact))
}

/// The prompt history beside the database, to look ids up in.
struct Told(Vec<u8>);

impl Told {
    fn of(home: &Path) -> Told {
        let near = [Some(home), home.parent()].into_iter().flatten();
        let read = near.map(|home| std::fs::read(home.join("history.jsonl")));
        Told(read.flatten().next().unwrap_or_default())
    }

    fn tells(&self, native: &str) -> bool {
        memchr::memmem::find(&self.0, native.as_bytes()).is_some()
    }
}

/// The rollout lies where the row says, below this home (which may have moved, or be another
/// machine's): as it was, packed, or archived.
fn has_rollout(home: &Path, path: &str) -> bool {
    let steps: Vec<&str> = path
        .split(['/', '\\'])
        .filter(|step| !step.is_empty())
        .collect();
    let Some(name) = steps.last() else {
        return false;
    };
    let below = steps.iter().rposition(|step| *step == "sessions");
    let dated = below.map_or_else(|| (*name).to_owned(), |at| steps[at..].join("/"));
    let packed = |place: &Path| {
        let mut packed = place.as_os_str().to_owned();
        packed.push(".zst");
        place.exists() || Path::new(&packed).exists()
    };
    // the database may lie in a folder of its own inside the home
    [Some(home), home.parent()]
        .into_iter()
        .flatten()
        .any(|home| {
            !steps.contains(&"..")
                && (packed(&home.join(&dated))
                    || packed(&home.join("archived_sessions").join(name)))
        })
}

/// `\\?\C:\x` is `C:\x`, `\\?\UNC\srv\x` is `\\srv\x`.
fn plain_path(path: &str) -> String {
    match path.strip_prefix(r"\\?\") {
        Some(rest) => match rest.strip_prefix(r"UNC\") {
            Some(share) => format!(r"\\{share}"),
            None => rest.to_owned(),
        },
        None => path.to_owned(),
    }
}
