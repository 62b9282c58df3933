//! The wizard for processors, without a library. `host/tests/end_to_end/wizard.rs` walks through it with one.

use axum::http::StatusCode;
use riser_domain::Role;

use crate::testing::TestPortal;

#[tokio::test]
async fn without_a_library_the_wizard_says_what_to_do() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let page = portal.get("/processors/add", &cookie).await;
    assert!(page.body.contains("No library is loaded."), "{}", page.body);
    let sent = portal.post("/processors/add", &cookie, &format!("csrf={}&class=*", page.csrf())).await;
    assert_eq!(sent.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn drafts_that_do_not_exist_are_not_found() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let csrf = portal.get("/processors/add", &cookie).await.csrf();
    for path in [
        "/processors/add/7/name",
        "/processors/add/7/nowhere",
        "/processors/add/x/name",
        "/processors/add?library=x",
    ] {
        assert_eq!(portal.get(path, &cookie).await.status, StatusCode::NOT_FOUND, "{path}");
        let sent = portal.post(path, &cookie, &format!("csrf={csrf}")).await;
        assert_eq!(sent.status, StatusCode::NOT_FOUND, "{path}");
    }
    let discarded = portal.post("/processors/add/7/discard", &cookie, &format!("csrf={csrf}")).await;
    assert_eq!(discarded.header("location"), "/processors/add");
}

#[tokio::test]
async fn only_an_administrator_adds_processors() {
    let portal = TestPortal::with(Role::Operator, true).await;
    let cookie = portal.sign_in("anna").await;
    for path in ["/processors/add", "/processors/add/7/name"] {
        assert_eq!(portal.get(path, &cookie).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let login = portal.get("/processors/add/7/name", "").await;
    assert_eq!(login.header("location"), "/login?next=%2Fprocessors%2Fadd%2F7%2Fname");
}
