//! Figures against targets, as a Markdown table.

pub struct Table {
    rows: Vec<(String, String, String, Option<bool>)>,
}

impl Table {
    pub fn new(head: &str) -> Table {
        println!("\n{head}\n");
        Table { rows: Vec::new() }
    }

    /// A figure that should stay below its target, both in `unit`.
    pub fn below(&mut self, what: &str, figure: f64, target: f64, unit: &str) {
        let verdict = Some(figure <= target);
        self.rows.push((
            what.to_owned(),
            show(figure, unit),
            format!("< {}", show(target, unit)),
            verdict,
        ));
    }
    /// A figure that should reach at least its target.
    pub fn above(&mut self, what: &str, figure: f64, target: f64, unit: &str) {
        let verdict = Some(figure >= target);
        self.rows.push((
            what.to_owned(),
            show(figure, unit),
            format!("> {}", show(target, unit)),
            verdict,
        ));
    }
    /// A figure without a target.
    pub fn note(&mut self, what: &str, figure: f64, unit: &str) {
        self.rows
            .push((what.to_owned(), show(figure, unit), String::new(), None));
    }

    /// Prints it. Speed decides nothing here: only what is broken fails a bench.
    pub fn print(&self) {
        println!("| what | measured | to reach | |\n|---|---:|---:|---|");
        for (what, figure, target, verdict) in &self.rows {
            let word = match verdict {
                Some(true) => "reached",
                Some(false) => "**not reached**",
                None => "",
            };
            println!("| {what} | {figure} | {target} | {word} |");
        }
    }
}

fn show(figure: f64, unit: &str) -> String {
    let digits = match figure.abs() {
        x if x == 0.0 || x >= 100.0 => 0,
        x if x >= 10.0 => 1,
        _ => 2,
    };
    format!("{figure:.digits$} {unit}")
}
