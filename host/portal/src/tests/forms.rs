//! Forms with fields that are not text.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use http_body_util::BodyExt as _;
use serde::Deserialize;
use tower::ServiceExt as _;

use crate::form::Form;
use crate::routes::error_pages;
use crate::testing::TestPortal;

#[derive(Deserialize)]
struct TestForm {
    name: String,
    count: u32,
    limit: Option<f64>,
    #[serde(default)]
    is_active: bool,
}

async fn echo(Form(form): Form<TestForm>) -> String {
    format!("{} {} {:?} {}", form.name, form.count, form.limit, form.is_active)
}

/// Sends the fields with the token of a session to a page with the form.
async fn send(fields: &str) -> (StatusCode, String) {
    let portal = TestPortal::new().await;
    let cookie = portal.sign_in("anna").await;
    let token = portal.get("/", &cookie).await.csrf();
    let router = Router::new()
        .route("/form", post(echo))
        .layer(from_fn_with_state(portal.state(), error_pages))
        .with_state(portal.state());
    let request = Request::post("/form")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, cookie)
        .body(Body::from(fields.replace("TOKEN", &token)))
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.into()).unwrap())
}

#[tokio::test]
async fn a_form_may_have_numbers_and_tick_boxes() {
    let ticked = send("name=a+b%26&count=42&csrf=TOKEN&limit=7.5&is_active=true").await;
    assert_eq!(ticked, (StatusCode::OK, "a b& 42 Some(7.5) true".to_owned()));
    let empty = send("csrf=TOKEN&name=&count=0").await;
    assert_eq!(empty, (StatusCode::OK, " 0 None false".to_owned()));
}

#[tokio::test]
async fn a_form_with_a_field_of_the_wrong_type_is_refused() {
    for fields in ["name=a&count=many", "name=a&count=-1", "name=a", "name=a&count=1&is_active=perhaps"] {
        let (status, page) = send(&format!("csrf=TOKEN&{fields}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{fields}");
        assert!(page.contains("The form cannot be read"), "{page}");
    }
}

#[tokio::test]
async fn a_form_needs_the_token_exactly_once() {
    for token in ["", "csrf=", "csrf=wrong", "csrf=TOKEN&csrf=TOKEN", "csrf=TOKEN&csrf=wrong"] {
        let (status, page) = send(&format!("name=a&count=1&{token}")).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{token}");
        assert!(page.contains("The form was not sent by this session"), "{page}");
    }
}
