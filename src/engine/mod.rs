//! The read side: one facade over store and index. Plain structs in, plain structs out.
//!
//! Everything here is blocking and may be called from many threads. Lists and facets come from one
//! [`catalog`] snapshot; long computations are [`jobs`].

mod analytics;
mod bands;
mod breakdown;
mod catalog;
mod cost;
mod counts;
mod detail;
mod entry;
mod filter;
mod find;
mod git;
mod inside;
mod jobs;
mod languages;
mod leaderboard;
mod ledger;
mod map;
mod messages;
mod names;
mod outline;
mod patterns;
mod plans;
mod project;
mod projects;
mod ranks;
mod raw;
mod reading;
mod refresh;
mod report;
mod retell;
mod search;
mod session;
mod sessions;
mod standing;
mod status;
mod suggest;
mod tags;
mod tally;
#[cfg(test)]
mod testing;
mod timeline;
mod trial;
mod turns;
pub mod view;

pub use leaderboard::{active_days, of_day, streaks};

/// Every agent and display variant there is, in table order.
pub use crate::agents::all_infos as agents;
pub use patterns::PatternCount;
pub use suggest::{Offer, Suggestion};

use crate::config::{Config, Live, now_ms};
use crate::index::SearchIndex;
use crate::model::{Day, SessionSummary, Sid};
use crate::store::{Marks, Store, status::StatusBoard};
use std::sync::Arc;
use view::*;

/// A job that has little to do is waited for this long, so that its figures come with the page.
const MOMENT: std::time::Duration = std::time::Duration::from_millis(12);

/// Searches longer than that (bytes) are not remembered.
const LONGEST_SEARCH: usize = 400;

/// Everything that pages, JSON and verbs read. Cheap to share: one `Arc` per process.
pub struct Engine {
    /// They follow `config.toml`: see [`Engine::config`].
    pub settings: Arc<Live>,
    /// As they were when it began: what it listens on and how much memory it plans with.
    pub started: Arc<Config>,
    pub store: Arc<Store>,
    pub marks: Arc<Marks>,
    /// Empty until the index has been opened (it may be opened after the server listens).
    pub index: std::sync::OnceLock<Arc<SearchIndex>>,
    pub status: Arc<StatusBoard>,
    catalog: Arc<refresh::CatalogCell>,
    analytics: analytics::Room,
    sources: status::SourcesTold,
    patterns: patterns::PatternsTold,
    maps: map::Maps,
    courses: turns::Courses,
    git: git::Desk,
}

impl Engine {
    pub fn new(
        config: Arc<Config>,
        store: Arc<Store>,
        marks: Arc<Marks>,
        status: Arc<StatusBoard>,
    ) -> Engine {
        // the price table takes tens of milliseconds to decode: nobody shall wait for it
        let _ = std::thread::Builder::new()
            .name("prices".into())
            .spawn(crate::pricing::warm);
        let settings = Arc::new(Live::new(config.clone()));
        let catalog = refresh::CatalogCell::new(store.clone(), marks.clone(), settings.clone());
        let catalog = Arc::new(catalog);
        Engine {
            analytics: analytics::Room::new(store.clone(), catalog.clone()),
            catalog,
            settings,
            started: config,
            maps: map::Maps::default(),
            courses: turns::Courses::default(),
            git: git::Desk::default(),
            sources: Default::default(),
            patterns: Default::default(),
            store,
            marks,
            index: Default::default(),
            status,
        }
    }

