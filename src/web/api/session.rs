//! `/api/session/{id}` and `/api/preview/{id}`: one session.

use super::message::{MessageRecord, PreviewRecord};
use super::params::Params;
use super::record::{CostRecord, SessionRecord, TokenRecord};
use super::reply::{Failure, Reply};
use crate::engine::view::{Card, MessagesQuery, RoleFilter, SessionView};
use crate::engine::{Engine, Found};
use crate::model::{ParseIssue, Sid};
use serde::{Deserialize, Serialize};

/// Messages of one answer when `limit` does not say, and at most.
const PAGE: usize = 200;
const MOST: usize = 5000;

/// A page of a transcript.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionAnswer {
    pub messages: Vec<MessageRecord>,
    /// Messages in the whole session that pass the `role` filter (a call and its output are one).
    pub total: usize,
    pub offset: usize,
    pub limit: usize,
    /// `offset` of the next page; `null` on the last.
    pub next: Option<usize>,
    /// The transcript is gone and this comes from the archive.
    pub from_archive: bool,
    pub session: SessionDetail,
}

/// A session with its relatives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionDetail {
    #[serde(flatten)]
    pub record: SessionRecord,
    /// Shell command that resumes it; `null` where the agent has none.
    pub resume: Option<String>,
    pub parent: Option<Relative>,
    /// Sub-agents and forks.
    pub children: Vec<Relative>,
    /// Other runs of the same conversation, newest first.
    pub retries: Vec<Relative>,
    pub cost_by_model: Vec<ModelCost>,
    /// What could not be read as it should in its transcript.
    pub issue_list: Vec<IssueRecord>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Relative {
    pub id: String,
    pub tool: String,
    pub name: String,
    pub last_ts: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelCost {
    pub model: String,
    pub tokens: TokenRecord,
    pub cost: CostRecord,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IssueRecord {
    pub path: String,
    /// 1-based line or record; 0 = the file as a whole.
    pub line: u64,
    pub kind: String,
    pub detail: String,
}

impl From<&ParseIssue> for IssueRecord {
    fn from(issue: &ParseIssue) -> IssueRecord {
        IssueRecord {
            path: issue.path.clone(),
            line: issue.line,
            kind: issue.kind.label().to_owned(),
            detail: issue.detail.clone(),
        }
    }
}

/// `GET /api/session/{id}`: [`SessionAnswer`], or 404 `{"error": ..., "messages": []}`.
///
/// `id` is the session's id, `agent:id`, or a beginning of it that only one session has (4 characters
/// at least). Parameters: `offset` (default 0), `limit` (default 200, at most 5000; the answer says what
/// was taken), `role` (`all`, `user`, `assistant`, `tools`), `around` (a `seq`: answers the page of
/// `limit` messages that holds it).
///
/// # Errors
/// 404 for an id that no session, or more than one, has; 400 for a parameter that is not allowed.
pub fn one(engine: &Engine, id: &str, params: &Params) -> Result<Reply<SessionAnswer>, Failure> {
    let sid = find(engine, id)?;
    let view = engine.session(sid)?.ok_or_else(|| unknown(id))?;
    let query = messages_query(params)?;
    let page = engine.messages(sid, &query)?;
    Ok(Reply::from(SessionAnswer {
        messages: page.items.iter().map(MessageRecord::from).collect(),
        total: page.total,
        offset: page.offset,
        limit: query.limit,
        next: page.next,
        from_archive: page.from_archive,
        session: SessionDetail::new(&view, &engine.config().zone),
    }))
}

/// `GET /api/preview/{id}`: an array of [`PreviewRecord`], the first prompts and answers. Parameter:
/// `limit` (default 10).
///
/// # Errors
/// As [`one`].
pub fn preview(
    engine: &Engine,
    id: &str,
    params: &Params,
) -> Result<Reply<Vec<PreviewRecord>>, Failure> {
    let sid = find(engine, id)?;
    let limit = params.number("limit")?.unwrap_or(10).min(MOST);
    // tool traffic between the first answers is skipped, so more than `limit` messages are looked at
    let query = MessagesQuery {
        limit: limit.saturating_mul(10),
        ..MessagesQuery::default()
    };
    let page = engine.messages(sid, &query)?;
    let prose = page.items.iter().filter(|item| item.role.is_prose());
    let preview: Vec<PreviewRecord> = prose.take(limit).map(PreviewRecord::from).collect();
    Ok(preview.into())
}

/// The session that an id of the URL names.
///
/// # Errors
/// 404: none has it, or several have.
pub fn find(engine: &Engine, id: &str) -> Result<Sid, Failure> {
    match engine.find_session(id)? {
        Found::One(sid) => Ok(sid),
        Found::None => Err(unknown(id)),
        Found::Many(ids) => Err(Failure::new(
            404,
            format!(
                "{id} begins the id of several sessions ({}): say more of it",
                ids.join(", ")
            ),
        )
        .with_messages()),
    }
}

pub(super) fn unknown(id: &str) -> Failure {
    let shown: String = id.chars().take(80).collect();
    Failure::new(404, format!("there is no session {shown}")).with_messages()
}

fn messages_query(params: &Params) -> Result<MessagesQuery, Failure> {
    let limit = params.number("limit")?.unwrap_or(PAGE);
    Ok(MessagesQuery {
        filter: role_filter(params)?,
        offset: params.number("offset")?.unwrap_or(0),
        limit: limit.min(MOST),
        around: params.number("around")?,
        only: None,
    })
}

pub(super) fn role_filter(params: &Params) -> Result<RoleFilter, Failure> {
    let filter = params.choice(
        "role",
        &[
            ("all", RoleFilter::All),
            ("user", RoleFilter::User),
            ("assistant", RoleFilter::Assistant),
            ("tools", RoleFilter::Tools),
        ],
    )?;
    Ok(filter.unwrap_or_default())
}

impl SessionDetail {
    pub(super) fn new(view: &SessionView, zone: &jiff::tz::TimeZone) -> SessionDetail {
        SessionDetail {
            record: SessionRecord::new(&view.card, zone),
            resume: view.resume.clone(),
            parent: view.parent.as_ref().map(relative),
            children: view.children.iter().map(relative).collect(),
            retries: view
                .retries
                .iter()
                .map(|member| Relative {
                    id: member.session.key.native.clone(),
                    tool: member.session.agent.as_str().to_owned(),
                    name: member.session.name().to_owned(),
                    last_ts: member.session.last_at,
                })
                .collect(),
            cost_by_model: view
                .cost_by_model
                .iter()
                .map(|(model, tokens, cost)| ModelCost {
                    model: model.clone(),
                    tokens: tokens.into(),
                    cost: cost.into(),
                })
                .collect(),
            issue_list: view.issues.iter().map(IssueRecord::from).collect(),
        }
    }
}

fn relative(card: &Card) -> Relative {
    Relative {
        id: card.session.key.native.clone(),
        tool: card.agent.id.to_owned(),
        name: card.session.name().to_owned(),
        last_ts: card.session.last_at,
    }
}
