//! `/api/session/{id}/stream`: a whole transcript as server-sent events.

use super::message::MessageRecord;
use super::params::Params;
use super::reply::{ErrorBody, off_thread};
use super::session;
use crate::engine::view::{MessagesQuery, RoleFilter};
use crate::model::Sid;
use crate::web::App;
use axum::extract::{Path, RawQuery, State};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use std::convert::Infallible;

/// Messages per event.
const CHUNK: usize = 50;

/// Data of an event.
#[derive(Serialize)]
struct Chunk {
    messages: Vec<MessageRecord>,
    offset: usize,
    total: usize,
}

#[derive(Serialize)]
struct Done {
    total: usize,
}

enum Step {
    Read(usize),
    Finish(usize),
    End,
}

/// `GET /api/session/{id}/stream`: unnamed events with `{"messages": [...], "offset", "total"}`, 50
/// messages each, then one event `done` with `{"total"}`, after which the stream ends (a browser's
/// `EventSource` reconnects unless it is closed then). An event `error` carries `{"error"}` and ends it
/// too, and so does the server's stop. Parameters: `offset` to begin at, `role` as in the session endpoint.
pub(super) async fn stream(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let found = off_thread(&app, move |engine| {
        let params = Params::parse(&query.unwrap_or_default())?;
        let offset = params.number("offset")?.unwrap_or(0);
        let filter = session::role_filter(&params)?;
        Ok((session::find(engine, &id)?, filter, offset))
    });
    match found.await {
        Ok((sid, filter, offset)) => events(app, sid, filter, offset),
        Err(failure) => failure.into_response(),
    }
}

fn events(app: App, sid: Sid, filter: RoleFilter, offset: usize) -> Response {
    let first = (app, Step::Read(offset));
    let chunks = stream::unfold(first, move |(app, step)| async move {
        match step {
            Step::Read(offset) => {
                let mut stopping = app.stopping.clone();
                let (event, next) = tokio::select! {
                    _ = stopping.wait_for(|stopping| *stopping) => return None,
                    read = read(&app, sid, filter, offset) => read,
                };
                Some((Ok::<Event, Infallible>(event), (app, next)))
            }
            Step::Finish(total) => {
                let event = Event::default().event("done");
                Some((Ok(json(event, &Done { total })), (app, Step::End)))
            }
            Step::End => None,
        }
    });
    Sse::new(chunks).into_response()
}

async fn read(app: &App, sid: Sid, filter: RoleFilter, offset: usize) -> (Event, Step) {
    let query = MessagesQuery {
        filter,
        offset,
        limit: CHUNK,
        around: None,
        only: None,
    };
    let page = off_thread(app, move |engine| Ok(engine.messages(sid, &query)?));
    match page.await {
        Ok(page) => {
            let chunk = Chunk {
                messages: page.items.iter().map(MessageRecord::from).collect(),
                offset: page.offset,
                total: page.total,
            };
            let next = page.next.map_or(Step::Finish(page.total), Step::Read);
            (json(Event::default(), &chunk), next)
        }
        Err(failure) => {
            let body = ErrorBody::from(failure);
            (json(Event::default().event("error"), &body), Step::End)
        }
    }
}

fn json(event: Event, data: &impl Serialize) -> Event {
    event
        .json_data(data)
        .expect("an event's data is set once and these types always serialise")
}
