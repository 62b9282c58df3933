//! The pages Problems and Audit.

use axum::http::StatusCode;
use riser_domain::{Actor, Role};
use riser_runtime::{ConfigurationDraft, Identity, ProcessorDraft};
use riser_store::NewAuditEntry;

use super::live::{Listener, problem};
use crate::testing::{HOSTILE, TestPortal};

async fn record(portal: &TestPortal, name: &str, detail: &str) {
    let entry = NewAuditEntry { action: "update", subject: "connection", subject_name: name, detail };
    portal.store.record_audit(&Actor::Person(HOSTILE.to_owned()), portal.now(), entry).await.unwrap();
}

#[tokio::test]
async fn all_problems_are_shown_and_followed() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("victor").await;
    let page = portal.get("/problems", &cookie).await.body;
    assert!(page.contains("Nothing needs attention"), "{page}");
    let mut stream = Listener::open(&portal, "/events/problems", &cookie).await;
    stream.parts().await;
    portal.runtime.raise_problem(problem());
    let parts = stream.parts().await;
    let (_, list) = parts.iter().find(|(id, _)| id == "problems").unwrap();
    assert!(list.contains("Times are wrong") && list.contains("Set the clock") && !list.contains("<img"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_shown_with_the_details_before_it() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("victor").await;
    let processor = ProcessorDraft {
        identity: Identity::named("EVCE Setup"),
        memory_limit_mib: Some(64),
        ..ProcessorDraft::default()
    };
    let draft = ConfigurationDraft { processors: vec![processor], ..ConfigurationDraft::default() };
    portal.runtime.configure(draft, Actor::Person("bob".to_owned())).await.unwrap();
    record(&portal, HOSTILE, HOSTILE).await;
    let page = portal.get("/audit", &cookie).await;
    assert_eq!(page.status, StatusCode::OK);
    for text in ["Bob", "memory limit 64 MiB", "<summary>Before</summary>", "memory limit 256 MiB"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert!(!page.body.contains("<img") && !page.body.contains(HOSTILE));
}

#[tokio::test]
async fn the_audit_trail_is_filtered_and_read_in_pages() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("victor").await;
    for number in 0..101 {
        record(&portal, "EVCE", &format!("change {number} of many")).await;
    }
    let page = async |query: &str| portal.get(&format!("/audit{query}"), &cookie).await.body;
    let newest = page("?q=OF+MANY").await;
    assert!(newest.contains("change 100 of many") && newest.contains("change 1 of many"), "{newest}");
    assert!(!newest.contains("breaks\">change 0 of many") && newest.contains("100 shown"));
    let older = newest.split("before=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let older = page(&format!("?q=of+many&before={older}")).await;
    assert!(older.contains("change 0 of many") && older.contains("1 shown"), "{older}");
    for (query, shown) in [
        ("?subject=connection&action=update", true),
        ("?subject=user", false),
        ("?action=remove", false),
        ("?from=2027-03-25&until=2027-03-26", true),
        ("?from=2027-03-26", false),
        ("?until=2027-03-25", false),
    ] {
        assert_eq!(page(query).await.contains("change 100 of many"), shown, "{query}");
    }
    assert!(page("?from=tomorrow").await.contains("role=\"alert\""));
    let file = portal.get("/audit/export.csv?from=tomorrow", &cookie).await;
    assert_eq!(file.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn an_export_holds_all_entries_and_no_formula() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("victor").await;
    for number in 0..600 {
        record(&portal, "=HYPERLINK(1)", &format!("a \"{number}\"")).await;
    }
    let csv = portal.get("/audit/export.csv?q=hyperlink", &cookie).await;
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"riser-audit.csv\"");
    let lines: Vec<&str> = csv.body.split("\r\n").collect();
    assert_eq!(lines.len(), 602);
    assert_eq!(lines[0], "number,time,actor,action,object,name,after,before");
    assert!(lines[1].ends_with(",'=HYPERLINK(1),\"a \"\"599\"\"\",\"a \"\"598\"\"\""), "{}", lines[1]);
    let json = portal.get("/audit/export.jsonl?q=hyperlink", &cookie).await;
    let rows: Vec<serde_json::Value> =
        json.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (rows.len(), &rows[0]["after"], &rows[0]["before"]),
        (600, &"a \"599\"".into(), &"a \"598\"".into())
    );
    assert_eq!((&rows[0]["name"], &rows[599]["before"]), (&"=HYPERLINK(1)".into(), &serde_json::Value::Null));
}
