//! All addresses of the portal.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use futures_util::FutureExt as _;
use tower::ServiceExt as _;
use tower_http::compression::CompressionLayer;

use crate::guard::{BasePath, add_security_headers, check_host_name, check_same_origin, read_proxy_headers};
use crate::pages::error::PageError;
use crate::pages::{
    about, account, add_processor, as_bms, audit, connection, connection_test, connections, ews_server,
    ews_servers, help, history, item_search, items, log, login, overview, plugin, plugin_upload, plugins,
    problems, processor, processors, run, schedule, schedules, set_point, setup, status, theme, users, watch,
};
use crate::response_kind::ResponseKind;
use crate::return_path::ReturnPath;
use crate::sessions::AuthRejection;
use crate::state::PortalState;
use crate::static_files;

/// Largest body of a request. Forms are small.
const BODY_LIMIT: usize = 64 * 1024;
/// Largest body with a plugin. More than the limit of the file, so that a browser can send it all and shows the error.
const UPLOAD_LIMIT: usize = 256 << 20;

pub(crate) fn router(portal: PortalState) -> Router {
    Router::new()
        .merge(overview_routes())
        .merge(item_routes())
        .route("/items/history", get(history::show))
        .route("/items/history/series", get(history::series::show))
        .route("/items/history/samples.csv", get(history::samples_csv::download))
        .route("/events/history", get(history::follow))
        .route("/items/write", get(set_point::show).post(set_point::write))
        .route("/events/write", get(set_point::follow))
        .route("/connections", get(connections::show))
        .route("/connections/add", get(connection::show_new).post(connection::add))
        .route("/connections/{id}", get(connection::show).post(connection::save))
        .route("/connection-tests/{number}", get(connection_test::show))
        .route("/connections/{id}/delete", post(connection::delete))
        .route("/users", get(users::show).post(users::add))
        .route("/users/{id}", get(users::show_one))
        .route("/users/{id}/role", post(users::set_role))
        .route("/users/{id}/password", post(users::reset_password))
        .route("/users/{id}/sessions", post(users::end_sessions))
        .route("/users/{id}/remove", post(users::remove))
        .route("/account", get(account::show))
        .route("/account/password", post(account::change_password))
        .route("/account/sessions", post(account::end_sessions))
        .route("/login", get(login::show).post(login::sign_in))
        .route("/setup", get(setup::show).post(setup::set_up).fallback(setup::refuse_method))
        .route("/logout", post(login::sign_out))
        .route("/theme", post(theme::switch))
        .route("/processors/add", get(add_processor::begin).post(add_processor::choose))
        .route("/processors/add/{draft}/discard", post(add_processor::discard))
        .route("/processors/add/{draft}/{step}", get(add_processor::show).post(add_processor::send))
        .route("/runs/{id}", get(run::show))
        .route("/events/runs/{id}", get(run::follow))
        .route("/runs/{id}/log.txt", get(run::download))
        .merge(processor_routes())
        .merge(ews_server_routes())
        .merge(status_routes())
        .merge(plugin_routes())
        .merge(log_routes())
        .route("/help", get(help::show_first))
        .route("/help/{name}", get(help::show))
        .route("/problems", get(problems::show))
        .route("/events/problems", get(problems::follow))
        .route("/about", get(about::show))
        .route("/about/licences.txt", get(about::licences))
        .route("/audit", get(audit::show))
        .route("/audit/export.csv", get(audit::export_csv))
        .route("/audit/export.jsonl", get(audit::export_json_lines))
        .route("/schedules", get(schedules::show))
        .route("/schedules/add", get(schedule::show_new).post(schedule::add))
        .route("/schedules/preview", post(schedule::preview))
        .route("/schedules/{id}", get(schedule::show).post(schedule::save))
        .route("/schedules/{id}/delete", post(schedule::delete))
        // Only files without secrets are compressed: the length of a compressed page gives hints about its token.
        .route("/static/{*path}", get(static_files::serve).layer(CompressionLayer::new()))
        .fallback(|| async { PageError::NoSuchPage })
        .method_not_allowed_fallback(|| async { PageError::WrongMethod })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(check_same_origin))
        .layer(from_fn_with_state(portal.clone(), check_host_name))
        .layer(from_fn_with_state(portal.clone(), error_pages))
        // For monitoring, which knows no name of this host and has no account.
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(readiness))
        .layer(from_fn(add_security_headers))
        .layer(from_fn_with_state(portal.clone(), read_proxy_headers))
        .with_state(portal)
}

