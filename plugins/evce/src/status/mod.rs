//! EVCE Status: polls the controller, publishes its values, and executes set point writes.

mod publishing;
mod run;

use riser_plugin::prelude::*;

use crate::client::EvceClient;
use crate::connection::EvceConnection;
use crate::points::{SETUP, STATUS};
use crate::set_points::Validity;

use run::StatusRun;

/// Settings of Status.
#[derive(Settings)]
#[settings(check = Self::check_renewal)]
pub(crate) struct StatusSettings {
    /// Time between two polls of the charge controller.
    #[setting(default = "15 s", min = "5 s", max = "300 s")]
    interval: Duration,
    /// Time without a response of the charge controller after which all values are Offline.
    #[setting(default = "60 s", min = "5 s", max = "1 h")]
    offline_after: Duration,
    /// The validity of a reduction that the BMS writes without one. It is renewed every third of this
    /// time, so that it ends soon after Riser stops.
    #[setting(default = "15 min", min = "2 min", max = "24 h", group = "Set points")]
    validity: Duration,
    /// Write endless reductions instead, as the vendor's extension does.
    #[setting(default = false, group = "Set points", advanced)]
    forever: bool,
}

impl StatusSettings {
    /// Renews a reduction after a poll, after a third of its validity.
    fn check_renewal(&self) -> Result<(), Problem> {
        if self.forever || self.validity >= self.interval * 3 {
            return Ok(());
        }
        let problem = Problem::new("validity", "ends reductions before they are renewed");
        Err(problem.remedy("set the validity to at least three times the interval").setting("validity"))
    }
}

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
        let validity =
            if settings.forever { Validity::ForEver } else { Validity::Renewed(settings.validity) };
        let mut run = StatusRun::new(host, client, validity, &settings)?;
        let outcome = run.follow();
        run.end();
        outcome
    }
}
