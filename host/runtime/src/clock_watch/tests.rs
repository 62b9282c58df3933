//! A clock that is set, as one table: each row is a situation, and the columns are what depends on it. Everything
//! else holds in every row.

use riser_domain::{
    ClockStep, ConnectionId, FakeClock, HistorySample, PointHandle, RunState, RunTrigger, Value, ValueState,
};
use riser_store::HistoryRange;
use riser_worker_protocol::messages::{ActionResult, LimitedAction};

use super::*;
use crate::changes::Changes;
use crate::connection_limiter::{ConnectionLimiter, ConnectionLimiters};
use crate::housekeeping::remove_old;
use crate::outbox::Outbox;
use crate::supervisor::schedule_plan::{Activity, OwnRule, SchedulePlan};
use crate::testing::{Fixture, fixture_at};
use When::{Running, Start};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const YEAR: Duration = Duration::from_hours(24 * 365);
/// The life of a set point without a validity.
const QUARTER: Duration = Duration::from_mins(15);

/// When the clock is set: while Riser does not run, or while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Start,
    Running,
}

/// One situation.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// The right time, UTC.
    at: &'static str,
    when: When,
    step: ClockStep,
    /// Whether the clock is set right again after ten minutes.
    is_corrected: bool,
    /// The next time of `30 2 * * *` in Berlin afterwards, UTC.
    nightly: &'static str,
    /// Whether a run that is too old goes.
    removes: bool,
    problem: Option<&'static str>,
}

const fn ahead(by: Duration) -> ClockStep {
    ClockStep::Ahead(by)
}

const fn back(by: Duration) -> ClockStep {
    ClockStep::Back(by)
}

/// A plain day.
const NOON: &str = "2026-06-10T12:00:00Z";
/// 02:40 in Berlin, before and after the clocks go back there: 02:30 has run in the first of the two hours.
const FIRST_HALF: &str = "2026-10-25T00:40:00Z";
const SECOND_HALF: &str = "2026-10-25T01:40:00Z";
/// 02:40 in Berlin does not exist on this day.
const SPRING: &str = "2026-03-29T00:40:00Z";

#[rustfmt::skip]
fn table() -> [Row; 37] { [
    // While Riser runs, and nobody corrects it: the clock is right afterwards, or accepted later.
    row(NOON,        Running, back(YEAR),       false, "2025-06-11T00:30:00Z", false, Some(BEHIND)),
    row(NOON,        Running, back(2 * DAY),    false, "2026-06-09T00:30:00Z", true,  Some(BEHIND)),
    row(NOON,        Running, back(HOUR),       false, "2026-06-11T00:30:00Z", true,  None),
    row(NOON,        Running, back(SECOND),     false, "2026-06-11T00:30:00Z", true,  None),
    row(NOON,        Running, ahead(SECOND),    false, "2026-06-11T00:30:00Z", true,  None),
    row(NOON,        Running, ahead(HOUR),      false, "2026-06-11T00:30:00Z", true,  None),
    row(NOON,        Running, ahead(8 * HOUR),  false, "2026-06-11T00:30:00Z", true,  None),
    row(NOON,        Running, ahead(10 * DAY),  false, "2026-06-21T00:30:00Z", true,  None),
    row(NOON,        Running, ahead(YEAR),      false, "2027-06-11T00:30:00Z", false, Some(AHEAD)),
    row(NOON,        Running, ahead(3 * YEAR),  false, "2029-06-10T00:30:00Z", false, Some(AHEAD)),
    // While Riser runs, set wrong and corrected.
    row(NOON,        Running, back(YEAR),       true,  "2026-06-11T00:30:00Z", true,  None),
    row(NOON,        Running, back(HOUR),       true,  "2026-06-11T00:30:00Z", true,  None),
    row(NOON,        Running, back(SECOND),     true,  "2026-06-11T00:30:00Z", true,  None),
    row(NOON,        Running, ahead(SECOND),    true,  "2026-06-11T00:30:00Z", true,  None),
    row(NOON,        Running, ahead(HOUR),      true,  "2026-06-11T00:30:00Z", true,  None),
    row(NOON,        Running, ahead(YEAR),      true,  "2026-06-11T00:30:00Z", true,  None),
    row(NOON,        Running, ahead(3 * YEAR),  true,  "2026-06-11T00:30:00Z", true,  None),
    // At the start.
    row(NOON,        Start,   back(56 * YEAR),  false, "1970-06-25T01:30:00Z", false, Some(BEHIND)),
    row(NOON,        Start,   back(YEAR),       false, "2025-06-11T00:30:00Z", false, Some(BEHIND)),
    row(NOON,        Start,   back(HOUR),       false, "2026-06-11T00:30:00Z", true,  None),
    row(NOON,        Start,   back(SECOND),     false, "2026-06-11T00:30:00Z", true,  None),
    row(NOON,        Start,   ahead(SECOND),    false, "2026-06-11T00:30:00Z", true,  None),
    row(NOON,        Start,   ahead(HOUR),      false, "2026-06-11T00:30:00Z", true,  None),
    row(NOON,        Start,   ahead(YEAR),      false, "2027-06-11T00:30:00Z", false, Some(AHEAD)),
    row(NOON,        Start,   ahead(3 * YEAR),  false, "2029-06-10T00:30:00Z", false, Some(AHEAD)),
    row(NOON,        Start,   ahead(3 * YEAR),  true,  "2026-06-11T00:30:00Z", true,  None),
    row(NOON,        Start,   back(56 * YEAR),  true,  "2026-06-11T00:30:00Z", true,  None),
    // In both halves of a repeated hour.
    row(FIRST_HALF,  Running, back(HOUR),       false, "2026-10-25T00:30:00Z", true,  None),
    row(FIRST_HALF,  Running, back(SECOND),     false, "2026-10-26T01:30:00Z", true,  None),
    row(FIRST_HALF,  Running, ahead(SECOND),    false, "2026-10-26T01:30:00Z", true,  None),
    row(FIRST_HALF,  Running, ahead(HOUR),      false, "2026-10-26T01:30:00Z", true,  None),
    row(SECOND_HALF, Running, back(HOUR),       false, "2026-10-26T01:30:00Z", true,  None),
    row(SECOND_HALF, Running, back(SECOND),     false, "2026-10-26T01:30:00Z", true,  None),
    row(SECOND_HALF, Running, ahead(SECOND),    false, "2026-10-26T01:30:00Z", true,  None),
    row(SECOND_HALF, Running, ahead(HOUR),      false, "2026-10-26T01:30:00Z", true,  None),
    // Around an hour that does not exist: 02:30 runs at 03:00.
    row(SPRING,      Running, back(HOUR),       false, "2026-03-29T01:00:00Z", true,  None),
    row(SPRING,      Running, ahead(HOUR),      false, "2026-03-30T00:30:00Z", true,  None),
] }

