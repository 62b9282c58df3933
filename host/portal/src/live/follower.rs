use std::collections::HashMap;

use axum::response::sse::Event;
use riser_runtime::Change;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::streams::StreamPlace;
use super::view::{Part, Stale, View};
use super::{COALESCE, PING, REVIEW};
use crate::state::PortalState;

/// Follows what changes for one page.
pub(super) struct Follower {
    portal: PortalState,
    view: View,
    session: [u8; 32],
    changes: Receiver<Change>,
    /// What has to be looked at when the next moment to send comes.
    stale: Stale,
    /// The text of each part as it was sent last.
    sent: HashMap<String, String>,
    coalesce: Interval,
    review: Interval,
    ping: Interval,
    _place: StreamPlace,
}

/// What is sent.
#[derive(Debug, PartialEq)]
pub(super) enum LiveEvent {
    /// Parts whose text changed.
    Parts(Vec<Part>),
    /// A sign of life, with the host's time in milliseconds since 1970.
    Ping(i64),
    /// The page asks for itself anew, and the stream ends.
    Reset,
}

impl LiveEvent {
    pub(super) const fn is_reset(&self) -> bool {
        matches!(self, Self::Reset)
    }

    pub(super) fn into_event(self) -> Event {
        match self {
            Self::Parts(parts) => {
                let json = serde_json::to_string(&parts).expect("ids and texts make JSON");
                Event::default().event("parts").data(json)
            }
            Self::Ping(now_ms) => Event::default().event("ping").data(now_ms.to_string()),
            Self::Reset => Event::default().event("reset").data(""),
        }
    }
}

impl Follower {
    pub(super) fn new(portal: PortalState, view: View, session: [u8; 32], place: StreamPlace) -> Self {
        let every = |period| {
            let mut interval = interval_at(Instant::now() + period, period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        };
        let mut coalesce = every(COALESCE);
        coalesce.reset_immediately();
        Self {
            changes: portal.runtime().changes(),
            portal,
            view,
            session,
            stale: Stale::everything(),
            sent: HashMap::new(),
            coalesce,
            review: every(REVIEW),
            ping: every(PING),
            _place: place,
        }
    }

    /// The next thing to send.
    pub(super) async fn next(&mut self) -> LiveEvent {
        loop {
            tokio::select! {
                change = self.changes.recv() => match change {
                    Ok(change) => {
                        if self.view.is_reshaped_by(&change) {
                            return LiveEvent::Reset;
                        }
                        self.stale.note(&change);
                    }
                    Err(RecvError::Lagged(_)) => self.stale = Stale::everything(),
                    Err(RecvError::Closed) => return LiveEvent::Reset,
                },
                _ = self.coalesce.tick(), if !self.stale.is_nothing() => {
                    match self.changed_parts() {
                        Some(parts) if parts.is_empty() => {}
                        Some(parts) => return LiveEvent::Parts(parts),
                        None => return LiveEvent::Reset,
                    }
                }
                _ = self.review.tick() => self.stale = Stale::everything(),
                _ = self.ping.tick() => {
                    return match self.portal.sessions().find(&self.session).await {
                        Ok(None) => LiveEvent::Reset,
                        Ok(Some(_)) | Err(_) => LiveEvent::Ping(self.portal.times_of_live_parts().now().unix_ms()),
                    };
                }
            }
        }
    }

    /// The parts that read differently than when they were last sent; `None` when the page no longer has the
    /// shape it had.
    fn changed_parts(&mut self) -> Option<Vec<Part>> {
        let stale = std::mem::take(&mut self.stale);
        let parts = self.view.parts(&self.portal, &stale)?;
        let sent = &mut self.sent;
        let changed =
            parts.into_iter().filter(|part| sent.get(&part.id) != Some(&part.html)).collect::<Vec<_>>();
        for part in &changed {
            self.sent.insert(part.id.clone(), part.html.clone());
        }
        Some(changed)
    }
}
