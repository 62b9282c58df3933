//! The search, the watch list, and an item as the BMS sees it.

use axum::http::StatusCode;
use riser_domain::EwsServerId;

use super::live::Listener;
use crate::testing::{HOSTILE, TestPortal};

/// Returns the cookie of the session with that of a watch list.
async fn pin(portal: &TestPortal, session: &str, pins: &str, button: &str) -> String {
    let cookie = format!("{session}; {pins}");
    let csrf = portal.get("/items?server=1&container=z2&item=z2%2Fr", &cookie).await.csrf();
    let fields = format!("csrf={csrf}&next=%2Fitems%2Fwatch&{button}");
    let response = portal.post("/items/watch", &cookie, &fields).await;
    assert_eq!((response.status, response.header("location")), (StatusCode::SEE_OTHER, "/items/watch"));
    assert!(response.header("set-cookie").contains("HttpOnly; SameSite=Strict"), "{:?}", response.headers);
    response.cookie()
}

fn handle(portal: &TestPortal, id: &str) -> u32 {
    portal.runtime.items(EwsServerId(1)).find(id).unwrap().0
}

#[tokio::test]
async fn a_search_finds_items_by_words_of_name_and_path() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("victor").await;
    let page = portal.get("/items/search?q=reduction", &cookie).await;
    assert_eq!(page.status, StatusCode::OK);
    for text in [
        "2 items.",
        ">ZoneReduction</a>",
        "60 <span class=\"unit\">%</span>",
        "href=\"/items/history?server=1&#38;item=z2%2Flog",
        "<small>EVCE Ews Server / EVCE Zones / &#60;img",
        "value=\"reduction\"",
        "data-events=\"/events/items/search?q=reduction\"",
    ] {
        assert!(page.body.contains(text), "{text} is not in {}", page.body);
    }
    let many = portal.get("/items/search?q=zones+evp", &cookie).await.body;
    assert!(
        many.contains("The first 100 of 250 items.") && many.matches("</svg> EVP-").count() == 100,
        "{many}"
    );
    assert!(portal.get("/items/search?q=nowhere", &cookie).await.body.contains("No item fits."));
    assert!(portal.get("/items/search", &cookie).await.body.contains("Words of names, in any order."));
}

