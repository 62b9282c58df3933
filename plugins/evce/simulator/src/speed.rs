//! How fast the cars' clock runs against wall time.

use std::str::FromStr;

use serde::Deserialize;

/// 0 (paused) to 3,600 (an hour per second).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Speed {
    milli: i64,
}

/// The number is not a speed.
#[derive(Debug, thiserror::Error)]
#[error("the speed must be a number from 0 to 3600")]
pub struct InvalidSpeed;

impl Speed {
    /// As fast as wall time.
    pub const REAL: Self = Self { milli: 1000 };
    /// Paused; only the control interface moves the cars' clock.
    pub const PAUSED: Self = Self { milli: 0 };

    pub(crate) fn milli(self) -> i64 {
        self.milli
    }
}

impl TryFrom<f64> for Speed {
    type Error = InvalidSpeed;

    fn try_from(speed: f64) -> Result<Self, InvalidSpeed> {
        if !(0.0..=3600.0).contains(&speed) {
            return Err(InvalidSpeed);
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 3,600,000; thousandths are enough")]
        let milli = (speed * 1000.0).round() as i64;
        Ok(Self { milli })
    }
}

impl FromStr for Speed {
    type Err = InvalidSpeed;

    fn from_str(text: &str) -> Result<Self, InvalidSpeed> {
        text.parse::<f64>().map_err(|_| InvalidSpeed)?.try_into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_beyond_an_hour_a_second_are_refused() {
        assert_eq!("60".parse::<Speed>().unwrap().milli(), 60_000);
        assert_eq!("0.5".parse::<Speed>().unwrap().milli(), 500);
        for wrong in ["-1", "3601", "NaN", "fast"] {
            assert!(wrong.parse::<Speed>().is_err(), "{wrong}");
        }
    }
}
