//! What every request passes, and what every answer carries.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

use super::TestPortal;
use super::world::form;

/// Every address that a person looks at or a form posts to.
const LOOKED_AT: [&str; 6] = ["/", "/items", "/login", "/healthz", "/static/riser.css", "/nowhere"];
const POSTED_TO: [&str; 5] = ["/login", "/logout", "/theme", "/processors/1/run", "/processors/1/stop"];

#[tokio::test]
async fn every_answer_forbids_what_no_page_does() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let mut answers = Vec::new();
    for path in LOOKED_AT {
        answers.push((path, portal.get(path, &cookie).await));
        answers.push((path, portal.get(path, "").await));
    }
    for path in POSTED_TO {
        answers.push((path, portal.post(path, &cookie, "").await));
    }
    for (path, answer) in answers {
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"), "{path}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        let cached = if path.starts_with("/static/") { "no-cache" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), cached, "{path}");
    }
}

#[tokio::test]
async fn without_a_session_only_the_log_in_is_shown() {
    let portal = TestPortal::new().await;
    for path in ["/", "/items", "/items?server=1&container=z2", "/events?page=overview"] {
        for cookie in ["", "riser-8082=", &format!("riser-8082={}", "0".repeat(64))] {
            let answer = portal.get(path, cookie).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            assert!(
                answer.body.contains("<h1>Sign in</h1>") && !answer.body.contains("ZoneReduction"),
                "{path}"
            );
        }
    }
    let back = portal.get("/items?server=1&container=z2", "").await.body;
    assert!(back.contains("name=\"return\" value=\"/items?server=1&#38;container=z2\""), "{back}");
    assert_eq!(portal.get("/healthz", "").await.body, "ok");
    assert_eq!(portal.get("/nowhere", "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let token = portal.get("/", &cookie).await.csrf();
    let others = portal.get("/", &portal.sign_in("victor").await).await.csrf();
    let good = format!("csrf={token}");
    for path in POSTED_TO.into_iter().filter(|path| *path != "/login") {
        for fields in
            ["", "csrf=", "csrf=wrong", &format!("csrf={others}"), &format!("csrf={token}&csrf={token}")]
        {
            let answer = portal.post(path, &cookie, fields).await;
            assert!(matches!(answer.status.as_u16(), 403 | 422), "{path} {fields}: {}", answer.status);
        }
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "none"),
            ("origin", "null"),
            ("origin", "http://evil.example"),
            ("content-type", "text/plain"),
            ("content-type", "multipart/form-data; boundary=x"),
        ] {
            let mut request = form(path, &cookie, &good).body(Body::from(good.clone())).unwrap();
            if name == "origin" {
                request.headers_mut().remove("sec-fetch-site");
            }
            request.headers_mut().insert(name, value.parse().unwrap());
            assert_eq!(portal.send(request).await.status, StatusCode::FORBIDDEN, "{path} {name}: {value}");
        }
        assert_eq!(portal.get(path, &cookie).await.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    assert_eq!(portal.get("/", &cookie).await.status, StatusCode::OK, "nobody was signed out");
}

#[tokio::test]
async fn another_sites_page_cannot_sign_anyone_in() {
    let portal = TestPortal::new().await;
    let fields = "user=anna&password=a+password+for+tests";
    let mut request = form("/login", "", fields).body(Body::from(fields)).unwrap();
    request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    let answer = portal.send(request).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (StatusCode::FORBIDDEN, ""));
}

#[tokio::test]
async fn a_foreign_host_name_is_refused_and_the_remedy_named() {
    let portal = TestPortal::new().await;
    for host in ["evil.example", "evil.example:8082", "<script>"] {
        let request = Request::get("/login").header(header::HOST, host).body(Body::empty()).unwrap();
        let answer = portal.send(request).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(answer.body.contains("--portal-hostname") && !answer.body.contains("<script>"), "{host}");
    }
}

#[tokio::test]
async fn methods_that_no_page_knows_are_refused() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS, Method::TRACE] {
        let request = Request::builder()
            .method(method.clone())
            .uri("/items")
            .header(header::COOKIE, &cookie)
            .body(Body::empty())
            .unwrap();
        assert_eq!(portal.send(request).await.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
}

#[tokio::test]
async fn static_files_are_sent_once() {
    let portal = TestPortal::new().await;
    let first = portal.get("/static/riser.js", "").await;
    assert_eq!(
        (first.status, first.header("content-type")),
        (StatusCode::OK, "text/javascript; charset=utf-8")
    );
    let again = Request::get("/static/riser.js").header(header::IF_NONE_MATCH, first.header("etag"));
    let again = portal.send(again.body(Body::empty()).unwrap()).await;
    assert_eq!((again.status, again.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    for outside in ["/static/", "/static/../Cargo.toml", "/static/%2e%2e/Cargo.toml", "/static/nothing.css"] {
        assert_eq!(portal.get(outside, "").await.status, StatusCode::NOT_FOUND, "{outside}");
    }
}
