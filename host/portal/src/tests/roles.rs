//! Roles as extractors.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use http_body_util::BodyExt as _;
use riser_domain::Role;
use tower::ServiceExt as _;

use crate::routes::error_pages;
use crate::sessions::{Admin, Operator, Viewer};
use crate::testing::TestPortal;

async fn viewer(Viewer(signed_in): Viewer) -> String {
    signed_in.actor().to_string()
}

async fn operator(Operator(signed_in): Operator) -> String {
    signed_in.actor().to_string()
}

async fn admin(Admin(signed_in): Admin) -> String {
    signed_in.actor().to_string()
}

/// Requests `path` as a person with this role. Returns the status and the body.
async fn request(path: &str, role: Role) -> (StatusCode, String) {
    let portal = TestPortal::with(role, true).await;
    let cookie = portal.sign_in("anna").await;
    let router = Router::new()
        .route("/viewer", get(viewer))
        .route("/operator", get(operator))
        .route("/admin", get(admin))
        .layer(from_fn_with_state(portal.state(), error_pages))
        .with_state(portal.state());
    let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.into()).unwrap())
}

#[tokio::test]
async fn a_sufficient_role_reaches_the_handler_which_knows_the_person() {
    for (path, role) in [
        ("/viewer", Role::Viewer),
        ("/operator", Role::Operator),
        ("/operator", Role::Admin),
        ("/admin", Role::Admin),
    ] {
        let (status, body) = request(path, role).await;
        assert_eq!(status, StatusCode::OK, "{path} {role:?}");
        assert!(body.contains("anna"), "{body}");
    }
}

#[tokio::test]
async fn a_lower_role_is_refused_and_the_page_names_the_needed_one() {
    for (path, role, sentence) in [
        ("/operator", Role::Viewer, "Your role is Viewer. This needs Operator or Admin."),
        ("/admin", Role::Viewer, "Your role is Viewer. This needs Admin."),
        ("/admin", Role::Operator, "Your role is Operator. This needs Admin."),
    ] {
        let (status, body) = request(path, role).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path} {role:?}");
        assert!(body.contains(sentence), "{body}");
    }
}
