//! Requests through a reverse proxy, and those of monitoring.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use crate::testing::TestPortal;
use crate::testing::fixture::{PASSWORD, TestResponse, form};

/// Sends the login form through the trusted proxy on this machine.
async fn log_in(portal: &TestPortal, client: &str, name: &str, password: &str) -> TestResponse {
    let fields = format!("user={name}&password={}", password.replace(' ', "+"));
    let request = form("/login", "").header("x-forwarded-for", client).header("x-forwarded-proto", "https");
    portal.send(request.body(Body::from(fields)).unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_from_one_client_does_not_keep_another_one_out() {
    let portal = TestPortal::new().await;
    assert_eq!(log_in(&portal, "203.0.113.1", "anna", PASSWORD).await.status, StatusCode::SEE_OTHER);
    let mut refused = 0;
    for number in 0..50 {
        // An address that the client invented comes first.
        let client = format!("203.0.113.1, 198.51.100.{}", number % 3);
        let status = log_in(&portal, &client, "anna", "guess").await.status;
        refused += usize::from(status == StatusCode::TOO_MANY_REQUESTS);
        portal.clock.advance(Duration::from_secs(1));
    }
    assert!(refused > 40, "{refused}");
    assert_eq!(log_in(&portal, "203.0.113.1", "anna", PASSWORD).await.status, StatusCode::SEE_OTHER);
    assert_eq!(log_in(&portal, "203.0.113.7", "victor", PASSWORD).await.status, StatusCode::SEE_OTHER);
    let audit = portal.store.list_audit(1).await.unwrap();
    assert_eq!(audit[0].detail, "203.0.113.7");
}

#[tokio::test]
async fn a_cookie_for_a_browser_that_uses_tls_is_sent_over_tls_only() {
    let portal = TestPortal::new().await;
    let through_proxy = log_in(&portal, "203.0.113.1", "anna", PASSWORD).await;
    assert!(through_proxy.header("set-cookie").ends_with("; Secure"));
    let direct = portal.log_in("anna", PASSWORD, "").await;
    assert!(!direct.header("set-cookie").contains("Secure"));
}

#[tokio::test]
async fn proxies_pass_on_the_event_stream_at_once() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let request =
        Request::get("/events/overview").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    let response = portal.respond(request).await;
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    assert_eq!(response.headers()["cache-control"], "no-store, no-transform");
    assert!(!response.headers().contains_key("content-encoding"));
}

#[tokio::test(flavor = "multi_thread")]
async fn monitoring_needs_neither_a_session_nor_a_known_name_and_learns_nothing_else() {
    let portal = TestPortal::new().await;
    let ask = async |path: &str| {
        let request = Request::get(path).header(header::HOST, "10-1-0-7.pod.example");
        let response = portal.send(request.body(Body::empty()).unwrap()).await;
        (response.status, response.body)
    };
    assert_eq!(ask("/healthz").await, (StatusCode::OK, "ok".to_owned()));
    assert_eq!(ask("/readyz").await, (StatusCode::SERVICE_UNAVAILABLE, "not ready".to_owned()));
    portal.runtime.start().await.unwrap();
    assert_eq!(ask("/readyz").await, (StatusCode::OK, "ready".to_owned()));
    portal.runtime.shut_down().await;
    assert_eq!(ask("/readyz").await, (StatusCode::SERVICE_UNAVAILABLE, "not ready".to_owned()));
    assert_eq!(ask("/login").await.0, StatusCode::MISDIRECTED_REQUEST);
    for path in ["/healthz", "/readyz"] {
        let posted = portal.post(path, "", "").await;
        assert_eq!((posted.status, posted.body.as_str()), (StatusCode::METHOD_NOT_ALLOWED, ""), "{path}");
    }
}
