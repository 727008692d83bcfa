//! Every table on one page. Values are postcard behind one version byte, or fixed-width.
//!
//! A change of a value's shape is a new table name or a new [`super::SCHEMA`]; an older store is set
//! back and rebuilt from the sources, and what those do not hold any more is taken over from it.

use redb::TableDefinition;

type Bytes = &'static [u8];

/// `schema`, `generation`, `batch`, `next_sid`, `store_id`, `lost_sessions`, `lost_documents`,
/// `unsettled`; `zone` and `helper_rules`, the settings that days and helpers were told by.
pub const META: TableDefinition<&str, Bytes> = TableDefinition::new("meta");
/// sid -> `SessionSummary`.
pub const SESSIONS: TableDefinition<u32, Bytes> = TableDefinition::new("sessions");
/// `agent:native` -> sid.
pub const SID_BY_KEY: TableDefinition<&str, u32> = TableDefinition::new("sid_by_key");
/// (sid, local day) -> `DayStats`.
pub const DAYS: TableDefinition<(u32, i32), Bytes> = TableDefinition::new("days");
/// (sid, local day) -> the responses that count there, in order of time: see `rows::encode_responses`.
pub const RESPONSES: TableDefinition<(u32, i32), Bytes> = TableDefinition::new("responses");
/// (sid, chunk) -> `Vec<Claim>`, in order of arrival.
pub const CLAIMS: TableDefinition<(u32, u32), Bytes> = TableDefinition::new("claims");
/// Hash of agent and response key, modulo -> the whole hash and the sid of each claimer: 12 bytes each.
pub const CLAIMERS: TableDefinition<u32, Bytes> = TableDefinition::new("claimers");
/// (sid, chunk) -> its records: hash and time (lowest bit: marked as a copy), 16 bytes each.
pub const RECORDS: TableDefinition<(u32, u32), Bytes> = TableDefinition::new("records");
/// sid -> hashes of records that are other sessions': 8 bytes each, sorted. An empty value: the
/// session shares records, and all of its own are its own.
pub const COPIED: TableDefinition<u32, Bytes> = TableDefinition::new("copied");
/// sid -> `Vec<FileCount>`: files that its tool calls named.
pub const FILES: TableDefinition<u32, Bytes> = TableDefinition::new("files");
/// Path -> `SourceRow`.
pub const SOURCES: TableDefinition<&str, Bytes> = TableDefinition::new("sources");
/// Path -> `Vec<ParseIssue>`.
pub const ISSUES: TableDefinition<&str, Bytes> = TableDefinition::new("issues");
/// `agent:native` -> `Vec<Note>`.
pub const NOTES: TableDefinition<&str, Bytes> = TableDefinition::new("notes");
/// Project path -> repository root (`""`: looked, none found).
pub const REPOS: TableDefinition<&str, &str> = TableDefinition::new("repos");
/// Aggregate cache.
pub const RESULTS: TableDefinition<&str, Bytes> = TableDefinition::new("results");

// in marks.redb

/// `agent:native` -> time of starring, ms.
pub const STARS: TableDefinition<&str, i64> = TableDefinition::new("stars");
/// (`agent:native`, tag) -> time of tagging, ms.
pub const TAGS: TableDefinition<(&str, &str), i64> = TableDefinition::new("tags");
/// Number -> (service, plan, micro-dollars a month, first day, last day or `i32::MAX`).
pub const PLANS: TableDefinition<u64, (&str, &str, i64, i32, i32)> = TableDefinition::new("plans");
/// Tag -> word of its colour (`""`: none chosen). A tag that no session has is here alone.
pub const TAG_COLORS: TableDefinition<&str, &str> = TableDefinition::new("tag_colors");
/// `agent:native` -> (title that a person gave, time of that, ms).
pub const TITLES: TableDefinition<&str, (&str, i64)> = TableDefinition::new("titles");
/// Number -> (name, path of the page, its query string, time of saving, ms).
pub const SAVED: TableDefinition<u64, (&str, &str, &str, i64)> = TableDefinition::new("saved");
/// Text of a search -> when it was last made, ms.
pub const RECENT: TableDefinition<&str, i64> = TableDefinition::new("recent");
/// `anonymous` -> a number that was drawn once.
pub const SELF: TableDefinition<&str, u64> = TableDefinition::new("self");