fn overview_routes() -> Router<PortalState> {
    Router::new()
        .route("/", get(overview::show))
        .route("/events/overview", get(overview::follow))
        .route("/overview/power", get(overview::power::show))
}

fn item_routes() -> Router<PortalState> {
    Router::new()
        .route("/items", get(items::show))
        .route("/events/items", get(items::follow))
        .route("/items/search", get(item_search::show))
        .route("/events/items/search", get(item_search::follow))
        .route("/items/watch", get(watch::show).post(watch::change))
        .route("/events/items/watch", get(watch::follow))
        .route("/items/as-bms", get(as_bms::show))
}

fn processor_routes() -> Router<PortalState> {
    use processor::{buttons, control, copy, delete, details, history, items, overview, runs, schedule};
    Router::new()
        .route("/processors", get(processors::show))
        .route("/events/processors", get(processors::follow))
        .route("/processors/removed/{id}/restore", post(processors::restore))
        .route("/processors/{id}", get(overview::show))
        .route("/events/processors/{id}", get(processor::follow))
        .route("/processors/{id}/details", get(details::show).post(details::save))
        .route("/processors/{id}/control", get(control::show).post(control::save))
        .route("/processors/{id}/schedule", get(schedule::show).post(schedule::save))
        .route("/processors/{id}/history", get(history::show).post(history::restore))
        .route("/processors/{id}/runs", get(runs::show))
        .route("/processors/{id}/items", get(items::show))
        .route("/processors/{id}/duplicate", get(copy::show).post(copy::add))
        .route("/processors/{id}/delete", get(delete::show).post(delete::delete))
        .route("/processors/{id}/export.toml", get(buttons::export))
        .route("/processors/{id}/latest-run", get(buttons::latest_run))
        .route("/processors/{id}/run", post(buttons::run_now))
        .route("/processors/{id}/stop", post(buttons::stop))
        .route("/processors/{id}/release", post(buttons::release))
        .route("/processors/{id}/enable", post(buttons::enable))
        .route("/processors/{id}/disable", post(buttons::disable))
}

fn ews_server_routes() -> Router<PortalState> {
    use ews_server::{account, accounts, delete, overview, settings};
    Router::new()
        .route("/ews-servers", get(ews_servers::show))
        .route("/events/ews-servers", get(ews_servers::follow))
        .route("/ews-servers/add", get(settings::show_new).post(settings::add))
        .route("/ews-servers/{id}", get(overview::show))
        .route("/events/ews-servers/{id}", get(overview::follow))
        .route("/ews-servers/{id}/edit", get(settings::show).post(settings::save))
        .route("/ews-servers/{id}/delete", get(delete::show).post(delete::delete))
        .route("/ews-servers/{id}/accounts", get(accounts::show).post(accounts::add))
        .route("/ews-servers/{id}/accounts/{account}", get(account::show))
        .route("/ews-servers/{id}/accounts/{account}/rights", post(account::set_rights))
        .route("/ews-servers/{id}/accounts/{account}/password", post(account::reset_password))
        .route("/ews-servers/{id}/accounts/{account}/remove", post(account::remove))
}

