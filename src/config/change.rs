//! Changes of `config.toml` that leave everything else in it as its owner wrote it.

use super::file::{Wrong, parse};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value};

/// One change of the file.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A key, or one of a table: `["zone"]`, `["titles", "url"]`, `["prices", "my-model", "input"]`.
    Set(Vec<String>, Setting),
    /// Takes a key out, or a whole table; a table that holds nothing any more goes too.
    Unset(Vec<String>),
    /// One more home, with its label.
    AddRoot(String, Option<String>),
    /// The home with this path, as it is written in the file.
    RemoveRoot(String),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    Text(String),
    Whole(i64),
    Number(f64),
    Flag(bool),
    List(Vec<String>),
}

impl Change {
    pub fn set(path: &[&str], setting: Setting) -> Change {
        Change::Set(owned(path), setting)
    }
    pub fn unset(path: &[&str]) -> Change {
        Change::Unset(owned(path))
    }
    /// The text under this key, or none when it is blank.
    pub fn text(path: &[&str], text: &str) -> Change {
        match text.trim() {
            "" => Change::unset(path),
            text => Change::set(path, Setting::Text(text.to_owned())),
        }
    }
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|name| (*name).to_owned()).collect()
}

/// The text with these changes made.
///
/// # Errors
/// The text is no TOML, or what comes out is not allowed.
pub(super) fn apply(text: &str, changes: &[Change]) -> Result<String, Wrong> {
    // one that is broken is not made better by writing into it
    parse(text)?;
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error| Wrong::whole(format!("the file is not TOML: {error}")))?;
    for change in changes {
        match change {
            Change::Set(path, setting) => set(document.as_table_mut(), path, value(setting))?,
            Change::Unset(path) => unset(document.as_table_mut(), path),
            Change::AddRoot(path, label) => add_root(&mut document, path, label.as_deref())?,
            Change::RemoveRoot(path) => remove_root(&mut document, path),
        }
    }
    let text = document.to_string();
    parse(&text)?;
    Ok(text)
}

fn value(setting: &Setting) -> Value {
    match setting {
        Setting::Text(text) => text.as_str().into(),
        Setting::Whole(number) => (*number).into(),
        Setting::Number(number) => (*number).into(),
        Setting::Flag(on) => (*on).into(),
        Setting::List(list) => {
            let mut array: Array = list.iter().map(String::as_str).collect();
            one_a_line(&mut array);
            array.into()
        }
    }
}

fn one_a_line(array: &mut Array) {
    if array.len() < 2 {
        return;
    }
    for item in array.iter_mut() {
        if item.decor().prefix().is_none() {
            item.decor_mut().set_prefix("\n    ");
        }
    }
    array.set_trailing_comma(true);
    array.set_trailing("\n");
}

fn set(table: &mut Table, path: &[String], mut value: Value) -> Result<(), Wrong> {
    let (last, folders) = path.split_last().expect("a change names a key");
    let mut at: &mut dyn toml_edit::TableLike = table;
    for (depth, name) in folders.iter().enumerate() {
        let item = at.entry(name).or_insert_with(|| {
            let mut table = Table::new();
            // `[prices]` alone above `[prices.x]` says nothing
            table.set_implicit(depth + 1 < folders.len());
            Item::Table(table)
        });
        at = item.as_table_like_mut().ok_or_else(|| Wrong {
            key: path[0].clone(),
            text: format!("{name} is no table"),
        })?;
    }
    match at.get_mut(last).and_then(Item::as_value_mut) {
        // what is written behind a value is about the key, not about the value
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => {
            at.insert(last, Item::Value(value));
        }
    }
    Ok(())
}

fn unset(table: &mut Table, path: &[String]) {
    fn take(table: &mut dyn toml_edit::TableLike, path: &[String]) {
        match path {
            [] => {}
            [last] => drop(table.remove(last)),
            [first, rest @ ..] => {
                let Some(inner) = table.get_mut(first).and_then(Item::as_table_like_mut) else {
                    return;
                };
                take(inner, rest);
                if inner.is_empty() {
                    table.remove(first);
                }
            }
        }
    }
    take(table, path);
}

