//! Signing in and out.

use std::time::Duration;

use axum::http::StatusCode;

use crate::testing::TestPortal;
use crate::testing::fixture::PASSWORD;

#[tokio::test]
async fn after_the_login_the_browser_returns_to_the_page() {
    let portal = TestPortal::new().await;
    let response = portal.log_in("anna", PASSWORD, "%2Fitems%3Fserver%3D1").await;
    assert_eq!((response.status, response.header("location")), (StatusCode::SEE_OTHER, "/items?server=1"));
    let cookie = response.header("set-cookie");
    assert!(cookie.contains("; HttpOnly; SameSite=Strict") && cookie.starts_with("riser-8082="), "{cookie}");
    let page = portal.get("/", &response.cookie()).await;
    assert!(page.body.contains(", anna, signed in</span>"));
    let entries = portal.store.list_audit(1).await.unwrap();
    assert_eq!((entries[0].action.as_str(), entries[0].subject_name.as_str()), ("login", "anna"));
}

#[tokio::test]
async fn another_site_is_not_returned_to() {
    let portal = TestPortal::new().await;
    for elsewhere in ["%2F%2Fevil.example", "https%3A%2F%2Fevil.example", "%2Flogout"] {
        portal.clock.advance(Duration::from_secs(1));
        assert_eq!(portal.log_in("anna", PASSWORD, elsewhere).await.header("location"), "/", "{elsewhere}");
    }
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_get_the_same_page() {
    let portal = TestPortal::new().await;
    let wrong = |body: String| body.replace("value=\"anna\"", "").replace("value=\"nobody\"", "");
    let known = portal.log_in("anna", "wrong", "").await;
    let unknown = portal.log_in("nobody", "wrong", "").await;
    assert_eq!((known.status, unknown.status), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    assert_eq!(wrong(known.body), wrong(unknown.body));
    assert_eq!(known.headers.get("set-cookie"), None);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_the_page_shows_the_pause() {
    let portal = TestPortal::new().await;
    assert_eq!(portal.log_in("anna", "1", "").await.status, StatusCode::UNAUTHORIZED);
    let second = portal.log_in("anna", "2", "").await;
    assert!(second.body.contains("Try again in 2 s."), "{}", second.body);
    let right_too_soon = portal.log_in("anna", PASSWORD, "").await;
    assert_eq!(right_too_soon.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(right_too_soon.headers.get("set-cookie"), None);
    portal.clock.advance(Duration::from_secs(2));
    assert_eq!(portal.log_in("anna", PASSWORD, "").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let token = portal.get("/", &cookie).await.csrf();
    let response = portal.post("/logout", &cookie, &format!("csrf={token}")).await;
    assert_eq!((response.status, response.header("location")), (StatusCode::SEE_OTHER, "/login"));
    assert!(response.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(portal.get("/", &cookie).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_session_ends_after_half_an_hour_without_a_request() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    for _ in 0..3 {
        portal.clock.advance(Duration::from_mins(29));
        assert_eq!(portal.get("/", &cookie).await.status, StatusCode::OK);
    }
    portal.clock.advance(Duration::from_mins(30));
    assert_eq!(portal.get("/", &cookie).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_session_ends_after_half_a_day_even_if_it_is_in_use() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    for _ in 0..35 {
        portal.clock.advance(Duration::from_mins(20));
        assert_eq!(portal.get("/", &cookie).await.status, StatusCode::OK);
    }
    portal.clock.advance(Duration::from_mins(20));
    assert_eq!(portal.get("/", &cookie).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_incomplete_login_form_is_refused() {
    let portal = TestPortal::new().await;
    for fields in ["", "user=anna", "user=anna&user=anna&password=x", "%"] {
        let response = portal.post("/login", "", fields).await;
        assert_eq!(response.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields}");
    }
    let huge = format!("user=anna&password={}", "x".repeat(70_000));
    assert_eq!(portal.post("/login", "", &huge).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}