fn status_routes() -> Router<PortalState> {
    use status::{active_endpoints, configuration_requests, ews_server_requests, processor_threads};
    Router::new()
        .route("/status", get(processor_threads::show))
        .route("/events/status", get(processor_threads::follow))
        .route("/status/active-endpoints", get(active_endpoints::show))
        .route("/events/status/active-endpoints", get(active_endpoints::follow))
        .route("/status/configuration-requests", get(configuration_requests::show))
        .route("/events/status/configuration-requests", get(configuration_requests::follow))
        .route("/status/ews-server-requests", get(ews_server_requests::show))
        .route("/events/status/ews-server-requests", get(ews_server_requests::follow))
}

fn plugin_routes() -> Router<PortalState> {
    let upload = post(plugins::upload).layer(DefaultBodyLimit::max(UPLOAD_LIMIT));
    Router::new()
        .route("/plugins", get(plugins::show))
        .route(plugins::UPLOADS, upload)
        .route("/plugins/uploads/{sha256}", get(plugin_upload::show))
        .route("/plugins/uploads/{sha256}/install", post(plugin_upload::install))
        .route("/plugins/uploads/{sha256}/discard", post(plugin_upload::discard))
        .route("/plugins/{id}", get(plugin::show))
        .route("/plugins/{id}/restore", post(plugin::restore))
        .route("/plugins/{id}/remove", post(plugin::remove))
}

fn log_routes() -> Router<PortalState> {
    Router::new()
        .route("/log", get(log::show))
        .route("/events/log", get(log::follow))
        .route("/log/lines.txt", get(log::download))
        .route("/log/levels", post(log::set_level))
        .route("/log/levels/back", post(log::change_back))
}

/// Responds to a request of a listener.
pub(crate) async fn respond(router: Router, base_path: &BasePath, mut request: Request) -> Response {
    base_path.strip(&mut request);
    match router.oneshot(request).await {
        Ok(response) => base_path.apply(response).await,
        Err(never) => match never {},
    }
}

/// `GET /readyz`
async fn readiness(State(portal): State<PortalState>) -> (StatusCode, &'static str) {
    if portal.runtime().is_started() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    }
}

/// Renders errors and rejections, also that of a handler that panicked, as a page or as JSON.
pub(crate) async fn error_pages(State(portal): State<PortalState>, request: Request, next: Next) -> Response {
    let (method, uri, headers) = (request.method().clone(), request.uri().clone(), request.headers().clone());
    // Handlers share no half-finished change: poisoned locks are taken over, and the rest is in the store.
    let outcome = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = outcome.unwrap_or_else(|_| PageError::Broken.into_response());
    let extensions = response.extensions_mut();
    let error = match extensions.remove::<AuthRejection>() {
        None => extensions.remove::<PageError>(),
        Some(AuthRejection::RoleTooLow { role, needed }) => Some(PageError::NotAllowed { role, needed }),
        Some(AuthRejection::StoreFailed) => Some(PageError::StoreFailed),
        Some(AuthRejection::NotSignedIn) if ResponseKind::of(&headers).is_navigation => {
            // The login itself leads to the set-up of a new installation.
            let return_path = ReturnPath::of_request(&method, &uri, &headers);
            return Redirect::to(&return_path.login_address()).into_response();
        }
        Some(AuthRejection::NotSignedIn) => return PageError::NotSignedIn.into_json(),
    };
    match error {
        Some(error) => error.into_page_or_json(&portal.site_name(), &headers),
        None => response,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::testing::TestPortal;

    async fn broken() -> &'static str {
        panic!("an internal detail")
    }

    #[tokio::test]
    async fn a_handler_that_panics_returns_an_error_page() {
        let portal = TestPortal::new().await.state();
        let router = Router::new()
            .route("/", get(broken))
            .layer(from_fn_with_state(portal.clone(), error_pages))
            .with_state(portal);
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let page = response.into_body().collect().await.unwrap().to_bytes();
        let page = std::str::from_utf8(&page).unwrap();
        assert!(page.contains("This page failed") && !page.contains("an internal detail"), "{page}");
    }
}
