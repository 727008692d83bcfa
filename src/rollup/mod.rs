//! What does a session amount to? Pure folds over events; no I/O.
//!
//! [`SessionFold`] turns events into a summary, day rows and usage claims, from the beginning or from
//! where it stopped; [`usage`] says which claims are one response and whose it is; [`helper`] and
//! [`conversation_key`] are the one rule for hiding and grouping that every view shares.

mod conversation;
mod days;
mod files;
mod fold;
pub mod helper;
pub mod usage;
mod windows;

pub use conversation::conversation_key;
pub use days::LocalDays;
pub use files::merge_files;
pub use fold::{Copied, SessionFold, uuid_hash};
pub use helper::{HelperRules, PATTERNS, pattern_matches};
pub use windows::{WINDOW_MS, Windows};
