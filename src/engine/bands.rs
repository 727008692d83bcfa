//! Closed facets: their values are few, known beforehand, and in an order of their own.

use super::cost::SessionUsage;
use super::view::FacetValue;
use crate::model::{HelperReason, SessionSummary};

/// One value of a closed facet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// As addresses carry it.
    pub value: &'static str,
    pub label: &'static str,
}

const fn band(value: &'static str, label: &'static str) -> Band {
    Band { value, label }
}

/// What a session has; each of these is a condition of its own: two ticks ask for both.
pub const HAS: [Band; 2] = [
    band("errors", "Failed tool calls"),
    band("sub-agents", "Sub-agents"),
];
/// How a session came about.
pub const HELPERS: [Band; 4] = [
    band("none", "Your own"),
    band("scripted", "Started by a program"),
    band("pattern", "Prompt of a helper"),
    band("sub-agent", "Sub-agent"),
];
/// Dollars, the lower end included.
pub const COSTS: [Band; 6] = [
    band("0-0.1", "under $0.10"),
    band("0.1-1", "$0.10 to $1"),
    band("1-10", "$1 to $10"),
    band("10-100", "$10 to $100"),
    band("100-", "$100 and more"),
    band("unknown", "not known"),
];
/// Messages of the person and the agent.
pub const LENGTHS: [Band; 5] = [
    band("0-9", "under 10 messages"),
    band("10-49", "10 to 49"),
    band("50-199", "50 to 199"),
    band("200-999", "200 to 999"),
    band("1000-", "1000 and more"),
];

/// The values of a closed facet; `None` for the open ones.
pub fn bands(field: &str) -> Option<&'static [Band]> {
    match field {
        "has" => Some(&HAS),
        "helper" => Some(&HELPERS),
        "cost" => Some(&COSTS),
        "length" => Some(&LENGTHS),
        _ => None,
    }
}

/// Places in [`HELPERS`], [`COSTS`] and [`LENGTHS`].
pub(super) fn helper_band(session: &SessionSummary) -> usize {
    match &session.helper {
        _ if session.is_sub_agent() => 3,
        None => 0,
        Some(HelperReason::Scripted) => 1,
        Some(HelperReason::Pattern(_)) => 2,
    }
}

pub(super) fn cost_band(usage: &SessionUsage) -> usize {
    let cost = &usage.cost;
    if cost.responses == 0 || cost.unpriced >= cost.responses {
        return 5;
    }
    match cost.micros {
        ..100_000 => 0,
        100_000..1_000_000 => 1,
        1_000_000..10_000_000 => 2,
        10_000_000..100_000_000 => 3,
        _ => 4,
    }
}

pub(super) fn length_band(messages: u32) -> usize {
    match messages {
        0..10 => 0,
        10..50 => 1,
        50..200 => 2,
        200..1000 => 3,
        _ => 4,
    }
}

/// Ticks as places; `None`: nothing ticked.
pub(super) fn ticked<const N: usize>(bands: &[Band; N], values: &[String]) -> Option<[bool; N]> {
    let is_ticked = |band: &Band| values.iter().any(|value| value == band.value);
    (!values.is_empty()).then(|| bands.map(|band| is_ticked(&band)))
}

/// The values that something has, and the ticked ones, in their own order.
pub(super) fn values(bands: &[Band], counts: &[u64], ticks: &[String]) -> Vec<FacetValue> {
    let rows = bands.iter().zip(counts).map(|(band, count)| FacetValue {
        value: band.value.to_owned(),
        label: band.label.to_owned(),
        count: *count,
        ticked: ticks.iter().any(|tick| tick == band.value),
        color: None,
    });
    rows.filter(|row| row.count > 0 || row.ticked).collect()
}