fn add_root(document: &mut DocumentMut, path: &str, label: Option<&str>) -> Result<(), Wrong> {
    let wrong = |text: &str| Wrong {
        key: "roots".into(),
        text: text.into(),
    };
    let mut root = InlineTable::new();
    root.insert("path", path.into());
    if let Some(label) = label {
        root.insert("label", label.into());
    }
    let item = document
        .entry("roots")
        .or_insert_with(|| Item::Value(Array::new().into()));
    match item {
        Item::Value(Value::Array(array)) => {
            // a remark behind the last one stays behind it
            let behind = array.trailing().as_str().unwrap_or_default().trim_end();
            let remark = behind.contains('#').then(|| format!("{behind}\n    "));
            array.push(root);
            if let (Some(remark), Some(last)) = (remark, array.iter_mut().last()) {
                last.decor_mut().set_prefix(remark);
            }
            one_a_line(array);
        }
        Item::ArrayOfTables(tables) => tables.push(root.into_table()),
        _ => return Err(wrong("roots is no list")),
    }
    Ok(())
}

fn remove_root(document: &mut DocumentMut, path: &str) {
    let is_it =
        |table: &dyn toml_edit::TableLike| table.get("path").and_then(Item::as_str) == Some(path);
    let empty = match document.get_mut("roots") {
        Some(Item::Value(Value::Array(array))) => {
            array.retain(|item| !item.as_inline_table().is_some_and(|table| is_it(table)));
            array.is_empty()
        }
        Some(Item::ArrayOfTables(tables)) => {
            tables.retain(|table| !is_it(table));
            tables.is_empty()
        }
        _ => false,
    };
    if empty {
        document.remove("roots");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# mine\nzone = \"UTC\" # home\n\n# others\nroots = [\n    { path = \"/a\" }, # box\n]\n\n\
                        [prices.\"x\"] # dear\ninput = 1\noutput = 2\n";

    fn text(value: &str) -> Setting {
        Setting::Text(value.into())
    }

    #[test]
    fn comments_and_order_stay() {
        let changes = [
            Change::set(&["zone"], text("Asia/Tokyo")),
            Change::set(&["theme"], text("dark")),
            Change::set(&["prices", "x", "input"], Setting::Number(1.5)),
            Change::set(&["titles", "url"], text("https://box.lan/v1")),
            Change::AddRoot("/b".into(), Some("two".into())),
        ];
        let new = apply(FILE, &changes).unwrap();
        for kept in [
            "# mine\nzone = \"Asia/Tokyo\" # home\n",
            "# others\n",
            "# box",
            "# dear",
            "input = 1.5\noutput = 2\n",
        ] {
            assert!(new.contains(kept), "{kept:?} is not in\n{new}");
        }
        let settings = parse(&new).unwrap();
        assert_eq!(settings.roots.len(), 2);
        assert_eq!(settings.theme.as_deref(), Some("dark"));
        assert!(settings.titles.url.is_some());
    }

    #[test]
    fn what_is_taken_out_leaves_the_rest() {
        let changes = [
            Change::unset(&["zone"]),
            Change::unset(&["prices", "x"]),
            Change::RemoveRoot("/a".into()),
            Change::RemoveRoot("/nowhere".into()),
            Change::unset(&["titles", "url"]),
        ];
        let new = apply(FILE, &changes).unwrap();
        assert_eq!(parse(&new).unwrap(), crate::config::Settings::default());
        assert!(!new.contains("prices"), "{new}");
    }

    #[test]
    fn what_is_not_allowed_says_where() {
        let wrong = apply(FILE, &[Change::set(&["zone"], text("Mars/X"))]).unwrap_err();
        assert_eq!(wrong.key, "zone");
        let wrong = apply("zone = 1", &[Change::set(&["theme"], text("dark"))]).unwrap_err();
        assert_eq!(wrong.key, "zone", "a broken file is not written over");
        assert!(apply("zone = [", &[]).is_err());
    }

    #[test]
    fn lists_are_written_one_a_line() {
        let list = Setting::List(vec!["^a".into(), "^\"b\"\\d".into()]);
        let new = apply("", &[Change::set(&["helper_patterns"], list)]).unwrap();
        assert_eq!(new.lines().count(), 4, "{new}");
        assert_eq!(parse(&new).unwrap().helper_patterns, ["^a", "^\"b\"\\d"]);
        // where roots are tables of their own, one more is one too
        let new = apply(
            "[[roots]]\npath = '/a'\n",
            &[Change::AddRoot("/b".into(), None)],
        )
        .unwrap();
        assert_eq!(new.matches("[[roots]]").count(), 2, "{new}");
    }
}
