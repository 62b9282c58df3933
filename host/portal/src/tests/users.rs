//! The pages of users and of the own account.

use std::time::Duration;

use axum::http::StatusCode;
use riser_domain::Role;
use riser_store::UserId;

use crate::testing::fixture::{PASSWORD, TestResponse};
use crate::testing::{HOSTILE, TestPortal};

const NEW_PASSWORD: &str = "another long password";

/// A portal whose person `anna` is an administrator, and her session.
async fn admin() -> (TestPortal, String) {
    let portal = TestPortal::with(Role::Admin, false).await;
    let cookie = portal.sign_in("anna").await;
    (portal, cookie)
}

/// Sends a form with the token of the session.
async fn send(portal: &TestPortal, path: &str, cookie: &str, fields: &str) -> TestResponse {
    let token = portal.get("/account", cookie).await.csrf();
    portal.post(path, cookie, &format!("csrf={token}&{fields}")).await
}

/// Returns the number of a person.
async fn id_of(portal: &TestPortal, name: &str) -> i64 {
    let UserId(id) = portal.store.find_user(name).await.unwrap().unwrap().id;
    id
}

/// Returns the password that a page shows.
fn shown_password(page: &TestResponse) -> String {
    let rest = page.body.split("<div class=\"copy\"><code>").nth(1).expect("a new password");
    rest.split('<').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_added_user_signs_in_with_the_password_that_is_shown_once() {
    let (portal, cookie) = admin().await;
    let added = send(&portal, "/users", &cookie, "name=olga&role=operator").await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.body);
    let password = shown_password(&added);
    assert_eq!(portal.log_in("olga", &password, "").await.status, StatusCode::SEE_OTHER);
    let list = portal.get("/users", &cookie).await.body;
    assert!(list.contains(">olga</a>") && list.contains("Operator") && !list.contains(&password), "{list}");
    let again = send(&portal, "/users", &cookie, "name=olga&role=viewer").await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.body.contains("There is already a user olga"), "{}", again.body);
    // The password of the existing user is as before.
    portal.clock.advance(Duration::from_secs(1));
    assert_eq!(portal.log_in("olga", &password, "").await.status, StatusCode::SEE_OTHER);
    let audit = portal.store.list_audit(20).await.unwrap();
    let added = audit.iter().find(|entry| entry.action == "add" && entry.subject_name == "olga").unwrap();
    assert_eq!(added.actor.to_string(), "anna");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_cannot_be_used_are_refused_and_stay_in_the_form() {
    let (portal, cookie) = admin().await;
    for (name, message) in [
        ("", "A name is needed"),
        ("a%E2%80%AEb", "without invisible characters"),
        (&"x".repeat(300), "at most 200 bytes"),
    ] {
        let refused = send(&portal, "/users", &cookie, &format!("name={name}&role=viewer")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(refused.body.contains(message), "{name}: {}", refused.body);
    }
    let hostile: String = url::form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect();
    let added = send(&portal, "/users", &cookie, &format!("name={hostile}&role=viewer")).await;
    assert_eq!(added.status, StatusCode::CREATED);
    assert!(!added.body.contains("<img"));
    let page = portal.get(&format!("/users/{}", id_of(&portal, HOSTILE).await), &cookie).await;
    assert!(page.status == StatusCode::OK && !page.body.contains("<img"));
    for fields in ["name=x", "name=x&role=king", "role=viewer"] {
        let refused = send(&portal, "/users", &cookie, fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields}");
    }
    assert_eq!(portal.store.list_users().await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_role_and_a_new_password_end_the_sessions_of_the_person_at_once() {
    let (portal, cookie) = admin().await;
    let victor = id_of(&portal, "victor").await;
    let his = portal.sign_in("victor").await;
    let changed = send(&portal, &format!("/users/{victor}/role"), &cookie, "role=operator").await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.body);
    assert_eq!(portal.get("/", &his).await.status, StatusCode::SEE_OTHER);
    assert_eq!(portal.store.find_user("victor").await.unwrap().unwrap().role, Role::Operator);

    let his = portal.sign_in("victor").await;
    let reset = send(&portal, &format!("/users/{victor}/password"), &cookie, "").await;
    assert_eq!(reset.status, StatusCode::OK);
    assert_eq!(portal.get("/", &his).await.status, StatusCode::SEE_OTHER);
    assert_eq!(portal.log_in("victor", PASSWORD, "").await.status, StatusCode::UNAUTHORIZED);
    let response = portal.log_in("victor", &shown_password(&reset), "").await;
    assert_eq!(response.status, StatusCode::SEE_OTHER);

    let his = response.cookie();
    let removed = send(&portal, &format!("/users/{victor}/remove"), &cookie, "").await;
    assert_eq!((removed.status, removed.header("location")), (StatusCode::SEE_OTHER, "/users"));
    assert_eq!(portal.get("/", &his).await.status, StatusCode::SEE_OTHER);
    assert!(portal.store.find_user("victor").await.unwrap().is_none());
    assert_eq!(portal.get(&format!("/users/{victor}"), &cookie).await.status, StatusCode::NOT_FOUND);
    let gone = send(&portal, &format!("/users/{victor}/role"), &cookie, "role=viewer").await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_is_neither_removed_nor_demoted() {
    let (portal, cookie) = admin().await;
    let anna = id_of(&portal, "anna").await;
    for (action, fields) in [("remove", ""), ("role", "role=viewer")] {
        let refused = send(&portal, &format!("/users/{anna}/{action}"), &cookie, fields).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.body.contains("is the last admin"), "{}", refused.body);
    }
    assert_eq!(portal.get("/users", &cookie).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_ended_one_or_all() {
    let (portal, cookie) = admin().await;
    let victor = id_of(&portal, "victor").await;
    let page = async || portal.get(&format!("/users/{victor}"), &cookie).await.body;
    let end = format!("/users/{victor}/sessions");
    let mut his = Vec::new();
    for _ in 0..3 {
        portal.clock.advance(Duration::from_secs(1));
        his.push(portal.sign_in("victor").await);
    }
    let list = page().await;
    assert_eq!(list.matches("name=\"session\" value=").count(), 3, "{list}");
    assert!(list.contains("127.0.0.1") && !list.contains("This browser"), "{list}");
    // The id of a session opens nothing.
    let id = list.split("name=\"session\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(portal.get("/", &format!("riser-8082={id}")).await.status, StatusCode::SEE_OTHER);
    send(&portal, &end, &cookie, &format!("session={id}")).await;
    let mut alive = 0;
    for session in &his {
        alive += usize::from(portal.get("/", session).await.status == StatusCode::OK);
    }
    assert_eq!(alive, 2);
    assert_eq!(send(&portal, &end, &cookie, "").await.status, StatusCode::SEE_OTHER);
    assert!(page().await.contains("Not signed in anywhere."));
    assert_eq!(portal.get("/", &cookie).await.status, StatusCode::OK, "the administrator stays signed in");
    assert_eq!(send(&portal, &end, &cookie, "session=x").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let audit = portal.store.list_audit(2).await.unwrap();
    let details: Vec<&str> = audit.iter().map(|entry| entry.detail.as_str()).collect();
    assert_eq!(details, ["2 sessions ended", "1 session ended"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_ends_only_own_sessions_and_stays_signed_in() {
    let portal = TestPortal::with(Role::Admin, false).await;
    let anna = portal.sign_in("anna").await;
    let his = [portal.sign_in("victor").await, portal.sign_in("victor").await];
    let page = portal.get("/account", &his[0]).await.body;
    assert_eq!((page.matches("This browser").count(), page.matches("name=\"session\"").count()), (1, 1));
    let admins = portal.get(&format!("/users/{}", id_of(&portal, "anna").await), &anna).await.body;
    assert!(admins.contains("This browser"));
    let sessions = portal.state().sessions().list().await.unwrap();
    let of_anna = sessions.iter().find(|listed| listed.session.user.name == "anna").unwrap();
    let of_anna = hex::encode(of_anna.token_sha256);
    send(&portal, "/account/sessions", &his[0], &format!("session={of_anna}")).await;
    assert_eq!(portal.get("/", &anna).await.status, StatusCode::OK, "another person's session was ended");
    send(&portal, "/account/sessions", &his[0], "").await;
    assert_eq!(portal.get("/", &his[0]).await.status, StatusCode::OK);
    assert_eq!(portal.get("/", &his[1]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_own_password_needs_the_current_one_and_ends_all_other_sessions() {
    let portal = TestPortal::with(Role::Admin, false).await;
    let (cookie, other) = (portal.sign_in("victor").await, portal.sign_in("victor").await);
    let change = async |current: &str, new: &str, again: &str| {
        let fields = format!("current={current}&password={new}&again={again}").replace(' ', "+");
        send(&portal, "/account/password", &cookie, &fields).await
    };
    for (current, new, again, message) in [
        (PASSWORD, NEW_PASSWORD, "different", "The two passwords differ."),
        (PASSWORD, "short", "short", "The password is too short"),
        ("wrong", NEW_PASSWORD, NEW_PASSWORD, "This is not the current password."),
    ] {
        let refused = change(current, new, again).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains(message) && !refused.body.contains(NEW_PASSWORD), "{}", refused.body);
    }
    change("wrong", NEW_PASSWORD, NEW_PASSWORD).await;
    let too_soon = change(PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert_eq!(too_soon.status, StatusCode::TOO_MANY_REQUESTS, "{}", too_soon.body);
    portal.clock.advance(Duration::from_secs(10));
    let changed = change(PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert_eq!(
        (changed.status, changed.header("location")),
        (StatusCode::SEE_OTHER, "/account?changed=true")
    );
    for old in [&cookie, &other] {
        assert_eq!(portal.get("/", old).await.status, StatusCode::SEE_OTHER);
    }
    let page = portal.get("/account?changed=true", &changed.cookie()).await;
    assert!(page.body.contains("The password is changed"), "{}", page.body);
    assert_eq!(portal.log_in("victor", NEW_PASSWORD, "").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_administrator_sees_and_changes_users() {
    let (portal, anna) = admin().await;
    let victor = id_of(&portal, "victor").await;
    let his = portal.sign_in("victor").await;
    assert!(portal.get("/account", &anna).await.body.contains("href=\"/users\""));
    let own = portal.get("/account", &his).await.body;
    assert!(!own.contains("href=\"/users\""), "{own}");
    for path in ["/users".to_owned(), format!("/users/{victor}")] {
        let refused = portal.get(&path, &his).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert!(refused.body.contains("This needs Admin"), "{path}");
    }
    for (path, fields) in [
        ("/users".to_owned(), "name=x&role=admin"),
        (format!("/users/{victor}/role"), "role=admin"),
        (format!("/users/{victor}/password"), ""),
        (format!("/users/{victor}/remove"), ""),
        (format!("/users/{victor}/sessions"), ""),
    ] {
        assert_eq!(send(&portal, &path, &his, fields).await.status, StatusCode::FORBIDDEN, "{path}");
        let without_token = portal.post(&path, &anna, fields).await;
        assert_eq!(without_token.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(portal.store.list_users().await.unwrap().len(), 2);
}
