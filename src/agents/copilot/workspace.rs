//! What stands beside the events: title, folder, repository, and when.

use crate::agents::EventSink;
use crate::agents::read::tell::Teller;
use crate::agents::read::whole;
use crate::model::{Checkpoint, Fact, Source, SourceMode, TitleRank, time};
use std::collections::BTreeMap;
use std::io;

/// Annotates the session; of one whose events are gone it is all there is.
pub fn parse(source: &Source, sink: &mut dyn EventSink) -> io::Result<Checkpoint> {
    let Some(text) = whole::text(&source.path, sink)? else {
        return Ok(Checkpoint::default());
    };
    let told: BTreeMap<&str, &str> = whole::pairs(&text).collect();
    let get = |key: &str| told.get(key).copied().unwrap_or("");
    let mut teller = Teller::beside(&source.native, SourceMode::StandIn, sink);
    let out = &mut teller.out(sink);
    let (first, last) = (
        time::from_text(get("created_at")),
        time::from_text(get("updated_at")),
    );
    out.record(first, 0, "");
    out.cwd(get("cwd"));
    out.branch(get("branch"));
    out.remote(&remote(get("host_type"), get("repository")));
    if let Some(first) = first {
        let last = last.unwrap_or(first).max(first);
        out.fact(Fact::Span { first, last });
    }
    out.title(TitleRank::Generated, get("summary"));
    out.title(TitleRank::Index, get("name"));
    Ok(Checkpoint::default())
}

/// `owner/name` at a known host as a URL; anything else as it stands.
pub fn remote(host: &str, repository: &str) -> String {
    match (host, repository) {
        (_, "") => String::new(),
        ("github" | "", name) if name.matches('/').count() == 1 && !name.contains(':') => {
            format!("https://github.com/{name}")
        }
        (_, name) => name.to_owned(),
    }
}
