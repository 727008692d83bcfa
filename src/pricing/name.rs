//! The many spellings of one model.

/// A reference to try: the provider, when the name tells it, and the name within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub provider: Option<String>,
    pub model: String,
}

/// Names whose vendor the table's own rules do not find.
const VENDORS: &[(&str, &str)] = &[("glm-", "zai"), ("codex-", "openai")];

/// Spellings to look up, the most literal first.
///
/// Handled: `vendor/name`, Bedrock ids and ARNs (`us.anthropic.name-v1:0`), Vertex (`name@date`),
/// context marks (`name[1m]`), dates and `-latest` at the end.
pub(super) fn references(name: &str) -> Vec<Reference> {
    let lower = name.trim().to_lowercase();
    let bare = strip_mark(&lower);
    let mut found = Vec::new();
    if bare.is_empty() {
        return found;
    }
    let bare = match bare.strip_prefix("arn:") {
        Some(arn) => arn.rsplit('/').next().unwrap_or(arn),
        None => bare,
    };
    for (start, provider) in VENDORS {
        if bare.starts_with(start) {
            spell(&mut found, Some(provider), bare);
        }
    }
    if bare.contains("anthropic.") && !bare.contains('/') {
        push(&mut found, Some("aws"), bare);
    }
    if let Some((provider, rest)) = bare.split_once('/') {
        spell(&mut found, Some(provider), rest);
    }
    spell(&mut found, None, bare);
    if let Some((_, last)) = bare.rsplit_once('/') {
        spell(&mut found, None, last);
    }
    if let Some((_, rest)) = bare.rsplit_once("anthropic.") {
        spell(&mut found, None, strip_revision(rest));
    }
    found
}

/// The name as it is, then with less and less behind it.
fn spell(found: &mut Vec<Reference>, provider: Option<&str>, name: &str) {
    push(found, provider, name);
    let dashed = name.replace('@', "-");
    push(found, provider, &dashed);
    let undated = strip_date(dashed.strip_suffix("-latest").unwrap_or(&dashed));
    push(found, provider, undated);
}

fn push(found: &mut Vec<Reference>, provider: Option<&str>, model: &str) {
    let reference = Reference {
        provider: provider.map(str::to_owned),
        model: model.to_owned(),
    };
    if !model.is_empty() && !found.contains(&reference) {
        found.push(reference);
    }
}

/// `name[1m]` without the mark.
fn strip_mark(name: &str) -> &str {
    match name.split_once('[') {
        Some((bare, _)) => bare.trim_end(),
        None => name,
    }
}

/// `name-v1:0` without the revision.
fn strip_revision(name: &str) -> &str {
    let bare = name.split(':').next().unwrap_or(name);
    match bare.rsplit_once("-v") {
        Some((head, digits))
            if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) =>
        {
            head
        }
        _ => bare,
    }
}

/// `name-20251101` or `name-2025-11-01` without the date.
fn strip_date(name: &str) -> &str {
    let digits =
        |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    if let Some((head, tail)) = name.rsplit_once('-') {
        if digits(tail, 8) {
            return head;
        }
        if digits(tail, 2)
            && let Some((head, month)) = head.rsplit_once('-')
            && digits(month, 2)
            && let Some((head, year)) = head.rsplit_once('-')
            && digits(year, 4)
        {
            return head;
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings() {
        assert_eq!(strip_date("m-20251101"), "m");
        assert_eq!(strip_date("m-2025-11-01"), "m");
        assert_eq!(strip_date("m-4-5"), "m-4-5");
        assert_eq!(strip_revision("m-20250929-v1:0"), "m-20250929");
        assert_eq!(strip_mark("m[1m]"), "m");
    }

    #[test]
    fn hostile_names_end() {
        for name in [
            "",
            "/",
            "//",
            "[",
            "arn:",
            "@",
            "-",
            "anthropic.",
            "é/ü",
            "-v",
            "a-v:",
        ] {
            assert!(references(name).len() < 16, "{name}");
        }
    }
}
