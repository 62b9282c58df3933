//! The samples of a history, reduced to the points of a chart.

use riser_domain::{HistorySample, Timestamp, Value, ValueState};
use serde::Serialize;

/// The span is divided into so many parts. A chart has seldom more pixels.
const PARTS: i64 = 1_500;
/// A pause that is so many times as long as the usual one is a gap.
const GAP_RATIO: i64 = 3;
/// A history with fewer pauses between samples has no usual one.
const FEWEST_PAUSES: usize = 3;

/// A series with its gaps, in the order of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Series {
    pub(crate) points: Vec<SeriesPoint>,
    pub(crate) gaps: Vec<Gap>,
    /// The number of samples behind the points.
    pub(crate) samples: usize,
}

/// One sample, or several in a part of the span.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct SeriesPoint {
    pub(crate) at_ms: i64,
    /// The last one of several.
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// A time without usable samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Gap {
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    /// Empty for samples that are missing.
    pub(crate) reason: String,
}

/// Reduces samples that come in the order of time.
#[derive(Debug)]
pub(crate) struct SeriesBuilder {
    from_ms: i64,
    to_ms: i64,
    series: Series,
    /// The time of the last usable sample.
    last_ms: Option<i64>,
    /// The state of samples since then that are not usable.
    unusable: Option<ValueState>,
    /// Pauses between usable samples: their begins and lengths.
    pauses: Vec<(i64, i64)>,
}

impl SeriesBuilder {
    pub(crate) fn new((from, to): (Timestamp, Timestamp)) -> Self {
        Self {
            from_ms: from.unix_ms(),
            to_ms: to.unix_ms(),
            series: Series::default(),
            last_ms: None,
            unusable: None,
            pauses: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, sample: &HistorySample) {
        self.series.samples += 1;
        let at_ms = sample.time.unix_ms();
        let Some(value) = number(&sample.value).filter(|_| is_usable(sample.state)) else {
            self.unusable.get_or_insert(sample.state);
            self.last_ms.get_or_insert(at_ms);
            return;
        };
        if let Some(state) = self.unusable.take() {
            self.add_gap(self.last_ms.unwrap_or(self.from_ms), at_ms, state);
        } else if let Some(last_ms) = self.last_ms {
            self.pauses.push((last_ms, at_ms - last_ms));
        }
        self.last_ms = Some(at_ms);
        let part = self.part(at_ms);
        let is_new_part = self.series.points.last().is_none_or(|point| self.part(point.at_ms) != part);
        let is_after_gap =
            self.series.gaps.last().is_some_and(|gap| gap.to_ms == at_ms && !gap.reason.is_empty());
        match self.series.points.last_mut() {
            Some(point) if !is_new_part && !is_after_gap => {
                *point = SeriesPoint { at_ms, value, low: point.low.min(value), high: point.high.max(value) };
            }
            _ => self.series.points.push(SeriesPoint { at_ms, value, low: value, high: value }),
        }
    }

    pub(crate) fn finish(mut self) -> Series {
        if let Some(state) = self.unusable {
            self.add_gap(self.last_ms.unwrap_or(self.from_ms), self.to_ms, state);
        } else if let Some(last_ms) = self.last_ms {
            self.pauses.push((last_ms, self.to_ms - last_ms));
        }
        if let Some(usual_ms) = usual_pause(&self.pauses) {
            let shortest_gap = (usual_ms * GAP_RATIO).max(self.part_ms());
            let missing = self.pauses.iter().filter(|(_, length)| *length > shortest_gap);
            self.series.gaps.extend(missing.map(|&(begin, length)| Gap {
                from_ms: begin,
                to_ms: begin + length,
                reason: String::new(),
            }));
            self.series.gaps.sort_by_key(|gap| gap.from_ms);
        }
        self.series
    }

    fn add_gap(&mut self, from_ms: i64, to_ms: i64, state: ValueState) {
        let reason = match state {
            ValueState::Offline => "the source could not be reached",
            ValueState::Error => "the source returned no usable value",
            ValueState::Good | ValueState::Uncertain | ValueState::Forced => "the samples are not numbers",
        };
        self.series.gaps.push(Gap { from_ms, to_ms, reason: reason.to_owned() });
    }

    fn part_ms(&self) -> i64 {
        ((self.to_ms - self.from_ms) / PARTS).max(1)
    }

    fn part(&self, at_ms: i64) -> i64 {
        at_ms.saturating_sub(self.from_ms) / self.part_ms()
    }
}

/// Returns the pause that most samples keep; `None` if they come irregularly, as by change of value.
fn usual_pause(pauses: &[(i64, i64)]) -> Option<i64> {
    if pauses.len() < FEWEST_PAUSES {
        return None;
    }
    let mut lengths: Vec<i64> = pauses.iter().map(|(_, length)| *length).collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    let regular = lengths.iter().filter(|length| (median / 2..=median * 3 / 2).contains(*length)).count();
    (regular * 5 >= lengths.len() * 3).then_some(median)
}

/// Returns a value as a height in a chart; `None` for texts and times.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Boolean(is_on) => Some(f64::from(u8::from(*is_on))),
        _ => value.as_number(),
    }
}

