//! The pages of connections.

use axum::http::StatusCode;
use riser_domain::Role;

use crate::testing::TestPortal;

#[tokio::test(flavor = "multi_thread")]
async fn the_list_shows_the_processors_that_use_a_connection() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let page = portal.get("/connections", &cookie).await.body;
    assert!(page.contains("EVCE Setup") && page.contains("Library not loaded"), "{page}");
    let nothing_saved = portal.get("/connections?saved=Somebody", &cookie).await.body;
    assert!(!nothing_saved.contains("is saved"), "{nothing_saved}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_administrator_opens_the_form() {
    let portal = TestPortal::with(Role::Operator, true).await;
    let cookie = portal.sign_in("anna").await;
    let list = portal.get("/connections", &cookie).await.body;
    assert!(!list.contains("/connections/1") && !list.contains("/connections/add"));
    for path in ["/connections/1", "/connections/add"] {
        assert_eq!(portal.get(path, &cookie).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_its_library_can_be_renamed() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let form = portal.get("/connections/1", &cookie).await;
    let state = form.body.split("name=\"state\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let fields = format!("csrf={}&state={state}&name=EVCE+North", form.csrf());
    let saved = portal.post("/connections/1", &cookie, &fields).await;
    assert_eq!(saved.header("location"), "/connections?saved=EVCE+North", "{}", saved.body);
    let list = portal.get("/connections?saved=EVCE+North", &cookie).await.body;
    assert!(list.contains("EVCE North is saved and in use."));
    let audit = portal.store.list_audit(1).await.unwrap();
    assert_eq!(audit[0].actor.to_string(), "anna");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_somebody_else_is_shown_and_not_overwritten_unseen() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let form = portal.get("/connections/1", &cookie).await;
    let fields = format!("csrf={}&state=earlier&name=EVCE+North", form.csrf());
    let refused = portal.post("/connections/1", &cookie, &fields).await;
    assert_eq!(refused.status, StatusCode::OK);
    for text in ["Somebody else changed", "The stored value is now &#34;EVCE&#34;", "value=\"EVCE North\""] {
        assert!(refused.body.contains(text), "{text}: {}", refused.body);
    }
    let state = refused.body.split("name=\"state\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let again = format!("csrf={}&state={state}&name=EVCE+North", refused.csrf());
    assert_eq!(portal.post("/connections/1", &cookie, &again).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_cannot_be_used_is_refused_at_its_field() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let form = portal.get("/connections/1", &cookie).await;
    let state = form.body.split("name=\"state\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    for name in ["", "%00", "%E2%80%AEx", &"x".repeat(5_000)] {
        let fields = format!("csrf={}&state={state}&name={name}", form.csrf());
        let refused = portal.post("/connections/1", &cookie, &fields).await;
        assert_eq!(refused.status, StatusCode::OK, "{name}");
        assert!(refused.body.contains("id=\"f-name-error\""), "{name}: {}", refused.body);
    }
    assert_eq!(portal.get("/connections/99", &cookie).await.status, StatusCode::NOT_FOUND);
    assert_eq!(portal.get("/connections/add?kind=x", &cookie).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_in_use_is_not_deleted_and_an_unused_one_is() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let page = portal.get("/connections/1", &cookie).await;
    assert!(
        page.body.contains("so it cannot be deleted")
            && page.body.contains("<a href=\"/processors/1\">EVCE Setup</a>")
    );
    let token = page.csrf();
    let delete = async |path: &str| portal.post(path, &cookie, &format!("csrf={token}")).await;
    let refused = delete("/connections/1/delete").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("is used by processor"), "{}", refused.body);
    for processor in [1, 2] {
        assert_eq!(delete(&format!("/processors/{processor}/delete")).await.status, StatusCode::SEE_OTHER);
    }
    assert!(portal.get("/connections/1", &cookie).await.body.contains("action=\"/connections/1/delete\""));
    assert_eq!(delete("/connections/1/delete").await.header("location"), "/connections?deleted=true");
    let list = portal.get("/connections?deleted=true", &cookie).await.body;
    assert!(list.contains("The connection is deleted.") && list.contains("No connection yet"), "{list}");
    assert_eq!(delete("/connections/1/delete").await.status, StatusCode::NOT_FOUND);
    let audit = portal.store.list_audit(1).await.unwrap();
    assert_eq!((audit[0].action.as_str(), audit[0].subject_name.as_str()), ("remove", "EVCE"));
}
