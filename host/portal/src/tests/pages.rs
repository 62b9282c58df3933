//! The pages over a real runtime.

use axum::http::StatusCode;
use riser_domain::Role;

use crate::testing::HOSTILE;
use crate::testing::TestPortal;

#[tokio::test]
async fn the_overview_shows_the_data_path_the_processors_and_the_set_points() {
    let portal = TestPortal::new().await;
    let page = portal.get("/", &portal.sign_in("anna").await).await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
    for text in [
        "id=\"stage-source\"",
        "id=\"stage-riser\"",
        "id=\"stage-bms\"",
        "<b>EVCE Setup</b>",
        "Confirmed",
        "ZoneReduction",
        "60 %",
        "BMS bms on EVCE Ews Server",
    ] {
        assert!(page.body.contains(text), "{text}");
    }
}

#[tokio::test]
async fn a_host_without_configuration_shows_the_first_steps() {
    let portal = TestPortal::without_configuration().await;
    let cookie = portal.sign_in("anna").await;
    let overview = portal.get("/", &cookie).await.body;
    assert!(overview.contains("Nothing is set up yet") && overview.contains("riser apply"));
    let items = portal.get("/items", &cookie).await;
    assert_eq!(items.status, StatusCode::OK);
    assert!(items.body.contains("No items yet"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_requested_before_the_start_do_not_block_the_start() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    assert_eq!(portal.get("/", &cookie).await.status, StatusCode::OK);
    portal.runtime.start().await.unwrap();
    assert_eq!(portal.get("/", &cookie).await.status, StatusCode::OK);
    portal.runtime.shut_down().await;
}

#[tokio::test]
async fn items_show_value_unit_state_and_age_and_a_dash_without_a_value() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let page = portal.get("/items?server=1&container=z2", &cookie).await.body;
    let row = |name: &str| {
        let start = page.find(&format!(">{name}</a>")).unwrap();
        page[start..].split("</tr>").next().unwrap().to_owned()
    };
    let reduction = row("ZoneReduction");
    assert!(
        reduction.contains("60 <span class=\"unit\">%</span>") && reduction.contains("writable"),
        "{reduction}"
    );
    assert!(reduction.contains(">4 s</time>"), "{reduction}");
    let unread = row("ZoneMaxCurrent(A)");
    assert!(unread.contains("No value yet") && unread.contains('—') && !unread.contains('0'), "{unread}");
    assert!(page.contains("ZoneReductionLog") && page.contains("1 to 200 of 256 items."));
}

#[tokio::test]
async fn a_number_is_short_in_the_table_and_exact_in_the_drawer() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let page = portal.get("/items?server=1&container=z2&item=z2%2Fh", &cookie).await.body;
    let (table, drawer) = page.split_once("id=\"drawer\"").unwrap();
    assert!(
        table.contains("<span title=\"136.46333333333334\">136.46</span> <span class=\"unit\">%"),
        "{table}"
    );
    assert!(drawer.contains("<dt>As the BMS reads it</dt><dd>136.46333333333334</dd>"), "{drawer}");
    let whole = portal.get("/items?server=1&container=z2&item=z2%2Fr", &cookie).await.body;
    assert!(!whole.contains("As the BMS reads it"), "{whole}");
}

#[tokio::test]
async fn the_tree_shows_only_open_branches() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let root = portal.get("/items?server=1", &cookie).await.body;
    assert!(root.contains("EVCE Zones") && !root.contains("EVP-000"));
    let zone = portal.get("/items?server=1&container=z2", &cookie).await.body;
    assert!(zone.contains("EVP-199") && zone.contains("and 50 more in the table"));
    let rest = portal.get("/items?server=1&container=z2&from=200", &cookie).await.body;
    assert!(rest.contains(">Previous</a>") && rest.contains("EVP-249"));
}

#[tokio::test]
async fn the_drawer_shows_the_status_of_a_write() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let page = portal.get("/items?server=1&container=z2&item=z2%2Fr", &cookie).await.body;
    for text in [
        "id=\"drawer\"",
        "<b>Accepted</b>",
        "<b>Sent</b>",
        "<b>Confirmed</b>",
        "0 to 100",
        "<code>z2/r</code>",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[tokio::test]
async fn addresses_of_unknown_items_are_not_found() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    for path in [
        "/items?server=99",
        "/items?server=x",
        "/items?server=1&container=nowhere",
        "/items?server=1&container=z2%2Fr",
        "/items?server=1&item=nowhere",
        "/items?from=-1",
    ] {
        assert_eq!(portal.get(path, &cookie).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(
        portal.get("/items?server=1&container=z2&from=99999999", &cookie).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn names_from_outside_are_escaped() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    for path in ["/", "/items", "/items?server=1&container=z2", "/items?server=1&container=z2&item=z2%2Fh"] {
        let page = portal.get(path, &cookie).await.body;
        assert!(!page.contains(HOSTILE) && !page.contains("<img"), "{path}");
    }
}

#[tokio::test]
async fn a_viewer_sees_no_buttons_and_is_refused() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("victor").await;
    let page = portal.get("/", &cookie).await;
    assert!(!page.body.contains("Run now"));
    for act in ["run", "stop"] {
        let response =
            portal.post(&format!("/processors/1/{act}"), &cookie, &format!("csrf={}", page.csrf())).await;
        assert_eq!(response.status, StatusCode::FORBIDDEN);
        assert!(response.body.contains("Your role is Viewer"), "{}", response.body);
    }
}

#[tokio::test]
async fn a_processor_that_cannot_be_started_says_why() {
    let portal = TestPortal::with(Role::Operator, true).await;
    let cookie = portal.sign_in("anna").await;
    let token = portal.get("/", &cookie).await.csrf();
    let response = portal.post("/processors/99/run", &cookie, &format!("csrf={token}")).await;
    assert_eq!(response.status, StatusCode::CONFLICT);
    assert_eq!(
        portal.post("/processors/x/run", &cookie, &format!("csrf={token}")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn the_chosen_theme_applies_to_the_next_page() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let token = portal.get("/", &cookie).await.csrf();
    let response = portal.post("/theme", &cookie, &format!("csrf={token}&next=%2Fitems")).await;
    assert_eq!((response.header("location"), response.cookie().as_str()), ("/items", "riser-theme=dark"));
    let page = portal.get("/", &format!("{cookie}; riser-theme=dark")).await.body;
    assert!(page.contains("<html lang=\"en\" data-theme=\"dark\""));
}

#[tokio::test]
async fn about_shows_the_version_and_the_licences() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("victor").await;
    let page = portal.get("/about", &cookie).await.body;
    for text in [env!("CARGO_PKG_VERSION"), "Apache License 2.0", "riser doctor", "LICENSES-THIRD-PARTY.txt"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    let licences = portal.get("/about/licences.txt", &cookie).await;
    assert_eq!(licences.header("content-type"), "text/plain; charset=utf-8");
    assert!(licences.body.contains("Apache License") && licences.body.contains("MIT License"));
}
