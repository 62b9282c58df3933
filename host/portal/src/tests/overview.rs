//! The panels of the overview: power and latest changes.

use std::time::Duration;

use axum::http::StatusCode;
use riser_domain::{Actor, Clock as _, EwsServerId, HistorySample, Value, ValueState};
use riser_store::NewAuditEntry;
use serde_json::Value as Json;

use super::live::Listener;
use crate::testing::{HOSTILE, TestPortal};

/// Records a sample of both values of power each minute of the last half hour, but none of minutes 10 to 20.
async fn record_power(portal: &TestPortal) {
    let tree = portal.runtime.items(EwsServerId(1));
    let [power, set_point] = ["z2/p", "z2/s"].map(|id| tree.find(id).unwrap());
    let begin = portal.now().minus(Duration::from_mins(29));
    let minutes = (0..30_u32).filter(|minute| !(10..20).contains(minute));
    let samples: Vec<_> = minutes
        .flat_map(|minute| {
            let time = begin.plus(Duration::from_mins(u64::from(minute)));
            let sample = |value| HistorySample { value: Value::Double(value), state: ValueState::Good, time };
            [(power, sample(f64::from(minute))), (set_point, sample(172.0))]
        })
        .collect();
    portal.store.journal_samples(&samples).await.unwrap();
}

#[tokio::test]
async fn the_power_of_the_highest_container_is_shown_and_charted() {
    let portal = TestPortal::new().await;
    record_power(&portal).await;
    let cookie = portal.sign_in("victor").await;
    let page = portal.get("/", &cookie).await.body;
    let panel = page.split("id=\"power-h\"").nth(1).unwrap().split("</section>").next().unwrap();
    for text in [">ZonePower</a>", "No value yet", "data-chart=\"/overview/power?server=1&#38;container=z2\""]
    {
        assert!(panel.contains(text), "{text} is not in {panel}");
    }
    assert!(!page.contains(HOSTILE));
    assert!(page.contains("data-events=\"/events/overview?server=1&#38;container=z2\""));

    let chart = portal.get("/overview/power?server=1&container=z2", &cookie).await;
    assert_eq!(chart.header("content-type"), "application/json");
    let chart: Json = serde_json::from_str(&chart.body).unwrap();
    assert_eq!((&chart["unit"], &chart["time_zone"]), (&Json::from("kW"), &Json::from("Europe/Paris")));
    assert_eq!(chart["to_ms"], Json::from(portal.clock.now().unix_ms()));
    assert_eq!((&chart["name"], &chart["is_stepped"]), (&Json::from("ZonePower"), &Json::from(false)));
    assert_eq!(chart["points"].as_array().unwrap().len(), 20);
    let gaps = chart["gaps"].as_array().unwrap();
    assert_eq!((gaps.len(), gaps[0]["reason"].as_str()), (1, Some(&*format!("no samples from {HOSTILE}"))));
    let set_point = &chart["others"][0];
    assert_eq!((&set_point["name"], &set_point["is_stepped"]), (&Json::from(HOSTILE), &Json::from(true)));
    assert_eq!(chart["notes"].as_array().unwrap().len(), 1, "the set point never changed");
    let note = "ZonePower: highest 29 kW at 14:32:09, lowest 0 kW at 14:03:09";
    assert_eq!(chart["notes"][0].as_str(), Some(note));
}

#[tokio::test]
async fn power_that_does_not_exist_is_not_found_and_needs_a_session() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("victor").await;
    for query in ["server=9", "container=zones", "server=1&container=nowhere", "server=x"] {
        let path = format!("/overview/power?{query}");
        assert_eq!(portal.get(&path, &cookie).await.status, StatusCode::NOT_FOUND, "{query}");
    }
    // The page itself is there, without the panel.
    let page = portal.get("/?server=9", &cookie).await;
    assert!(page.status == StatusCode::OK && !page.body.contains("power-h"), "{}", page.body);
    assert_ne!(portal.get("/overview/power", "").await.status, StatusCode::OK);
    let empty = TestPortal::without_configuration().await;
    let page = empty.get("/", &empty.sign_in("anna").await).await.body;
    assert!(!page.contains("power-h") && !page.contains("chart.js"));
}

#[tokio::test]
async fn the_latest_changes_are_shown_and_follow_live() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let change = async |name: &str| {
        let entry =
            NewAuditEntry { action: "update", subject: "connection", subject_name: name, detail: "secret" };
        let anna = Actor::Person("anna".to_owned());
        portal.store.record_audit(&anna, portal.now(), entry).await.unwrap();
    };
    for number in 0..5 {
        change(&format!("EVCE {number}")).await;
    }
    change(HOSTILE).await;
    let page = portal.get("/", &cookie).await.body;
    let panel = page.split("id=\"latest-changes\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert_eq!(panel.matches("<li>").count(), 5, "{panel}");
    for text in [">Connection changed</a> &#60;img", "EVCE 1<br>", "Anna, <time", "href=\"/audit#e"] {
        assert!(panel.contains(text), "{text} is not in {panel}");
    }
    assert!(!panel.contains("EVCE 0") && !panel.contains("secret"), "{panel}");

    let mut stream = Listener::open(&portal, "/events/overview", &cookie).await;
    stream.parts().await;
    change("EVCE South").await;
    portal.runtime.raise_problem(super::live::problem());
    let parts = stream.parts().await;
    let changes = parts.iter().find(|(id, _)| id == "latest-changes").unwrap();
    assert!(changes.1.contains("EVCE South"), "{}", changes.1);
}
