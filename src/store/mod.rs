//! Keep and count (redb). (under construction)
pub mod status;
