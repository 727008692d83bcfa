//! Reading foreign files: what more than one room needs.

pub mod jsonl;
pub mod prompt;
pub mod sqlite;
pub mod text;
pub mod tool;
