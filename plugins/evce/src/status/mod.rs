//! EVCE Status: polls the controller, publishes its values, and executes set point writes.

mod publishing;
mod run;
mod settings;
mod status_ages;

use riser_plugin::prelude::*;

use crate::client::EvceClient;
use crate::connection::EvceConnection;
use crate::points::{SETUP, STATUS};

use run::StatusRun;
use settings::StatusSettings;

/// Publishes the live values of a controller.
pub(crate) struct Status;

impl Processor for Status {
    type Settings = StatusSettings;
    const CLASS: Class = Class::long_running(STATUS, "EVCE Status")
        .needs::<EvceConnection>()
        .requires(SETUP)
        .creates("live values; writes set points to the controller")
        .about(
            "Reads live values of zones, stations and connectors, and writes set points to the controller.",
        )
        .accepts_writes();

    fn run(&self, host: &Host, settings: StatusSettings) -> Outcome {
        let connection = host.connection::<EvceConnection>()?;
        host.publishes_every(settings.interval)?;
        let client = EvceClient::new(host, &connection)
            .map_err(|error| error.as_failure("no live values and no set points"))?;
        let mut run = StatusRun::new(host, client, &settings)?;
        let outcome = run.follow();
        run.end();
        outcome
    }
}
