//! Changes at the controller that go against the BMS. Riser sets the value of the BMS again, but does not fight.

use std::time::Duration;

/// So many changes within [`COUNTED_FOR`] end the attempts (design, reliability.md, 7).
const MOST: usize = 3;
/// The time in which changes count.
const COUNTED_FOR: Duration = Duration::from_mins(10);

/// The changes of one object.
#[derive(Clone, Debug, Default)]
pub(super) struct Overrides {
    at: Vec<Duration>,
    /// The last change, until Riser has set the value of the BMS again.
    open: Option<String>,
}

/// What a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is known already: setting the value of the BMS again has failed so far.
    Known,
    New,
    /// One of too many.
    TooMany,
}

impl Overrides {
    /// Records the value at the controller that replaces the value of the BMS.
    pub(super) fn note(&mut self, shown: &str, now: Duration) -> Change {
        if self.open.as_deref() == Some(shown) {
            return Change::Known;
        }
        self.open = Some(shown.to_owned());
        self.at.retain(|at| now.saturating_sub(*at) < COUNTED_FOR);
        self.at.push(now);
        if self.at.len() >= MOST { Change::TooMany } else { Change::New }
    }

    /// Notes that Riser has set the value of the BMS again.
    pub(super) fn finish(&mut self) {
        self.open = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_change_within_10_minutes_is_one_too_many() {
        let minutes = Duration::from_mins;
        let mut overrides = Overrides::default();
        assert_eq!(overrides.note("40 %", minutes(0)), Change::New);
        assert_eq!(overrides.note("40 %", minutes(1)), Change::Known);
        overrides.finish();
        assert_eq!(overrides.note("40 %", minutes(5)), Change::New);
        overrides.finish();
        // The first is forgotten.
        assert_eq!(overrides.note("40 %", minutes(10)), Change::New);
        overrides.finish();
        assert_eq!(overrides.note("50 %", minutes(14)), Change::TooMany);
    }
}
