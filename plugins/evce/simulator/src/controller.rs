//! The simulated controller, shared by both interfaces.
//!
//! Each part has its own lock, held for one short computation and never across a wait.

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use crate::auth::Auth;
use crate::certificate::Certificates;
use crate::clock::{Clock, Moment};
use crate::dialect::Dialect;
use crate::events::Event;
use crate::faults::{FaultPlan, FaultSpec};
use crate::request_log::{Arrival, RequestLog};
use crate::world::World;

/// Everything behind the API and the control interface.
pub(crate) struct Controller {
    pub(crate) clock: Clock,
    pub(crate) dialect: Dialect,
    pub(crate) fixture: String,
    pub(crate) seed: u64,
    /// The certificate for new connections.
    pub(crate) certificates: Certificates,
    /// Changes when all connections of the API are to be cut.
    pub(crate) cuts: watch::Sender<u64>,
    /// Becomes true when the simulator must end.
    pub(crate) stop: watch::Sender<bool>,
    world: Mutex<World>,
    auth: Mutex<Auth>,
    faults: Mutex<FaultPlan>,
    log: Mutex<RequestLog>,
    api_version: Mutex<Option<String>>,
}

/// The parts of a controller.
pub(crate) struct Parts {
    pub(crate) clock: Clock,
    pub(crate) api_version: Option<String>,
    pub(crate) dialect: Dialect,
    pub(crate) fixture: String,
    pub(crate) seed: u64,
    pub(crate) certificates: Certificates,
    pub(crate) world: World,
    pub(crate) auth: Auth,
}

impl Controller {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            clock: parts.clock,
            api_version: Mutex::new(parts.api_version),
            certificates: parts.certificates,
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
        let result = work(&mut world, &now);
        for (at_ms, event) in std::mem::take(&mut world.outside) {
            self.apply(event, at_ms);
        }
        result
    }

    /// Applies what happens outside of the site at a moment of the controller's clock.
    fn apply(&self, event: Event, at_ms: i64) {
        match event {
            Event::AddFault { fault } => {
                // A wrong fault was refused when its event came.
                let _ = self.add_fault(*fault, at_ms);
            }
            Event::EndFaults {} => self.faults().clear(),
            Event::RevokeTokens {} => drop(self.auth().revoke_all()),
            Event::SetPassword { password } => self.auth().set_password(&password),
            Event::RefuseSessions { refuses } => self.auth().set_refuses_more(refuses),
            Event::SetClockOffset { offset } => self.clock.set_offset(offset.ms()),
            Event::SetApiVersion { version } => *locked(&self.api_version) = version,
            Event::SetCertificate { certificate } => {
                // The same key algorithm as at the start, so that it cannot fail.
                let _ = self.certificates.replace(certificate);
                self.cuts.send_modify(|cuts| *cuts += 1);
            }
            // Its effect was on the site.
            _ => {}
        }
    }

    /// Adds a fault. Returns its id, or the mistake in its specification.
    pub(crate) fn add_fault(&self, fault: FaultSpec, now_ms: i64) -> Result<u64, &'static str> {
        let mut faults = self.faults();
        let id = faults.add(fault, now_ms)?;
        if faults.refuses_connections(now_ms) {
            self.cuts.send_modify(|cuts| *cuts += 1);
        }
        Ok(id)
    }

    /// Returns the value of `X-Api-Version`; `None` for a controller without this header.
    pub(crate) fn api_version(&self) -> Option<String> {
        locked(&self.api_version).clone()
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
