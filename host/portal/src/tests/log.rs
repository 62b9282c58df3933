//! The page of the host's log.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use riser_domain::{LogLevel, Role};

use crate::testing::{HOSTILE, TestPortal};

fn add(portal: &TestPortal, level: LogLevel, target: &str, text: &str) {
    portal.log.add(portal.now(), level, target, text);
}

#[tokio::test]
async fn lines_are_filtered_by_level_component_and_text() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("victor").await;
    assert!(portal.get("/log", &cookie).await.body.contains("Nothing was logged yet"));
    add(&portal, LogLevel::Info, "riser_ews::server", "a BMS logged in");
    add(&portal, LogLevel::Warn, "riser_runtime", HOSTILE);
    add(&portal, LogLevel::Error, "riser_ews", "the address is in use");
    let shown = async |path: &str| {
        let page = portal.get(path, &cookie).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(!page.body.contains("<img"), "{path}");
        ["a BMS logged in", "onerror", "the address is in use"].map(|text| page.body.contains(text))
    };
    assert_eq!(shown("/log").await, [true, true, true]);
    assert_eq!(shown("/log?level=warn").await, [false, true, true]);
    assert_eq!(shown("/log?component=ews").await, [true, false, true]);
    assert_eq!(shown("/log?level=error&component=ews&q=ADDRESS").await, [false, false, true]);
    // Words that are no level and no component select all.
    assert_eq!(shown("/log?level=loud&component=%3Cimg%3E").await, [true, true, true]);
    let text = portal.get("/log/lines.txt?level=warn", &cookie).await;
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert!(
        text.body.contains("Z ERROR ews: the address is in use\n") && !text.body.contains("a BMS"),
        "{}",
        text.body
    );
}

#[tokio::test]
async fn new_lines_arrive_without_a_reload() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("victor").await;
    add(&portal, LogLevel::Info, "riser", "before the page");
    let request = Request::get("/events/log?level=warn&after=1").header(header::COOKIE, &cookie);
    let mut body = portal.respond(request.body(Body::empty()).unwrap()).await.into_body();
    let mut read = String::new();
    let mut is_added = false;
    while !read.contains("the second line") {
        let frame = body.frame().await.unwrap().unwrap();
        read.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        // The first event has arrived, so the stream follows.
        if !std::mem::replace(&mut is_added, true) {
            add(&portal, LogLevel::Info, "riser", "the first line");
            add(&portal, LogLevel::Warn, "riser", "the second line");
        }
    }
    assert!(!read.contains("before the page") && !read.contains("the first line"), "{read}");
}

#[tokio::test]
async fn an_administrator_changes_a_level_for_a_while_and_back() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let token = portal.get("/log", &cookie).await.csrf();
    let send =
        async |path: &str, fields: &str| portal.post(path, &cookie, &format!("csrf={token}&{fields}")).await;
    let changed = send("/log/levels", "component=ews&level=debug").await;
    assert_eq!((changed.status, changed.header("location")), (StatusCode::SEE_OTHER, "/log#levels-h"));
    assert_eq!(*portal.log_filter.lock(), "info,sqlx=warn,riser_ews=debug");
    let page = portal.get("/log", &cookie).await.body;
    assert!(page.contains("until 15:02:09"), "{page}");
    send("/log/levels", "component=store&level=error&stays=true").await;
    assert!(portal.get("/log", &cookie).await.body.contains("until changed back"));
    for component in ["ews", "store"] {
        send("/log/levels/back", &format!("component={component}")).await;
    }
    assert_eq!(*portal.log_filter.lock(), "info,sqlx=warn");
    for fields in ["component=nothing&level=debug", "component=ews&level=loud", "level=debug"] {
        assert_eq!(send("/log/levels", fields).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields}");
    }
    let audit = portal.store.list_audit(9).await.unwrap();
    let entries: Vec<_> = audit
        .iter()
        .filter(|entry| entry.subject == "log level")
        .map(|entry| (entry.subject_name.as_str(), entry.detail.as_str()))
        .collect();
    assert_eq!(
        entries,
        [
            ("store", "the usual level"),
            ("ews", "the usual level"),
            ("store", "error until it is changed back or Riser starts again"),
            ("ews", "debug for 30 min"),
        ]
    );
    let viewer = portal.sign_in("victor").await;
    let page = portal.get("/log", &viewer).await;
    assert!(!page.body.contains("action=\"/log/levels"));
    let refused =
        portal.post("/log/levels", &viewer, &format!("csrf={}&component=ews&level=debug", page.csrf())).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}
