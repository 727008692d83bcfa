//! A session as a strip: where prompts, edits, failures and compactions are, from its beginning to its end.

use crate::engine::view::{Marked, Stretch};
use crate::web::filters::grouped;

/// Width of a stretch in the units of the plot.
const WIDE: u32 = 4;

#[derive(Default)]
pub struct Strip {
    pub width: u32,
    pub stretches: Vec<Place>,
}

/// A stretch of neighbouring items.
pub struct Place {
    pub x: u32,
    /// Of its first item: what the script that follows the reader goes by.
    pub seq: u32,
    /// To what is most worth seeing in it.
    pub href: String,
    pub title: String,
    /// How strong each kind is drawn, `""` where there is none of it.
    pub prompts: &'static str,
    pub edits: &'static str,
    pub errors: &'static str,
    pub compacted: bool,
}

/// `path`: the session's page.
pub fn strip(stretches: &[Stretch], path: &str) -> Strip {
    Strip {
        width: stretches.len() as u32 * WIDE,
        stretches: stretches
            .iter()
            .enumerate()
            .map(|(n, stretch)| place(n as u32, stretch, path))
            .collect(),
    }
}

fn place(n: u32, stretch: &Stretch, path: &str) -> Place {
    let worth = [stretch.errors, stretch.prompts, stretch.edits];
    let first = worth.iter().find(|kind| kind.count > 0);
    let seq = first.map_or(stretch.seq, |kind| kind.first);
    let named = [
        (stretch.prompts, "prompt", "prompts"),
        (stretch.edits, "edit", "edits"),
        (stretch.errors, "failed call", "failed calls"),
        (stretch.compactions, "compaction", "compactions"),
    ];
    let kinds = named.iter().filter(|kind| kind.0.count > 0);
    let noun = if stretch.items == 1 { "item" } else { "items" };
    let mut title = format!("{} {noun}", grouped(u64::from(stretch.items)));
    for (marked, one, many) in kinds {
        let name = if marked.count == 1 { one } else { many };
        title.push_str(&format!(", {} {name}", grouped(u64::from(marked.count))));
    }
    Place {
        x: n * WIDE,
        seq: stretch.seq,
        href: format!("{path}?m={seq}#m{seq}"),
        title,
        prompts: strength(stretch.prompts, stretch.items),
        edits: strength(stretch.edits, stretch.items),
        errors: strength(stretch.errors, stretch.items),
        compacted: stretch.compactions.count > 0,
    }
}

/// A lone one among many items is faint, and seen.
fn strength(marked: Marked, items: u32) -> &'static str {
    match marked.count * 8 {
        0 => "",
        count if count >= items * 2 => "strong",
        count if count >= items => "middling",
        _ => "faintly",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_leads_to_its_first_failure() {
        let one = |first| Marked { count: 1, first };
        let stretch = Stretch {
            seq: 40,
            items: 16,
            prompts: one(41),
            errors: one(47),
            ..Stretch::default()
        };
        let strip = strip(&[Stretch::default(), stretch], "/session/x");
        assert_eq!(strip.width, 8);
        let place = &strip.stretches[1];
        assert_eq!(place.href, "/session/x?m=47#m47");
        assert_eq!(place.title, "16 items, 1 prompt, 1 failed call");
        assert_eq!((place.errors, place.edits), ("faintly", ""));
        assert_eq!(strip.stretches[0].href, "/session/x?m=0#m0");
    }
}
