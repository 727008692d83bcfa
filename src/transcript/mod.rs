//! How is it retold? A session's messages in order, with calls and outputs paired, page by page.
//!
//! [`Pager`] is fed messages as they lie in the file and keeps one page of them; it says when
//! nothing more can change that page, so that a long file is read only as far as needed.
//! [`Markdown`] writes a whole session while it is read.

mod markdown;
mod pager;

pub use markdown::{Markdown, Parts};
pub use pager::{Filter, Locator, Pager, Pairs};

use crate::model::Message;

/// A message as it is shown: a call carries its output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    pub message: Message,
    /// Milliseconds since the epoch.
    pub at: Option<i64>,
    pub output: Option<Box<Told>>,
}
