//! Looking into a JSON record without copying it and without caring about the type of what is not
//! asked for: a wrong type is a missing value, never a lost record.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// One JSON value as it is written, syntax checked, not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    /// Checks `json` as one whole value.
    pub fn parse(json: &'a str) -> Result<Raw<'a>, serde_json::Error> {
        serde_json::from_str::<Raw<'a>>(json)
    }
    pub fn as_json(self) -> &'a str {
        self.0
    }
    pub fn is_object(self) -> bool {
        self.0.starts_with('{')
    }
    pub fn is_array(self) -> bool {
        self.0.starts_with('[')
    }
    pub fn is_text(self) -> bool {
        self.0.starts_with('"')
    }
    /// The string, decoded; a lone surrogate becomes U+FFFD. `None` for any other type.
    pub fn text(self) -> Option<Cow<'a, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        Some(match memchr::memchr(b'\\', inner.as_bytes()) {
            None => Cow::Borrowed(inner),
            Some(first) => Cow::Owned(unescape(inner, first)),
        })
    }
    /// The string when it is not blank.
    pub fn filled(self) -> Option<Cow<'a, str>> {
        self.text().filter(|text| !text.trim().is_empty())
    }
    /// Not text, or nothing but blanks; told without decoding.
    pub fn is_blank(self) -> bool {
        let Some(inner) = self.0.strip_prefix('"') else {
            return true;
        };
        let mut rest = inner.trim_start();
        while let Some(next) = ["\\n", "\\r", "\\t"]
            .iter()
            .find_map(|e| rest.strip_prefix(e))
        {
            rest = next.trim_start();
        }
        rest == "\""
    }
    pub fn owned(self) -> Option<String> {
        self.text().map(Cow::into_owned)
    }
    /// Compares a string value without decoding it (escapes never match).
    pub fn is(self, word: &str) -> bool {
        self.0.len() == word.len() + 2 && self.is_text() && &self.0[1..=word.len()] == word
    }
    /// A non-negative whole number; a fraction is rounded, a number written as text is taken.
    pub fn int(self) -> Option<u64> {
        if let Ok(n) = self.0.parse::<u64>() {
            return Some(n);
        }
        self.float().filter(|n| *n >= 0.0).map(|n| n.round() as u64)
    }
    pub fn float(self) -> Option<f64> {
        let digits = self.0.trim_matches('"');
        digits.parse::<f64>().ok().filter(|n| n.is_finite())
    }
    pub fn bool(self) -> Option<bool> {
        match self.0 {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
    /// Milliseconds since the epoch, from text or number.
    pub fn time(self) -> Option<i64> {
        if self.is_text() {
            return crate::model::time::from_text(&self.text()?);
        }
        crate::model::time::from_number(self.float()?)
    }
    /// Looks into an object; `None` for any other type.
    pub fn object<T: Deserialize<'a>>(self) -> Option<T> {
        self.is_object()
            .then(|| serde_json::from_str(self.0).ok())
            .flatten()
    }
    /// The elements of an array, nothing for any other type.
    pub fn items(self) -> Vec<Raw<'a>> {
        if !self.is_array() {
            return Vec::new();
        }
        serde_json::from_str(self.0).unwrap_or_default()
    }
    /// The elements of an array of objects in one pass; `None` when one is something else.
    pub fn objects<T: Deserialize<'a>>(self) -> Option<Vec<T>> {
        serde_json::from_str(self.0).ok()
    }
    /// The members of an object in their order, nothing for any other type.
    pub fn members(self) -> Vec<(Cow<'a, str>, Raw<'a>)> {
        self.object::<Members<'a>>().unwrap_or_default().0
    }
    /// One member of an object.
    pub fn get(self, key: &str) -> Option<Raw<'a>> {
        self.members()
            .into_iter()
            .rev()
            .find(|(name, value)| name == key && value.0 != "null")
            .map(|(_, value)| value)
    }
}

