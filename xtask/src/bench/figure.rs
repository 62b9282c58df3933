//! A measured figure, beside its floor.

use serde::Serialize;

/// What a figure means: for a rate more is better, for time and bytes less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    RequestsPerSecond,
    Milliseconds,
    Megabytes,
}

/// What the figure should be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Goal {
    /// In the figure's unit.
    AtMost(f64),
    RatioAtLeast(f64),
    /// It is looked at, and has no bound.
    None,
}

/// One line of the bench.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) value: f64,
    pub(super) unit: Unit,
    /// The best that is possible, in the same unit, measured in the same run.
    pub(super) floor: Option<f64>,
    pub(super) goal: Goal,
}

/// A figure as programs read it; null without a floor.
#[derive(Serialize)]
struct JsonLine {
    name: &'static str,
    value: f64,
    unit: &'static str,
    floor: Option<f64>,
    ratio: Option<f64>,
}

impl Unit {
    const fn text(self) -> &'static str {
        match self {
            Self::RequestsPerSecond => "requests/s",
            Self::Milliseconds => "ms",
            Self::Megabytes => "MB",
        }
    }
}

impl Figure {
    /// How near the value comes to its floor, 1 for equal: value/floor for a rate, else floor/value.
    pub(super) fn ratio(&self) -> Option<f64> {
        let floor = self.floor?;
        Some(if self.unit == Unit::RequestsPerSecond { self.value / floor } else { floor / self.value })
    }

    pub(super) fn json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string(&JsonLine {
            name: self.name,
            value: rounded(self.value),
            unit: self.unit.text(),
            floor: self.floor.map(rounded),
            ratio: self.ratio().map(rounded),
        })?)
    }

    pub(super) fn words(&self) -> String {
        let value = format!("{:<32} {:>10} {}", self.name, rounded(self.value), self.unit.text());
        let floor = self.floor.zip(self.ratio()).map_or_else(String::new, |(floor, ratio)| {
            format!(", floor {}, ratio {}", rounded(floor), rounded(ratio))
        });
        format!("{value}{floor}{}", self.goal_in_words())
    }

    fn goal_in_words(&self) -> String {
        let (goal, is_met) = match self.goal {
            Goal::AtMost(most) => (format!("at most {most} {}", self.unit.text()), self.value <= most),
            Goal::RatioAtLeast(least) => {
                (format!("ratio at least {least}"), self.ratio().is_some_and(|ratio| ratio >= least))
            }
            Goal::None => return String::new(),
        };
        format!("; goal {goal}: {}", if is_met { "met" } else { "MISSED" })
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
    fn a_ratio_says_how_near_the_floor_is_whatever_is_better() {
        let figure = |value, unit, floor| Figure { name: "x", value, unit, floor, goal: Goal::None };
        let rate = figure(5_000.0, Unit::RequestsPerSecond, Some(20_000.0));
        assert_eq!(rate.ratio(), Some(0.25));
        let time = figure(4.0, Unit::Milliseconds, Some(1.0));
        assert_eq!(time.ratio(), Some(0.25));
        let bytes = figure(12.345_67, Unit::Megabytes, None);
        assert_eq!(
            bytes.json().unwrap(),
            r#"{"name":"x","value":12.35,"unit":"MB","floor":null,"ratio":null}"#
        );
    }

    #[test]
    fn a_missed_goal_stands_out() {
        let figure = Figure {
            name: "x",
            value: 6.0,
            unit: Unit::Milliseconds,
            floor: Some(1.5),
            goal: Goal::AtMost(5.0),
        };
        assert!(figure.words().ends_with("6 ms, floor 1.5, ratio 0.25; goal at most 5 ms: MISSED"));
        let met = Figure { goal: Goal::RatioAtLeast(0.2), ..figure };
        assert!(met.words().ends_with("goal ratio at least 0.2: met"));
    }
}
