//! Runs by schedule, and times of a schedule that have no run, with real processes.

use std::time::Duration;

use riser_domain::{Actor, Clock as _};
use riser_runtime::SystemClock;
use riser_store::Store;

use crate::configuration::ConfigurationFile;
use crate::host::Installation;
use crate::programs;
use crate::shifted_clock::ShiftedClock;
use crate::waiting::until;

const SERVER: &str = "Cases";

/// An installation with one processor that runs by a rule.
fn installation(class: &str, rule: &str) -> Installation {
    let installation = Installation::new(&[programs::library("riser-misbehaving")]);
    let file = ConfigurationFile::new().ews_server(SERVER);
    let file = file.processor(
        "Work",
        &format!("riser.misbehaving/{class}"),
        SERVER,
        "schedule = \"Rule\"\nruns_at_start = false",
    );
    installation.apply(&format!("[[schedule]]\nname = \"Rule\"\nrule = \"{rule}\"\n\n{}", file.text()));
    installation
}

/// Waits until `riser runs` lists runs of these states, newest first, and returns the lines.
async fn runs_until(
    installation: &Installation,
    is_wanted: impl Fn(&[serde_json::Value]) -> bool + Send + Sync,
) -> String {
    until("the runs", async || {
        let runs = installation.ask(&["runs", "--json", "-n", "200"]).text;
        let listed: Vec<serde_json::Value> = serde_json::from_str(&runs).map_err(|_| runs.clone())?;
        if is_wanted(&listed) { Ok(runs) } else { Err(runs) }
    })
    .await
}

fn count(runs: &[serde_json::Value], state: &str, reason: &str) -> usize {
    let is_one =
        |run: &&serde_json::Value| run["state"] == state && run["reason"].as_str().unwrap().contains(reason);
    runs.iter().filter(is_one).count()
}

#[tokio::test]
async fn times_missed_while_riser_did_not_run_have_one_run_and_a_row_each() {
    let installation = installation("needs-operator", "0 * * * *; zone Etc/UTC");
    let clock = ShiftedClock::of(&installation);
    let host = installation.start_by(&clock);
    until("the plan", async || {
        let status = installation.ask(&["status"]).text;
        if status.contains(":00:00") { Ok(()) } else { Err(status) }
    })
    .await;
    host.stop();
    clock.set(5 * 3_600);
    let host = installation.start_by(&clock);
    // The first run of the class fails, by its nature.
    runs_until(&installation, |runs| {
        count(runs, "failed", "barrier") == 1
            && count(runs, "merged", "its run was merged with that for 20") == 4
    })
    .await;
    host.stop();
    // A restart makes up for nothing twice.
    let host = installation.start_by(&clock);
    runs_until(&installation, |runs| runs.len() == 5).await;
    host.stop();
}

#[tokio::test]
async fn a_rule_that_skips_missed_times_says_which() {
    let installation = installation("needs-operator", "0 * * * *; zone Etc/UTC; misfire skip");
    let clock = ShiftedClock::of(&installation);
    // Ten minutes past an hour, so that no time is met by chance.
    let past_hour_s = SystemClock.now().unix_ms() / 1_000 % 3_600;
    clock.set(600 - past_hour_s);
    let host = installation.start_by(&clock);
    until("the plan", async || {
        let status = installation.ask(&["status"]).text;
        if status.contains(":00:00") { Ok(()) } else { Err(status) }
    })
    .await;
    clock.set(600 - past_hour_s + 3 * 3_600);
    runs_until(&installation, |runs| runs.len() == 3 && count(runs, "missed", "clock was set past") == 3)
        .await;
    host.stop();
}

#[tokio::test]
async fn a_run_that_is_due_stops_the_one_before() {
    let installation = installation("takes-long", "every 1 s; overlap stop");
    let host = installation.start();
    runs_until(&installation, |runs| count(runs, "cancelled", "its next run by schedule was due") >= 2).await;
    host.stop();
}

#[tokio::test]
async fn times_during_a_run_are_skipped_and_each_has_a_row() {
    let installation = installation("takes-long", "every 1 s");
    let host = installation.start();
    runs_until(&installation, |runs| count(runs, "running", "") == 1).await;
    let began_at = SystemClock.now();
    until("times that pass", async || {
        let span = SystemClock.now().since(began_at);
        if span >= Duration::from_secs(2) { Ok(()) } else { Err(span) }
    })
    .await;
    installation.ask(&["stop", "Work"]);
    runs_until(&installation, |runs| count(runs, "skipped", "was still under way") >= 2).await;
    host.stop();
}

