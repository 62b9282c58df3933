//! The page of a run.

use std::time::Duration;

use axum::http::StatusCode;
use riser_domain::{ConfigurationId, LogLevel, RunId, RunState, RunTrigger};

use super::live::Listener;
use crate::testing::{HOSTILE, TestPortal};

const PROCESSOR: ConfigurationId = ConfigurationId(1);

async fn add_run(portal: &TestPortal, trigger: RunTrigger, end: Option<(RunState, &str)>) -> RunId {
    let store = &portal.store;
    let run = store.add_run(PROCESSOR, &trigger, portal.now()).await.unwrap();
    store.start_run(run, "ab12", portal.now()).await.unwrap();
    portal.clock.advance(Duration::from_millis(1_400));
    if let Some((state, reason)) = end {
        store.end_run(run, state, reason, portal.now()).await.unwrap();
    }
    run
}

async fn add_lines(portal: &TestPortal, run: RunId, lines: &[(LogLevel, &str)]) {
    let lines: Vec<_> =
        lines.iter().map(|(level, text)| (portal.now(), *level, (*text).to_owned())).collect();
    portal.store.record_run_log(run, &lines).await.unwrap();
}

#[tokio::test]
async fn a_run_shows_its_outcome_its_facts_and_its_log() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let run = add_run(&portal, RunTrigger::Person(HOSTILE.to_owned()), None).await;
    add_lines(&portal, run, &[(LogLevel::Info, "3 zones"), (LogLevel::Warn, HOSTILE)]).await;
    portal.store.end_run(run, RunState::Failed, HOSTILE, portal.now()).await.unwrap();
    let page = portal.get(&format!("/runs/{}", run.0), &cookie).await;
    assert_eq!(page.status, StatusCode::OK);
    for text in [
        "<h1>Failed after 1.4 s</h1>",
        "EVCE Setup",
        "riser.evce/setup",
        ", by hand",
        "3 zones",
        "Warnings 1",
        "Errors 0",
        "The log is complete.",
        "14:32:10.400",
        "Thursday 25 March 2027",
    ] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert!(!page.body.contains("<img") && !page.body.contains(HOSTILE));
    assert!(!page.body.contains("Cancel run"));
    for path in ["/runs/99", "/runs/x", "/runs/99/log.txt", "/processors/99/latest-run"] {
        assert_eq!(portal.get(path, &cookie).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_log_is_filtered_by_level_and_text_and_read_page_by_page() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let run = add_run(&portal, RunTrigger::HostStart, None).await;
    let numbered: Vec<String> = (0..501).map(|number| format!("line {number} of many")).collect();
    let lines: Vec<_> = numbered.iter().map(|text| (LogLevel::Info, text.as_str())).collect();
    add_lines(&portal, run, &lines).await;
    add_lines(&portal, run, &[(LogLevel::Error, "it BROKE"), (LogLevel::Debug, "100 % sure")]).await;
    let page = async |query: &str| portal.get(&format!("/runs/{}{query}", run.0), &cookie).await.body;
    let newest = page("").await;
    assert!(newest.contains("100 % sure") && newest.contains(">line 3 of many<"));
    assert!(!newest.contains(">line 2 of many<"));
    let older = newest.split("before=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let older = page(&format!("?before={older}")).await;
    assert!(older.contains(">line 2 of many<") && !older.contains(">line 3 of many<"));
    assert!(older.contains("Newest lines") && !older.contains("data-events"), "{older}");
    let errors = page("?level=error").await;
    assert!(errors.contains("it BROKE") && !errors.contains("100 % sure") && !errors.contains(" of many<"));
    let found = page("?q=it+broke").await;
    assert!(found.contains("it BROKE") && !found.contains("100 % sure"));
    let found = page("?q=%25").await;
    assert!(found.contains("100 % sure") && !found.contains("it BROKE"));
    assert!(page("?q=nothing+like+this").await.contains("No line contains this text."));
}

#[tokio::test]
async fn a_log_is_downloaded_as_text_and_names_lines_that_are_missing() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("victor").await;
    let run = add_run(&portal, RunTrigger::HostStart, None).await;
    let numbered: Vec<String> = (0..1_500).map(|number| format!("line {number}")).collect();
    let lines: Vec<_> = numbered.iter().map(|text| (LogLevel::Info, text.as_str())).collect();
    add_lines(&portal, run, &lines).await;
    portal.store.trim_run_logs(1_200).await.unwrap();
    let text = portal.get(&format!("/runs/{}/log.txt", run.0), &cookie).await;
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(text.header("content-disposition"), "attachment; filename=\"riser-run-1.txt\"");
    let lines: Vec<&str> = text.body.lines().collect();
    assert_eq!(lines.len(), 1_202);
    assert_eq!(lines[0], "Run 1 of EVCE Setup (riser.evce/setup): running");
    assert!(lines[1].starts_with("300 older lines were removed"), "{}", lines[1]);
    assert_eq!(lines[2], "2027-03-25T13:32:10.400Z INFO  line 300");
    let page = portal.get(&format!("/runs/{}", run.0), &cookie).await.body;
    assert!(page.contains("300 older lines were removed"), "{page}");
}

#[tokio::test]
async fn attempts_are_shown_with_the_gaps_between_them() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let before = add_run(&portal, RunTrigger::HostStart, Some((RunState::Succeeded, ""))).await;
    let first = add_run(&portal, RunTrigger::HostStart, Some((RunState::Failed, "no route to EVCE"))).await;
    portal.clock.advance(Duration::from_secs(28));
    let second = add_run(&portal, RunTrigger::Restart, Some((RunState::Succeeded, ""))).await;
    for shown in [first, second] {
        let page = portal.get(&format!("/runs/{}", shown.0), &cookie).await.body;
        for text in ["2 runs for the same work", "28.0 s", "No route to EVCE."] {
            assert!(page.contains(text), "{text}: {page}");
        }
    }
    let alone = portal.get(&format!("/runs/{}", before.0), &cookie).await.body;
    assert!(!alone.contains("runs for the same work"));
}

#[tokio::test]
async fn new_lines_are_sent_once_and_the_outcome_when_it_ends() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let run = add_run(&portal, RunTrigger::HostStart, None).await;
    add_lines(&portal, run, &[(LogLevel::Info, "already on the page")]).await;
    let page = portal.get(&format!("/runs/{}", run.0), &cookie).await.body;
    let events = page.split("data-events=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    add_lines(&portal, run, &[(LogLevel::Info, HOSTILE)]).await;
    let mut stream = Listener::open(&portal, &events, &cookie).await;
    let parts = stream.parts().await;
    let lines: Vec<_> = parts.iter().filter(|(id, _)| id == "run-log").collect();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].1.contains("id=\"l2\"") && !lines[0].1.contains("id=\"l1\""), "{}", lines[0].1);
    assert!(!lines[0].1.contains("<img"));
    for (id, html) in parts.iter().filter(|(id, _)| id != "run-log") {
        assert!(page.contains(&format!(" id=\"{id}\"")) && html.contains(&format!(" id=\"{id}\"")), "{id}");
    }
    portal.store.end_run(run, RunState::Succeeded, "", portal.now()).await.unwrap();
    add_lines(&portal, run, &[(LogLevel::Info, "the last line")]).await;
    portal.runtime.raise_problem(super::live::problem());
    let parts = stream.parts().await;
    let part = |id: &str| parts.iter().find(|(known, _)| known == id).unwrap().1.clone();
    assert!(part("run-log").contains("the last line") && !part("run-log").contains("id=\"l2\""));
    assert!(part("run-head").contains("Succeeded in 1.4 s"), "{}", part("run-head"));
}
