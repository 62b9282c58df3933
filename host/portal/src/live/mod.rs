//! The one stream of events that a page follows.
//!
//! When it connects, every live part of the page is sent, so nothing that happened before is missed and nothing
//! has to be replayed. Then parts are sent again when their text changed, four times a second at most. A tree
//! that changed its shape, a session that ended and a reader that is too slow get `reset`: the page asks for
//! itself anew.

mod follower;
mod streams;
mod view;

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::Deserialize;

use crate::form::QueryOf;
use crate::items_address::ItemsAddress;
use crate::pages::error::PageError;
use crate::sessions::SignedIn;
use crate::state::PortalState;

use self::follower::Follower;
pub(crate) use self::streams::Streams;
use self::view::View;

/// Time between two looks at what changed.
const COALESCE: Duration = Duration::from_millis(250);
/// Time between two looks at what changes without being told: ages, values that go stale.
const REVIEW: Duration = Duration::from_secs(5);
/// Time between two signs of life, which also look whether the session still stands.
const PING: Duration = Duration::from_secs(15);

/// Which page asks.
#[derive(Debug, Deserialize)]
pub(crate) struct EventsQuery {
    page: PageKind,
}

/// A page with live parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PageKind {
    Overview,
    Items,
}

/// `GET /events`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    signed_in: SignedIn,
    QueryOf(EventsQuery { page }): QueryOf<EventsQuery>,
    QueryOf(address): QueryOf<ItemsAddress>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, PageError> {
    let place = portal.streams().take(signed_in.session).ok_or(PageError::TooManyStreams)?;
    let view = View::new(page, address, signed_in.asked.reader);
    let follower = Follower::new(portal, view, signed_in.session, place);
    let events = unfold(Some(follower), |follower| async move {
        let mut follower = follower?;
        let event = follower.next().await;
        let is_last = event.is_reset();
        Some((Ok(event.into_event()), (!is_last).then_some(follower)))
    });
    Ok(Sse::new(events))
}