#[tokio::test]
async fn a_search_takes_any_text_and_follows_live() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("victor").await;
    for text in ["%3Cimg+src", "%00%1B%E2%80%AE", &"a".repeat(3_000), "%2F+%2F", "%F0%9F%94%8C"] {
        let page = portal.get(&format!("/items/search?q={text}"), &cookie).await;
        assert!(page.status == StatusCode::OK && !page.body.contains("<img"), "{text}: {}", page.body);
    }
    assert!(!portal.get("/items/search?q=img", &cookie).await.body.contains(HOSTILE));
    let parts = Listener::open(&portal, "/events/items/search?q=reduction", &cookie).await.parts().await;
    let row = format!("item-{}", handle(&portal, "z2/r"));
    assert!(parts.iter().any(|(id, html)| *id == row && html.contains("ZoneReduction")), "{parts:?}");
    assert_ne!(portal.get("/items/search?q=zone", "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn pinned_points_are_a_list_with_an_address() {
    let portal = TestPortal::new().await;
    let session = portal.sign_in("victor").await;
    let empty = portal.get("/items/watch", &session).await;
    assert!(empty.body.contains("Nothing is pinned yet"), "{}", empty.body);

    let (reduction, current) = (handle(&portal, "z2/r"), handle(&portal, "z2/n"));
    let pins = pin(&portal, &session, "", &format!("pin={reduction}")).await;
    let pins = pin(&portal, &session, &pins, &format!("pin={current}")).await;
    let cookie = format!("{session}; {pins}");
    let drawer = portal.get("/items?server=1&container=z2&item=z2%2Fr", &cookie).await.body;
    assert!(drawer.contains(&format!("name=\"unpin\" value=\"{reduction}\"")), "{drawer}");
    let address = portal.get("/items/watch", &cookie).await.header("location").to_owned();
    assert_eq!(address, "/items/watch?ids=1%3Az2%2Fr&ids=1%3Az2%2Fn");

    let own = portal.get(&address, &cookie).await.body;
    assert!(own.contains("The pinned points of this browser") && own.contains("2 of at most 50"), "{own}");
    assert!(own.contains("name=\"unpin\"") && own.contains("60 <span class=\"unit\">%</span>"), "{own}");
    let mut stream = Listener::open(&portal, &format!("/events{address}"), &cookie).await;
    let rows = [reduction, current].map(|handle| format!("item-{handle}"));
    let parts = stream.parts().await;
    let sent: Vec<&str> =
        parts.iter().map(|(id, _)| id.as_str()).filter(|id| id.starts_with("item-")).collect();
    assert_eq!(sent, rows);
    assert!(parts.iter().any(|(_, html)| html.contains("name=\"unpin\"")));

    // Another browser sees the same points and may keep them.
    let shared = portal.get(&address, &session).await.body;
    assert!(shared.contains("A list from an address") && !shared.contains("name=\"unpin\""), "{shared}");
    let kept = pin(&portal, &session, "", "keep=%2Fitems%2Fwatch%3Fids%3D1%253Az2%252Fn").await;
    assert_eq!(kept, format!("riser-watch={current}"));
    let none = pin(&portal, &session, &kept, &format!("unpin={current}")).await;
    assert_eq!(none, "riser-watch=");
}

#[tokio::test]
async fn a_watch_list_is_limited_and_takes_no_other_items() {
    let portal = TestPortal::new().await;
    let session = portal.sign_in("victor").await;
    let strange = "/items/watch?ids=1:z2/r&ids=1:z2&ids=1:z2/log&ids=9:z2/r&ids=x&ids=1:gone&ids=1:z2/r";
    let page = portal.get(strange, &session).await.body;
    assert!(
        page.contains("items of the address are not shown") && page.contains("1 of at most 50"),
        "{page}"
    );
    // Handles in a cookie that are no points, or points that were removed, count for nothing.
    let (container, point) = (handle(&portal, "z2"), handle(&portal, "z2/r"));
    let pins =
        pin(&portal, &session, &format!("riser-watch={container}.99999"), &format!("pin={point}")).await;
    assert_eq!(pins, format!("riser-watch={point}"));
    let cookie = format!("{session}; {pins}");
    let refused = portal.post("/items/watch", &cookie, "pin=1&csrf=wrong").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let unread = portal.post("/items/watch", &cookie, "pin=x&csrf=wrong").await;
    assert_ne!(unread.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_item_is_shown_as_the_bms_gets_it() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("victor").await;
    let page = portal.get("/items/as-bms?server=1&item=z2%2Fr", &cookie).await;
    assert_eq!(page.status, StatusCode::OK);
    for text in [
        ">GetValues</h2>",
        ">GetItems</h2>",
        "200 OK, ",
        "&#60;Id&#62;z2/r&#60;/Id&#62;",
        "&#60;Value&#62;60&#60;/Value&#62;",
        "&#60;Unit&#62;%&#60;/Unit&#62;",
        "curl --digest --user &#39;NAME&#39; --header &#39;Content-Type: application/soap+xml",
        "/EcoStruxure/DataExchange&#39;",
    ] {
        assert!(page.body.contains(text), "{text} is not in {}", page.body);
    }
    let container = portal.get("/items/as-bms?server=1&item=z2", &cookie).await.body;
    assert!(container.contains("GetContainerItems") && !container.contains("<img"), "{container}");
    let history = portal.get("/items/as-bms?server=1&item=z2%2Flog", &cookie).await.body;
    assert!(history.contains("&#60;ValueItemId&#62;z2/r&#60;/ValueItemId&#62;"), "{history}");
    for query in ["server=1&item=nowhere", "server=9&item=z2%2Fr", "item=z2", "server=1"] {
        let response = portal.get(&format!("/items/as-bms?{query}"), &cookie).await;
        assert_eq!(response.status, StatusCode::NOT_FOUND, "{query}");
    }
    // A page that reads an item does not count as a request of a BMS.
    assert_eq!(portal.runtime.ews_servers()[0].requests, 0);
}
