//! A measurement and its baseline.

use serde::Serialize;

/// The unit of a measurement: a rate should be high, the others low.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    RequestsPerSecond,
    Milliseconds,
    Megabytes,
    Kilobytes,
    PercentOfACore,
}

/// The target of a measurement.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// In the measurement's unit.
    AtMost(f64),
    RatioAtLeast(f64),
    /// Observed without a bound.
    None,
}

/// The result of a benchmark.
#[derive(Clone, Debug)]
pub(super) struct Measurement {
    pub(super) name: &'static str,
    pub(super) value: f64,
    pub(super) unit: Unit,
    /// The best that is possible, in the same unit, measured in the same run.
    pub(super) baseline: Option<f64>,
    pub(super) target: Target,
}

/// The JSON form of a measurement; null without a baseline.
#[derive(Serialize)]
struct JsonLine {
    name: &'static str,
    value: f64,
    unit: &'static str,
    #[serde(rename = "floor")]
    baseline: Option<f64>,
    ratio: Option<f64>,
}

impl Unit {
    const fn as_str(self) -> &'static str {
        match self {
            Self::RequestsPerSecond => "requests/s",
            Self::Milliseconds => "ms",
            Self::Megabytes => "MB",
            Self::Kilobytes => "kB",
            Self::PercentOfACore => "% of a core",
        }
    }
}

impl Measurement {
    /// Returns the ratio to the baseline, 1 for equal: value/baseline for a rate, else baseline/value.
    pub(super) fn ratio(&self) -> Option<f64> {
        let baseline = self.baseline?;
        Some(if self.unit == Unit::RequestsPerSecond { self.value / baseline } else { baseline / self.value })
    }

    pub(super) fn json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string(&JsonLine {
            name: self.name,
            value: rounded(self.value),
            unit: self.unit.as_str(),
            baseline: self.baseline.map(rounded),
            ratio: self.ratio().map(rounded),
        })?)
    }

    pub(super) fn text(&self) -> String {
        let value = format!("{:<32} {:>10} {}", self.name, rounded(self.value), self.unit.as_str());
        let baseline = self.baseline.zip(self.ratio()).map_or_else(String::new, |(baseline, ratio)| {
            format!(", baseline {}, ratio {}", rounded(baseline), rounded(ratio))
        });
        format!("{value}{baseline}{}", self.target_text())
    }

    fn target_text(&self) -> String {
        let (target, is_met) = match self.target {
            Target::AtMost(most) => (format!("at most {most} {}", self.unit.as_str()), self.value <= most),
            Target::RatioAtLeast(least) => {
                (format!("ratio at least {least}"), self.ratio().is_some_and(|ratio| ratio >= least))
            }
            Target::None => return String::new(),
        };
        format!("; target {target}: {}", if is_met { "met" } else { "MISSED" })
    }
}

/// Four significant digits, more than a measurement has.
fn rounded(number: f64) -> f64 {
    format!("{number:.3e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_relative_to_the_baseline_for_rates_and_times() {
        let measurement =
            |value, unit, baseline| Measurement { name: "x", value, unit, baseline, target: Target::None };
        let rate = measurement(5_000.0, Unit::RequestsPerSecond, Some(20_000.0));
        assert_eq!(rate.ratio(), Some(0.25));
        let time = measurement(4.0, Unit::Milliseconds, Some(1.0));
        assert_eq!(time.ratio(), Some(0.25));
        let bytes = measurement(12.345_67, Unit::Megabytes, None);
        assert_eq!(
            bytes.json().unwrap(),
            r#"{"name":"x","value":12.35,"unit":"MB","floor":null,"ratio":null}"#
        );
    }

    #[test]
    fn a_missed_target_is_marked() {
        let measurement = Measurement {
            name: "x",
            value: 6.0,
            unit: Unit::Milliseconds,
            baseline: Some(1.5),
            target: Target::AtMost(5.0),
        };
        assert!(measurement.text().ends_with("6 ms, baseline 1.5, ratio 0.25; target at most 5 ms: MISSED"));
        let met = Measurement { target: Target::RatioAtLeast(0.2), ..measurement };
        assert!(met.text().ends_with("target ratio at least 0.2: met"));
    }
}
