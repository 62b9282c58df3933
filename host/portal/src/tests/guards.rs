//! Checks of every request, and headers of every response.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

use crate::testing::TestPortal;
use crate::testing::fixture::form;

/// Addresses of pages and files.
const PAGES: [&str; 7] = ["/", "/items", "/login", "/setup", "/healthz", "/static/riser.css", "/nowhere"];
/// Addresses of forms.
const FORMS: [&str; 5] = ["/login", "/logout", "/theme", "/processors/1/run", "/processors/1/stop"];

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let mut responses = Vec::new();
    for path in PAGES {
        responses.push((path, portal.get(path, &cookie).await));
        responses.push((path, portal.get(path, "").await));
    }
    for path in FORMS {
        responses.push((path, portal.post(path, &cookie, "").await));
    }
    for (path, response) in responses {
        let policy = response.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"), "{path}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}");
        assert_eq!(response.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(response.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(response.header("cross-origin-opener-policy"), "same-origin", "{path}");
        let cached = if path.starts_with("/static/") { "no-cache" } else { "no-store" };
        assert_eq!(response.header("cache-control"), cached, "{path}");
    }
}

#[tokio::test]
async fn without_a_session_a_page_leads_to_the_login_and_back() {
    let portal = TestPortal::new().await;
    for (path, login) in [
        ("/", "/login"),
        ("/items", "/login?next=%2Fitems"),
        ("/items?server=1&container=z2", "/login?next=%2Fitems%3Fserver%3D1%26container%3Dz2"),
    ] {
        for cookie in ["", "riser-8082=", &format!("riser-8082={}", "0".repeat(64))] {
            let response = portal.get(path, cookie).await;
            assert_eq!((response.status, response.header("location")), (StatusCode::SEE_OTHER, login));
            assert_eq!(response.body, "", "{path}");
        }
    }
    let login = portal.get("/login?next=%2Fitems%3Fserver%3D1%26container%3Dz2", "").await.body;
    assert!(login.contains("name=\"next\" value=\"/items?server=1&#38;container=z2\""), "{login}");
    assert_eq!(portal.get("/healthz", "").await.body, "ok");
    assert_eq!(portal.get("/nowhere", "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_form_that_is_sent_without_a_session_leads_to_the_login() {
    let portal = TestPortal::new().await;
    let mut request = form("/processors/1/run", "").body(Body::from("csrf=x")).unwrap();
    request.headers_mut().insert("sec-fetch-mode", "navigate".parse().unwrap());
    request.headers_mut().insert("referer", "http://127.0.0.1:8082/items?server=1".parse().unwrap());
    let response = portal.send(request).await;
    assert_eq!(response.status, StatusCode::SEE_OTHER);
    assert_eq!(response.header("location"), "/login?next=%2Fitems%3Fserver%3D1");
}

#[tokio::test]
async fn without_a_session_a_script_and_an_event_stream_get_json() {
    let portal = TestPortal::new().await;
    for (path, header, value) in [
        ("/events/overview", "accept", "text/event-stream"),
        ("/items", "sec-fetch-mode", "cors"),
        ("/items", "accept", "application/json"),
    ] {
        let request = Request::get(path).header(header, value).body(Body::empty()).unwrap();
        let response = portal.send(request).await;
        assert_eq!(response.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(response.header("content-type"), "application/json", "{path}");
        let error: serde_json::Value = serde_json::from_str(&response.body).unwrap();
        assert_eq!(error["title"], "Not signed in", "{path}");
    }
}

#[tokio::test]
async fn a_program_gets_errors_as_json() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let request =
        Request::get("/nowhere").header(header::COOKIE, cookie).header(header::ACCEPT, "application/json");
    let response = portal.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status, StatusCode::NOT_FOUND);
    let error: serde_json::Value = serde_json::from_str(&response.body).unwrap();
    assert_eq!(error["what"], "There is no page at this address.");
}

#[tokio::test]
async fn a_form_from_another_site_changes_nothing() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let token = portal.get("/", &cookie).await.csrf();
    let others = portal.get("/", &portal.sign_in("victor").await).await.csrf();
    let good = format!("csrf={token}");
    for path in FORMS.into_iter().filter(|path| *path != "/login") {
        for fields in
            ["", "csrf=", "csrf=wrong", &format!("csrf={others}"), &format!("csrf={token}&csrf={token}")]
        {
            let response = portal.post(path, &cookie, fields).await;
            assert!(matches!(response.status.as_u16(), 403 | 422), "{path} {fields}: {}", response.status);
        }
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "none"),
            ("origin", "null"),
            ("origin", "http://evil.example"),
            ("content-type", "text/plain"),
            ("content-type", "multipart/form-data; boundary=x"),
        ] {
            let mut request = form(path, &cookie).body(Body::from(good.clone())).unwrap();
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
    let mut request = form("/login", "").body(Body::from(fields)).unwrap();
    request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    let response = portal.send(request).await;
    assert_eq!((response.status, response.header("set-cookie")), (StatusCode::FORBIDDEN, ""));
}

#[tokio::test]
async fn an_unknown_host_name_is_refused_and_the_remedy_named() {
    let portal = TestPortal::new().await;
    for host in ["evil.example", "evil.example:8082", "<script>"] {
        let request = Request::get("/login").header(header::HOST, host).body(Body::empty()).unwrap();
        let response = portal.send(request).await;
        assert_eq!(response.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(response.body.contains("--portal-hostname") && !response.body.contains("<script>"), "{host}");
    }
}

#[tokio::test]
async fn unsupported_methods_are_refused() {
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
async fn an_unchanged_static_file_is_not_sent_again() {
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

#[tokio::test]
async fn static_files_are_compressed_and_pages_are_not() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    for (path, encoding) in [("/static/riser.css", Some("gzip")), ("/", None), ("/events/overview", None)] {
        let request =
            Request::get(path).header(header::COOKIE, &cookie).header(header::ACCEPT_ENCODING, "gzip");
        let response = portal.respond(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let found = response.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap());
        assert_eq!(found, encoding, "{path}");
    }
}