impl<'de> Deserialize<'de> for Raw<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&'de RawValue>::deserialize(deserializer).map(|raw| Raw(raw.get()))
    }
}

#[derive(Default)]
struct Members<'a>(Vec<(Cow<'a, str>, Raw<'a>)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                // keys go through `Raw` too: a lone surrogate in one must not cost the record
                while let Some(key) = map.next_key::<Raw<'de>>()? {
                    let value = map.next_value::<Raw<'de>>()?;
                    members.push((key.text().unwrap_or_default(), value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

/// Whether `json` is one whole object and nothing else.
pub fn is_whole_object(json: &str) -> bool {
    let json = json.trim();
    json.starts_with('{') && serde_json::from_str::<IgnoredAny>(json).is_ok()
}

/// The text with every lone surrogate escape replaced; `None` when there is none.
pub fn without_lone_surrogates(json: &str) -> Option<String> {
    let mut out: Option<String> = None;
    let mut done = 0;
    let mut at = 0;
    while let Some(next) = memchr::memchr(b'\\', json.as_bytes().get(at..)?) {
        let escape = at + next;
        let rest = json.get(escape + 1..).unwrap_or("");
        if !rest.starts_with('u') {
            at = escape + 2;
            continue;
        }
        let (decoded, used) = unicode_escape(rest);
        at = escape + 1 + used;
        if decoded == char::REPLACEMENT_CHARACTER && at <= json.len() {
            let out = out.get_or_insert_default();
            out.push_str(&json[done..escape]);
            out.push(decoded);
            done = at;
        }
    }
    let mut out = out?;
    out.push_str(&json[done..]);
    Some(out)
}

fn unescape(text: &str, first: usize) -> String {
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(&escape) = rest.as_bytes().first() else {
            break;
        };
        if escape != b'u' {
            // the char itself for `"`, `\`, `/`; syntax was checked, so there is no other
            match escape {
                b'n' => out.push('\n'),
                b't' => out.push('\t'),
                b'r' => out.push('\r'),
                b'b' => out.push('\u{8}'),
                b'f' => out.push('\u{c}'),
                other if other.is_ascii() => out.push(other as char),
                _ => continue,
            }
            rest = &rest[1..];
            continue;
        }
        let (decoded, used) = unicode_escape(rest);
        out.push(decoded);
        rest = rest.get(used..).unwrap_or("");
    }
    out.push_str(rest);
    out
}

/// Decodes what follows a backslash (`uXXXX`, or a pair of them); gives the bytes used.
fn unicode_escape(rest: &str) -> (char, usize) {
    let unit = |text: &str| -> Option<u32> { u32::from_str_radix(text.get(1..5)?, 16).ok() };
    let Some(high) = unit(rest) else {
        return (char::REPLACEMENT_CHARACTER, 1);
    };
    if !(0xd800..0xdc00).contains(&high) {
        return (
            char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER),
            5,
        );
    }
    let low = rest
        .get(5..)
        .filter(|next| next.starts_with("\\u"))
        .and_then(|next| unit(&next[1..]))
        .filter(|low| (0xdc00..0xe000).contains(low));
    match low {
        Some(low) => {
            let joined = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            (
                char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER),
                11,
            )
        }
        None => (char::REPLACEMENT_CHARACTER, 5),
    }
}

