//! The simulated controller, shared by both interfaces.
//!
//! Each part has its own lock, held for one short computation and never across a wait.

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use crate::auth::Auth;
use crate::clock::{Clock, Moment};
use crate::dialect::Dialect;
use crate::faults::FaultPlan;
use crate::request_log::{Arrival, RequestLog};
use crate::world::World;

/// Everything behind the API and the control interface.
pub(crate) struct Controller {
    pub(crate) clock: Clock,
    /// The value of `X-Api-Version`; `None` for a controller without this header.
    pub(crate) api_version: Option<String>,
    pub(crate) dialect: Dialect,
    pub(crate) fixture: String,
    pub(crate) seed: u64,
    /// Changes when all connections of the API are to be cut.
    pub(crate) cuts: watch::Sender<u64>,
    /// Becomes true when the simulator must end.
    pub(crate) stop: watch::Sender<bool>,
    world: Mutex<World>,
    auth: Mutex<Auth>,
    faults: Mutex<FaultPlan>,
    log: Mutex<RequestLog>,
}

/// The parts of a controller.
pub(crate) struct Parts {
    pub(crate) clock: Clock,
    pub(crate) api_version: Option<String>,
    pub(crate) dialect: Dialect,
    pub(crate) fixture: String,
    pub(crate) seed: u64,
    pub(crate) world: World,
    pub(crate) auth: Auth,
}

impl Controller {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            clock: parts.clock,
            api_version: parts.api_version,
            dialect: parts.dialect,
            fixture: parts.fixture,
            seed: parts.seed,
            cuts: watch::Sender::new(0),
            stop: watch::Sender::new(false),
            world: Mutex::new(parts.world),
            auth: Mutex::new(parts.auth),
            faults: Mutex::new(FaultPlan::new(parts.seed)),
            log: Mutex::new(RequestLog::default()),
        }
    }

    /// Reads or changes the present state of the site.
    pub(crate) fn with_world<T>(&self, work: impl FnOnce(&mut World, &Moment) -> T) -> T {
        let mut world = locked(&self.world);
        let now = self.clock.now();
        world.advance(&now);
        work(&mut world, &now)
    }

    /// Advances the site to the present.
    pub(crate) fn catch_up(&self) {
        self.with_world(|_, _| ());
    }

    pub(crate) fn auth(&self) -> MutexGuard<'_, Auth> {
        locked(&self.auth)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultPlan> {
        locked(&self.faults)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, RequestLog> {
        locked(&self.log)
    }

    /// Returns whether to refuse a connection now; logs it if so.
    pub(crate) fn refuses_connection(&self) -> bool {
        let now = self.clock.now();
        let refused = self.faults().refuses_connections(now.controller_ms);
        if refused {
            let mut log = self.log();
            let sequence = log.begin(Arrival {
                unix_ms: now.wall_ms,
                method: "CONNECT".to_owned(),
                path: String::new(),
                query: None,
                body: None,
                token_id: None,
            });
            log.set_fault(sequence, Some(crate::faults::FaultKind::Down));
        }
        refused
    }
}

fn locked<T>(part: &Mutex<T>) -> MutexGuard<'_, T> {
    part.lock()
}