const fn is_usable(state: ValueState) -> bool {
    matches!(state, ValueState::Good | ValueState::Uncertain | ValueState::Forced)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;
    const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

    fn series(span_ms: i64, samples: impl IntoIterator<Item = (i64, f64, ValueState)>) -> Series {
        let mut builder = SeriesBuilder::new((Timestamp::EPOCH, Timestamp::from_unix_ms(span_ms)));
        for (at_ms, value, state) in samples {
            let time = Timestamp::from_unix_ms(at_ms);
            builder.add(&HistorySample { value: Value::Double(value), state, time });
        }
        builder.finish()
    }

    fn gap(from_ms: i64, to_ms: i64, reason: &str) -> Gap {
        Gap { from_ms, to_ms, reason: reason.to_owned() }
    }

    #[test]
    fn sparse_samples_are_all_there() {
        let found = series(
            DAY_MS,
            (0..96_i32).map(|n| (i64::from(n) * 15 * MINUTE_MS, f64::from(n), ValueState::Good)),
        );
        assert_eq!((found.points.len(), found.samples, found.gaps.len()), (96, 96, 0));
        let point = found.points[3];
        assert_eq!((point.at_ms, point.value, point.low, point.high), (45 * MINUTE_MS, 3.0, 3.0, 3.0));
    }

    #[test]
    fn dense_samples_keep_their_highest_and_lowest() {
        let second = |n: i64| (n * 1_000, if n == 40_000 { 99.0 } else { 1.0 }, ValueState::Good);
        let found = series(DAY_MS, (0..86_400).map(second));
        assert!(found.points.len() <= 1_501, "{}", found.points.len());
        assert_eq!(found.samples, 86_400);
        let peaks: Vec<_> = found.points.iter().filter(|point| point.high > 50.0).collect();
        assert_eq!((peaks.len(), peaks[0].low), (1, 1.0));
    }

    #[test]
    fn samples_that_are_missing_and_unusable_ones_are_gaps() {
        let minutes = |range: std::ops::Range<i64>, state| range.map(move |n| (n * MINUTE_MS, 5.0, state));
        let samples = minutes(0..10, ValueState::Good)
            .chain(minutes(10..20, ValueState::Offline))
            .chain(minutes(20..30, ValueState::Good))
            .chain(minutes(50..60, ValueState::Uncertain));
        let found = series(60 * MINUTE_MS, samples);
        let offline = gap(9 * MINUTE_MS, 20 * MINUTE_MS, "the source could not be reached");
        assert_eq!(found.gaps, [offline, gap(29 * MINUTE_MS, 50 * MINUTE_MS, "")]);
        assert_eq!((found.points.len(), found.samples), (30, 40));
    }

    #[test]
    fn a_history_by_change_of_value_has_no_gaps() {
        let times = [0, 1, 2, 30, 31, 200, 900, 1_000];
        let found = series(DAY_MS, times.map(|minute| (minute * MINUTE_MS, 1.0, ValueState::Good)));
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
    }

    #[test]
    fn a_series_that_ends_early_has_a_gap_up_to_now() {
        let found = series(60 * MINUTE_MS, (0..30).map(|n| (n * MINUTE_MS, 1.0, ValueState::Good)));
        assert_eq!(found.gaps, [gap(29 * MINUTE_MS, 60 * MINUTE_MS, "")]);
        let offline =
            series(60 * MINUTE_MS, [(0, 1.0, ValueState::Good), (MINUTE_MS, 0.0, ValueState::Offline)]);
        assert_eq!(offline.gaps, [gap(0, 60 * MINUTE_MS, "the source could not be reached")]);
    }

    #[test]
    fn texts_are_no_points_and_booleans_are_zero_and_one() {
        let mut builder = SeriesBuilder::new((Timestamp::EPOCH, Timestamp::from_unix_ms(DAY_MS)));
        for (at_ms, value) in [(1, Value::String("on".into())), (2, Value::Boolean(true))] {
            let time = Timestamp::from_unix_ms(at_ms);
            builder.add(&HistorySample { value, state: ValueState::Good, time });
        }
        let found = builder.finish();
        assert_eq!((found.points.len(), found.points[0].value), (1, 1.0));
        assert_eq!(found.gaps[0].reason, "the samples are not numbers");
    }
}
