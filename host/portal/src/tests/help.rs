//! Help: the guides, and links to their sections at pages and fields.

use axum::http::StatusCode;
use riser_domain::Role;

use crate::help::{documents, exists};
use crate::testing::TestPortal;

/// Pages with fields of the host.
const FORMS: [&str; 7] = [
    "/connections/1",
    "/schedules/add",
    "/processors/1/details",
    "/processors/1/control",
    "/processors/1/schedule",
    "/processors/1/duplicate",
    "/items/write?server=1&item=z2%2Fr",
];

#[tokio::test]
async fn every_guide_is_a_page_with_its_sections() {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("victor").await;
    assert_eq!(portal.get("/help", &cookie).await.header("location"), "/help/pages");
    for document in documents() {
        let page = portal.get(&format!("/help/{}", document.name), &cookie).await;
        assert_eq!(page.status, StatusCode::OK, "{}", document.name);
        assert!(page.body.contains(&format!("<h1>{}</h1>", document.title)), "{}", page.body);
        for heading in &document.headings {
            assert!(page.body.contains(&format!("id=\"{}\"", heading.id)), "{}", heading.id);
        }
    }
    for path in ["/help/nothing", "/help/..%2F..%2Fsecrets", "/help/README.md"] {
        assert_eq!(portal.get(path, &cookie).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn every_field_of_the_host_leads_to_a_section_that_exists() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    for path in FORMS {
        let page = portal.get(path, &cookie).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.body.contains("aria-label=\"Help for this page\""), "{path}");
        let main = page.body.split("<main").nth(1).unwrap();
        let fields: Vec<&str> = main.split("id=\"f-").skip(1).filter(|it| !it.starts_with("form")).collect();
        let controls =
            fields.iter().filter(|field| !field.split('"').next().unwrap().ends_with("-help")).count();
        let links: Vec<&str> =
            main.split(" href=\"/help").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(controls > 0 && links.len() >= controls, "{path}: {controls} fields, {links:?}");
        for link in links {
            assert!(exists(&format!("/help{link}")), "{path}: {link}");
        }
    }
}
