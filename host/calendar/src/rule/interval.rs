//! `every 15 min`: multiples of a span of real time.

use std::fmt;
use std::time::Duration;

use super::error::RuleError;
use super::pattern::Pattern;
use super::span::{parse_span, span_text};

/// The longest span: with a longer one, a rule may not run within the memory of the people who entered it.
pub(super) const LONGEST_PERIOD: Duration = Duration::from_hours(366 * 24);

/// A span from one second to [`LONGEST_PERIOD`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Interval {
    period_ms: i64,
}

pub(super) fn parse(text: &str) -> Result<Pattern, RuleError> {
    let span = parse_span(text)?;
    if span < Duration::from_secs(1) {
        return Err(RuleError::PeriodTooShort);
    }
    if span > LONGEST_PERIOD {
        return Err(RuleError::PeriodTooLong);
    }
    let period_ms = i64::try_from(span.as_millis()).map_err(|_| RuleError::PeriodTooLong)?;
    Ok(Pattern::Elapsed(Interval { period_ms }))
}

impl Interval {
    /// Returns the first multiple, counted from `anchor_ms`, at or after a moment.
    pub(super) fn at_or_after(self, anchor_ms: i64, moment_ms: i64) -> Option<i64> {
        let past_ms = moment_ms.checked_sub(anchor_ms)?;
        let steps = past_ms.div_euclid(self.period_ms) + i64::from(past_ms.rem_euclid(self.period_ms) != 0);
        anchor_ms.checked_add(steps.checked_mul(self.period_ms)?)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every {}", span_text(Duration::from_millis(self.period_ms.unsigned_abs())))
    }
}
