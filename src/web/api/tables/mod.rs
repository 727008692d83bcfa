//! `/api/analytics/{table}.csv` and `.json`: every table of the analytics page, to take away.

mod rows;

use super::analytics::query;
use super::params::Params;
use super::reply::{Failure, off_thread};
use crate::engine::Engine;
use crate::engine::view::*;
use crate::web::App;
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rows::TABLES;
use serde_json::{Map, Value};
use std::fmt::Write;
use std::time::Duration;

/// Longest wait for figures that are still being added up.
const PATIENCE: Duration = Duration::from_secs(25);

/// Column names and rows; numbers are numbers in both forms.
struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
}

type Make = fn(&Data<'_>) -> Table;

/// What tables are made from.
struct Data<'d> {
    figures: &'d Analytics,
    plans: &'d Subscriptions,
    zone: &'d jiff::tz::TimeZone,
}

/// `GET /api/analytics/{table}.csv` or `.json`: one of [`TABLES`], whole (waits until the figures are
/// complete). JSON is an array of objects; CSV has the same names in its first line. Days are local
/// days, weeks begin on Monday, money is US dollars (`null` or empty where no price is known).
/// Parameters: those of `/api/analytics/cost` without `wait` and `seen`.
///
/// Text that a spreadsheet would take for a formula is preceded by an apostrophe in CSV.
///
/// # Errors
/// 404 for another name, with those that there are; 400 for a parameter that is not allowed; 503 while
/// the histories are still being read after 25 s.
pub(super) async fn table(
    State(app): State<App>,
    Path(file): Path<String>,
    RawQuery(asked): RawQuery,
) -> Response {
    let made = off_thread(&app, move |engine| {
        let params = Params::parse(&asked.unwrap_or_default())?;
        give(engine, &file, &params)
    });
    made.await.unwrap_or_else(Failure::into_response)
}

fn give(engine: &Engine, file: &str, params: &Params) -> Result<Response, Failure> {
    let known = file.rsplit_once('.').and_then(|(name, form)| {
        let make = TABLES.iter().find(|(known, _)| *known == name)?.1;
        matches!(form, "csv" | "json").then_some((name, form, make))
    });
    let Some((name, form, make)) = known else {
        let names: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        return Err(Failure::new(
            404,
            format!("there is no table {file:?}; with .csv or .json there are {names}"),
        ));
    };
    let query = query(engine, params)?;
    let figures = finished(engine, &query, params.flag("refresh")?)?;
    let subscriptions = engine.subscriptions(&figures, &query)?;
    let config = engine.config();
    let table = make(&Data {
        figures: &figures,
        plans: &subscriptions,
        zone: &config.zone,
    });
    let (kind, body) = match form {
        "csv" => ("text/csv; charset=utf-8", table.csv()),
        _ => ("application/json", table.json()),
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"codedash-{name}.{form}\""),
        ),
    ];
    Ok((headers, body).into_response())
}

fn finished(
    engine: &Engine,
    query: &AnalyticsQuery,
    refresh: bool,
) -> Result<std::sync::Arc<Analytics>, Failure> {
    let mut job = engine.analytics(query, refresh)?;
    if !job.done {
        job = engine.analytics_wait(query, 1.0, PATIENCE)?;
    }
    match (job.error, job.done) {
        (Some(error), _) => Err(Failure::new(500, error)),
        (None, true) => Ok(job.result),
        (None, false) => Err(Failure::new(503, "the histories are still being read")),
    }
}

impl Table {
    fn new(columns: &[&'static str]) -> Table {
        Table {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    fn with(mut self, rows: impl IntoIterator<Item = Vec<Value>>) -> Table {
        self.rows.extend(rows);
        self
    }

    fn json(&self) -> String {
        let row = |row: &Vec<Value>| {
            let pairs = self.columns.iter().zip(row);
            let object: Map<String, Value> = pairs
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect();
            Value::Object(object)
        };
        Value::Array(self.rows.iter().map(row).collect()).to_string()
    }

    fn csv(&self) -> String {
        let mut text = self.columns.join(",");
        text.push_str("\r\n");
        for row in &self.rows {
            for (at, value) in row.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                match value {
                    Value::Null => {}
                    Value::String(cell) => quote(&mut text, cell),
                    other => write!(text, "{other}").expect("writing to a string succeeds"),
                }
            }
            text.push_str("\r\n");
        }
        text
    }
}

/// A CSV field. Spreadsheets run what begins like a formula, wherever the text came from.
fn quote(text: &mut String, cell: &str) {
    let formula = cell
        .trim_start_matches([' ', '\u{a0}', '\u{feff}'])
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let plain = !formula && !cell.contains(['"', ',', '\n', '\r', ';']);
    if plain {
        text.push_str(cell);
        return;
    }
    text.push('"');
    if formula {
        text.push('\'');
    }
    text.push_str(&cell.replace('"', "\"\""));
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(cell: &str) -> String {
        let mut text = String::new();
        quote(&mut text, cell);
        text
    }

    #[test]
    fn a_spreadsheet_runs_nothing() {
        for cell in ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "＝1"] {
            assert!(quoted(cell).starts_with("\"'"), "{cell:?}");
        }
        assert_eq!(quoted("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(quoted("a-b"), "a-b");
        assert_eq!(quoted("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
    }

    #[test]
    fn tables_have_a_value_for_each_column_and_their_days_add_up() {
        let figures = crate::web::sample::analytics();
        let plans = Subscriptions {
            rows: vec![Subscription::default()],
            ..Subscriptions::default()
        };
        let zone = jiff::tz::TimeZone::UTC;
        let data = Data {
            figures: &figures,
            plans: &plans,
            zone: &zone,
        };
        for (name, make) in TABLES {
            let table = make(&data);
            assert!(
                !table.rows.is_empty(),
                "{name}: the sample has no row of it"
            );
            for row in &table.rows {
                assert_eq!(row.len(), table.columns.len(), "{name}");
            }
        }
        let cost = |name: &str| -> f64 {
            let make = TABLES.iter().find(|(known, _)| *known == name).unwrap().1;
            let rows = make(&data).rows;
            rows.iter()
                .map(|row| row.last().unwrap().as_f64().unwrap())
                .sum()
        };
        assert!((cost("days") - cost("weeks")).abs() < 1e-6);
        assert!((cost("days") - cost("months")).abs() < 1e-6);
    }
}
