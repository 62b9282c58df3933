use std::collections::HashMap;

use axum::response::sse::Event;
use riser_domain::ConfigurationId;
use riser_runtime::Change;
use riser_store::TokenHash;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::update::{Part, Stale};
use super::{COALESCE_INTERVAL, LivePage, LiveUpdate, PING_INTERVAL, Parts, REVIEW_INTERVAL, ShapeChanged};
use crate::page_layout::ProblemCount;
use crate::parts::ConnectionBar;
use crate::sessions::StreamPermit;
use crate::state::PortalState;
use crate::system_status::SystemStatus;

/// Follows the changes for one page.
pub(super) struct Follower {
    portal: PortalState,
    page: Box<dyn LivePage>,
    session: TokenHash,
    changes: Receiver<Change>,
    /// The changes that the next update handles.
    stale: Stale,
    /// The text of each part as it was last sent.
    sent: HashMap<String, String>,
    /// The processors at the first update. Other processors need another page.
    processors: Option<Vec<ConfigurationId>>,
    coalesce: Interval,
    review: Interval,
    ping: Interval,
    _permit: StreamPermit,
}

#[derive(Debug, PartialEq)]
pub(super) enum LiveEvent {
    /// Parts whose text changed.
    Parts(Vec<Part>),
    /// Shows that the stream works. Contains the host's time in milliseconds since 1970.
    Ping(i64),
    /// The page loads itself again, and the stream ends.
    Reset,
}

impl LiveEvent {
    pub(super) const fn is_reset(&self) -> bool {
        matches!(self, Self::Reset)
    }

    pub(super) fn into_event(self) -> Event {
        match self {
            Self::Parts(parts) => {
                let json = serde_json::to_string(&parts).expect("strings are valid JSON");
                Event::default().event("parts").data(json)
            }
            Self::Ping(now_ms) => Event::default().event("ping").data(now_ms.to_string()),
            Self::Reset => Event::default().event("reset").data(""),
        }
    }
}

impl Follower {
    pub(super) fn new(
        portal: PortalState,
        page: Box<dyn LivePage>,
        session: TokenHash,
        permit: StreamPermit,
    ) -> Self {
        let every = |period| {
            let mut interval = interval_at(Instant::now() + period, period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        };
        let mut coalesce = every(COALESCE_INTERVAL);
        coalesce.reset_immediately();
        Self {
            changes: portal.runtime().changes(),
            portal,
            page,
            session,
            stale: Stale::everything(),
            sent: HashMap::new(),
            processors: None,
            coalesce,
            review: every(REVIEW_INTERVAL),
            ping: every(PING_INTERVAL),
            _permit: permit,
        }
    }

    /// Waits for the next event.
    pub(super) async fn next(&mut self) -> LiveEvent {
        loop {
            tokio::select! {
                change = self.changes.recv() => match change {
                    Ok(change) => {
                        if self.page.is_reshaped_by(&change) {
                            return LiveEvent::Reset;
                        }
                        self.stale.add(&change);
                    }
                    Err(RecvError::Lagged(_)) => self.stale = Stale::everything(),
                    Err(RecvError::Closed) => return LiveEvent::Reset,
                },
                _ = self.coalesce.tick(), if !self.stale.is_empty() => {
                    match self.changed_parts().await {
                        Ok(parts) if parts.is_empty() => {}
                        Ok(parts) => return LiveEvent::Parts(parts),
                        Err(ShapeChanged) => return LiveEvent::Reset,
                    }
                }
                () = self.page.changed() => self.stale.add_page(),
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

    /// Renders the parts that may have changed. Returns those whose text differs from the last one sent.
    async fn changed_parts(&mut self) -> Result<Vec<Part>, ShapeChanged> {
        let stale = std::mem::take(&mut self.stale);
        let update = LiveUpdate::new(&self.portal, &stale);
        let mut parts = Parts::default();
        if let Some(system) = update.system() {
            has_same_processors(&mut self.processors, system)?;
            parts.add("connection-bar", &ConnectionBar::new(system, &update.times));
            parts.add("problem-count", &ProblemCount { open: system.problems.len() });
        }
        self.page.load(&update).await?;
        self.page.add_parts(&update, &mut parts)?;
        let mut parts = parts.into_inner();
        for part in &mut parts {
            part.html = self.portal.base_path().in_html(std::mem::take(&mut part.html));
        }
        parts.retain(|part| part.is_appended || self.sent.get(&part.id) != Some(&part.html));
        for part in parts.iter().filter(|part| !part.is_appended) {
            self.sent.insert(part.id.clone(), part.html.clone());
        }
        Ok(parts)
    }
}

fn has_same_processors(
    known: &mut Option<Vec<ConfigurationId>>,
    system: &SystemStatus,
) -> Result<(), ShapeChanged> {
    let now: Vec<ConfigurationId> = system.processors.iter().map(|one| one.configuration).collect();
    if *known.get_or_insert_with(|| now.clone()) == now { Ok(()) } else { Err(ShapeChanged) }
}
