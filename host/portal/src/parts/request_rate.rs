use askama::Template;
use askama::filters::HtmlSafe;

/// Width of a minute in the drawing.
const MINUTE_WIDTH: usize = 10;
/// Height of the drawing.
const HEIGHT: u32 = 60;

/// The requests of the last hour: figures, and a bar for each minute.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/request_rate.html")]
pub(crate) struct RequestRate {
    /// In the last full minute.
    pub(crate) last_minute: u32,
    pub(crate) most: u32,
    pub(crate) hour: u64,
    pub(crate) bars: Vec<Bar>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) x: usize,
    pub(crate) y: u32,
    pub(crate) height: u32,
}

impl HtmlSafe for RequestRate {}

impl RequestRate {
    /// Draws the requests of each minute, oldest first. The last minute is incomplete.
    pub(crate) fn new(per_minute: &[u32]) -> Self {
        let most = per_minute.iter().copied().max().unwrap_or_default();
        let bars = per_minute.iter().enumerate().filter(|(_, requests)| **requests > 0);
        Self {
            last_minute: last_full_minute(per_minute),
            most,
            hour: per_minute.iter().copied().map(u64::from).sum(),
            bars: bars
                .map(|(minute, requests)| {
                    let height = u64::from(*requests) * u64::from(HEIGHT) / u64::from(most);
                    // One request among thousands is still seen.
                    let height = u32::try_from(height).unwrap_or(HEIGHT).max(2);
                    Bar { x: minute * MINUTE_WIDTH, y: HEIGHT - height, height }
                })
                .collect(),
        }
    }

    /// Returns the finding of the drawing in words.
    fn label(&self) -> String {
        format!(
            "Requests in each of the last 60 minutes: at most {} in one minute, {} in the last full minute",
            self.most, self.last_minute
        )
    }
}

/// Returns the requests of the minute before the present one.
pub(crate) fn last_full_minute(per_minute: &[u32]) -> u32 {
    per_minute.iter().rev().nth(1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_minute_with_requests_has_a_bar_of_its_share() {
        let rate = RequestRate::new(&[0, 6_000, 1, 3_000]);
        assert_eq!((rate.last_minute, rate.most, rate.hour), (1, 6_000, 9_001));
        let bars: Vec<_> = rate.bars.iter().map(|bar| (bar.x, bar.y, bar.height)).collect();
        assert_eq!(bars, [(10, 0, 60), (20, 58, 2), (30, 30, 30)]);
        assert_eq!(RequestRate::new(&[]).bars, []);
    }
}
