//! codedash: every conversation a developer ever had with a coding agent, searchable, countable and
//! resumable on their own machine.
//!
//! # Layers (imports go down only; `tests/suite/layers.rs` holds this as a test)
//!
//! ```text
//! L4  web   cli                    web: engine, model.  cli: everything below, and web to serve it
//! L3  ingest   engine              L2 and below; never each other
//! L2  store    index               store: model.  index: model, query.  Never each other
//! L1  agents   pricing   query   rollup   transcript   endpoint     model only (rollup: + pricing)
//! L0  model                        std, serde and the time crate
//! ```
//!
//! # Walk: a line of JSONL to a page
//!
//! `ingest::watch` wakes; `ingest::scan` compares fingerprint and checkpoint and says New, Grown,
//! Replaced or Gone; a room of `agents` turns whole lines into events (a half-written tail waits, a bad
//! line is an issue); `rollup` folds them into a summary and day rows; message events become documents;
//! `ingest::commit` writes index, then store; the status goes out; a page's SSE line swaps what changed.
//!
//! # Walk: a search to a fragment
//!
//! `web::pages::search` reads typed params; `query::parse` gives a tree (never an error); `index::lower`
//! makes one boolean query; one pass of collectors gives best messages per session, exact totals and facet
//! counts; bodies are fetched for this page's hits only; `engine` joins summaries from one redb read
//! transaction; `web::respond` renders the page or its `results` block from the same struct and file.

// the docs are for those who work in here: a face may point at the private room behind it
#![allow(rustdoc::private_intra_doc_links)]

/// Many small pieces from many threads: beside glibc's arenas it halves the peak and takes a sixth off
/// the time of reading a large history.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod model;

pub mod agents;
pub mod endpoint;
pub mod pricing;
pub mod query;
pub mod rollup;
pub mod transcript;

pub mod index;
pub mod store;

pub mod engine;
pub mod ingest;

pub mod cli;
pub mod web;

pub mod config;
