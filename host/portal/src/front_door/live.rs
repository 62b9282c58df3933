//! The stream of events.

use std::collections::HashMap;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode, header};
use futures_util::StreamExt;
use riser_domain::Problem;

use super::TestPortal;
use crate::samples::HOSTILE;

/// A stream as a browser reads it.
struct Listener {
    body: BodyDataStream,
}

impl Listener {
    async fn open(portal: &TestPortal, path: &str, cookie: &str) -> Self {
        let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
        let response = portal.respond(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream() }
    }

    /// The parts of the next event, by id.
    async fn parts(&mut self) -> Vec<(String, String)> {
        let event = String::from_utf8(self.body.next().await.unwrap().unwrap().into()).unwrap();
        let data = event.strip_prefix("event: parts\ndata: ").unwrap_or_else(|| panic!("{event}"));
        let parts: Vec<HashMap<String, String>> = serde_json::from_str(data.trim()).unwrap();
        parts.into_iter().map(|mut part| (part.remove("id").unwrap(), part.remove("html").unwrap())).collect()
    }
}

fn ids(parts: &[(String, String)]) -> Vec<&str> {
    parts.iter().map(|(id, _)| id.as_str()).collect()
}

fn problem() -> Problem {
    Problem {
        code: "clock".to_owned(),
        what: HOSTILE.to_owned(),
        effect: "times are wrong".to_owned(),
        remedy: "set the clock".to_owned(),
        setting: None,
    }
}

#[tokio::test]
async fn a_page_that_connects_gets_all_its_live_parts_and_then_what_changes() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let mut stream = Listener::open(&portal, "/events?page=overview", &cookie).await;
    let all = stream.parts().await;
    assert_eq!(
        ids(&all),
        [
            "hops",
            "problem-count",
            "headline",
            "path",
            "problems",
            "host",
            "processor-2",
            "processor-1",
            "set-points"
        ]
    );
    portal.runtime.raise_problem(problem());
    let changed = stream.parts().await;
    assert_eq!(ids(&changed), ["hops", "problem-count", "headline", "path", "problems"]);
    assert!(changed.iter().all(|(_, html)| !html.contains("<img")));
}

#[tokio::test]
async fn every_live_part_replaces_an_element_of_its_page() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    for (page, events) in [
        ("/", "/events?page=overview"),
        ("/items?server=1&container=z2&item=z2%2Fr", "/events?page=items&server=1&container=z2&item=z2%2Fr"),
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
async fn only_the_rows_that_are_shown_are_sent() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let mut stream = Listener::open(&portal, "/events?page=items&server=1&container=zones", &cookie).await;
    let parts = stream.parts().await;
    assert!(ids(&parts).iter().all(|id| !id.starts_with("item-")), "{:?}", ids(&parts));
    assert!(ids(&parts).contains(&"branch-state-0"));
}

#[tokio::test]
async fn a_session_follows_ten_windows_and_no_more() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        streams.push(Listener::open(&portal, "/events?page=overview", &cookie).await);
    }
    let refused = portal.get("/events?page=overview", &cookie).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.body.contains("Too many pages are open"));
    streams.pop();
    Listener::open(&portal, "/events?page=overview", &cookie).await;
}

#[tokio::test]
async fn a_stream_of_no_page_is_not_found() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    for path in ["/events", "/events?page=nowhere", "/events?page=items&server=x"] {
        assert_eq!(portal.get(path, &cookie).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
