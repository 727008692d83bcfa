//! Where a verb gets its answers: from the running server, or from stores that it opens itself.

use super::index::Bar;
use super::owner::{self, Claim, Lock, ServerFile};
use super::{Usage, log, open, text};
use crate::agents;
use crate::config::{Config, Flags, Surroundings};
use crate::engine::Engine;
use crate::engine::view::ExportOptions;
use crate::ingest::Ingest;
use crate::store::status::{IngestStatus, Phase};
use crate::web::api::params::Params;
use crate::web::api::reply::{Counts, ErrorBody, Failure, Reply};
use crate::web::api::session;
use crate::web::api::{Endpoint, SessionEndpoint};
use anyhow::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

/// How long a server may think before a verb gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much of the histories must have been read before the answer is worth giving.
#[derive(Clone, Copy, PartialEq)]
pub enum Need {
    /// Whatever is there.
    Nothing,
    /// Every session with its numbers.
    Listing,
    /// Every message.
    Index,
}

pub enum Ask {
    Server(ServerFile),
    Own(Box<Own>),
}

/// The stores, open in this process.
pub struct Own {
    engine: Arc<Engine>,
    ingest: Option<Ingest>,
    // dropped last: nobody else may open the stores before they are closed
    _lock: Lock,
}

/// The settings of this run.
///
/// # Errors
/// See [`Config::resolve`].
pub fn config(flags: &Flags) -> anyhow::Result<Config> {
    let around = Surroundings::of_process();
    let config = Config::resolve(flags, &around, agents::all_infos())?;
    for warning in &config.warnings {
        writeln!(anstream::stderr(), "codedash: {warning}")?;
    }
    Ok(config)
}

impl Ask {
    /// Finds the server or opens the stores, reading what `need` asks for first.
    ///
    /// # Errors
    /// Settings, a busy folder, stores that do not open.
    pub fn open(flags: &Flags, verb: &str, need: Need) -> anyhow::Result<Ask> {
        let config = config(flags)?;
        log::start(&config, false)?;
        let lock = match owner::claim(&config, verb)? {
            Claim::Server(server) => {
                if !flags.roots.is_empty() {
                    let url = &server.url;
                    let note = format!("the server at {url} answers, --root is left out");
                    writeln!(anstream::stderr(), "codedash: {note}")?;
                }
                return Ok(Ask::Server(server));
            }
            Claim::Mine(lock) => lock,
        };
        let engine = open::stores(Arc::new(config))?.engine;
        let index = open::index(&engine)?;
        let ingest = (need != Need::Nothing).then(|| index.keep_up(&engine));
        let ingest = ingest.transpose()?;
        let own = Own {
            engine,
            ingest,
            _lock: lock,
        };
        own.wait(need)?;
        Ok(Ask::Own(Box::new(own)))
    }

    /// Asks an endpoint.
    ///
    /// # Errors
    /// What the endpoint refuses; [`Usage`] when that is a parameter.
    pub fn get<T: Serialize + DeserializeOwned>(
        &self,
        path: &str,
        params: &Params,
        endpoint: Endpoint<T>,
    ) -> anyhow::Result<Reply<T>> {
        match self {
            Ask::Server(server) => over_http(server, path, params),
            Ask::Own(own) => endpoint(&own.engine, params).map_err(refusal),
        }
    }

    /// Asks an endpoint about one session.
    ///
    /// # Errors
    /// As [`Ask::get`], and that there is no such session.
    pub fn get_session<T: Serialize + DeserializeOwned>(
        &self,
        id: &str,
        params: &Params,
        endpoint: SessionEndpoint<T>,
    ) -> anyhow::Result<Reply<T>> {
        match self {
            Ask::Server(server) => {
                use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
                let id = utf8_percent_encode(id, NON_ALPHANUMERIC);
                over_http(server, &format!("/api/session/{id}"), params)
            }
            Ask::Own(own) => endpoint(&own.engine, id, params).map_err(refusal),
        }
    }
}

