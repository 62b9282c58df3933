use std::collections::BTreeMap;

use super::*;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A plan that begins at a time.
struct Planned {
    rule: ScheduleRule,
    plan: SchedulePlan,
}

impl Planned {
    fn new(rule: &str, from: &str) -> Self {
        let mut planned = Self { rule: rule.parse().unwrap(), plan: SchedulePlan::default() };
        planned.plan.begin(time(from));
        planned.plan(time(from));
        planned
    }

    fn plan(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.plan.plan(now, Some(OwnRule { rule: &self.rule, key: 7 }))
    }

    /// Returns all runs that begin at a moment when nothing runs, and the rows.
    fn all_due(&mut self, now: &str) -> (Vec<String>, Vec<(String, &'static str)>) {
        let now = time(now);
        let (mut runs, mut rows) = (Vec::new(), Vec::new());
        self.plan(now);
        while self.plan.left(now) == Some(Duration::ZERO) {
            let due = self.plan.take_due(now, Some(OwnRule { rule: &self.rule, key: 7 }));
            runs.extend(due.run.map(short));
            rows.extend(due.unstarted.into_iter().map(|row| (short(row.due), row.state.as_str())));
            self.plan(now);
        }
        (runs, rows)
    }

    fn overlapped(&mut self, now: &str) -> (Option<String>, Vec<(String, &'static str)>) {
        let due = self.plan.take_overlapped(time(now), Some(OwnRule { rule: &self.rule, key: 7 }));
        let rows = due.unstarted.into_iter().map(|row| (short(row.due), row.state.as_str())).collect();
        (due.run.map(short), rows)
    }
}

/// Hour and minute of a time of 10 June.
fn short(time: Timestamp) -> String {
    time.to_string()[11..16].to_owned()
}

fn rows(state: &'static str, times: &[&str]) -> Vec<(String, &'static str)> {
    times.iter().map(|time| ((*time).to_owned(), state)).collect()
}

const HOURLY: &str = "0 * * * *; zone Etc/UTC";
const BEGIN: &str = "2026-06-10T06:30:00Z";

#[test]
fn a_time_that_is_met_runs_and_has_no_row() {
    let mut hourly = Planned::new(HOURLY, BEGIN);
    assert_eq!(hourly.all_due("2026-06-10T06:59:59Z"), (vec![], vec![]));
    assert_eq!(hourly.all_due("2026-06-10T07:00:00Z"), (vec!["07:00".to_owned()], vec![]));
    assert_eq!(hourly.all_due("2026-06-10T07:00:30Z"), (vec![], vec![]));
}

#[test]
fn missed_times_follow_the_misfire_rule_and_each_has_a_row() {
    // Riser ran again at 10:10: 07, 08, 09 and 10 o'clock were missed.
    let check = |misfire: &str, runs: &[&str], expected: Vec<(String, &'static str)>| {
        let mut hourly = Planned::new(&format!("{HOURLY}{misfire}"), BEGIN);
        let runs = runs.iter().map(|run| (*run).to_owned()).collect();
        assert_eq!(hourly.all_due("2026-06-10T10:10:00Z"), (runs, expected), "{misfire}");
        assert_eq!(hourly.plan(time("2026-06-10T10:10:00Z")), Some(time("2026-06-10T11:00:00Z")));
    };
    let all = ["07:00", "08:00", "09:00", "10:00"];
    check("", &["10:00"], rows("merged", &all[..3]));
    check("; misfire once within 10 min", &["10:00"], rows("merged", &all[..3]));
    check("; misfire once within 9 min", &[], rows("missed", &all));
    check("; misfire skip", &[], rows("missed", &all));
    check("; misfire all", &all, vec![]);
    check("; misfire all within 2 h", &all[2..], rows("missed", &all[..2]));
}

#[test]
fn at_most_ten_missed_times_run_and_at_most_a_hundred_have_a_row_each() {
    let mut minutely = Planned::new("* * * * *; zone Etc/UTC; misfire all", BEGIN);
    let (runs, rows) = minutely.all_due("2026-06-10T06:50:00Z");
    assert_eq!((runs.len(), &*runs[0], rows.len(), rows[0].1), (10, "06:41", 10, "missed"));
    let mut minutely = Planned::new("* * * * *; zone Etc/UTC", BEGIN);
    let (runs, rows) = minutely.all_due("2026-06-10T10:30:00Z");
    assert_eq!((&*runs, rows.len()), (&["10:30".to_owned()][..], MOST_ROWS));
    assert_eq!((&*rows[0].0, &*rows[1].0), ("06:31", "08:51"), "one row for all times before the hundred");
}

#[test]
fn a_clock_set_ahead_by_years_passes_few_rows() {
    let mut often = Planned::new("every 1 s", BEGIN);
    let (runs, rows) = often.all_due("2029-06-10T06:30:00Z");
    assert_eq!((runs.len(), rows.len()), (1, MOST_ROWS));
}

#[test]
fn times_during_a_run_follow_the_overlap_rule() {
    let check = |overlap: &str, run: Option<&str>, expected| {
        let mut hourly = Planned::new(&format!("{HOURLY}{overlap}"), BEGIN);
        let found = hourly.overlapped("2026-06-10T09:10:00Z");
        assert_eq!(found, (run.map(str::to_owned), expected), "{overlap}");
        assert_eq!(hourly.overlapped("2026-06-10T09:20:00Z"), (None, vec![]), "{overlap}");
    };
    let all = ["07:00", "08:00", "09:00"];
    check("", None, rows("skipped", &all));
    check("; overlap queue", Some("09:00"), rows("merged", &all[..2]));
    check("; overlap stop", Some("09:00"), rows("merged", &all[..2]));
}

#[test]
fn jitter_delays_a_run_by_the_same_span_each_time() {
    let mut hourly = Planned::new("0 * * * *; zone Etc/UTC; jitter 30 min", BEGIN);
    let start = hourly.plan(time(BEGIN)).unwrap();
    let delay = start.since(time("2026-06-10T07:00:00Z"));
    assert!(Duration::ZERO < delay && delay < 30 * MINUTE, "{delay:?}");
    assert_eq!(hourly.all_due("2026-06-10T07:00:00Z").0, [""; 0], "the run waits for its delay");
    let at = start.to_string();
    assert_eq!(hourly.all_due(&at), (vec!["07:00".to_owned()], vec![]));
    let starts: BTreeMap<_, _> = (0..100)
        .map(|key| (OwnRule { rule: &hourly.rule, key }.next_start_after(time(BEGIN)).unwrap(), key))
        .collect();
    assert!(starts.len() > 90, "the runs of 100 processors are spread: {}", starts.len());
}

#[test]
fn what_runs_is_what_the_preview_shows() {
    let patterns = [
        "every 90 min",
        "every 7 h; from 2026-01-01T00:00:00Z; except 2026-12-24..2026-12-26",
        "weekly on Mon-Fri at 07:00, 02:30",
        "monthly on last, 1 at 00:00",
        "monthly on 2nd Tue at 23:59",
        "30 2 * * *",
        "*/20 * * * *",
        "15 30 1-3 * * SUN",
        "0 9 1,15 * *; until 2027-06-30",
    ];
    let begin = time("2026-09-01T00:00:00Z");
    for zone in ["Europe/Berlin", "America/Vancouver", "Australia/Lord_Howe", "Africa/Casablanca"] {
        for pattern in patterns {
            let rule = format!("{pattern}; zone {zone}");
            let mut planned = Planned::new(&rule, "2026-09-01T00:00:00Z");
            let preview = planned.rule.next_times(begin, 600);
            let (mut now, mut ran) = (begin, Vec::new());
            while ran.len() < preview.len() {
                let Some(left) = planned.plan.left(now) else { break };
                // In steps, as a task that is woken early.
                now = now.plus(left.min(HOUR * 5));
                let due = planned.plan.take_due(now, Some(OwnRule { rule: &planned.rule, key: 0 }));
                assert_eq!(due.unstarted, [], "{rule}");
                ran.extend(due.run);
                planned.plan(now);
            }
            assert_eq!(ran, preview, "{rule}");
        }
    }
}
