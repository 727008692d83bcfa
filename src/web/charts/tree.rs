//! Shares of the whole as areas: a squarified tree map (Bruls, Huizing, van Wijk 2000).

use super::{color_class, label};
use crate::engine::view::{NamedAmount, Series};
use crate::web::filters::dollars;

/// A plot that proportions are worked out for, in the dots that a screen of its kind has at least.
#[derive(Clone, Copy)]
pub struct Plot {
    width: f64,
    height: f64,
}

/// Of a desk, and of a phone.
pub const WIDE: Plot = Plot {
    width: 1_100.0,
    height: 264.0,
};
pub const TALL: Plot = Plot {
    width: 330.0,
    height: 380.0,
};

/// Dots of a character of a name, and of the space around it.
const CHARACTER: f64 = 7.4;
const PADDING: f64 = 16.0;
/// Cells with a name; the rest is one.
const CELLS: usize = 28;

#[derive(Default)]
pub struct Tree {
    pub cells: Vec<Cell>,
}

/// One share. Places and sizes are percent of the plot.
pub struct Cell {
    pub x: String,
    pub y: String,
    pub width: String,
    pub height: String,
    pub class: String,
    /// Facet value; `None` for what is left.
    pub name: Option<String>,
    pub label: String,
    pub value: String,
    pub percent: String,
    pub title: String,
    /// As much of the name as there is room for; `""` for none.
    pub short: String,
    /// There is room for cost, and for the share beside it.
    pub priced: bool,
    pub shared: bool,
}

