//! The list of processors, and the page of one with its tabs.

use std::time::Duration;

use axum::http::StatusCode;
use riser_domain::{Actor, ConfigurationId, Role, RunState, RunTrigger};
use riser_runtime::{ConfigurationDraft, Identity, ProcessorDraft, ScheduleDraft};

use super::live::Listener;
use crate::testing::fixture::TestResponse;
use crate::testing::{HOSTILE, TestPortal};

const SETUP: ConfigurationId = ConfigurationId(1);

/// Sends a form with the hidden fields of its page.
async fn send(portal: &TestPortal, cookie: &str, page: &str, target: &str, fields: &str) -> TestResponse {
    let drawn = portal.get(page, cookie).await;
    assert_eq!(drawn.status, StatusCode::OK, "{page}: {}", drawn.body);
    let hidden = |name: &str| {
        let rest = drawn.body.split(&format!("name=\"{name}\" value=\"")).nth(1);
        rest.map(|rest| format!("&{name}={}", rest.split('"').next().unwrap())).unwrap_or_default()
    };
    let fields = format!("csrf={}{}&{fields}", drawn.csrf(), hidden("state"));
    portal.post(target, cookie, &fields).await
}

fn configured(portal: &TestPortal) -> riser_domain::ProcessorConfiguration {
    portal.runtime.configuration().processors.iter().find(|it| it.id == SETUP).unwrap().clone()
}

