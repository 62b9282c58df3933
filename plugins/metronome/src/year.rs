//! A year of samples.

use riser_plugin::prelude::*;

/// Quarter-hours in a year of 365 days.
const SAMPLES: u32 = 35_040;
const QUARTER_HOUR: Duration = Duration::from_mins(15);
const LEVEL: &str = "year/Level";
const LEVEL_HISTORY: &str = "year/LevelLog";

/// Settings of the year.
#[derive(Settings)]
pub struct YearSettings {}

/// Records a year of quarter-hour samples that ends now, and ends.
pub struct Year;

impl Processor for Year {
    type Settings = YearSettings;
    const CLASS: Class = Class::scheduled("year", "Year").about("Records a year of quarter-hour samples.");

    fn run(&self, host: &Host, _: YearSettings) -> Outcome {
        let mut tree = Tree::new();
        let container = tree.add(Container::new("year", "Year"));
        let level = Value::new(LEVEL, "Level", Kind::Double).unit("kW").published_by("year");
        tree.add_in(container, level);
        let history =
            History::new(LEVEL_HISTORY, "LevelLog", LEVEL, Kind::Double).unit("kW").published_by("year");
        tree.add_in(container, history);
        let declared = host.declare(tree)?;
        let points = declared.all();
        let find = |id| points.find(id).ok_or_else(|| Failure::new("a declared point is missing"));
        let (level, history) = (find(LEVEL)?, find(LEVEL_HISTORY)?);
        let first = host.now() - QUARTER_HOUR * (SAMPLES - 1);
        let samples: Vec<Sample> = (0..SAMPLES)
            .map(|index| history.sample(level_kw(index), ValueState::Good, first + QUARTER_HOUR * index))
            .collect();
        host.record(&samples)?;
        host.publish(&[level.good(level_kw(SAMPLES - 1))])?;
        Ok(())
    }
}

/// A day's swing with weekly and yearly changes, so that no part of the chart is a straight line.
fn level_kw(index: u32) -> f64 {
    let days = f64::from(index) / 96.0;
    let swing = |period_days: f64| (days / period_days * std::f64::consts::TAU).sin();
    100.0 + 40.0 * swing(1.0) + 15.0 * swing(7.0) + 20.0 * swing(365.0)
}
