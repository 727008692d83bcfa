//! Days and places: the timeline, and projects.

use super::{Amount, Card, CostView, FacetList, Filters, NamedAmount, ProjectName, Series};
use super::{DayAmount, ProjectRow};
use crate::model::{AgentInfo, Day, SessionSummary, Sid};
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub struct TimelineQuery {
    pub filters: Filters,
    /// The newest day wanted; `None`: the newest there is.
    pub until: Option<Day>,
    /// Days of one page; days without anything do not count.
    pub days: usize,
}

#[derive(Clone, Debug, Default)]
pub struct TimelinePage {
    /// Newest first.
    pub days: Vec<TimelineDay>,
    /// Where the next page begins, if there is one.
    pub next: Option<Day>,
    /// First days of the months that sessions span, newest first.
    pub months: Vec<Day>,
    /// Local days that shown sessions span, with how many, oldest first: for the calendar.
    pub spans: Vec<(Day, u32)>,
    pub shown_sessions: usize,
    pub hidden_sessions: usize,
    pub empty_sessions: usize,
    /// Shown sessions that record no time at all: they stand on no day.
    pub untimed_sessions: usize,
    pub facets: Vec<FacetList>,
    pub generation: u64,
}

/// What happened on a day: counts of sessions that lists show, money of all runs.
#[derive(Clone, Debug, Default)]
pub struct TimelineDay {
    pub day: Day,
    pub conversations: usize,
    pub sessions: usize,
    pub prompts: u64,
    pub messages: u64,
    pub active_ms: i64,
    pub cost: CostView,
    /// Runs that are not listed, and their part of the cost, micro-dollars.
    pub hidden: usize,
    pub hidden_cost: i64,
    /// Messages by local hour.
    pub by_hour: [u32; 24],
    /// Latest first.
    pub rows: Vec<TimelineRow>,
}

/// A session on one day, with what that day had of it.
#[derive(Clone, Debug, Default)]
pub struct TimelineRow {
    pub sid: Sid,
    pub session: Arc<SessionSummary>,
    /// `None` only in an empty row.
    pub agent: Option<&'static AgentInfo>,
    pub project: Arc<ProjectName>,
    pub starred: bool,
    /// First prompt of the day, else the hour of its first record, ms.
    pub at: Option<i64>,
    pub prompts: u32,
    pub messages: u32,
    pub active_ms: i64,
    pub by_hour: [u16; 24],
    pub cost: CostView,
    /// Which of its days this is, and how many it has.
    pub part: (usize, usize),
    /// Its records carry no times: this is all of it, on its last day.
    pub whole: bool,
}

/// Files of one language that tool calls named.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LanguageUse {
    pub name: &'static str,
    /// Calls that named a file of it, and how many different files of it (per session) they were.
    pub calls: u64,
    pub files: u64,
}

/// A file that tool calls named.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileUse {
    /// Within the project where it lies in it, else as written.
    pub path: String,
    /// Calls that only read it, and calls that wrote it.
    pub reads: u64,
    pub edits: u64,
    pub sessions: u64,
}

/// One project with everything that its page shows. Counts are of sessions that lists show, money of
/// all runs.
#[derive(Clone, Debug, Default)]
pub struct ProjectView {
    pub row: ProjectRow,
    /// Runs that are not listed.
    pub hidden_sessions: usize,
    pub total: Amount,
    /// Branches and remotes, most sessions first.
    pub branches: Vec<(String, usize)>,
    pub remotes: Vec<(String, usize)>,
    pub tags: Vec<(String, usize)>,
    pub first_at: Option<i64>,
    pub active_ms: i64,
    pub tool_calls: u64,
    pub tool_errors: u64,
    /// Oldest first.
    pub by_day: Vec<DayAmount>,
    /// Cost by day of each agent.
    pub agent_days: Vec<Series>,
    pub by_agent: Vec<NamedAmount>,
    pub by_model: Vec<NamedAmount>,
    /// Most calls first.
    pub files: Vec<FileUse>,
    pub files_all: usize,
    pub recent: Vec<Card>,
    pub costliest: Vec<Card>,
    pub generation: u64,
}
