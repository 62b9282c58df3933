//! The times that the editor of a schedule shows are those of `riser schedule next`, and those at which runs begin: for
//! each kind of rule, over both changes of the clocks.

use riser_calendar::{ScheduleRule, Zone};
use riser_domain::{Clock as _, Timestamp};
use riser_runtime::SystemClock;
use serde_json::Value;

use crate::configuration::ConfigurationFile;
use crate::host::{Host, Installation};
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::programs;
use crate::shifted_clock::ShiftedClock;
use crate::waiting::until;

const ZONE: &str = "Europe/Berlin";
/// The first Sunday after these days has the change of the clocks.
const BEFORE_SUMMER: &str = "10 0 25 3 *";
const BEFORE_WINTER: &str = "10 0 25 10 *";
/// Times that the editor shows.
const SHOWN_TIMES: usize = 5;
/// Those of them whose runs are awaited.
const RUNS: usize = 3;
/// Shorter than the largest correction of a clock that misses no run.
const BEFORE_RUN_S: i64 = 50;
/// A class that ends by itself.
const CLASS: &str = "riser.misbehaving/prints";

/// A running Riser whose clock the test sets.
struct Site {
    installation: Installation,
    clock: ShiftedClock,
    host: Host,
    portal: Portal,
}

impl Site {
    /// Starts a Riser for which it is the next time of a cron expression.
    async fn start_at(moment: &str) -> Self {
        let zone: Zone = ZONE.parse().unwrap();
        let begin = ScheduleRule::parse(moment, &zone).unwrap().next_after(SystemClock.now()).unwrap();
        let installation = Installation::new(&[programs::library("riser-misbehaving")]);
        installation.apply(ConfigurationFile::new().ews_server("Cases").text());
        installation.add_admin(ADMIN, ADMIN_PASSWORD);
        let clock = ShiftedClock::of(&installation);
        clock.set(seconds_until(begin));
        let host = installation.start_by(&clock);
        let portal = Portal::sign_in(&host).await;
        Self { installation, clock, host, portal }
    }

    /// Returns the times that the editor shows for these fields, and the text of the rule.
    async fn previewed(&self, fields: &[(&str, &str)]) -> (Vec<String>, String) {
        let page = self.portal.page("/schedules/add").await;
        let response = self.portal.post_fields("/schedules/preview", &page, fields).await;
        let part = response.error_for_status().unwrap().text().await.unwrap();
        let times = part.split("datetime=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        let rule = part.split("<code>").nth(1).unwrap_or_else(|| panic!("{part}"));
        (times.collect(), rule.split('<').next().unwrap().to_owned())
    }

    /// Returns the times that `riser schedule next` prints for a rule, or for the name of a stored one.
    fn printed(&self, rule: &str) -> Vec<String> {
        let count = SHOWN_TIMES.to_string();
        let printed =
            self.installation.ask_by(&self.clock, &["schedule", "next", rule, "-n", &count, "--json"]);
        let report: Value =
            serde_json::from_str(&printed.text).unwrap_or_else(|_| panic!("{}", printed.text));
        let times = report["times"].as_array().unwrap().iter();
        times.map(|time| time["at"].as_str().unwrap().replace(".000Z", "Z")).collect()
    }

    /// Returns the times that runs and rows are for, oldest first, with the states.
    fn runs(&self) -> Vec<(String, String)> {
        let printed = self.installation.ask(&["runs", "Work", "--json", "-n", "200"]).text;
        let runs: Vec<Value> = serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{printed}"));
        let text = |run: &Value, key: &str| run[key].as_str().unwrap_or("-").replace(".000Z", "Z");
        runs.iter().rev().map(|run| (text(run, "due_at"), text(run, "state"))).collect()
    }

    /// Sets the clock to a little before a moment and lets Riser notice it.
    async fn go_to(&self, moment: Timestamp) {
        let steps = || self.host.log().matches("the clock was set ahead").count();
        let before = steps();
        self.clock.set(seconds_until(moment) - BEFORE_RUN_S);
        until("the step of the clock", async || if steps() > before { Ok(()) } else { Err(()) }).await;
        self.clock.set(seconds_until(moment) - 1);
    }
}

fn seconds_until(moment: Timestamp) -> i64 {
    (moment.unix_ms() - SystemClock.now().unix_ms()) / 1_000
}

/// Stores a rule in the editor and checks that its times are the same everywhere.
async fn assert_same_times(moment: &str, fields: &[(&str, &str)], first: &str) {
    let site = Site::start_at(moment).await;
    let (shown, rule) = site.previewed(fields).await;
    assert!(shown.len() == SHOWN_TIMES && shown[0].ends_with(first), "{shown:?}");
    assert_eq!(site.printed(&rule), shown, "{rule}");

    let page = site.portal.page("/schedules/add").await;
    let saved =
        site.portal.post_fields("/schedules/add", &page, &[fields, &[("name", "Rule")]].concat()).await;
    assert_eq!(saved.headers()["location"], "/schedules?saved=2");
    assert_eq!(site.printed("Rule"), shown, "{rule}");
    let work = "schedule = \"Rule\"\nruns_at_start = false";
    let file = ConfigurationFile::new().ews_server("Cases").processor("Work", CLASS, "Cases", work);
    site.installation.apply(file.text());

    let mut expected = Vec::new();
    for time in &shown[..RUNS] {
        site.go_to(time.parse().unwrap()).await;
        expected.push((time.clone(), "succeeded".to_owned()));
        until("the run", async || {
            let runs = site.runs();
            if runs == expected { Ok(()) } else { Err(runs) }
        })
        .await;
    }
    site.host.stop();
}

#[tokio::test]
async fn an_interval() {
    assert_same_times(BEFORE_SUMMER, &[("kind", "every"), ("every", "6 h")], "T00:00:00Z").await;
}

#[tokio::test]
async fn a_weekly_rule_whose_first_time_is_skipped_by_the_clocks() {
    let fields = [("kind", "weekly"), ("day_sun", "true"), ("weekly_times", "02:30"), ("zone", ZONE)];
    assert_same_times(BEFORE_SUMMER, &fields, "T01:00:00Z").await;
}

#[tokio::test]
async fn a_weekly_rule_whose_first_time_occurs_twice() {
    let fields = [("kind", "weekly"), ("day_sun", "true"), ("weekly_times", "02:30"), ("zone", ZONE)];
    assert_same_times(BEFORE_WINTER, &fields, "T00:30:00Z").await;
}

#[tokio::test]
async fn a_monthly_rule() {
    let fields =
        [("kind", "monthly"), ("dates", "last, 2nd Tue"), ("monthly_times", "06:00"), ("zone", ZONE)];
    assert_same_times(BEFORE_SUMMER, &fields, "T04:00:00Z").await;
}

#[tokio::test]
async fn a_cron_expression_with_clauses() {
    let fields = [
        ("kind", "cron"),
        ("cron", "0 30 5/12 * * *"),
        ("zone", "America/Vancouver"),
        ("from", "2026-01-01"),
        ("misfire", "skip"),
        ("overlap", "queue"),
    ];
    assert_same_times(BEFORE_WINTER, &fields, ":30:00Z").await;
}
