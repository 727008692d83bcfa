//! A conversation as lists show it.

use super::marks::{Star, Tags};
use super::params::{Params, carried, segment};
use super::shell::Shell;
use crate::engine::view::{Card, CardMember, LIVE_MS};
use crate::model::SessionSummary;

/// Other runs that a card names: a helper's conversation may have hundreds, and sixty cards of six runs
/// were half of the page.
const MEMBERS: usize = 2;
/// Bytes of their names: a line.
const MEMBER_NAME: usize = 80;

/// A card with what its template must not work out.
pub struct CardView {
    pub card: Card,
    pub href: String,
    /// Address of its project's sessions.
    pub project: String,
    /// Title, else first prompt; `""` when there is neither.
    pub name: String,
    /// The first prompt where a title stands above it.
    pub lead: String,
    /// Models in short, joined.
    pub models: String,
    pub tokens: u64,
    /// The newest of its other runs.
    pub members: Vec<MemberView>,
    /// Those that the session's own page lists alone.
    pub more_members: usize,
    pub star: Star,
    pub tags: Tags,
    /// `agent:native`: how forms name the session.
    pub mark: String,
    /// When a live session is none any more, ms, unless it goes on.
    pub until: i64,
}

pub struct MemberView {
    pub member: CardMember,
    pub href: String,
    /// `""` where it is the card's.
    pub name: String,
}

/// Address of a session's page.
pub fn href(session: &SessionSummary) -> String {
    format!("/session/{}", segment(&session.key.native))
}

/// A name that is one line: title, first prompt, or what a sub-agent is called; `""` for none.
pub fn name(session: &SessionSummary) -> String {
    let name = one_line(session.name(), 240);
    match &session.agent_label {
        Some(label) if name.is_empty() => label.clone(),
        _ => name,
    }
}

pub fn one_line(text: &str, max: usize) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > max {
            let cut = line.floor_char_boundary(max);
            line.truncate(cut);
            line.push('…');
            break;
        }
    }
    line
}

impl CardView {
    pub fn new(card: Card, shell: &Shell) -> CardView {
        let session = card.session.clone();
        let name = name(&session);
        let lead = one_line(&session.first_prompt, 240);
        CardView {
            href: href(&session),
            project: Params::default()
                .with("project", carried(&card.project.path))
                .url("/"),
            lead: if lead == name { String::new() } else { lead },
            models: models(&session),
            tokens: card.tokens.total(),
            members: card
                .more
                .iter()
                .take(MEMBERS)
                .cloned()
                .map(|run| MemberView::new(run, &name))
                .collect(),
            name,
            more_members: card.more.len().saturating_sub(MEMBERS),
            star: Star::new(&session, card.starred),
            tags: Tags::of(&card, shell),
            mark: session.key.to_string(),
            until: session.last_at.unwrap_or_default().saturating_add(LIVE_MS),
            card,
        }
    }
}

impl MemberView {
    /// `card`: what the card is called.
    pub fn new(member: CardMember, card: &str) -> MemberView {
        let name = match name(&member.session) {
            name if name == card => String::new(),
            name if name.is_empty() => "Untitled session".into(),
            name => one_line(&name, MEMBER_NAME),
        };
        MemberView {
            href: href(&member.session),
            name,
            member,
        }
    }
}

/// The first model, and how many more.
fn models(session: &SessionSummary) -> String {
    match session.models.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::sample;

    #[test]
    fn names_are_one_line_and_cut_between_characters() {
        assert_eq!(one_line(" a\n\n b\tc ", 9), "a b c");
        let long = one_line(&"é".repeat(50), 9);
        assert_eq!(long, format!("{}…", "é".repeat(4)));
    }

    #[test]
    fn a_card_names_a_few_of_its_runs_and_counts_the_rest() {
        let found = sample::sessions();
        let mut card = found.groups[0].cards[0].clone();
        let run = CardMember {
            sid: card.sid,
            session: card.session.clone(),
            starred: false,
        };
        for (runs, more) in [(1, 0), (MEMBERS, 0), (MEMBERS + 3, 3)] {
            card.more = vec![run.clone(); runs];
            let view = CardView::new(card.clone(), &sample::shell("/", "Sessions"));
            assert_eq!(view.members.len(), runs - more);
            assert_eq!(view.more_members, more);
        }
    }
}