#[expect(clippy::too_many_arguments, reason = "a line of the table")]
const fn row(
    at: &'static str,
    when: When,
    step: ClockStep,
    is_corrected: bool,
    nightly: &'static str,
    removes: bool,
    problem: Option<&'static str>,
) -> Row {
    Row { at, when, step, is_corrected, nightly, removes, problem }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn set(clock: &FakeClock, step: ClockStep) {
    match step {
        ClockStep::Ahead(by) => clock.set_ahead(by),
        ClockStep::Back(by) => clock.set_back(by),
    }
}

const fn opposite(step: ClockStep) -> ClockStep {
    match step {
        ClockStep::Ahead(by) => ClockStep::Back(by),
        ClockStep::Back(by) => ClockStep::Ahead(by),
    }
}

/// One process of Riser, second by second.
struct Process<'a> {
    site: &'a Fixture,
    problems: Arc<Problems>,
    watch: ClockWatch,
    outbox: Outbox,
    limiter: Arc<ConnectionLimiter>,
    every_minute: SchedulePlan,
    nightly: SchedulePlan,
    history: PointHandle,
    /// The uptimes of the runs of the schedule that runs each minute.
    runs: Vec<Uptime>,
    /// The stamps of the samples, one a minute.
    samples: Vec<Timestamp>,
}

impl<'a> Process<'a> {
    async fn start(site: &'a Fixture) -> Self {
        let (clock, store) = (site.clock.clone(), site.store.clone());
        let problems = Arc::new(Problems::new(clock.clone(), Changes::new()));
        let watch = ClockWatch::load(store.clone(), clock.clone(), Arc::clone(&problems)).await.unwrap();
        let outbox =
            Outbox::load(store, clock.clone(), Arc::clone(&site.items), Changes::new()).await.unwrap();
        let limiter = ConnectionLimiters::new(clock.clone(), Changes::new()).of(ConnectionId(1));
        let history = site.items.server(site.owner.ews_server).find("t1.a/history").unwrap();
        Self {
            site,
            problems,
            watch,
            outbox,
            limiter,
            every_minute: plan("every 1 min; from 1960-01-01T00:00:00Z", clock.read()),
            nightly: plan("30 2 * * *; zone Europe/Berlin", clock.read()),
            history,
            runs: Vec::new(),
            samples: Vec::new(),
        }
    }

