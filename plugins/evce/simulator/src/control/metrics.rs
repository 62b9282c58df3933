//! `/_sim/metrics`: counters and gauges in the text format of Prometheus.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::controller::Controller;

pub(super) async fn show(State(controller): State<Arc<Controller>>) -> Response {
    let now_ms = controller.clock.now().controller_ms;
    let requests = controller.log().count();
    let sessions = controller.auth().session_count(now_ms);
    let faults = controller.faults().in_force(now_ms).len();
    let mut text = String::new();
    let mut add = |name: &str, kind: &str, value: u64| {
        let _ = writeln!(text, "# TYPE evce_simulator_{name} {kind}\nevce_simulator_{name} {value}");
    };
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    add("api_requests_total", "counter", requests);
    add("api_sessions", "gauge", count(sessions));
    add("faults", "gauge", count(faults));
    controller.with_world(|world, _| {
        let stations = &world.site.stations;
        let connectors = || stations.iter().flat_map(|station| &station.connectors);
        let power_w = connectors().map(|connector| u64::from(connector.measured.total_w())).sum();
        let energy_wh = connectors().map(|connector| connector.energy_ws / 3600).sum();
        add("stations", "gauge", count(stations.len()));
        add("stations_without_link", "gauge", count(stations.iter().filter(|it| !it.is_connected()).count()));
        add("connectors", "gauge", count(connectors().count()));
        add("transactions", "gauge", world.transactions().into_iter().map(u64::from).sum());
        add("power_watts", "gauge", power_w);
        add("energy_watt_hours", "gauge", energy_wh);
        add("scheduled_events", "gauge", count(world.scheduled()));
    });
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
