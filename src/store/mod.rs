//! Keep and count (redb). (under construction)
pub mod status;

pub struct Store;
pub struct Marks;
