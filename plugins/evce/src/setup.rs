//! EVCE Setup: finds zones, stations and connectors, and creates what the BMS sees of them.

use riser_plugin::LogLevel;
use riser_plugin::http::HttpError;
use riser_plugin::prelude::*;

use crate::client::{EvceClient, EvceError, Look};
use crate::connection::EvceConnection;
use crate::generation::{self, Generation};
use crate::points::{self, Binding, SETUP};

/// How Setup works.
#[derive(Settings)]
pub(crate) struct SetupSettings {
    /// Only say in the run's log what would be created, and change nothing.
    #[setting(default = false)]
    dry_run: bool,
}

/// Creates the tree of a site.
pub(crate) struct Setup;

impl Processor for Setup {
    type Settings = SetupSettings;
    const CLASS: Class = Class::scheduled(SETUP, "EVCE Setup")
        .needs::<EvceConnection>()
        .creates("zones, stations, connectors and their points")
        .about("Finds zones, stations and connectors of a charge controller and creates what the BMS sees of them.");

    fn run(&self, host: &Host, settings: SetupSettings) -> Outcome {
        let connection = host.connection::<EvceConnection>()?;
        host.progress("reading the charge controller", 0, 2);
        let (generation, Look { site, left_out, .. }) =
            look(host, &connection).map_err(|error| told(host, error))?;
        Look::tell_left_out(&left_out, host);
        let (zones, stations) = (site.zones.len(), site.station_count());
        let found = format!("{zones} zones, {stations} stations, {} connectors", site.connector_count());
        let tree = points::build(&site);
        if settings.dry_run {
            host.log(LogLevel::Info, &format!("dry run: {found}, {} items would be there", tree.len()));
            return Ok(());
        }
        host.progress("creating what the BMS sees", 1, 2);
        let declared = host.declare(tree)?;
        let mut values = Binding::new(declared.all(), &site).setup_values(&site);
        if generation == Generation::Unsupported {
            generation::doubt(&mut values);
        }
        host.publish(&values)?;
        let (added, changed, _, vanished) = declared.difference;
        host.log(LogLevel::Info, &format!("{found}; {added} items new, {changed} changed, {vanished} gone"));
        for code in crate::PROBLEM_CODES {
            host.clear(code);
        }
        Ok(())
    }
}

/// Looks once, and gives the session back.
fn look(host: &Host, connection: &EvceConnection) -> Result<(Generation, Look), EvceError> {
    let mut client = EvceClient::new(host, connection)?;
    // EVCE Status tells what it means.
    let generation = Generation::of(client.version()?.api_version.as_deref());
    let look = client.look();
    client.log_out();
    Ok((generation, look?))
}

/// Why there is nothing to see, raised as a problem.
fn told(host: &Host, error: EvceError) -> Failure {
    // The end of the run is none; while the limiter is closed the problem that closed it stands already.
    if matches!(error, EvceError::Http(HttpError::Host(_) | HttpError::Denied(_))) {
        return error.into();
    }
    let effect = "zones, stations and connectors are not brought up to date";
    host.raise(error.as_problem(effect));
    error.as_failure(effect)
}
