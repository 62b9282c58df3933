//! The comparison of random rules with croner and with `tests/oracle.py`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use croner::JobType;
use croner::parser::{CronParser, Seconds};
use riser_calendar::{RuleError, ScheduleRule, Zone};
use riser_domain::Timestamp;

use crate::croner_time::CronerTime;
use crate::random_rule::{Random, RandomPattern, random_clauses, random_pattern};
use crate::zones::{APIA_CHANGE_S, Change, ComparedZone, Window, ZONES};

/// The most times of a window that are compared.
const MOST_TIMES: usize = 400;

/// Differences by their reason.
#[derive(Default)]
pub(crate) struct Summary {
    pub(crate) rules: usize,
    /// Rules that are refused because they never run.
    pub(crate) refused: usize,
    pub(crate) windows_with_croner: usize,
    pub(crate) windows_with_python: usize,
    pub(crate) times: usize,
    /// With croner, in windows.
    pub(crate) explained: BTreeMap<&'static str, usize>,
    pub(crate) unexplained: Vec<String>,
}

/// croner runs a list or range of fixed hours or minutes in real time: not at all in a skipped hour, twice in a
/// repeated one. Here such a rule means local times, as the same times in a weekly rule do.
const SEVERAL_TIMES: &str = "croner follows real time with several fixed times a day";
/// croner gives up after two hours without a local time.
const MISSING_DAY: &str = "croner ends at the day that Pacific/Apia left out";
/// croner tries the day on which the clock stands after the change. Here the run of a skipped time stays a run of its
/// own day.
const SKIPPED_MIDNIGHT: &str = "croner leaves out a time that the change moves to the next day";

/// Compares `count` random rules. `zoneinfo` has the zone data for Python.
pub(crate) fn compare(count: usize, seed: u64, zoneinfo: &Path) -> Summary {
    let zones: Vec<ComparedZone> = ZONES.into_iter().map(ComparedZone::load).collect();
    let mut random = Random::new(seed);
    let mut summary = Summary::default();
    let mut oracle = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle.py"))
        .env("PYTHONTZPATH", zoneinfo)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed for the slow implementation");
    let mut input = BufWriter::new(oracle.stdin.take().expect("it is piped"));
    let output = BufReader::new(oracle.stdout.take().expect("it is piped"));
    let report = std::thread::spawn(move || output.lines().map_while(Result::ok).collect::<Vec<String>>());
    for index in 0..count {
        let zone = &zones[index % zones.len()];
        let pattern = random_pattern(&mut random);
        let around_s = zone.special_moment_s(&mut random);
        let text = format!("{}{}", pattern.text, random_clauses(&mut random, around_s));
        let windows = zone.windows(&mut random);
        summary.rules += 1;
        compare_with_croner(&pattern, zone, &windows, &mut summary);
        let rule = match ScheduleRule::parse(&text, &named(zone)) {
            Ok(rule) => rule,
            Err(RuleError::NoSuchDate(_)) => {
                summary.refused += 1;
                continue;
            }
            Err(error) => {
                summary.unexplained.push(format!("{text} is refused: {error}"));
                continue;
            }
        };
        if rule.to_string().parse().as_ref() != Ok(&rule) {
            summary.unexplained.push(format!("{text} is another rule when read again: {rule}"));
        }
        writeln!(input, "{}\t{}\t{text}", zone.name, windows.len()).expect("Python reads");
        for window in &windows {
            let times = our_times(&rule, *window);
            summary.times += times.len();
            writeln!(input, "{} {} {}", window.start_s, window.end_s, times.len()).expect("Python reads");
            for time in times {
                input.write_all(&(time * 1_000).to_ne_bytes()).expect("Python reads");
            }
        }
        summary.windows_with_python += windows.len();
    }
    drop(input);
    let mut lines = report.join().expect("the reader does not panic");
    let ended = oracle.wait().expect("it was started");
    let last = lines.pop().unwrap_or_default();
    let expected = format!("compared {} {}", summary.rules - summary.refused, summary.windows_with_python);
    if !ended.success() || last != expected {
        summary.unexplained.push(format!("Python ended with {ended} and {last:?}, not {expected:?}"));
    }
    summary.unexplained.extend(lines.into_iter().map(|line| format!("Python: {line}")));
    summary
}

fn named(zone: &ComparedZone) -> Zone {
    zone.name.parse().expect("the database has it")
}