    /// Does what Riser does within a second. The clock is checked each time: in Riser every two seconds.
    async fn tick(&mut self) {
        let clock = &self.site.clock;
        if self.watch.check() {
            self.outbox.follow_clock().await.unwrap();
        }
        self.nightly.pass(clock.read(), Activity::Idle);
        self.nightly.take_run();
        self.every_minute.pass(clock.read(), Activity::Idle);
        if self.every_minute.take_run().is_some() {
            self.runs.push(clock.uptime());
            let sample = HistorySample { value: Value::Long(1), state: ValueState::Good, time: clock.now() };
            self.site.store.journal_samples(&[(self.history, sample)]).await.unwrap();
            self.samples.push(clock.now());
        }
        self.outbox.expire().await.unwrap();
        self.watch.save().await.unwrap();
    }

    async fn pass(&mut self, span: Duration) {
        for _ in 0..span.as_secs() {
            self.site.clock.advance(SECOND);
            self.tick().await;
        }
    }

    fn open_writes(&self) -> usize {
        self.outbox.open_count()
    }

    async fn may_ask(&self) -> bool {
        self.limiter.acquire(LimitedAction::Request, 1).await.is_ok()
    }

    fn open_breaker(&self) {
        for _ in 0..5 {
            self.limiter.report(LimitedAction::Request, &ActionResult::Failed, 1);
        }
    }

    async fn history(&self, to: Timestamp) -> Vec<Timestamp> {
        let range = HistoryRange { from: Timestamp::from_unix_ms(i64::MIN), to, after: None, limit: 100_000 };
        let samples = self.site.store.read_history(self.history, range).await.unwrap();
        samples.into_iter().map(|sample| sample.time).collect()
    }

    async fn end_run(&self, at: Timestamp) -> riser_domain::RunId {
        let store = &self.site.store;
        let run = store.add_run(self.site.processor, &RunTrigger::Schedule(at), at).await.unwrap();
        store.end_run(run, RunState::Failed, "", at).await.unwrap();
        run
    }
}

fn plan(rule: &str, now: ClockReading) -> SchedulePlan {
    let mut plan = SchedulePlan::default();
    plan.begin(OwnRule { rule: Arc::new(rule.parse().unwrap()), key: 0 }, now);
    plan
}

