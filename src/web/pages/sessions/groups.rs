//! Cards under their headings.

use crate::engine::view::{CardGroup, GroupBy, SessionsQuery};
use crate::model::Day;
use crate::web::cards::CardView;
use crate::web::shell::Shell;
use xxhash_rust::xxh3::xxh3_64;

pub struct Group {
    /// Of its fold, unlike any other on the page.
    pub id: String,
    /// Stands for the group wherever it goes on: what a reader folded is remembered under it.
    pub key: String,
    /// `""`: no heading.
    pub label: String,
    pub title: String,
    pub count: usize,
    /// What is counted.
    pub unit: &'static str,
    pub open: bool,
    pub cards: Vec<Entry>,
}

/// A card with its check box, where sessions are being selected.
pub struct Entry {
    pub view: CardView,
    pub selecting: bool,
    pub selected: bool,
}

pub fn groups(
    groups: Vec<CardGroup>,
    query: &SessionsQuery,
    shell: &Shell,
    closed: bool,
    (selecting, selected): (bool, bool),
) -> Vec<Group> {
    let entry = |card| Entry {
        view: CardView::new(card, shell),
        selecting,
        selected,
    };
    groups
        .into_iter()
        .map(|group| {
            let key = format!("{:08x}", xxh3_64(group.key.as_bytes()) as u32);
            Group {
                id: format!("g-{key}-{}", query.offset),
                key,
                label: match (query.group, Day::parse(&group.key)) {
                    (GroupBy::None, _) => String::new(),
                    (GroupBy::Conversation, _) if group.key.is_empty() => String::new(),
                    (GroupBy::Conversation, _) if group.label.is_empty() => "Untitled".into(),
                    (GroupBy::Conversation, _) => crate::web::cards::one_line(&group.label, 120),
                    (GroupBy::Day, Some(day)) => shell.clock.day_name(day),
                    _ if group.label.is_empty() => "Not recorded".into(),
                    _ => group.label,
                },
                title: match query.group {
                    GroupBy::Conversation => String::new(),
                    _ => group.key,
                },
                count: group.count,
                unit: match query.group {
                    GroupBy::Conversation => "run",
                    _ => "conversation",
                },
                open: !closed,
                cards: group.cards.into_iter().map(entry).collect(),
            }
        })
        .collect()
}
