//! Event streams.

use std::collections::HashMap;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode, header};
use futures_util::StreamExt;
use riser_domain::Problem;

use crate::testing::HOSTILE;
use crate::testing::TestPortal;

/// Reads a stream as a browser does.
pub(super) struct Listener {
    body: BodyDataStream,
}

impl Listener {
    pub(super) async fn open(portal: &TestPortal, path: &str, cookie: &str) -> Self {
        let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
        let response = portal.respond(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream() }
    }

    /// Returns ids and HTML of the parts in the next event.
    pub(super) async fn parts(&mut self) -> Vec<(String, String)> {
        let event = String::from_utf8(self.body.next().await.unwrap().unwrap().into()).unwrap();
        let data = event.strip_prefix("event: parts\ndata: ").unwrap_or_else(|| panic!("{event}"));
        let parts: Vec<HashMap<String, serde_json::Value>> = serde_json::from_str(data.trim()).unwrap();
        let text =
            |part: &HashMap<String, serde_json::Value>, key: &str| part[key].as_str().unwrap().to_owned();
        parts.iter().map(|part| (text(part, "id"), text(part, "html"))).collect()
    }
}

fn ids(parts: &[(String, String)]) -> Vec<&str> {
    parts.iter().map(|(id, _)| id.as_str()).collect()
}

pub(super) fn problem() -> Problem {
    Problem {
        code: "clock".to_owned(),
        what: HOSTILE.to_owned(),
        effect: "times are wrong".to_owned(),
        remedy: "set the clock".to_owned(),
        setting: None,
    }
}

#[tokio::test]
async fn a_page_first_gets_all_live_parts_and_then_only_changed_ones() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let mut stream = Listener::open(&portal, "/events/overview", &cookie).await;
    let all = stream.parts().await;
    assert_eq!(
        ids(&all),
        [
            "connection-bar",
            "problem-count",
            "headline",
            "path",
            "problems",
            "host",
            "upcoming-runs",
            "latest-changes",
            "processor-2",
            "processor-1",
            "set-points",
            "power-256",
            "power-257"
        ]
    );
    portal.runtime.raise_problem(problem());
    let changed = stream.parts().await;
    assert_eq!(ids(&changed), ["connection-bar", "problem-count", "headline", "path", "problems"]);
    assert!(changed.iter().all(|(_, html)| !html.contains("<img")));
}

#[tokio::test]
async fn every_live_part_replaces_an_element_of_its_page() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    for (page, events) in [
        ("/", "/events/overview?server=1&container=z2"),
        ("/items/search?q=reduction", "/events/items/search?q=reduction"),
        ("/items?server=1&container=z2&item=z2%2Fr", "/events/items?server=1&container=z2&item=z2%2Fr"),
    ] {
        let html = portal.get(page, &cookie).await.body.replace("&#38;", "&").replace("&amp;", "&");
        assert!(html.contains(&format!("data-events=\"{events}\"")), "{page}");
        for (id, part) in Listener::open(&portal, events, &cookie).await.parts().await {
            assert!(html.contains(&format!(" id=\"{id}\"")), "{page}: {id}");
            let first_tag = part.trim_start().split('>').next().unwrap();
            assert!(first_tag.contains(&format!(" id=\"{id}\"")), "{page}: {part}");
        }
    }
}

#[tokio::test]
async fn only_rows_of_the_shown_container_are_sent() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let mut stream = Listener::open(&portal, "/events/items?server=1&container=zones", &cookie).await;
    let parts = stream.parts().await;
    assert!(ids(&parts).iter().all(|id| !id.starts_with("item-")), "{:?}", ids(&parts));
    assert!(ids(&parts).contains(&"branch-state-0"));
}

#[tokio::test]
async fn a_session_may_open_ten_streams() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        streams.push(Listener::open(&portal, "/events/overview", &cookie).await);
    }
    let refused = portal.get("/events/overview", &cookie).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.body.contains("Too many pages are open"));
    streams.pop();
    Listener::open(&portal, "/events/overview", &cookie).await;
}

#[tokio::test]
async fn an_unknown_stream_is_not_found() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    for path in ["/events", "/events/nowhere", "/events/items?server=x"] {
        assert_eq!(portal.get(path, &cookie).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
