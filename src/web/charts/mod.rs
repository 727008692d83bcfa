//! Geometry of the charts: figures in, coordinates of SVG marks out. The templates draw them.

mod course;
mod histogram;
mod over_time;
mod spark;
mod stack;
mod strip;
mod tree;
mod week;
mod year;

pub use course::{Course, course};
pub use histogram::{Histogram, histogram};
pub use over_time::{OverTime, Step, over_time};
pub use spark::{Spark, spark};
pub use stack::{Stack, Tenths, parts, tenths};
pub use strip::{Strip, strip};
pub use tree::{TALL, Tree, WIDE, tree};
pub use week::{Week, week};
pub use year::{Measure, Year, monday_of, year};

use crate::engine::view::Series;

/// Height (or width) of every plot in its own units.
const FULL: f64 = 100.0;
/// Series with a colour of their own; the rest is one.
const COLORS: usize = 9;

fn scale(value: i64, top: i64) -> f64 {
    match top {
        ..=0 => 0.0,
        top => value.max(0) as f64 / top as f64 * FULL,
    }
}

/// Class that colours the n-th series: an agent's own, else one of the palette.
pub fn color_class(series: &Series, at: usize) -> String {
    match series.color {
        Some(_) => format!("a-{}", series.name),
        None if at < COLORS => format!("s{at}"),
        None => "sx".into(),
    }
}

/// What stands for a name.
pub fn label(label: &str) -> String {
    match label.is_empty() {
        true => "(not recorded)".into(),
        false => label.to_owned(),
    }
}