#[tokio::test]
async fn a_stored_rule_of_an_unknown_kind_is_a_problem_that_names_the_schedule() {
    let installation = installation("needs-operator", "every 1 h");
    let (store, _) = Store::open(&installation.data(), &SystemClock).await.unwrap();
    let mut schedules = store.load_configuration().await.unwrap().schedules.into_iter();
    let mut schedule = schedules.find(|schedule| schedule.name == "Rule").unwrap();
    schedule.rule = "yearly on 2026-12-24".parse().unwrap();
    let mut transaction = store.begin_configuration(&Actor::CommandLine, SystemClock.now()).await.unwrap();
    transaction.update_schedule(&schedule).await.unwrap();
    transaction.commit().await.unwrap();
    store.close().await;
    drop(store);
    let host = installation.start();
    until("the problem", async || {
        let problems = installation.ask(&["problems"]).text;
        let is_named = problems.contains("yearly on 2026-12-24") && problems.contains("\"Rule\"");
        if is_named && problems.contains("it starts no run") { Ok(()) } else { Err(problems) }
    })
    .await;
    host.stop();
}

/// A configuration whose rule a test changes while Riser runs.
fn file_with(rule: &str, is_active: bool) -> String {
    let file = ConfigurationFile::new().ews_server(SERVER).processor(
        "Work",
        "riser.misbehaving/takes-long",
        SERVER,
        &format!("schedule = \"Rule\"\nruns_at_start = false\nactive = {is_active}"),
    );
    format!("[[schedule]]\nname = \"Rule\"\nrule = \"{rule}\"\n\n{}", file.text())
}

#[tokio::test]
async fn a_rule_that_changes_during_a_run_starts_and_records_nothing_afterwards() {
    let installation = installation("takes-long", "every 1 s; overlap queue");
    let host = installation.start();
    runs_until(&installation, |runs| count(runs, "merged", "merged with that for") >= 1).await;
    installation.apply(&file_with("0 3 1 1 *; zone Etc/UTC", true));
    installation.ask(&["stop", "Work"]);
    // The time that waited is one of the rule before. It runs once, and no other follows.
    let waited = runs_until(&installation, |runs| {
        count(runs, "cancelled", "stopped by") == 1 && count(runs, "running", "") == 1
    })
    .await;
    installation.ask(&["stop", "Work"]);
    let ended = runs_until(&installation, |runs| count(runs, "cancelled", "stopped by") == 2).await;
    let number = |text: &str| serde_json::from_str::<Vec<serde_json::Value>>(text).unwrap().len();
    assert_eq!(number(&waited), number(&ended), "{ended}");
    host.stop();
}

#[tokio::test]
async fn a_time_that_waits_when_the_processor_is_switched_off_has_a_row_that_says_so() {
    let installation = installation("takes-long", "every 1 s; overlap queue");
    let host = installation.start();
    runs_until(&installation, |runs| count(runs, "merged", "merged with that for") >= 1).await;
    installation.apply(&file_with("every 1 s; overlap queue", false));
    runs_until(&installation, |runs| {
        count(runs, "cancelled", "it was switched off") == 1
            && count(runs, "skipped", "switched off before its run began") == 1
    })
    .await;
    host.stop();
}

#[test]
fn a_stored_schedule_has_its_next_times_by_name_while_riser_runs_and_after() {
    let installation = Installation::new(&[programs::library("riser-misbehaving")]);
    let schedule = "[[schedule]]\nname = \"Every 15 Minutes\"\nrule = \"every 15 min\"\n\n";
    installation.apply(&format!("{schedule}{}", ConfigurationFile::new().ews_server(SERVER).text()));
    let next = |name: &str| {
        let arguments = ["schedule", "next", name, "--after", "2026-12-01T00:00:00Z", "-n", "1", "--json"];
        installation.ask(&arguments)
    };
    let expect_both = || {
        let found: serde_json::Value = serde_json::from_str(&next("Every 15 Minutes").text).unwrap();
        assert_eq!(found["times"][0]["at"], "2026-12-01T00:15:00.000Z");
        let refused = next("Every 15 minutes");
        assert!(
            !refused.is_success && refused.text.contains("did you mean \"Every 15 Minutes\"?"),
            "{}",
            refused.text
        );
    };
    expect_both();
    let host = installation.start();
    expect_both();
    host.stop();
}
