//! Whether the endpoint for titles works: one question about a conversation that nobody held.

use super::Engine;
use super::view::Trial;
use crate::endpoint::{Endpoint, ask};
use std::time::Instant;

/// As a session would be told: nothing of the person's own is sent to try it out.
const PROMPT: &str = "Give this conversation a title of at most six words, and say nothing else.\n\n\
    User: The lantern goes out whenever it rains.\n\
    Assistant: The wick was wet. A cover keeps it dry now.";

impl Engine {
    pub(super) fn trial(&self) -> Option<Trial> {
        let titles = self.config().titles.clone();
        let (url, model) = (titles.url?, titles.model?);
        let started = Instant::now();
        let to = Endpoint {
            url: &url,
            model: &model,
            key: titles.api_key.as_ref().map(|key| key.0.as_str()),
        };
        let outcome = ask(to, PROMPT);
        Some(Trial {
            outcome,
            seconds: format!("{:.1}", started.elapsed().as_secs_f64()),
            model,
        })
    }
}
