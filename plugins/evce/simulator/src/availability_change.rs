//! Changes of the availability of a connector, now or when its transaction ends.

use crate::site::{Availability, Status};
use crate::world::World;

impl World {
    /// Applies a change of availability now; a transaction makes it wait.
    pub(crate) fn set_availability(
        &mut self,
        station: usize,
        connector: usize,
        requested: Availability,
        now_ms: i64,
    ) -> Applied {
        let outlet = &mut self.site.stations[station].connectors[connector];
        if requested == Availability::Inoperative && outlet.has_transaction() {
            outlet.inoperative_scheduled = true;
            return Applied::Scheduled;
        }
        outlet.inoperative_scheduled = false;
        outlet.availability = requested;
        match (requested, outlet.status) {
            (_, Status::Faulted) => {}
            (Availability::Inoperative, _) if outlet.session.is_some() => {
                self.unplug(station, connector, now_ms);
            }
            (Availability::Inoperative, _) => outlet.status = Status::Unavailable,
            (Availability::Operative, Status::Unavailable) => outlet.status = Status::Available,
            (Availability::Operative, _) => {}
        }
        Applied::Now
    }
}

/// Whether a change of availability took effect.
#[derive(PartialEq, Eq)]
pub(crate) enum Applied {
    Now,
    /// When the transaction ends.
    Scheduled,
}