#[derive(Clone, Copy)]
struct Rect {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// Rows with a cost, greatest first; colours follow the order of cost, as in the chart over time.
pub fn tree(rows: &[NamedAmount], plot: Plot) -> Tree {
    let costly: Vec<&NamedAmount> = rows.iter().filter(|row| row.amount.cost > 0).collect();
    let whole: i64 = costly.iter().map(|row| row.amount.cost).sum();
    let mut shares: Vec<(Option<&NamedAmount>, i64)> = costly
        .iter()
        .take(CELLS)
        .map(|row| (Some(*row), row.amount.cost))
        .collect();
    let rest: i64 = costly.iter().skip(CELLS).map(|row| row.amount.cost).sum();
    if rest > 0 {
        shares.push((None, rest));
        shares.sort_by_key(|(_, cost)| std::cmp::Reverse(*cost));
    }
    let sizes: Vec<f64> = shares
        .iter()
        .map(|(_, cost)| *cost as f64 / whole as f64 * plot.width * plot.height)
        .collect();
    let rects = squarify(&sizes, plot);
    let mut place = 0;
    let cells = shares
        .iter()
        .zip(rects)
        .map(|((row, cost), rect)| {
            let class = row.map_or_else(
                || "sx".to_owned(),
                |row| {
                    let series = Series {
                        name: row.name.clone(),
                        color: row.color.clone(),
                        ..Series::default()
                    };
                    place += 1;
                    color_class(&series, place - 1)
                },
            );
            let name = row.map_or_else(
                || format!("{} others", costly.len() - CELLS),
                |row| label(&row.label),
            );
            cell(*row, name, class, (*cost, whole), rect, plot)
        })
        .collect();
    Tree { cells }
}

fn cell(
    row: Option<&NamedAmount>,
    label: String,
    class: String,
    (cost, whole): (i64, i64),
    rect: Rect,
    plot: Plot,
) -> Cell {
    let percent = format!("{:.1}%", cost as f64 / whole as f64 * 100.0);
    let value = dollars(cost);
    let full = row.map_or(label.as_str(), |row| match row.name.is_empty() {
        true => label.as_str(),
        false => row.name.as_str(),
    });
    Cell {
        x: format!("{:.3}", rect.x / plot.width * 100.0),
        y: format!("{:.3}", rect.y / plot.height * 100.0),
        width: format!("{:.3}", rect.width / plot.width * 100.0),
        height: format!("{:.3}", rect.height / plot.height * 100.0),
        class,
        name: row.map(|row| row.name.clone()),
        title: format!("{full}: {}, {percent}", value),
        short: match rect.height >= 26.0 {
            true => cut(&label, rect.width),
            false => String::new(),
        },
        priced: rect.height >= 44.0 && fits(value.len(), rect.width),
        shared: fits(value.len() + percent.len() + 3, rect.width),
        value,
        percent,
        label,
    }
}

fn fits(characters: usize, width: f64) -> bool {
    characters as f64 * CHARACTER + PADDING <= width
}

/// The beginning of a name that is too long; `""` where not even that is worth it.
fn cut(label: &str, width: f64) -> String {
    if fits(label.chars().count(), width) {
        return label.to_owned();
    }
    let room = ((width - PADDING) / CHARACTER) as usize;
    match room {
        ..4 => String::new(),
        _ => label.chars().take(room - 1).chain(['…']).collect(),
    }
}

/// Rectangles for `sizes` (greatest first, adding up to the plot) that are as square as can be.
fn squarify(sizes: &[f64], plot: Plot) -> Vec<Rect> {
    let mut rects = Vec::with_capacity(sizes.len());
    let mut free = Rect {
        x: 0.0,
        y: 0.0,
        width: plot.width,
        height: plot.height,
    };
    let mut from = 0;
    while from < sizes.len() {
        let side = free.width.min(free.height);
        let mut to = from + 1;
        while to < sizes.len() && worst(&sizes[from..=to], side) <= worst(&sizes[from..to], side) {
            to += 1;
        }
        free = lay(&sizes[from..to], free, &mut rects);
        from = to;
    }
    rects
}

/// Worst proportion of a row of these sizes along a side.
fn worst(row: &[f64], side: f64) -> f64 {
    let sum: f64 = row.iter().sum();
    let (least, greatest) = (row[row.len() - 1], row[0]);
    let (side, sum) = (side * side, sum * sum);
    (side * greatest / sum).max(sum / (side * least))
}

/// Lays a row along the shorter side; what is left of the plot.
fn lay(row: &[f64], free: Rect, rects: &mut Vec<Rect>) -> Rect {
    let sum: f64 = row.iter().sum();
    let mut at = 0.0;
    if free.width >= free.height {
        let width = (sum / free.height).min(free.width);
        for size in row {
            let height = size / width;
            rects.push(Rect {
                x: free.x,
                y: free.y + at,
                width,
                height,
            });
            at += height;
        }
        return Rect {
            x: free.x + width,
            width: free.width - width,
            ..free
        };
    }
    let height = (sum / free.width).min(free.height);
    for size in row {
        let width = size / height;
        rects.push(Rect {
            x: free.x + at,
            y: free.y,
            width,
            height,
        });
        at += width;
    }
    Rect {
        y: free.y + height,
        height: free.height - height,
        ..free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(costs: &[i64]) -> Vec<NamedAmount> {
        let mut rows: Vec<NamedAmount> = costs
            .iter()
            .enumerate()
            .map(|(n, cost)| {
                let mut row = NamedAmount {
                    name: format!("r{n}"),
                    label: format!("r{n}"),
                    ..NamedAmount::default()
                };
                row.amount.cost = *cost;
                row
            })
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.amount.cost));
        rows
    }

    proptest! {
        #[test]
        fn cells_are_as_large_as_their_shares_and_fill_the_plot(
            costs in prop::collection::vec(0..1_000_000_i64, 0..80),
        ) {
            let whole: i64 = costs.iter().sum();
            let tree = tree(&rows(&costs), TALL);
            let number = |text: &str| text.parse::<f64>().unwrap();
            let mut filled = 0.0;
            for cell in &tree.cells {
                let (width, height) = (number(&cell.width), number(&cell.height));
                prop_assert!(number(&cell.x) + width < 100.01);
                prop_assert!(number(&cell.y) + height < 100.01);
                filled += width * height;
            }
            if whole > 0 {
                prop_assert!((filled - 10_000.0).abs() < 20.0, "{filled}");
            } else {
                prop_assert!(tree.cells.is_empty());
            }
        }
    }
}
