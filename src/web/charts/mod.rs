//! Geometry of the charts: figures in, coordinates of SVG marks out. The templates draw them.

mod shares;
mod time;

pub use shares::{Ranked, Stack, Week, parts, ranked, series, week};
pub use time::{Bars, Histogram, days, histogram};

/// Height (or width) of every plot in its own units.
const FULL: f64 = 100.0;

fn scale(value: i64, top: i64) -> f64 {
    match top {
        ..=0 => 0.0,
        top => value.max(0) as f64 / top as f64 * FULL,
    }
}
