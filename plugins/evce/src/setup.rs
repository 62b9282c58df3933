//! EVCE Setup: finds zones, stations and connectors, and creates what the BMS sees of them.

use riser_plugin::LogLevel;
use riser_plugin::http::HttpError;
use riser_plugin::prelude::*;

use crate::client::{EvceClient, EvceError, Look};
use crate::connection::EvceConnection;
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
        let mut client = EvceClient::new(host, &connection)?;
        let Look { site, left_out, .. } = match client.look() {
            Ok(look) => look,
            Err(error) => {
                let problem = error.as_problem("zones, stations and connectors are not brought up to date");
                let needs_somebody = error.needs_somebody();
                if error.host_error().is_some() {
                    return Err(error.into());
                }
                // While the gate is closed the problem that closed it stands already.
                if matches!(error, EvceError::Http(HttpError::Closed(_))) {
                    return Err(error.into());
                }
                host.raise(problem.clone());
                let failure = Failure::problem(problem);
                return Err(if needs_somebody { failure.permanent() } else { failure });
            }
        };
        client.log_out();
        for fault in &left_out {
            host.log(LogLevel::Warn, &format!("left out: {fault}"));
        }
        let (zones, stations) = (site.zones.len(), site.station_count());
        let found = format!("{zones} zones, {stations} stations, {} connectors", site.connector_count());
        let tree = points::build(&site);
        if settings.dry_run {
            host.log(LogLevel::Info, &format!("dry run: {found}, {} items would be there", tree.len()));
            return Ok(());
        }
        host.progress("creating what the BMS sees", 1, 2);
        let declared = host.declare(tree)?;
        host.publish(&Binding::new(declared.all(), &site).setup_values(&site))?;
        let (added, changed, _, vanished) = declared.difference;
        host.log(LogLevel::Info, &format!("{found}; {added} items new, {changed} changed, {vanished} gone"));
        for code in crate::PROBLEM_CODES {
            host.clear(code);
        }
        Ok(())
    }
}
