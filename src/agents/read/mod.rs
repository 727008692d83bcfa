//! Reading foreign files: what more than one room needs.
//!
//! [`folder`] lists, [`jsonl`] gives whole lines out of damaged files, [`json`] looks into a record without copying it,
//! [`prompt`] tells a person's words from the runtime's, [`text`] makes bodies fit to keep and
//! [`tool`] presents a tool call.

pub mod folder;
pub mod json;
pub mod jsonl;
pub mod patch;
pub mod prompt;
pub mod salvage;
pub mod text;
pub mod tool;