/// Returns whole seconds: no random rule runs between them.
fn our_times(rule: &ScheduleRule, window: Window) -> Vec<i64> {
    rule.occurrences(Timestamp::from_unix_ms(window.start_s * 1_000))
        .take(MOST_TIMES)
        .map(|time| time.unix_ms() / 1_000)
        .take_while(|time_s| *time_s < window.end_s)
        .collect()
}

fn compare_with_croner(
    pattern: &RandomPattern,
    zone: &ComparedZone,
    windows: &[Window],
    summary: &mut Summary,
) {
    let Some(expression) = &pattern.for_croner else { return };
    let parser = CronParser::builder().seconds(Seconds::Optional).sloppy_ranges(true).build();
    let croner = match parser.parse(expression) {
        Ok(croner) => croner,
        Err(error) => {
            summary.unexplained.push(format!("croner refuses {expression}: {error}"));
            return;
        }
    };
    let rule = match ScheduleRule::parse(&pattern.text, &named(zone)) {
        Ok(rule) => rule,
        Err(RuleError::NoSuchDate(_)) => {
            let start = CronerTime { unix_s: 0, zone: zone.rules.clone() };
            if let Ok(time) = croner.find_next_occurrence(&start, false) {
                summary.unexplained.push(format!("{} is refused, croner has {}", pattern.text, time.unix_s));
            }
            return;
        }
        Err(error) => {
            summary.unexplained.push(format!("{} is refused: {error}", pattern.text));
            return;
        }
    };
    let several = croner.determine_job_type() == JobType::IntervalWildcard
        && !expression.split_whitespace().rev().skip(3).any(|field| field.starts_with('*'));
    for window in windows {
        let mut ours = our_times(&rule, *window);
        let start = CronerTime { unix_s: window.start_s, zone: zone.rules.clone() };
        let mut theirs: Vec<i64> = croner
            .iter_after(start)
            .take(MOST_TIMES)
            .map(|time| time.unix_s)
            .take_while(|time_s| *time_s < window.end_s)
            .collect();
        cut_at_the_limit(&mut ours, &mut theirs);
        summary.windows_with_croner += 1;
        if ours == theirs {
            continue;
        }
        let change = window.change;
        let is_missing_day = change.is_some_and(|change| change.at_s == APIA_CHANGE_S);
        let ours_only = ours.iter().filter(|time| !theirs.contains(time));
        let theirs_only = theirs.iter().filter(|time| !ours.contains(time));
        let is_explained = change.is_some_and(|change| {
            let is_after_gap = |time: &&i64| change.by_s > 0 && **time == change.at_s;
            let repeated = change.at_s..change.at_s - change.by_s;
            let is_second = |time: &&i64| repeated.contains(*time);
            ours_only.clone().all(|time| is_after_gap(&time))
                && theirs_only.clone().all(|time| is_second(&time))
        });
        if several && is_explained {
            *summary.explained.entry(SEVERAL_TIMES).or_default() += 1;
        } else if is_missing_day && ours.first() == Some(&APIA_CHANGE_S) && theirs.is_empty() {
            *summary.explained.entry(MISSING_DAY).or_default() += 1;
        } else if change.is_some_and(|change| ends_at_midnight(change, zone))
            && is_explained
            && theirs_only.clone().next().is_none()
        {
            *summary.explained.entry(SKIPPED_MIDNIGHT).or_default() += 1;
        } else {
            summary.unexplained.push(format!(
                "croner: {} in {}, {}..{}: {:?} only here, {:?} only there",
                pattern.text,
                zone.name,
                window.start_s,
                window.end_s,
                ours_only.take(3).collect::<Vec<_>>(),
                theirs_only.take(3).collect::<Vec<_>>(),
            ));
        }
    }
}

/// Leaves the times that both lists reach: one of them may have ended at the limit.
fn cut_at_the_limit(ours: &mut Vec<i64>, theirs: &mut Vec<i64>) {
    let last = |times: &[i64]| if times.len() == MOST_TIMES { times.last().copied() } else { None };
    if let Some(end_s) = last(ours).into_iter().chain(last(theirs)).min() {
        ours.retain(|time_s| *time_s <= end_s);
        theirs.retain(|time_s| *time_s <= end_s);
    }
}

/// Returns whether the clock goes ahead to midnight or past it.
fn ends_at_midnight(change: Change, zone: &ComparedZone) -> bool {
    let before =
        zone.rules.to_datetime(jiff::Timestamp::from_second(change.at_s - 1).expect("it is in range"));
    let after = zone.rules.to_datetime(jiff::Timestamp::from_second(change.at_s).expect("it is in range"));
    change.by_s > 0 && before.date() != after.date()
}
