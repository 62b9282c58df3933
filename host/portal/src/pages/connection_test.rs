//! The stages of a connection test while it runs. The page of the form shows the result.

use axum::extract::State;
use serde::Deserialize;

use crate::form::{PathOf, QueryOf};
use crate::page::Page;
use crate::parts::RunningStages;
use crate::sessions::Admin;
use crate::state::PortalState;

/// A test that has not begun by then has failed before its first stage: some 10 s.
const MOST_REQUESTS: u32 = 40;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct StagesQuery {
    /// The requests before this one.
    times: u32,
}

/// `GET /connection-tests/{number}`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(number): PathOf<u64>,
    QueryOf(StagesQuery { times }): QueryOf<StagesQuery>,
) -> Page<RunningStages> {
    let stages = portal.running_tests().stages(signed_in.session, number);
    // The first request may be earlier than the test.
    let is_awaited = times < MOST_REQUESTS && (stages.is_some() || times < 3);
    let next = is_awaited.then(|| format!("/connection-tests/{number}?times={}", times + 1));
    Page(RunningStages::new(&stages.unwrap_or_default(), next))
}
