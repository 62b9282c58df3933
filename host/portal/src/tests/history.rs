//! The page of a history, its series and its CSV file.

use std::time::Duration;

use axum::http::StatusCode;
use riser_domain::{Clock as _, EwsServerId, HistorySample, Value, ValueState};
use serde_json::Value as Json;

use crate::testing::{HOSTILE, TestPortal};

const QUERY: &str = "server=1&item=z2%2Flog";

/// Records a sample each minute of the last hour, but none of minutes 20 to 40; the last five are Offline.
async fn portal_with_samples() -> (TestPortal, String) {
    let portal = TestPortal::new().await;
    let history = portal.runtime.items(EwsServerId(1)).find("z2/log").unwrap();
    let begin = portal.clock.now().minus(Duration::from_mins(59));
    let samples: Vec<_> = (0..60)
        .filter(|minute| !(20..40).contains(minute))
        .map(|minute| {
            let state = if minute < 55 { ValueState::Good } else { ValueState::Offline };
            let time = begin.plus(Duration::from_mins(minute));
            (
                history,
                HistorySample { value: Value::Double(f64::from(u8::try_from(minute).unwrap())), state, time },
            )
        })
        .collect();
    portal.store.journal_samples(&samples).await.unwrap();
    let cookie = portal.sign_in("victor").await;
    (portal, cookie)
}

#[tokio::test]
async fn a_history_has_a_chart_a_table_and_the_current_value() {
    let (portal, cookie) = portal_with_samples().await;
    let page = portal.get(&format!("/items/history?{QUERY}"), &cookie).await;
    assert_eq!(page.status, StatusCode::OK);
    for text in [
        "<h1>ZoneReduction</h1>",
        "data-chart=\"/items/history/series?server=1&#38;item=z2%2Flog&#38;range=24h\"",
        "aria-current=\"true\">24 h</a>",
        "60 <span class=\"unit\">%</span>",
        "40 in the last 24 hours",
        "href=\"/items?server=1&#38;container=z2&#38;item=z2%2Fr\"",
        "Offline",
    ] {
        assert!(page.body.contains(text), "{text} is not in {}", page.body);
    }
    assert!(!page.body.contains(HOSTILE));
    let items = portal.get("/items?server=1&container=z2&from=200", &cookie).await.body;
    assert!(!items.contains("/items/history?"), "the history is on the first page");
    let drawer = portal.get("/items?server=1&container=z2&item=z2%2Fr", &cookie).await.body;
    let link = "href=\"/items/history?server=1&#38;item=z2%2Flog&#38;range=24h\"";
    assert_eq!(drawer.matches(link).count(), 2, "{drawer}");
}

#[tokio::test]
async fn the_series_has_its_points_its_gaps_with_reasons_and_the_set_points() {
    let (portal, cookie) = portal_with_samples().await;
    let response = portal.get(&format!("/items/history/series?{QUERY}&range=1h"), &cookie).await;
    assert_eq!(response.header("content-type"), "application/json");
    let series: Json = serde_json::from_str(&response.body).unwrap();
    let now_ms = portal.clock.now().unix_ms();
    assert_eq!((&series["to_ms"], &series["time_zone"]), (&Json::from(now_ms), &Json::from("Europe/Paris")));
    assert_eq!((&series["is_stepped"], &series["unit"]), (&Json::from(true), &Json::from("%")));
    let points = series["points"].as_array().unwrap();
    assert_eq!((points.len(), points[34]["value"].as_f64()), (35, Some(54.0)));
    let minute_ms = |minute: i64| now_ms - (59 - minute) * 60_000;
    let gaps = series["gaps"].as_array().unwrap();
    let gap = |index: usize| {
        let gap = &gaps[index];
        (gap["from_ms"].as_i64().unwrap(), gap["to_ms"].as_i64().unwrap(), gap["reason"].as_str().unwrap())
    };
    assert_eq!(gap(0), (minute_ms(19), minute_ms(40), "no samples; no processor records this history"));
    assert_eq!(gap(1), (minute_ms(54), minute_ms(59), "the source could not be reached"));
    assert_eq!(gaps.len(), 2);
    assert_eq!(series["writes"][0]["text"], "60 % by BMS bms on EVCE Ews Server: Confirmed");
    assert!(series["writes"][1].is_null());
}

#[tokio::test]
async fn all_samples_of_the_span_are_a_csv_file() {
    let (portal, cookie) = portal_with_samples().await;
    let file = portal.get(&format!("/items/history/samples.csv?{QUERY}&range=1h"), &cookie).await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"ZoneReductionLog.csv\"");
    let lines: Vec<_> = file.body.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 41);
    assert_eq!(lines[0], "time,value,unit,state");
    assert_eq!(lines[1], "2027-03-25T13:33:09+01:00,0,%,Good");
    assert_eq!(lines[40], "2027-03-25T14:32:09+01:00,59,%,Offline");
}

#[tokio::test]
async fn an_address_without_a_history_is_not_found() {
    let (portal, cookie) = portal_with_samples().await;
    for query in ["server=1&item=z2%2Fr", "server=1&item=none", "server=9&item=z2%2Flog", "item=z2%2Flog"] {
        for path in ["/items/history", "/items/history/series", "/items/history/samples.csv"] {
            let response = portal.get(&format!("{path}?{query}"), &cookie).await;
            assert_eq!(response.status, StatusCode::NOT_FOUND, "{path}?{query}");
        }
    }
    let bad = portal.get(&format!("/items/history?{QUERY}&range=2d"), &cookie).await;
    assert_eq!(bad.status, StatusCode::NOT_FOUND);
    assert_ne!(portal.get(&format!("/items/history/series?{QUERY}"), "").await.status, StatusCode::OK);
}