#[tokio::test]
async fn each_row_of_the_table() {
    let mut wrong = Vec::new();
    let tasks = tokio::task::LocalSet::new();
    for row in table() {
        // A task of its own, so that one wrong row does not hide the others.
        if tasks.run_until(tasks.spawn_local(check(row))).await.is_err() {
            wrong.push(row);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

async fn check(row: Row) {
    let site = fixture_at(time(row.at)).await;
    let clock = &site.clock;
    let mut process = Process::start(&site).await;
    let recent = process.end_run(clock.now().minus(70 * DAY)).await;
    let old = process.end_run(clock.now().minus(100 * DAY)).await;
    process.pass(MINUTE).await;
    let write = site.write([(site.points[0], 5)]).await.remove(0);
    let accepted_at = clock.uptime();
    if row.when == Start {
        set(clock, row.step);
    }
    let mut process = Process::start(&site).await;
    let began_at = clock.uptime();
    let writer = site.items.values.writer(&site.owner, &Arc::from("status"));
    site.items.values.set_period(writer, 15 * SECOND);
    site.items.values.writer_stopped(writer);
    process.open_breaker();
    if row.when == Running {
        set(clock, row.step);
    }

    // Whatever the clock shows: the limiter opens after 30 s, a stopped writer's values are Offline after 3 periods.
    process.pass(29 * SECOND).await;
    assert!(!process.may_ask().await, "{row:?}: the limiter opens early");
    process.pass(SECOND).await;
    assert!(process.may_ask().await, "{row:?}: the limiter stays closed");
    process.pass(17 * SECOND).await;
    assert_eq!(site.served(site.points[1]).1, ValueState::Uncertain, "{row:?}");
    process.pass(SECOND).await;
    assert_eq!(site.served(site.points[1]).1, ValueState::Offline, "{row:?}");

    process.pass(552 * SECOND).await;
    let mut last_step_at = began_at;
    if row.is_corrected {
        set(clock, opposite(row.step));
        last_step_at = clock.uptime();
    }
    process.pass(299 * SECOND).await;

    // A set point lives for 15 min of uptime. After a start, only the wall clock tells how old it is.
    let left_at_start = match (row.when, row.step) {
        (Running, _) | (Start, ClockStep::Back(_)) => QUARTER,
        (Start, ClockStep::Ahead(by)) => QUARTER.saturating_sub(by),
    };
    let is_open = process.outbox.newest_of(write.point).unwrap().state.is_open();
    assert_eq!(is_open, left_at_start == QUARTER, "{row:?}: a set point of {accepted_at:?}");
    process.pass(SECOND).await;
    assert_eq!(process.open_writes(), 0, "{row:?}: a set point lives on");

    // The schedule goes on within a minute of each step, and makes up for missed runs by one.
    let gaps: Vec<Duration> = std::iter::once(began_at)
        .chain(process.runs.iter().copied())
        .chain(std::iter::once(clock.uptime()))
        .collect::<Vec<_>>()
        .windows(2)
        .map(|pair| pair[1].since(pair[0]))
        .collect();
    assert!(gaps.iter().all(|gap| *gap <= MINUTE + SECOND), "{row:?}: no run for a while: {gaps:?}");
    assert!((14..=18).contains(&process.runs.len()), "{row:?}: {} runs in 15 min", process.runs.len());
    assert_eq!(process.nightly.next_start(), Some(time(row.nightly)), "{row:?}: the nightly run");

    // Samples keep their order, and none of those taken since the last step is missing.
    let all = process.history(Timestamp::from_unix_ms(i64::MAX)).await;
    assert!(all.is_sorted_by(|one, next| one < next), "{row:?}: {all:?}");
    let shown = process.history(clock.now()).await;
    let taken = process.runs.iter().zip(&process.samples);
    let missing: Vec<_> = taken
        .filter(|(at, stamp)| **at > last_step_at && !shown.contains(stamp))
        .map(|(_, stamp)| stamp)
        .collect();
    assert!(missing.is_empty(), "{row:?}: {missing:?} of {shown:?}");

    // Nothing that is needed goes, and what is too old goes only by a plausible clock.
    remove_old(&process.watch, &site.items, &site.store, clock.now()).await.unwrap();
    let kept: Vec<_> = site.store.list_recent_runs(9).await.unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(kept, if row.removes { vec![recent] } else { vec![old, recent] }, "{row:?}");
    let problems: Vec<String> =
        process.problems.list().into_iter().map(|raised| raised.problem.code).collect();
    assert_eq!(problems, row.problem.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{row:?}");
}

async fn watch_of(site: &Fixture) -> (ClockWatch, Arc<Problems>) {
    let problems = Arc::new(Problems::new(site.clock.clone(), Changes::new()));
    let watch =
        ClockWatch::load(site.store.clone(), site.clock.clone(), Arc::clone(&problems)).await.unwrap();
    (watch, problems)
}

#[tokio::test]
async fn an_implausible_clock_is_accepted_after_a_day_or_by_a_person_and_not_by_a_restart() {
    let site = fixture_at(time(NOON)).await;
    watch_of(&site).await;
    site.clock.set_ahead(3 * YEAR);
    for _ in 0..3 {
        let (watch, problems) = watch_of(&site).await;
        assert!(!watch.may_remove());
        let problem = problems.list().remove(0).problem;
        assert!(problem.what.contains("2026-06-10T12:00:00") && problem.what.contains("2029-06-"));
        site.clock.advance(23 * HOUR);
        assert!(!watch.may_remove(), "a restart begins the day anew");
    }
    let (watch, problems) = watch_of(&site).await;
    site.clock.advance(HELD_LONG_ENOUGH);
    assert!(watch.may_remove() && problems.list().is_empty());
    site.clock.set_ahead(3 * YEAR);
    assert!(!watch.may_remove());
    assert!(watch.confirm(&Actor::CommandLine).await.unwrap().was_implausible);
    assert!(!watch.confirm(&Actor::CommandLine).await.unwrap().was_implausible);
    assert!(watch.may_remove() && problems.list().is_empty());
    assert!(watch_of(&site).await.0.may_remove(), "a restart knows what was confirmed");
    let audit = site.store.list_audit(1).await.unwrap().remove(0);
    assert_eq!((&*audit.action, &*audit.subject), ("confirm", "clock"));
    assert_eq!(site.store.list_audit(9).await.unwrap().iter().filter(|it| it.action == "confirm").count(), 1);
}

#[tokio::test]
async fn a_machine_without_a_clock_of_its_own_is_plausible_once_it_knows_the_time() {
    let site = fixture_at(Timestamp::EPOCH).await;
    let (watch, problems) = watch_of(&site).await;
    assert_eq!(problems.list()[0].problem.code, BEHIND);
    site.clock.set(time(NOON));
    assert!(watch.check() && watch.may_remove() && problems.list().is_empty());
}

#[test]
fn a_step_is_named_by_direction_and_size() {
    assert_eq!(sentence(back(HOUR)), "the clock was set back by 1 h 0 min");
    assert_eq!(sentence(ahead(YEAR)), "the clock was set ahead by 365 d");
    let almost = Duration::from_millis(3_599_997);
    assert_eq!(sentence(back(almost)), "the clock was set back by 1 h 0 min");
}