/// A struct of the members one wants of an object, each `Option<Raw>` (`null` is `None`, the last
/// of two equal keys wins, everything else is skipped unread). `with name: Type = "key"` adds one
/// member of a type of its own, read in the same pass.
macro_rules! fields {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident $(with $extra:ident: $type:ident = $extra_key:literal)?
        { $($field:ident: $key:literal,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default)]
        $vis struct $name<'a> {
            $($vis $extra: $type<'a>,)?
            $($vis $field: Option<$crate::agents::read::json::Raw<'a>>,)*
        }
        impl<'de> serde::Deserialize<'de> for $name<'de> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[allow(non_camel_case_types)]
                #[derive(serde::Deserialize)]
                #[serde(field_identifier)]
                enum Key {
                    $(#[serde(rename = $extra_key)] $extra,)?
                    $(#[serde(rename = $key)] $field,)*
                    #[serde(other)]
                    Other__,
                }
                struct Pick;
                impl<'de> serde::de::Visitor<'de> for Pick {
                    type Value = $name<'de>;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        let mut picked = $name::default();
                        while let Some(key) = map.next_key::<Key>()? {
                            match key {
                                $(Key::$extra => picked.$extra = map.next_value::<$type<'de>>()?,)?
                                $(Key::$field => picked.$field = map
                                    .next_value::<$crate::agents::read::json::Raw<'de>>()
                                    .map(|raw| (raw.as_json() != "null").then_some(raw))?,)*
                                Key::Other__ => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(picked)
                    }
                }
                deserializer.deserialize_map(Pick)
            }
        }
    };
}
pub(crate) use fields;

#[cfg(test)]
mod tests {
    use super::*;

    fields! {
        struct Pair { a: "a", long_name: "longName", }
    }

    #[test]
    fn a_wrong_type_is_a_missing_value() {
        let pair: Pair =
            serde_json::from_str(r#"{"a":[1,{"x":2}],"longName":null,"z":1}"#).unwrap();
        assert_eq!(pair.a.and_then(Raw::text), None);
        assert_eq!(pair.a.unwrap().items().len(), 2);
        assert!(pair.long_name.is_none());
    }

    #[test]
    fn the_last_of_two_equal_keys_wins() {
        let pair: Pair = serde_json::from_str(r#"{"a":"x","a":"y","longName":3.0}"#).unwrap();
        assert_eq!(pair.a.and_then(Raw::text).as_deref(), Some("y"));
        assert_eq!(pair.long_name.and_then(Raw::int), Some(3));
    }

    #[test]
    fn strings_are_decoded_leniently() {
        for (json, want) in [
            (r#""plain""#, "plain"),
            (r#""a\n\t\"\\\/b""#, "a\n\t\"\\/b"),
            (r#""\u00e9\ud83d\ude00""#, "é😀"),
            (r#""x\ud800y""#, "x\u{fffd}y"),
            (r#""\udc00""#, "\u{fffd}"),
            (r#""\ud800\u0041""#, "\u{fffd}A"),
            ("\"\u{2028}\u{85}\"", "\u{2028}\u{85}"),
        ] {
            let raw = Raw::parse(json).unwrap();
            assert_eq!(raw.text().unwrap(), want, "{json}");
        }
    }

    #[test]
    fn lone_surrogates_are_replaced_in_place() {
        let mended = without_lone_surrogates(r#"{"a":"x\ud800y\\ud800 \ud83d\ude00\n\udc00"}"#);
        assert_eq!(
            mended.unwrap(),
            r#"{"a":"x�y\\ud800 \ud83d\ude00\n�"}"#.to_owned()
        );
        assert_eq!(
            without_lone_surrogates(r#"{"a":"\ud83d\ude00\u00e9\n"}"#),
            None
        );
        assert_eq!(without_lone_surrogates("é\\"), None);
    }

    #[test]
    fn a_lone_surrogate_in_a_key_costs_nothing() {
        let raw = Raw::parse(r#"{"\ud800":1,"b":"2"}"#).unwrap();
        assert_eq!(raw.get("b").and_then(Raw::int), Some(2));
    }

    #[test]
    fn elements_are_read_in_one_pass() {
        let raw = Raw::parse(r#"[{"a":1},{"a":2}]"#).unwrap();
        let pairs: Vec<Pair> = raw.objects().unwrap();
        assert_eq!(pairs[1].a.and_then(Raw::int), Some(2));
        let mixed = Raw::parse(r#"[{"a":1},"x"]"#).unwrap();
        assert!(mixed.objects::<Pair>().is_none());
        assert_eq!(mixed.items()[1].text().unwrap(), "x");
    }
}
