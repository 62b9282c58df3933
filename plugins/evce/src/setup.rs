//! EVCE Setup: finds zones, stations and connectors, and creates their points in the BMS.

use riser_plugin::LogLevel;
use riser_plugin::http::HttpError;
use riser_plugin::prelude::*;

use crate::api_version::{self, ApiSupport};
use crate::client::{EvceClient, EvceError, SiteSnapshot};
use crate::connection::EvceConnection;
use crate::model::counted;
use crate::points::{self, Binding, SETUP};

/// Settings of Setup.
#[derive(Settings)]
pub(crate) struct SetupSettings {
    /// Only log the points that would be created; change nothing.
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
        .about("Finds zones, stations and connectors of a charge controller and creates their points in the BMS.");

    fn run(&self, host: &Host, settings: SetupSettings) -> Outcome {
        let connection = host.connection::<EvceConnection>()?;
        host.progress("reading the charge controller", 0, 2);
        let (api_support, SiteSnapshot { site, skipped, .. }) =
            poll(host, &connection).map_err(|error| raise(host, error))?;
        SiteSnapshot::log_skipped(&skipped, host);
        let found = site.counts();
        let tree = points::build(&site);
        if settings.dry_run {
            host.log(
                LogLevel::Info,
                &format!("dry run: {found}, {} would exist", counted(tree.len(), "item")),
            );
            return Ok(());
        }
        host.progress("creating the points", 1, 2);
        let declared = host.declare(tree)?;
        let mut values = Binding::new(declared.all(), &site).setup_values(&site);
        if api_support == ApiSupport::Unsupported {
            api_version::downgrade(&mut values);
        }
        host.publish(&values)?;
        let (added, changed, _, vanished) = declared.difference;
        host.log(
            LogLevel::Info,
            &format!("{found}; {} new, {changed} changed, {vanished} gone", counted(added as usize, "item")),
        );
        for code in crate::PROBLEM_CODES {
            host.clear(code);
        }
        Ok(())
    }
}

/// Polls once and logs out.
fn poll(host: &Host, connection: &EvceConnection) -> Result<(ApiSupport, SiteSnapshot), EvceError> {
    let mut client = EvceClient::new(host, connection)?;
    // EVCE Status raises the problem of an unsupported version.
    let api_support = ApiSupport::of(client.version()?.api_version.as_deref());
    let snapshot = client.poll();
    client.log_out();
    Ok((api_support, snapshot?))
}

/// Raises the error as a problem and converts it to a failure.
fn raise(host: &Host, error: EvceError) -> Failure {
    // The end of the run is not a problem, and the problem that closed the limiter is already raised.
    if matches!(error, EvceError::Http(HttpError::Host(_) | HttpError::Denied(_))) {
        return error.into();
    }
    let effect = "zones, stations and connectors are not updated";
    host.raise(error.as_problem(effect));
    error.as_failure(effect)
}
