//! Event streams that keep pages up to date.
//!
//! When a browser connects, it receives every live part of its page. It misses nothing, and nothing is replayed.
//! Later a part is sent again when its text changed, at most four times a second. A list that grows, such as a log,
//! only gets its new elements ([`Parts::append`]). The event `reset` makes the page load itself again: after a change of
//! the tree's shape, at the end of the session, and when the host stops.
//!
//! To make a page live, implement [`LivePage`] in its file, add a handler that calls [`follow`], and put the
//! handler's address in the template's `data-events`.

mod follower;
mod update;

use std::convert::Infallible;
use std::time::Duration;

use axum::http::HeaderName;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use axum::response::sse::Sse;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::unfold;
use riser_runtime::Change;

use crate::pages::error::PageError;
use crate::sessions::SignedIn;
use crate::state::PortalState;

use self::follower::Follower;
pub(crate) use self::update::{LiveUpdate, Parts, ShapeChanged};

/// Changes within this time are sent together.
const COALESCE_INTERVAL: Duration = Duration::from_millis(250);
/// All parts are rendered this often, because some change without an event, such as values that become uncertain.
const REVIEW_INTERVAL: Duration = Duration::from_secs(5);
/// Interval of the event `ping`. Before each one the session is checked.
const PING_INTERVAL: Duration = Duration::from_secs(15);

/// Reverse proxies pass on each event at once: without a buffer, and without compression, which has one.
const PASSED_ON_AT_ONCE: [(HeaderName, &str); 2] =
    [(HeaderName::from_static("x-accel-buffering"), "no"), (CACHE_CONTROL, "no-store, no-transform")];

/// A page with live parts.
pub(crate) trait LivePage: Send + 'static {
    /// Returns whether the page must be loaded again after this change.
    fn is_reshaped_by(&self, _change: &Change) -> bool {
        false
    }

    /// Waits for a change that the runtime does not report. Dropping the future loses no change.
    fn changed(&mut self) -> BoxFuture<'_, ()> {
        std::future::pending().boxed()
    }

    /// Reads the data that is not in memory and may have changed. `add_parts` follows.
    ///
    /// # Errors
    /// If the page must be loaded again.
    fn load<'a>(&'a mut self, _update: &'a LiveUpdate<'_>) -> BoxFuture<'a, Result<(), ShapeChanged>> {
        std::future::ready(Ok(())).boxed()
    }

    /// Adds the parts that may have changed.
    ///
    /// # Errors
    /// If the page now consists of other parts, so it must be loaded again.
    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged>;
}

/// Starts the event stream of a page.
pub(crate) fn follow(
    portal: PortalState,
    signed_in: &SignedIn,
    page: Box<dyn LivePage>,
) -> Result<impl IntoResponse + use<>, PageError> {
    let permit = portal.sessions().open_stream(signed_in.session).ok_or(PageError::TooManyStreams)?;
    let follower = Follower::new(portal, page, signed_in.session, permit);
    let events = unfold(Some(follower), |follower| async move {
        let mut follower = follower?;
        let event = follower.next().await;
        let is_last = event.is_reset();
        Some((Ok::<_, Infallible>(event.into_event()), (!is_last).then_some(follower)))
    });
    Ok((PASSED_ON_AT_ONCE, Sse::new(events)))
}