impl Ask {
    /// Writes a session as Markdown.
    ///
    /// # Errors
    /// There is no such session, its source cannot be read, or `out` fails.
    pub fn export(
        &self,
        id: &str,
        options: ExportOptions,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let server = match self {
            Ask::Server(server) => server,
            Ask::Own(own) => {
                let sid = session::find(&own.engine, id).map_err(refusal)?;
                return own.engine.export(sid, options, out);
            }
        };
        use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
        let id = utf8_percent_encode(id, NON_ALPHANUMERIC);
        let part = |wanted: bool| u8::from(wanted);
        let path = format!(
            "/api/session/{id}/export?tools={}&thinking={}",
            part(options.tools),
            part(options.thinking)
        );
        let answer = server
            .get(&path, PATIENCE)
            .with_context(|| format!("the server at {}", server.url))?;
        if answer.status != 200 {
            return Err(refused(server, answer.status, &answer.body));
        }
        Ok(out.write_all(&answer.body)?)
    }
}

/// What the server says of a request that it does not answer.
fn refused(server: &ServerFile, status: u16, body: &[u8]) -> anyhow::Error {
    let body: Result<ErrorBody, _> = serde_json::from_slice(body);
    let error = body.map_or_else(
        |_| format!("the server at {} answers {status}", server.url),
        |body| body.error,
    );
    refusal(Failure::new(status, error))
}

fn over_http<T: DeserializeOwned>(
    server: &ServerFile,
    path: &str,
    params: &Params,
) -> anyhow::Result<Reply<T>> {
    let query = params.to_query();
    let path = match query.as_str() {
        "" => path.to_owned(),
        query => format!("{path}?{query}"),
    };
    let answer = server
        .get(&path, PATIENCE)
        .with_context(|| format!("the server at {}", server.url))?;
    if answer.status != 200 {
        return Err(refused(server, answer.status, &answer.body));
    }
    let body = serde_json::from_slice(&answer.body).with_context(|| {
        format!(
            "the server at {} is codedash {} and this is {}: start it anew",
            server.url,
            server.version,
            env!("CARGO_PKG_VERSION")
        )
    })?;
    let number = |name: &str| answer.header(name)?.parse().ok();
    let counts = number("x-total-count")
        .zip(number("x-helper-count"))
        .map(|(total, hidden)| Counts {
            total,
            hidden,
            empty: number("x-empty-count").unwrap_or(0),
        });
    Ok(Reply {
        body,
        status: answer.status,
        counts,
    })
}

fn refusal(failure: Failure) -> anyhow::Error {
    match failure.status {
        400 => Usage(failure.error).into(),
        _ => anyhow::anyhow!(failure.error),
    }
}

impl Own {
    /// Waits until the histories have been read as far as the answer needs.
    fn wait(&self, need: Need) -> anyhow::Result<()> {
        if need == Need::Nothing {
            return Ok(());
        }
        let enough = |status: &IngestStatus| match (need, status.phase) {
            (_, Phase::Idle) => true,
            (Need::Listing, Phase::Prose | Phase::Rest) => status.listing_complete,
            _ => false,
        };
        // elsewhere than on a terminal only the answer is of interest
        let bar = std::io::stderr().is_terminal().then(|| Bar::new(true));
        let clear = || bar.iter().for_each(Bar::clear);
        let board = &self.engine.status;
        let mut seen = board.version();
        loop {
            let status = board.get();
            if let Some(error) = &status.error {
                clear();
                writeln!(anstream::stderr(), "codedash: {}", text::line(error))?;
                return Ok(());
            }
            if enough(&status) {
                clear();
                return Ok(());
            }
            bar.iter().for_each(|bar| bar.show(&status));
            seen = board.wait(seen, Duration::from_millis(200));
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(ingest) = self.ingest.take() {
            ingest.stop();
        }
    }
}
