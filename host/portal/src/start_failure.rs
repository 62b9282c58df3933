//! The only page of a host that could not start: what happened, and what to do about it. Nobody can sign in, because the
//! accounts are in the data that could not be opened.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use riser_domain::Problem;

use crate::guard::{KnownNames, add_security_headers, requested_host};
use crate::page::Page;
use crate::pages::error::{ErrorPage, PageError};
use crate::state::PortalSettings;
use crate::static_files;

#[derive(Debug)]
struct StartFailure {
    problem: Problem,
    machine_name: String,
    known_names: KnownNames,
}

/// Returns the addresses of a host that could not start because of a problem.
pub(crate) fn router(problem: Problem, settings: &PortalSettings) -> Router {
    let failure = StartFailure {
        problem,
        machine_name: settings.machine_name.clone(),
        known_names: KnownNames::new(&settings.host_names),
    };
    Router::new()
        .route("/static/{*path}", get(static_files::serve))
        .fallback(show)
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(|| async { (StatusCode::SERVICE_UNAVAILABLE, "not ready") }))
        .layer(from_fn(add_security_headers))
        .with_state(Arc::new(failure))
}

async fn show(State(failure): State<Arc<StartFailure>>, headers: HeaderMap) -> Response {
    let StartFailure { problem, machine_name, known_names } = &*failure;
    let host = requested_host(&headers).unwrap_or_default();
    if !known_names.contain(host) {
        let shown = host.chars().take(100).collect();
        return PageError::UnknownHostName(shown).into_page_or_json(machine_name, &headers);
    }
    let page = ErrorPage::of_failed_start(problem, machine_name, &headers);
    (StatusCode::SERVICE_UNAVAILABLE, Page(page)).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::header::{CONTENT_SECURITY_POLICY, HOST};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::guard::BasePath;
    use crate::testing::HOSTILE;

    async fn ask(method: &str, path: &str, host: &str) -> (StatusCode, String) {
        let problem = Problem {
            code: "start-failed".to_owned(),
            what: format!("the file {HOSTILE} is damaged"),
            effect: "nothing runs".to_owned(),
            remedy: "restore a backup".to_owned(),
            setting: None,
        };
        let settings = PortalSettings {
            machine_name: "gateway".to_owned(),
            host_names: vec!["gateway".to_owned()],
            trusted_proxies: Vec::new(),
            base_path: BasePath::default(),
        };
        let request = Request::builder().method(method).uri(path).header(HOST, host);
        let response =
            router(problem, &settings).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert!(response.headers().contains_key(CONTENT_SECURITY_POLICY));
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn each_page_says_what_happened_and_what_to_do() {
        for (method, path) in [("GET", "/"), ("GET", "/login"), ("POST", "/login"), ("GET", "/items")] {
            let (status, page) = ask(method, path, "gateway:8082").await;
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
            for text in ["Riser could not start", "Nothing runs.", "Restore a backup."] {
                assert!(page.contains(text), "{path}: {page}");
            }
            assert!(!page.contains("<img") && !page.contains("<form"), "{page}");
        }
        assert_eq!(ask("GET", "/healthz", "").await, (StatusCode::OK, "ok".to_owned()));
        assert_eq!(ask("GET", "/readyz", "").await.0, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(ask("GET", "/static/riser.css", "localhost").await.0, StatusCode::OK);
        let (status, page) = ask("GET", "/", "evil.example").await;
        assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
        assert!(!page.contains("is damaged"), "{page}");
    }
}
