//! Writing a set point on the page of an item.

use axum::http::StatusCode;
use riser_domain::{Actor, EwsServerId, Value, WriteState};

use crate::testing::{HOSTILE, TestPortal};

const WRITE: &str = "/items/write?server=1&item=z2%2Fr";

/// Sends the form of the page. Returns the status, the address that it leads to, and the page.
async fn send(portal: &TestPortal, cookie: &str, fields: &str) -> (StatusCode, String, String) {
    let csrf = portal.get(WRITE, cookie).await.csrf();
    let response = portal.post(WRITE, cookie, &format!("{fields}&csrf={csrf}")).await;
    (response.status, response.header("location").to_owned(), response.body)
}

#[tokio::test]
async fn a_value_is_confirmed_with_the_old_one_beside_it_and_then_written() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let drawer = portal.get("/items?server=1&container=z2&item=z2%2Fr", &cookie).await.body;
    assert!(drawer.contains("href=\"/items/write?server=1&#38;item=z2%2Fr\""), "{drawer}");
    let form = portal.get(WRITE, &cookie).await.body;
    assert!(form.contains("Accepted: 0 to 100.") && form.contains("<h1>Write ZoneReduction</h1>"), "{form}");
    assert!(!form.contains(HOSTILE));

    let point = portal.runtime.items(EwsServerId(1)).find("z2/r").unwrap();
    let newest = || portal.runtime.latest_write(point).unwrap();
    let before = newest();
    let (status, _, page) = send(&portal, &cookie, "value=45.5").await;
    assert!(status == StatusCode::OK && page.contains("60 % → <b>45.5 %</b>"), "{page}");
    assert_eq!(newest(), before);

    let (status, location, _) = send(&portal, &cookie, "value=45.5&confirmed=true").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(location, "/items?server=1&container=z2&item=z2%2Fr");
    let write = newest();
    assert_eq!((write.value, write.state), (Value::Double(45.5), WriteState::Accepted));
    assert_eq!(write.actor, Actor::Person("anna".to_owned()));
    let audit = portal.store.list_audit(1).await.unwrap();
    assert_eq!((audit[0].action.as_str(), &audit[0].actor), ("set", &write.actor));
    assert!(portal.get(&location, &cookie).await.body.contains("45.5 % by anna"));
}

#[tokio::test]
async fn a_value_that_the_item_does_not_take_is_refused_at_its_field() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    for (typed, reason) in [
        ("", "A value is needed"),
        ("101", "The item takes 0 to 100"),
        ("-1", "The item takes 0 to 100"),
        ("NaN", "is not a value of the type Double"),
        ("12%2C5", "is not a value of the type Double"),
        ("%3Cimg%3E%E2%80%AE", "is not a value of the type Double"),
    ] {
        for confirmed in ["", "&confirmed=true"] {
            let (status, _, page) = send(&portal, &cookie, &format!("value={typed}{confirmed}")).await;
            assert!(status == StatusCode::OK && page.contains("id=\"f-value-error\""), "{typed}");
            assert!(page.contains(reason) && !page.contains("<img"), "{typed}: {page}");
        }
    }
}

#[tokio::test]
async fn viewers_and_read_only_items_have_no_form() {
    let portal = TestPortal::new().await;
    let viewer = portal.sign_in("victor").await;
    assert_eq!(portal.get(WRITE, &viewer).await.status, StatusCode::FORBIDDEN);
    let drawer = portal.get("/items?server=1&container=z2&item=z2%2Fr", &viewer).await.body;
    assert!(!drawer.contains("/items/write"));
    let operator = portal.sign_in("anna").await;
    for item in ["z2%2Fh", "none", "z2%2Flog"] {
        let status = portal.get(&format!("/items/write?server=1&item={item}"), &operator).await.status;
        assert_eq!(status, StatusCode::NOT_FOUND, "{item}");
    }
}