    /// Reads what every page needs, so that the first one finds it there.
    pub fn prepare(&self) {
        // a store that cannot be read says so on the page that asks
        let _ = self.catalog.get();
    }
    /// The settings as they are now. Whoever needs several takes them once: the next may be others.
    pub fn config(&self) -> Arc<Config> {
        self.settings.get()
    }
    /// Today in the configured zone.
    pub fn today(&self) -> Day {
        crate::rollup::LocalDays::new(self.config().zone.clone())
            .at(now_ms())
            .0
    }
    /// Generations of the store, the marks, the prices and the settings: while they stay, so does every list.
    pub fn generations(&self) -> anyhow::Result<(u64, u64, u64, u64)> {
        let store = self.store.read()?.generation()?;
        let (priced, settings) = (self.catalog.priced(), self.settings.version());
        Ok((store, self.marks.generation(), priced, settings))
    }
    pub fn sessions(&self, query: &SessionsQuery) -> anyhow::Result<SessionsPage> {
        self.list_sessions(query)
    }
    /// All sessions that match, without grouping, newest first (JSON, CLI).
    pub fn session_rows(&self, query: &SessionsQuery) -> anyhow::Result<Rows> {
        self.list_rows(query)
    }
    /// What lists show of these sessions, in the same order (one read of the stores for all).
    pub fn cards(&self, rows: &[Row]) -> anyhow::Result<Vec<Card>> {
        self.cards_of(rows)
    }
    /// Equal for runs of one conversation; `None`: it never groups.
    pub fn conversation_key(session: &SessionSummary) -> Option<u64> {
        crate::rollup::conversation_key(session)
    }
    /// By native id, `agent:native`, or a unique prefix of at least 4 characters.
    pub fn find_session(&self, id: &str) -> anyhow::Result<Found> {
        self.find(id)
    }
    /// The sessions of these `agent:native` names, in the same order.
    pub fn named_sessions(&self, names: &[&str]) -> anyhow::Result<Vec<Option<Sid>>> {
        let catalog = self.catalog.get()?;
        Ok(names.iter().map(|name| catalog.named(name)).collect())
    }
    pub fn session(&self, sid: Sid) -> anyhow::Result<Option<SessionView>> {
        self.show_session(sid)
    }
    /// What each prompt of a session cost (its own responses, not its sub-agents').
    pub fn turns(&self, sid: Sid) -> anyhow::Result<Vec<TurnView>> {
        self.list_turns(sid)
    }
    /// The same, and its responses in order of time.
    pub fn course(&self, sid: Sid) -> anyhow::Result<Arc<Course>> {
        self.spend(sid)
    }
    /// A session by its prompts, with what each came to.
    pub fn outline(&self, sid: Sid, query: &OutlineQuery) -> anyhow::Result<Outline> {
        self.outline_of(sid, query)
    }
    /// Ordinal of the next (or previous) item of a kind, seen from this message; `None` when there is
    /// none that way.
    pub fn landmark(
        &self,
        sid: Sid,
        landmark: &Landmark,
        from: Option<u32>,
        way: Way,
    ) -> anyhow::Result<Option<u32>> {
        self.next_landmark(sid, landmark, from, way)
    }
    /// Files that a session edited or wrote, in order of the first edit.
    pub fn touched(&self, sid: Sid) -> anyhow::Result<Vec<Touched>> {
        self.touched_files(sid)
    }
    /// Edits of one of these files, in order.
    pub fn edits(
        &self,
        sid: Sid,
        path: &str,
        offset: usize,
        limit: usize,
    ) -> anyhow::Result<MessagesPage> {
        self.edits_of(sid, path, offset, limit)
    }
    /// Every message of one session that answers a question, in order.
    pub fn inside(&self, sid: Sid, text: &str) -> anyhow::Result<Inside> {
        self.find_inside(sid, text)
    }
    /// What a session's responses cost by tool; `""`: those that called none.
    pub fn tool_costs(&self, sid: Sid) -> anyhow::Result<Vec<(String, Amount)>> {
        self.list_tools(sid)
    }
    pub fn messages(&self, sid: Sid, query: &MessagesQuery) -> anyhow::Result<MessagesPage> {
        self.page_of_messages(sid, query)
    }
    /// What the agent itself wrote of a message.
    pub fn raw(&self, sid: Sid, seq: u32) -> anyhow::Result<RawAnswer> {
        self.raw_of(sid, seq)
    }
    /// The picture `number` (from 0) of a message; `None`: its source has no such picture (any more).
    pub fn picture(&self, sid: Sid, seq: u32, number: usize) -> anyhow::Result<Option<Picture>> {
        self.picture_of(sid, seq, number)
    }
    /// Asks the endpoint for titles to name a made-up conversation; `None` while none is set up.
    pub fn try_titles(&self) -> Option<Trial> {
        self.trial()
    }
    /// Every message in its order, calls and outputs apart, until `each` says `false`.
    pub fn each_message(
        &self,
        sid: Sid,
        each: &mut dyn FnMut(TranscriptItem) -> bool,
    ) -> anyhow::Result<()> {
        self.retell(sid, each)
    }
    /// Writes a session as Markdown, while it is read.
    pub fn export(
        &self,
        sid: Sid,
        options: ExportOptions,
        out: &mut dyn std::io::Write,
    ) -> anyhow::Result<()> {
        self.markdown_of(sid, options, out)
    }
    /// Commits of the session's repository from its first to its last record.
    pub fn git_commits(&self, sid: Sid) -> anyhow::Result<GitAnswer<Commits>> {
        self.commits_of(sid)
    }
    /// The same for a project between two moments (ms); `None`: no session names it.
    pub fn git_commits_in(
        &self,
        project: &str,
        span: Option<(i64, i64)>,
    ) -> anyhow::Result<Option<GitAnswer<Commits>>> {
        self.commits_of_project(project, span)
    }
    pub fn git_info(&self, sid: Sid) -> anyhow::Result<GitAnswer<GitInfo>> {
        self.repository_of(sid)
    }
    /// The same for a project; `None`: no session names it.
    pub fn git_info_in(&self, project: &str) -> anyhow::Result<Option<GitAnswer<GitInfo>>> {
        self.repository_of_project(project)
    }
    pub fn search(&self, query: &SearchQuery) -> anyhow::Result<SearchPage> {
        self.answer(query)
    }
    /// What may follow at the cursor (in bytes) of a question that is being typed.
    pub fn suggest(&self, text: &str, cursor: usize) -> anyhow::Result<Vec<Suggestion>> {
        self.complete(text, cursor)
    }
    /// What was searched for last, newest first.
    pub fn recent_searches(&self) -> anyhow::Result<Vec<String>> {
        self.marks.recent()
    }
    pub fn note_search(&self, text: &str) -> anyhow::Result<()> {
        match text.trim() {
            text if text.is_empty() || text.len() > LONGEST_SEARCH => Ok(()),
            text => self.marks.note_recent(text, now_ms()),
        }
    }
    /// Forgets one search, or all.
    pub fn forget_search(&self, text: Option<&str>) -> anyhow::Result<()> {
        self.marks.forget_recent(text)
    }
    pub fn projects(&self, filters: &Filters) -> anyhow::Result<ProjectsPage> {
        self.list_projects(filters)
    }
    /// The analytics job for this question as it stands: starts it if nobody has. A job that is done
    /// in a moment is waited for; nothing longer ever is. `refresh`: everything is read anew.
    pub fn analytics(
        &self,
        query: &AnalyticsQuery,
        refresh: bool,
    ) -> anyhow::Result<Job<Analytics>> {
        let slot = self.analytics_slot(query, refresh)?;
        Ok(match self.status.get().listing_complete {
            true => slot.wait(1.0, MOMENT),
            false => slot.get(),
        })
    }
    /// Blocks until the job has got further than `seen` (a progress value) or is done; at most `limit`.
    pub fn analytics_wait(
        &self,
        query: &AnalyticsQuery,
        seen: f32,
        limit: std::time::Duration,
    ) -> anyhow::Result<Job<Analytics>> {
        Ok(self.analytics_slot(query, false)?.wait(seen, limit))
    }
    /// Plans that people pay for beside what `figures`, the answer to `query`, would have cost.
    pub fn subscriptions(
        &self,
        figures: &Analytics,
        query: &AnalyticsQuery,
    ) -> anyhow::Result<Subscriptions> {
        self.list_plans(figures, query)
    }
    /// Notes a plan; a known `id` is changed, 0 is a new one. Its id.
    pub fn put_subscription(&self, entry: &Subscription) -> anyhow::Result<u64> {
        self.put_plan(entry)
    }
    pub fn remove_subscription(&self, id: u64) -> anyhow::Result<()> {
        self.marks.remove_plan(id)
    }
    /// Tokens and money by any of their sides.
    pub fn breakdown(&self, query: &BreakdownQuery) -> anyhow::Result<Breakdown> {
        self.break_down(query)
    }
    /// What these patterns of helper runs and the built-in ones behind them match.
    pub fn pattern_counts(&self, own: &[String]) -> anyhow::Result<Vec<PatternCount>> {
        self.count_patterns(own)
    }
    pub fn status(&self) -> anyhow::Result<StatusView> {
        self.describe()
    }
    /// Runs a real query on the real reader: `Err` says what is broken.
    pub fn health(&self) -> anyhow::Result<()> {
        self.check()
    }
    /// Stars or unstars these sessions, all of them or none.
    pub fn set_stars(&self, sids: &[Sid], on: bool) -> anyhow::Result<()> {
        self.star(sids, on)
    }
    pub fn set_star(&self, sid: Sid, on: bool) -> anyhow::Result<()> {
        self.star(&[sid], on)
    }
    /// Gives these sessions a tag or takes it, all of them or none.
    pub fn set_tags(&self, sids: &[Sid], tag: &str, on: bool) -> anyhow::Result<()> {
        self.tag(sids, tag, on)
    }
    pub fn set_tag(&self, sid: Sid, tag: &str, on: bool) -> anyhow::Result<()> {
        self.tag(&[sid], tag, on)
    }
    /// Gives a session a title of one's own; `""`: it has the agent's again.
    pub fn set_title(&self, sid: Sid, title: &str) -> anyhow::Result<()> {
        self.title(sid, title)
    }
    /// Tags in use, and those that were made without a session, in order.
    pub fn tags(&self) -> anyhow::Result<Vec<TagRow>> {
        self.list_tags()
    }
    /// Gives a tag one of [`TAG_COLORS`] or none (`""`), and makes it when there is none.
    pub fn color_tag(&self, tag: &str, color: &str) -> anyhow::Result<()> {
        self.paint_tag(tag, color)
    }
    /// Calls a tag otherwise on every session; one that is there already takes it in.
    pub fn rename_tag(&self, tag: &str, to: &str) -> anyhow::Result<()> {
        self.call_tag(tag, to)
    }
    /// Takes a tag from every session.
    pub fn remove_tag(&self, tag: &str) -> anyhow::Result<()> {
        self.marks.remove_tag(tag)
    }
    pub fn saved(&self) -> anyhow::Result<Vec<SavedSearch>> {
        self.list_saved()
    }
    /// Saves a search; a known `id` is changed, 0 is a new one. Its id.
    pub fn put_saved(&self, search: &SavedSearch) -> anyhow::Result<u64> {
        self.save(search)
    }
    pub fn remove_saved(&self, id: u64) -> anyhow::Result<()> {
        self.marks.remove_saved(id)
    }
    /// Which of these sessions a list does not show, whatever page of it is open.
    pub fn filtered_out(&self, sids: &[Sid], query: &SessionsQuery) -> anyhow::Result<Vec<Sid>> {
        self.out_of_list(sids, query)
    }
}

/// A session in a plain list.
pub type Row = (Sid, Arc<SessionSummary>);

/// Answer of [`Engine::session_rows`].
pub struct Rows {
    pub rows: Vec<Row>,
    /// Sessions that match, whatever the limit says.
    pub total: usize,
    /// Helpers and sub-agents that match but are not asked for.
    pub hidden: usize,
    /// Sessions without any message, the same.
    pub empty: usize,
}

/// Answer of [`Engine::find_session`].
pub enum Found {
    One(Sid),
    None,
    /// Several sessions begin so; the first few full ids.
    Many(Vec<String>),
}
