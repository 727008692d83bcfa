//! The five-hour windows by which plans count use.

/// Length of a window, ms.
pub const WINDOW_MS: i64 = 5 * HOUR_MS;

const HOUR_MS: i64 = 3_600_000;

/// Finds the window of each moment: one starts at the full hour (UTC) of the first use after the last one
/// ended. Hand moments over in order of time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Windows {
    start: Option<i64>,
}

impl Windows {
    /// Start of the window that `at` (ms since the epoch) lies in.
    pub fn start_of(&mut self, at: i64) -> i64 {
        match self.start {
            Some(start) if at < start + WINDOW_MS => start,
            _ => *self.start.insert(at - at.rem_euclid(HOUR_MS)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_starts_at_the_hour_of_the_first_use_after_the_last() {
        const MINUTE: i64 = 60_000;
        let mut windows = Windows::default();
        let starts =
            [50, 299, 300, 301, 7 * 60, 660].map(|m| windows.start_of(m * MINUTE) / MINUTE);
        assert_eq!(starts, [0, 0, 300, 300, 300, 660]);
    }
}
