//! A line of small columns, to see at a glance when there was something.

/// The columns, ten units each, a hundred high.
#[derive(Default)]
pub struct Spark {
    pub width: usize,
    pub columns: Vec<(usize, String, String)>,
    pub title: String,
}

/// Prompts by week, oldest first.
pub fn spark(weeks: &[u64]) -> Spark {
    let greatest = weeks.iter().copied().max().unwrap_or(0);
    let sum: u64 = weeks.iter().sum();
    let column = |(at, value): (usize, &u64)| {
        // one prompt is seen beside a thousand
        let height = match value {
            0 => 0.0,
            value => (*value as f64 / greatest as f64).sqrt() * 94.0 + 6.0,
        };
        (
            at * 10,
            format!("{:.0}", 100.0 - height),
            format!("{height:.0}"),
        )
    };
    Spark {
        width: weeks.len().max(1) * 10,
        columns: weeks
            .iter()
            .enumerate()
            .filter(|(_, value)| **value > 0)
            .map(column)
            .collect(),
        title: match sum {
            0 => "No prompt in the last half year".into(),
            1 => "1 prompt in the last half year".into(),
            sum => format!(
                "{} prompts in the last half year",
                crate::web::filters::grouped(sum)
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_weeks_leave_a_gap() {
        let line = spark(&[0, 1, 0, 100]);
        assert_eq!(line.width, 40);
        assert_eq!(line.columns.len(), 2);
        assert_eq!(line.columns[0].0, 10);
        assert_eq!(line.columns[1].2, "100");
        assert_eq!(line.title, "101 prompts in the last half year");
        assert!(spark(&[]).columns.is_empty());
    }
}
