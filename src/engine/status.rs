//! How the whole thing is doing.

use super::Engine;
use super::view::*;
use crate::agents;
use crate::index::{SearchRequest, Ticks};
use crate::query;
use crate::store::Reader;
use anyhow::{Context, Result, ensure};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Issues told on the status page.
const ISSUES: usize = 500;

/// All sources, counted.
#[derive(Default)]
pub(super) struct Sources {
    count: u64,
    gone: u64,
    /// Of those that are there.
    bytes: u64,
    by_agent: HashMap<String, u64>,
}

/// With the generation of the store that they were counted at.
pub(super) type SourcesTold = Mutex<Option<(u64, Arc<Sources>)>>;

impl Engine {
    pub(super) fn describe(&self) -> Result<StatusView> {
        let catalog = self.catalog.get()?;
        let reader = self.store.read()?;
        let issues = reader.issues(ISSUES)?;
        let sources = self.sources_told(&reader)?;
        let index = self
            .index
            .get()
            .map(|index| index.stats())
            .transpose()?
            .unwrap_or_default();
        let mut agents = self.agents_table();
        let place: HashMap<&str, usize> = agents
            .iter()
            .enumerate()
            .map(|(at, row)| (row.agent.id, at))
            .collect();
        for (agent, count) in &sources.by_agent {
            if let Some(at) = place.get(agent.as_str()) {
                agents[*at].sources += count;
            }
        }
        for (path, count) in &issues.by_path {
            let source = reader.source(path)?;
            if let Some(at) = source.and_then(|source| place.get(source.agent.as_str())) {
                agents[*at].issues += count;
            }
        }
        for entry in catalog.iter() {
            if let Some(at) = place.get(entry.info.id) {
                agents[*at].sessions += 1;
                agents[*at].messages += u64::from(entry.summary.messages);
            }
        }
        // display variants of agents are rows only where there are sessions of them
        agents.retain(|row| !row.roots.is_empty() || row.sessions > 0 || row.sources > 0);
        let by_kind = issues.by_kind.iter();
        Ok(StatusView {
            ingest: self.status.get(),
            sessions: catalog.len() as u64,
            hidden_sessions: catalog.iter().filter(|entry| entry.hidden).count() as u64,
            empty_sessions: catalog
                .iter()
                .filter(|entry| !entry.hidden && entry.summary.is_empty())
                .count() as u64,
            messages: agents.iter().map(|row| row.messages).sum(),
            documents: index.documents,
            segments: index.segments as u64,
            index_bytes: index.bytes,
            store_bytes: self.store.bytes(),
            source_bytes: sources.bytes,
            sources: sources.count,
            gone_sources: sources.gone,
            issues_total: issues.total,
            issues_by_kind: by_kind
                .map(|(kind, n)| (kind.label().to_owned(), *n))
                .collect(),
            issues: issues.first,
            agents,
            versions: vec![
                ("codedash".into(), env!("CARGO_PKG_VERSION").into()),
                ("index".into(), crate::index::INDEX_VERSION.into()),
            ],
            data_dir: self.config().data_dir().display().to_string(),
            zone: self.config().zone_name.clone(),
            set_aside: self.set_aside(),
            notes: self.notes(reader.lost()?)?,
            resident_bytes: resident_bytes(),
        })
    }

    /// Counts of sources; every row of them is read again only when the store has changed.
    fn sources_told(&self, reader: &Reader) -> Result<Arc<Sources>> {
        let generation = reader.generation()?;
        let mut told = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, sources)) = &*told
            && *of == generation
        {
            return Ok(sources.clone());
        }
        let mut sources = Sources::default();
        for row in reader.sources()? {
            sources.count += 1;
            match row.gone {
                true => sources.gone += 1,
                false => sources.bytes += row.fingerprint.size,
            }
            *sources.by_agent.entry(row.agent).or_default() += 1;
        }
        let sources = Arc::new(sources);
        *told = Some((generation, sources.clone()));
        Ok(sources)
    }

    fn agents_table(&self) -> Vec<AgentStatus> {
        let roots = self.config().roots(agents::all_infos());
        let row = |agent: &'static crate::model::AgentInfo| AgentStatus {
            agent,
            roots: roots
                .iter()
                .filter(|root| root.agent == agent.id)
                .map(|root| (root.path.display().to_string(), root.path.exists()))
                .collect(),
            sources: 0,
            sessions: 0,
            messages: 0,
            issues: 0,
        };
        agents::all_infos().map(row).collect()
    }

    /// What goes on because of stores of other versions, and what was lost with them.
    fn notes(&self, (sessions, messages): (u64, u64)) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        if let Some(trouble) = self.settings.trouble() {
            notes.push(format!(
                "the settings are those from before the last change of the file: {trouble}"
            ));
        }
        if let Some(earlier) = self.index.get().and_then(|index| index.earlier()) {
            let version = match earlier.version.as_str() {
                "" => "unknown",
                version => version,
            };
            notes.push(match earlier.serves {
                true => format!(
                    "the index of version {version} goes on answering searches until the new one is \
                     complete; what was written since is not in it"
                ),
                false => format!(
                    "an earlier index (version {version}) cannot be searched; messages that no source \
                     holds any more are taken from it when the new one is complete"
                ),
            });
        }
        if self.store.earlier()?.is_some() {
            notes.push(
                "the session store is made anew; sessions whose files are gone are taken over from \
                 the one before"
                    .to_owned(),
            );
        }
        if sessions + messages > 0 {
            notes.push(format!(
                "{sessions} sessions and {messages} messages of earlier stores, whose files are gone, \
                 could not be taken over; the stores were kept aside"
            ));
        }
        Ok(notes)
    }

    /// Files that did not open, at this start or an earlier one, lie beside the new ones.
    fn set_aside(&self) -> Vec<String> {
        let config = self.config();
        let folders = [config.dir.clone(), config.data_dir()];
        let items = folders
            .iter()
            .flat_map(std::fs::read_dir)
            .flatten()
            .flatten();
        let paths = items.map(|item| item.path().display().to_string());
        let mut aside: Vec<String> = paths.filter(|path| path.contains(".aside-")).collect();
        aside.sort_unstable();
        aside
    }

    pub(super) fn check(&self) -> Result<()> {
        let catalog = self
            .catalog
            .get()
            .context("the session store cannot be read")?;
        let Some(index) = self.index.get() else {
            return Ok(()); // still opening: `filling` says so where it matters
        };
        let request = SearchRequest {
            query: query::parse("the", self.today()),
            ticks: Ticks::default(),
            include_hidden: true,
            sort: Default::default(),
            offset: 0,
            limit: 1,
            snippets: 1,
            only: None,
            attrs: catalog.attrs.clone(),
            zone: self.config().zone.clone(),
            facets: false,
        };
        let answer = index
            .search(&request)
            .context("the index cannot be searched")?;
        ensure!(
            answer.sessions <= catalog.len() as u64,
            "the index answers with sessions that the store does not have"
        );
        let error = self.status.get().error;
        ensure!(
            error.is_none(),
            "reading fails: {}",
            error.unwrap_or_default()
        );
        Ok(())
    }
}

/// Resident set of this process; 0 where the platform does not tell.
fn resident_bytes() -> u64 {
    const PAGE: u64 = 4096;
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * PAGE
}
