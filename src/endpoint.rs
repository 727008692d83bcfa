//! What does a model say? One question to the OpenAI-compatible service that the person has named.
//!
//! Nothing else in this program calls anybody, and this is called only when the person asks for it.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Longest a question may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Of an answer, bytes.
const LONGEST: u64 = 1 << 20;
/// Characters of what a service says is wrong.
const REASON: usize = 300;

/// Where a model is asked.
#[derive(Clone, Copy)]
pub struct Endpoint<'a> {
    /// Up to `/v1`, without `/chat/completions`.
    pub url: &'a str,
    pub model: &'a str,
    pub key: Option<&'a str>,
}

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    messages: [Said<'a>; 1],
    stream: bool,
}

#[derive(Serialize)]
struct Said<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Content,
}

#[derive(Deserialize)]
struct Content {
    content: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: Reason,
}

/// As an object, or as a sentence.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reason {
    Told { message: String },
    Said(String),
}

/// What the model says to a prompt, trimmed.
///
/// Redirections are not followed, and no proxy is asked: the key goes to the address that was written
/// down, and nowhere else.
///
/// # Errors
/// A sentence for the person: the service cannot be reached, refuses, or says nothing. It never holds the
/// key.
pub fn ask(to: Endpoint<'_>, prompt: &str) -> Result<String, String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .user_agent("codedash")
        .build()
        .into();
    let question = Question {
        model: to.model,
        messages: [Said {
            role: "user",
            content: prompt,
        }],
        stream: false,
    };
    let body = serde_json::to_string(&question).expect("plain text serialises");
    let url = format!("{}/chat/completions", to.url.trim_end_matches('/'));
    let mut request = agent.post(&url).header("content-type", "application/json");
    if let Some(key) = to.key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    let mut response = request.send(&body).map_err(|error| match error {
        ureq::Error::Timeout(_) => format!("no answer within {} seconds", PATIENCE.as_secs()),
        error => error.to_string(),
    })?;
    let status = response.status();
    let text = response
        .body_mut()
        .with_config()
        .limit(LONGEST)
        .read_to_string();
    let text = text.map_err(|error| format!("the answer cannot be read: {error}"))?;
    if !status.is_success() {
        let mut reason = reason(&text);
        if let Some(key) = to.key {
            reason = reason.replace(key, "(the key)");
        }
        return Err(match reason.is_empty() {
            true => format!("the service answers {status}"),
            false => format!("the service answers {status}: {reason}"),
        });
    }
    let answer: Answer = serde_json::from_str(&text)
        .map_err(|_| "what answers there is no OpenAI-compatible service".to_owned())?;
    let said = answer.choices.into_iter().next();
    let said = said.and_then(|choice| choice.message.content);
    match said.as_deref().map(str::trim) {
        None | Some("") => Err("the model says nothing".to_owned()),
        Some(said) => Ok(said.to_owned()),
    }
}

/// What is wrong, in the words of the service.
fn reason(body: &str) -> String {
    let told = match serde_json::from_str(body) {
        Ok(Refusal {
            error: Reason::Told { message } | Reason::Said(message),
        }) => message,
        Err(_) if body.trim_start().starts_with('<') => String::new(),
        Err(_) => body.to_owned(),
    };
    let line: Vec<&str> = told.split_whitespace().collect();
    line.join(" ").chars().take(REASON).collect()
}
