use std::collections::BTreeMap;

use riser_domain::{Clock as _, FakeClock};

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

const HOURLY: &str = "0 * * * *; zone Etc/UTC";
const BEGIN: &str = "2026-06-10T06:30:00Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Hour and minute of a time of 10 June.
fn short(time: Timestamp) -> String {
    time.to_string()[11..16].to_owned()
}

fn rows(state: &'static str, times: &[&str]) -> Vec<(String, &'static str)> {
    times.iter().map(|time| ((*time).to_owned(), state)).collect()
}

fn own(rule: &str, key: u64) -> OwnRule {
    OwnRule { rule: Arc::new(rule.parse().unwrap()), key }
}

/// A plan, and a clock that its test moves.
struct Planned {
    clock: FakeClock,
    plan: SchedulePlan,
}

type Runs = Vec<String>;
type Rows = Vec<(String, &'static str)>;

impl Planned {
    fn new(rule: &str) -> Self {
        let clock = FakeClock::at(time(BEGIN));
        let mut plan = SchedulePlan::default();
        plan.begin(own(rule, 7), clock.read());
        Self { clock, plan }
    }

    /// A plan whose rule was done up to a time when the process before ended.
    fn resumed(rule: &str, done: &str, now: &str) -> Self {
        let clock = FakeClock::at(time(now));
        let mut plan = SchedulePlan::default();
        plan.resume(own(rule, 7), time(done), clock.read());
        Self { clock, plan }
    }

    /// Lets time pass up to a moment, and returns the runs that begin and the rows.
    fn wait_until(&mut self, now: &str) -> (Runs, Rows) {
        self.clock.advance(time(now).since(self.clock.now()));
        self.look()
    }

    /// Sets the clock, and returns the runs that begin and the rows.
    fn set(&mut self, now: &str) -> (Runs, Rows) {
        self.clock.set(time(now));
        self.look()
    }

    fn look(&mut self) -> (Runs, Rows) {
        let rows = short_rows(self.plan.pass(self.clock.read(), Activity::Idle));
        let runs = std::iter::from_fn(|| self.plan.take_run()).map(short).collect();
        (runs, rows)
    }

    fn during_run(&mut self, now: &str) -> Rows {
        self.clock.advance(time(now).since(self.clock.now()));
        short_rows(self.plan.pass(self.clock.read(), Activity::Running))
    }
}

fn short_rows(rows: Vec<UnstartedRun>) -> Rows {
    rows.into_iter().map(|row| (short(row.due), row.state.as_str())).collect()
}

fn runs(times: &[&str]) -> Runs {
    times.iter().map(|time| (*time).to_owned()).collect()
}

const NOTHING: (Runs, Rows) = (Vec::new(), Vec::new());

#[test]
fn a_time_that_is_met_runs_and_has_no_row() {
    let mut hourly = Planned::new(HOURLY);
    assert_eq!(hourly.wait_until("2026-06-10T06:59:59Z"), NOTHING);
    assert_eq!(hourly.wait_until("2026-06-10T07:00:00Z"), (runs(&["07:00"]), vec![]));
    assert_eq!(hourly.wait_until("2026-06-10T07:00:30Z"), NOTHING);
    assert_eq!(hourly.plan.next_start(), Some(time("2026-06-10T08:00:00Z")));
}

#[test]
fn missed_times_follow_the_misfire_rule_and_each_has_a_row() {
    // Riser runs again at 10:10, or the clock is set to it: 07, 08, 09 and 10 o'clock were missed.
    let check = |misfire: &str, expected: &[&str], missed: Rows| {
        let (rule, now) = (format!("{HOURLY}{misfire}"), "2026-06-10T10:10:00Z");
        let (mut set, mut resumed) = (Planned::new(&rule), Planned::resumed(&rule, BEGIN, now));
        assert_eq!(set.set(now), (runs(expected), missed.clone()), "{misfire}");
        assert_eq!(resumed.look(), (runs(expected), missed), "{misfire}");
        for plan in [set.plan, resumed.plan] {
            assert_eq!(plan.next_start(), Some(time("2026-06-10T11:00:00Z")));
        }
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
fn a_restart_over_a_time_missed_it_and_a_busy_machine_did_not() {
    let rule = format!("{HOURLY}; misfire skip");
    let mut resumed = Planned::resumed(&rule, BEGIN, "2026-06-10T07:00:05Z");
    assert_eq!(resumed.look(), (vec![], rows("missed", &["07:00"])));
    let mut busy = Planned::new(&rule);
    assert_eq!(busy.wait_until("2026-06-10T07:03:00Z"), (runs(&["07:00"]), vec![]));
    let mut corrected = Planned::new(&rule);
    assert_eq!(corrected.wait_until("2026-06-10T06:59:40Z"), NOTHING);
    assert_eq!(corrected.set("2026-06-10T07:00:20Z"), (runs(&["07:00"]), vec![]), "a small correction");
}

#[test]
fn at_most_ten_missed_times_run_and_at_most_a_hundred_have_a_row_each() {
    let mut minutely = Planned::new("* * * * *; zone Etc/UTC; misfire all");
    let (runs, rows) = minutely.set("2026-06-10T06:50:00Z");
    assert_eq!((runs.len(), &*runs[0], rows.len(), rows[0].1), (10, "06:41", 10, "missed"));
    let mut minutely = Planned::new("* * * * *; zone Etc/UTC");
    minutely.clock.set(time("2026-06-10T10:30:00Z"));
    let rows = minutely.plan.pass(minutely.clock.read(), Activity::Idle);
    assert_eq!(minutely.plan.take_run().map(short).as_deref(), Some("10:30"));
    let times: Vec<_> = rows.iter().map(|row| short(row.due)).collect();
    assert_eq!((rows.len(), &*times[0], &*times[1], &*times[99]), (100, "06:31", "08:51", "10:29"));
    let merged = "its run was merged with that for 2026-06-10T10:30:00+00:00";
    let summary = "; the same holds for all times from this one until 2026-06-10T08:51:00+00:00";
    assert_eq!((&*rows[0].reason, &*rows[1].reason), (&*format!("{merged}{summary}"), merged));
}

#[test]
fn a_clock_set_ahead_by_years_passes_few_rows() {
    for activity in [Activity::Idle, Activity::Running] {
        let mut often = Planned::new("every 1 s; overlap queue");
        often.clock.set(time("2029-06-10T06:30:00Z"));
        assert_eq!(often.plan.pass(often.clock.read(), activity).len(), 100);
        assert!(often.plan.take_run().is_some());
    }
}

#[test]
fn a_clock_set_back_by_mistake_repeats_no_run_when_it_is_corrected() {
    let mut hourly = Planned::new(&format!("{HOURLY}; misfire all"));
    hourly.wait_until("2026-06-10T10:30:00Z");
    assert_eq!(hourly.set("2026-06-10T08:30:00Z"), NOTHING);
    assert_eq!(hourly.wait_until("2026-06-10T09:05:00Z"), (runs(&["09:00"]), vec![]), "nobody knows better");
    assert_eq!(hourly.set("2026-06-10T11:05:00Z"), (runs(&["11:00"]), vec![]), "only 11:00 was missed");
    let rule = format!("{HOURLY}; misfire all");
    let mut restarted = Planned::resumed(&rule, "2026-06-10T09:00:00Z", "2026-06-09T22:10:00Z");
    assert_eq!(restarted.look(), NOTHING);
    assert_eq!(
        restarted.set("2026-06-10T10:10:00Z"),
        (runs(&["10:00"]), vec![]),
        "a machine without a clock"
    );
}

#[test]
fn many_times_that_were_met_are_left_out_at_once() {
    let mut often = Planned::new("every 1 s");
    often.wait_until("2026-06-12T06:30:00Z");
    often.set("2026-06-10T06:30:00Z");
    often.clock.set(time("2026-06-12T06:33:00Z"));
    let rows = often.plan.pass(often.clock.read(), Activity::Idle);
    assert_eq!((rows.len(), rows[0].due), (100, time("2026-06-12T06:30:01Z")));
    assert!(rows[0].reason.contains("from this one until 2026-06-12T06:31:21"), "{}", rows[0].reason);
}

#[test]
fn a_clock_set_back_repeats_times_unless_it_is_a_small_correction() {
    let mut hourly = Planned::new(HOURLY);
    hourly.wait_until("2026-06-10T07:00:10Z");
    assert_eq!(hourly.set("2026-06-10T06:59:30Z"), NOTHING);
    assert_eq!(hourly.wait_until("2026-06-10T07:00:05Z"), NOTHING);
    assert_eq!(hourly.set("2026-06-10T06:30:00Z"), NOTHING);
    assert_eq!(hourly.wait_until("2026-06-10T07:00:00Z"), (runs(&["07:00"]), vec![]));
}

#[test]
fn times_that_passed_before_the_clock_was_set_back_have_their_run() {
    let mut hourly = Planned::new(&format!("{HOURLY}; overlap queue"));
    hourly.clock.advance(31 * MINUTE);
    hourly.clock.set_back(HOUR);
    assert_eq!(hourly.plan.pass(hourly.clock.read(), Activity::Running), []);
    assert_eq!(hourly.plan.take_run().map(short).as_deref(), Some("07:00"));
}

#[test]
fn times_during_a_run_follow_the_overlap_rule() {
    let all = ["07:00", "08:00", "09:00"];
    let mut hourly = Planned::new(HOURLY);
    assert_eq!(hourly.during_run("2026-06-10T09:10:00Z"), rows("skipped", &all));
    assert_eq!((hourly.during_run("2026-06-10T09:20:00Z"), hourly.plan.take_run()), (vec![], None));
    for overlap in ["queue", "stop"] {
        let mut hourly = Planned::new(&format!("{HOURLY}; overlap {overlap}"));
        assert_eq!(hourly.during_run("2026-06-10T07:10:00Z"), []);
        assert_eq!(hourly.plan.stops_run(), overlap == "stop");
        assert_eq!(hourly.during_run("2026-06-10T09:10:00Z"), rows("merged", &all[..2]));
        assert_eq!(hourly.plan.take_run().map(short).as_deref(), Some("09:00"), "{overlap}");
        assert_eq!((hourly.during_run("2026-06-10T09:20:00Z"), hourly.plan.take_run()), (vec![], None));
    }
}

#[test]
fn a_time_is_done_when_it_waits_for_nothing() {
    let mut hourly = Planned::new(&format!("{HOURLY}; misfire all"));
    let just_before = |text: &str| time(text).minus(Duration::from_millis(1));
    hourly.clock.set(time("2026-06-10T08:10:00Z"));
    hourly.plan.pass(hourly.clock.read(), Activity::Idle);
    assert_eq!(hourly.plan.done(), just_before("2026-06-10T07:00:00Z"));
    hourly.plan.take_run();
    assert_eq!(hourly.during_run("2026-06-10T09:00:00Z"), rows("skipped", &["09:00"]));
    assert_eq!(hourly.plan.done(), just_before("2026-06-10T08:00:00Z"));
    hourly.plan.take_run();
    assert_eq!(hourly.plan.done(), time("2026-06-10T09:00:00Z"));
}

#[test]
fn a_rule_that_ends_leaves_a_row_for_each_time_that_waits() {
    let mut hourly = Planned::new(&format!("{HOURLY}; overlap queue"));
    hourly.during_run("2026-06-10T07:10:00Z");
    assert_eq!(short_rows(hourly.plan.end("it was switched off")), rows("skipped", &["07:00"]));
    assert_eq!((hourly.during_run("2026-06-10T12:00:00Z"), hourly.plan.next_start()), (vec![], None));
}

#[test]
fn jitter_delays_a_run_by_the_same_span_each_time() {
    let rule = "0 * * * *; zone Etc/UTC; jitter 30 min";
    let mut hourly = Planned::new(rule);
    let start = hourly.plan.next_start().unwrap();
    let delay = start.since(time("2026-06-10T07:00:00Z"));
    assert!(MINUTE < delay && delay < 30 * MINUTE, "{delay:?}");
    assert_eq!(hourly.wait_until("2026-06-10T07:00:00Z"), NOTHING, "the run waits for its delay");
    hourly.set("2026-06-10T06:00:00Z");
    hourly.set("2026-06-10T07:00:30Z");
    assert_eq!(hourly.plan.next_start(), Some(start), "a correction does not lose it");
    assert_eq!(hourly.wait_until(&start.to_string()), (runs(&["07:00"]), vec![]));
    let starts: BTreeMap<_, _> = (0..100).map(|key| (own(rule, key).start_of(time(BEGIN)), key)).collect();
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
    for zone in ["Europe/Berlin", "America/Vancouver", "Australia/Lord_Howe", "Africa/Casablanca"] {
        for pattern in patterns {
            let text = format!("{pattern}; zone {zone}");
            let clock = FakeClock::at(time("2026-09-01T00:00:00Z"));
            let rule = own(&text, 0);
            let preview = rule.rule.next_times(clock.now(), 600);
            let mut plan = SchedulePlan::default();
            plan.begin(rule, clock.read());
            let mut ran = Vec::new();
            while ran.len() < preview.len()
                && let Some(next) = plan.next_start()
            {
                // In steps, as a task that is woken early.
                clock.advance(next.since(clock.now()).min(HOUR * 5).max(SECOND / 1_000));
                assert_eq!(plan.pass(clock.read(), Activity::Idle), [], "{text}");
                ran.extend(plan.take_run());
            }
            assert_eq!(ran, preview, "{text}");
        }
    }
}