async fn change(portal: &TestPortal, processor: ProcessorDraft, schedule: Option<(&str, &str)>) {
    let schedules = schedule
        .map(|(name, rule)| ScheduleDraft { identity: Identity::named(name), rule: Some(rule.to_owned()) });
    let draft = ConfigurationDraft {
        processors: vec![ProcessorDraft { identity: Identity::named("EVCE Setup"), ..processor }],
        schedules: schedules.into_iter().collect(),
        ..ConfigurationDraft::default()
    };
    portal.runtime.configure(draft, Actor::Person("bob".to_owned())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_shows_state_last_run_and_failures_and_follows_them() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let store = &portal.store;
    let old = store.add_run(SETUP, &RunTrigger::HostStart, portal.now()).await.unwrap();
    store.end_run(old, RunState::Failed, "", portal.now()).await.unwrap();
    portal.clock.advance(Duration::from_hours(25));
    let run = store.add_run(SETUP, &RunTrigger::HostStart, portal.now()).await.unwrap();
    store.end_run(run, RunState::TimedOut, "", portal.now()).await.unwrap();
    let cookie_later = portal.sign_in("anna").await;
    let page = portal.get("/processors", &cookie_later).await.body;
    for text in ["2 processors", "href=\"/processors/1\"", "EVCE Setup", "data-l=\"Failed in 24 h\">1<"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("<img") && !page.contains(HOSTILE));
    let parts = Listener::open(&portal, "/events/processors", &cookie_later).await.parts().await;
    for (id, html) in &parts {
        assert!(page.contains(&format!(" id=\"{id}\"")) && html.contains(&format!(" id=\"{id}\"")), "{id}");
    }
    assert!(parts.iter().any(|(id, _)| id == "processor-line-1"));
    drop(cookie);
    let empty = TestPortal::without_configuration().await;
    let page = empty.get("/processors", &empty.sign_in("anna").await).await.body;
    assert!(page.contains("No processor yet") && page.contains("href=\"/processors/add\""), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tab_is_shown_and_a_viewer_changes_nothing() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    for processor in [1, 2] {
        for tab in
            ["", "/details", "/control", "/schedule", "/history", "/runs", "/items", "/delete", "/duplicate"]
        {
            let path = format!("/processors/{processor}{tab}");
            let page = portal.get(&path, &cookie).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(page.body.contains("Why is this not running?"), "{path}: {}", page.body);
            assert!(!page.body.contains("<img") && !page.body.contains(HOSTILE), "{path}");
            assert_eq!(page.body.matches("<h1").count(), 1, "{path}");
        }
    }
    for path in ["/processors/99", "/processors/x", "/processors/99/details", "/events/processors/99"] {
        assert_eq!(portal.get(path, &cookie).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let viewer = portal.sign_in("victor").await;
    for path in ["/processors", "/processors/1", "/processors/1/history", "/processors/1/runs"] {
        let page = portal.get(path, &viewer).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        for button in ["Run now</button>", "Disable<", "Delete<", "Restore<", "Duplicate<"] {
            assert!(!page.body.contains(button), "{path}: {button}");
        }
    }
    let token = portal.get("/processors", &viewer).await.csrf();
    for path in ["details", "control", "schedule", "history", "duplicate", "delete", "enable", "disable"] {
        let refused = portal.post(&format!("/processors/1/{path}"), &viewer, &format!("csrf={token}")).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(portal.get("/processors/1/export.toml", &viewer).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn live_parts_of_a_processor_replace_elements_of_its_page() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let page = portal.get("/processors/1", &cookie).await.body;
    let parts = Listener::open(&portal, "/events/processors/1", &cookie).await.parts().await;
    for (id, html) in &parts {
        assert!(page.contains(&format!(" id=\"{id}\"")) && html.contains(&format!(" id=\"{id}\"")), "{id}");
    }
    assert!(parts.iter().any(|(id, _)| id == "processor-head"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_is_disabled_and_enabled_with_a_button() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let disabled = send(&portal, &cookie, "/processors/1", "/processors/1/disable", "").await;
    assert_eq!(disabled.header("location"), "/processors/1?saved=disabled", "{}", disabled.body);
    assert!(!configured(&portal).flags.active);
    let page = portal.get(disabled.header("location"), &cookie).await.body;
    assert!(
        page.contains("It is disabled. Enable it") && page.contains("The processor is disabled."),
        "{page}"
    );
    send(&portal, &cookie, "/processors/1", "/processors/1/enable", "").await;
    assert!(configured(&portal).flags.active);
    let audit = portal.store.list_audit(1).await.unwrap();
    assert_eq!((audit[0].actor.to_string(), audit[0].subject.as_str()), ("anna".to_owned(), "processor"));
}

#[tokio::test(flavor = "multi_thread")]
async fn details_rename_a_processor_and_refuse_what_cannot_be_used() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let details = "/processors/1/details";
    let rest = "connection=EVCE&ews_server=EVCE+Ews+Server";
    let fields = format!("name=EVCE+Setup+North&memory_limit_mib=128&{rest}");
    let saved = send(&portal, &cookie, details, details, &fields).await;
    assert_eq!(saved.header("location"), "/processors/1/details?saved=yes", "{}", saved.body);
    let stored = configured(&portal);
    assert_eq!((stored.name.as_str(), stored.memory_limit_mib), ("EVCE Setup North", 128));
    let same = send(&portal, &cookie, details, details, &fields).await;
    assert_eq!(same.header("location"), "/processors/1/details?saved=same");
    for (name, limit, error) in [
        ("", "128", "f-name-error"),
        ("%E2%80%AEx", "128", "f-name-error"),
        ("A", "many", "f-memory_limit_mib-error"),
        ("A", "1", "f-memory_limit_mib-error"),
    ] {
        let fields = format!("name={name}&memory_limit_mib={limit}&{rest}");
        let refused = send(&portal, &cookie, details, details, &fields).await;
        assert_eq!(refused.status, StatusCode::OK, "{fields}");
        assert!(refused.body.contains(&format!("id=\"{error}\"")), "{fields}: {}", refused.body);
    }
    let fields = format!("name=A&memory_limit_mib=128&{}", rest.replace("EVCE+Ews", "No"));
    let refused = send(&portal, &cookie, details, details, &fields).await;
    assert!(refused.body.contains("f-ews_server-error"), "{}", refused.body);
    assert_eq!(configured(&portal).name, "EVCE Setup North");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_administrators_who_save_the_same_form_see_each_other() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let form = portal.get("/processors/1/control", &cookie).await;
    let state = form.body.split("name=\"state\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    // A change in another tab does not conflict.
    change(&portal, ProcessorDraft { memory_limit_mib: Some(64), ..ProcessorDraft::default() }, None).await;
    let mine = "runs_at_start=true&manually_startable=true&runs_on_schedule=true&manually_stoppable=false";
    let csrf = form.csrf();
    let saved =
        portal.post("/processors/1/control", &cookie, &format!("csrf={csrf}&state={state}&{mine}")).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let flags = configured(&portal).flags;
    assert!(flags.runs_at_start && !flags.manually_stoppable);

    let form = portal.get("/processors/1/control", &cookie).await;
    let state = form.body.split("name=\"state\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    change(&portal, ProcessorDraft { manually_stoppable: Some(true), ..ProcessorDraft::default() }, None)
        .await;
    let refused =
        portal.post("/processors/1/control", &cookie, &format!("csrf={csrf}&state={state}&{mine}")).await;
    for text in ["Bob changed this processor at", "The stored value is now &#34;true&#34;"] {
        assert!(refused.body.contains(text), "{text}: {}", refused.body);
    }
    assert!(configured(&portal).flags.manually_stoppable, "nothing was overwritten");
    let state = refused.body.split("name=\"state\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let again =
        portal.post("/processors/1/control", &cookie, &format!("csrf={csrf}&state={state}&{mine}")).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert!(!configured(&portal).flags.manually_stoppable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_schedule_is_switched_on() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let off = ProcessorDraft { runs_on_schedule: Some(false), ..ProcessorDraft::default() };
    change(&portal, off, Some((HOSTILE, "weekly on Mon-Fri at 07:00"))).await;
    let path = "/processors/1/schedule";
    let page = portal.get(path, &cookie).await.body;
    for text in ["Monday to Friday at 07:00 (Europe/Paris)", "Fri 2027-03-26 07:00:00 +01:00 CET"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(page.contains("Mon 2027-03-29 07:00:00 +02:00 CEST"), "summer time begins meanwhile");
    let name: String = url::form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect();
    let saved = send(&portal, &cookie, path, path, &format!("schedule={name}")).await;
    assert_eq!(saved.header("location"), "/processors/1/schedule?saved=yes", "{}", saved.body);
    let stored = configured(&portal);
    assert!(stored.schedule.is_some() && stored.flags.runs_on_schedule);
    let unknown = send(&portal, &cookie, path, path, "schedule=Nowhere").await;
    assert!(unknown.body.contains("there is no schedule"), "{}", unknown.body);
    send(&portal, &cookie, path, path, "schedule=").await;
    assert_eq!(configured(&portal).schedule, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_shown_with_its_differences_and_restored() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let changed =
        ProcessorDraft { memory_limit_mib: Some(64), runs_at_start: Some(true), ..ProcessorDraft::default() };
    change(&portal, changed, None).await;
    let path = "/processors/1/history";
    let page = portal.get(path, &cookie).await.body;
    for text in ["Version 2", "by Bob", "<del>256 MiB</del>", "<ins>64 MiB</ins>", "Runs On Start"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let stale = send(&portal, &cookie, path, path, "version=1&newest=1").await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.body.contains("Bob changed this processor"), "{}", stale.body);
    let restored = send(&portal, &cookie, path, path, "version=1&newest=2").await;
    assert_eq!(restored.header("location"), "/processors/1/history?saved=version", "{}", restored.body);
    let stored = configured(&portal);
    assert_eq!((stored.memory_limit_mib, stored.flags.runs_at_start), (256, false));
    let page = portal.get(path, &cookie).await.body;
    assert!(page.contains("Version 3") && page.contains("by Anna"), "{page}");
    assert_eq!(send(&portal, &cookie, path, path, "version=9&newest=3").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_is_deleted_after_its_consequences_are_shown() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let run = portal.store.add_run(ConfigurationId(2), &RunTrigger::HostStart, portal.now()).await.unwrap();
    portal.store.end_run(run, RunState::Succeeded, "", portal.now()).await.unwrap();
    let path = "/processors/2/delete";
    let page = portal.get(path, &cookie).await.body;
    for text in
        ["5 items get no new values.", "1 set point refuses writes.", "1 run with its log is deleted."]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    let deleted = send(&portal, &cookie, path, path, "").await;
    assert_eq!(deleted.header("location"), "/processors", "{}", deleted.body);
    assert_eq!(portal.runtime.configuration().processors.len(), 1);
    assert_eq!(portal.get("/processors/2", &cookie).await.status, StatusCode::NOT_FOUND);
    let list = portal.get("/processors", &cookie).await.body;
    assert!(list.contains("Deleted in the last 30 days") && list.contains("/processors/removed/2/restore"));
    assert!(!list.contains("<img"));
    let viewers = portal.get("/processors", &portal.sign_in("victor").await).await.body;
    assert!(!viewers.contains("Deleted in the last 30 days"));
    let unknown = send(&portal, &cookie, "/processors", "/processors/removed/1/restore", "").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    // The class of the processor is not known here: no library is loaded.
    let refused = send(&portal, &cookie, "/processors", "/processors/removed/2/restore", "").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("cannot be restored: No library offers the plugin"), "{}", refused.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_processor_is_exported_as_a_file() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let file = portal.get("/processors/1/export.toml", &cookie).await;
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"riser-processor-1.toml\"");
    assert_eq!(file.body.matches("[[").count(), 1, "{}", file.body);
    assert!(file.body.contains("name = \"EVCE Setup\"") && file.body.contains("connection = \"EVCE\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_listed_in_pages() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    for _ in 0..51 {
        let run = portal.store.add_run(SETUP, &RunTrigger::HostStart, portal.now()).await.unwrap();
        portal.store.end_run(run, RunState::Failed, HOSTILE, portal.now()).await.unwrap();
    }
    let newest = portal.get("/processors/1/runs", &cookie).await.body;
    assert!(newest.contains("href=\"/runs/51\"") && newest.contains("href=\"/runs/2\""), "{newest}");
    assert!(!newest.contains("href=\"/runs/1\"") && newest.contains("/processors/1/runs?before=2"));
    assert!(!newest.contains("<img"));
    let older = portal.get("/processors/1/runs?before=2", &cookie).await.body;
    assert!(older.contains("href=\"/runs/1\"") && older.contains("Newest runs"), "{older}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_items_of_a_class_are_listed() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let page = portal.get("/processors/2/items", &cookie).await.body;
    assert!(page.contains("ZoneReduction") && page.contains("Its class publishes 5 values."), "{page}");
    let events = page.split("data-events=\"").nth(1).unwrap().split('"').next().unwrap();
    let parts = Listener::open(&portal, events, &cookie).await.parts().await;
    let items: Vec<_> = parts.iter().filter(|(id, _)| id.starts_with("item-")).collect();
    assert_eq!(items.len(), 5);
    assert!(items.iter().all(|(id, html)| page.contains(&format!("id=\"{id}\"")) && !html.contains("<img")));
    let none = portal.get("/processors/1/items", &cookie).await.body;
    assert!(none.contains("Its class publishes no values. The tree of its plugin has"), "{none}");
}
