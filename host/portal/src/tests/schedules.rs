//! The pages of schedules.

use axum::http::StatusCode;
use riser_calendar::ScheduleRule;
use riser_domain::{Actor, Role};
use riser_runtime::{ConfigurationDraft, Identity, ProcessorDraft, ScheduleDraft};

use crate::testing::fixture::TestResponse;
use crate::testing::{HOSTILE, TestPortal};

const WEEKLY: &str =
    "name=Working+days&kind=weekly&day_mon=true&day_tue=true&weekly_times=07:00&misfire=skip&overlap=queue";

/// Sends the form of a page with its hidden fields.
async fn send(portal: &TestPortal, cookie: &str, page: &str, fields: &str) -> TestResponse {
    let drawn = portal.get(page, cookie).await;
    assert_eq!(drawn.status, StatusCode::OK, "{page}: {}", drawn.body);
    let state = drawn.body.split("name=\"state\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    portal.post(page, cookie, &format!("csrf={}&state={state}&{fields}", drawn.csrf())).await
}

async fn change(portal: &TestPortal, draft: ConfigurationDraft) {
    portal.runtime.configure(draft, Actor::CommandLine).await.unwrap();
}

fn rule_of(portal: &TestPortal, name: &str) -> Option<String> {
    let whole = portal.runtime.configuration();
    whole.schedules.iter().find(|it| it.name == name).map(|it| it.rule.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_is_added_changed_and_deleted() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    assert!(portal.get("/schedules", &cookie).await.body.contains("No schedule yet"));
    let first = portal.get("/schedules/add", &cookie).await.body;
    assert!(first.contains("value=\"Every 15 Minutes\"") && first.contains("value=\"15 min\""), "{first}");
    let added = send(&portal, &cookie, "/schedules/add", WEEKLY).await;
    assert_eq!(added.header("location"), "/schedules?saved=1", "{}", added.body);
    let stored = rule_of(&portal, "Working days").unwrap();
    assert_eq!(stored, "weekly on Mon, Tue at 07:00; zone Europe/Paris; misfire skip; overlap queue");
    let list = portal.get("/schedules?saved=1", &cookie).await.body;
    for text in [
        "Working days is saved and in use.",
        "Monday and Tuesday at 07:00",
        "Mon 2027-03-29 07:00:00 +02:00 CEST",
        "Missed runs are left out.",
    ] {
        assert!(list.contains(text), "{text}: {list}");
    }
    let changed =
        send(&portal, &cookie, "/schedules/1", "name=Night&kind=cron&cron=30+2+*+*+*&zone=UTC").await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.body);
    assert_eq!(rule_of(&portal, "Night").unwrap(), "30 2 * * *; zone UTC");
    let taken = send(&portal, &cookie, "/schedules/add", "name=Night&kind=every&every=1+h").await;
    assert!(taken.body.contains("is the name of another schedule"), "{}", taken.body);
    let page = portal.get("/schedules/1", &cookie).await;
    let deleted = portal.post("/schedules/1/delete", &cookie, &format!("csrf={}", page.csrf())).await;
    assert_eq!(deleted.header("location"), "/schedules?deleted=true");
    assert_eq!(rule_of(&portal, "Night"), None);
    assert_eq!(portal.get("/schedules/1", &cookie).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_in_use_is_not_deleted() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let schedule = ScheduleDraft { identity: Identity::named(HOSTILE), rule: Some("every 1 h".to_owned()) };
    let processor = ProcessorDraft {
        identity: Identity::named("EVCE Setup"),
        schedule: Some(HOSTILE.to_owned()),
        ..ProcessorDraft::default()
    };
    let draft = ConfigurationDraft {
        schedules: vec![schedule],
        processors: vec![processor],
        ..ConfigurationDraft::default()
    };
    change(&portal, draft).await;
    let list = portal.get("/schedules", &cookie).await.body;
    assert!(list.contains("<a href=\"/processors/1\">EVCE Setup</a>") && !list.contains("<img"), "{list}");
    let page = portal.get("/schedules/1", &cookie).await;
    assert!(page.body.contains("it cannot be deleted") && !page.body.contains("/schedules/1/delete"));
    assert!(!page.body.contains("<img") && !page.body.contains(HOSTILE), "{}", page.body);
    let refused = portal.post("/schedules/1/delete", &cookie, &format!("csrf={}", page.csrf())).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("is used by processor"), "{}", refused.body);
    assert_eq!(rule_of(&portal, HOSTILE).unwrap(), "every 1 h");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preview_shows_the_times_that_the_calendar_computes() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let token = portal.get("/schedules/add", &cookie).await.csrf();
    for (fields, rule) in [
        ("kind=every&every=15+min&jitter=30+s", "every 15 min; jitter 30 s"),
        ("kind=weekly&day_sun=true&weekly_times=02:30,14:00", "weekly on Sun at 02:30, 14:00"),
        ("kind=monthly&dates=last,2nd+Tue&monthly_times=06:00", "monthly on 2nd Tue, last at 06:00"),
        ("kind=cron&cron=30+2+*+*+*&from=2027-03-27", "30 2 * * *; from 2027-03-27"),
        ("kind=cron&cron=0+6+*+*+1-5&zone=America/Vancouver", "0 6 * * 1-5; zone America/Vancouver"),
    ] {
        let fields = format!("csrf={token}&{fields}");
        let part = portal.post("/schedules/preview", &cookie, &fields).await.body;
        let rule = ScheduleRule::parse(rule, &portal.runtime.zone()).unwrap();
        let expected = rule.preview(portal.now(), 5);
        assert_eq!(part.matches("<time ").count(), expected.len(), "{part}");
        for time in expected {
            assert!(part.contains(&time.local) && part.contains(&time.utc), "{}: {part}", time.local);
        }
        assert!(part.contains(&format!("<code>{rule}</code>")), "{rule}: {part}");
        // Without scripts a button shows the same.
        let page = portal.post("/schedules/add", &cookie, &format!("{fields}&do=preview")).await.body;
        assert!(page.contains(part.trim()), "{page}");
    }
    assert!(portal.runtime.configuration().schedules.is_empty(), "a preview stores nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_cannot_be_read_is_refused_at_its_field() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let long = format!("kind=cron&cron={}", "*+".repeat(5_000));
    let hostile = format!("kind=cron&cron={}", "%3Cimg%20src=x%3E");
    for (fields, field) in [
        ("kind=every&every=", "every"),
        ("kind=weekly&weekly_times=07:00", "weekly_times"),
        ("kind=monthly&dates=32&monthly_times=07:00", "dates"),
        (long.as_str(), "cron"),
        (hostile.as_str(), "cron"),
        ("kind=every&every=1+h&zone=Europe/Atlantis", "zone"),
        ("kind=every&every=1+h&until=2020-01-01&from=2021-01-01", "until"),
        ("kind=every&every=1+h%3B+jitter+1+s", "every"),
        ("kind=every&every=1+h&name=", "name"),
    ] {
        let name = if field == "name" { "" } else { "name=Night&" };
        let refused = send(&portal, &cookie, "/schedules/add", &format!("{name}{fields}")).await;
        assert_eq!(refused.status, StatusCode::OK, "{fields}");
        assert!(refused.body.contains(&format!("id=\"f-{field}-error\"")), "{fields}: {}", refused.body);
        assert!(!refused.body.contains("<img"), "{fields}");
    }
    assert!(portal.runtime.configuration().schedules.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_somebody_else_is_shown_and_only_administrators_edit() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    send(&portal, &cookie, "/schedules/add", WEEKLY).await;
    let form = portal.get("/schedules/1", &cookie).await;
    let state = form.body.split("name=\"state\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let schedule =
        ScheduleDraft { identity: Identity::named("Working days"), rule: Some("every 2 h".to_owned()) };
    change(&portal, ConfigurationDraft { schedules: vec![schedule], ..ConfigurationDraft::default() }).await;
    let fields = format!("csrf={}&state={state}&name=Working+days&kind=every&every=1+h", form.csrf());
    let refused = portal.post("/schedules/1", &cookie, &fields).await;
    assert!(
        refused.body.contains("Somebody else changed this schedule to &#34;every 2 h&#34;"),
        "{}",
        refused.body
    );
    assert_eq!(rule_of(&portal, "Working days").unwrap(), "every 2 h");
    let viewer = portal.sign_in("victor").await;
    assert_eq!(portal.get("/schedules", &viewer).await.status, StatusCode::OK);
    for path in ["/schedules/add", "/schedules/1"] {
        assert_eq!(portal.get(path, &viewer).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}
