//! EVCE Setup: finds zones, stations and connectors, and creates their points in the BMS.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use riser_plugin::LogLevel;
use riser_plugin::http::HttpError;
use riser_plugin::prelude::*;

use crate::api_version::{self, ApiSupport};
use crate::client::{EvceClient, EvceError, SiteSnapshot};
use crate::connection::EvceConnection;
use crate::model::{ObjectKey, Site, counted, listed};
use crate::plausibility::{self, UnitCheck};
use crate::points::{self, Binding, KnownObjects, SETUP, StoredObjects};
use crate::removals::{self, Comparison, Removals};

/// Polls of one run while objects are missing, and the time between two.
const MOST_POLLS: u32 = 3;
const POLL_INTERVAL: Duration = Duration::from_secs(15);
/// Objects that several runs miss for so long are taken as removed, also if the controller does not confirm it.
const MISSING_FOR: Duration = Duration::from_mins(30);
/// Keys of the stored state.
const MISSING_SINCE: &str = "missing-since";
const ZONES_OF_MOVED: &str = "zones-of-moved-stations";

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
        let stored = StoredObjects::of(&host.points()?);
        let known = stored.known(host)?;
        let mut client = EvceClient::new(host, &connection).map_err(|error| raise(host, error))?;
        let read = read(host, &mut client, &known);
        client.log_out();
        let (api_support, site) = read?;
        let found = site.counts();
        let tree = points::build(&site, &stored);
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
        let moved = report_moves(host, &site, &stored)?;
        let (added, changed, _, vanished) = declared.difference;
        let moved = if moved == 0 { String::new() } else { format!(", {} moved", counted(moved, "station")) };
        host.log(
            LogLevel::Info,
            &format!(
                "{found}; {} new, {changed} changed{moved}, {vanished} gone",
                counted(added as usize, "item")
            ),
        );
        for code in crate::PROBLEM_CODES {
            host.clear(code);
        }
        Ok(())
    }
}

/// Polls, and polls again while many objects of the tree are missing, until their removal is confirmed.
fn read(host: &Host, client: &mut EvceClient, known: &KnownObjects) -> Result<(ApiSupport, Site), Failure> {
    // EVCE Status raises the problem of an unsupported version.
    let version = client.version().map_err(|error| raise(host, error))?;
    let api_support = ApiSupport::of(version.api_version.as_deref(), client.supported_versions());
    let mut removals = Removals::default();
    let mut known = known.clone();
    let mut polls = 0;
    loop {
        polls += 1;
        let SiteSnapshot { site, skipped, .. } = client.poll().map_err(|error| raise(host, error))?;
        if polls == 1 {
            SiteSnapshot::log_skipped(&skipped, host);
            check_units(host, &site);
        }
        let comparison = Comparison::with_tree(&known, &site);
        let review = removals.review(&comparison, &site, client)?;
        if !review.removed.is_empty() {
            let names: Vec<String> = review.removed.iter().map(ToString::to_string).collect();
            host.log(LogLevel::Warn, &format!("the charge controller no longer has {}", listed(&names)));
            known.forget(&review.removed);
        }
        let Some(problem) = removals.problem(&comparison) else {
            host.clear(removals::MISSING);
            if host.state().get(MISSING_SINCE)?.is_some() {
                host.state().remove(MISSING_SINCE)?;
            }
            return Ok((api_support, site));
        };
        if polls >= MOST_POLLS {
            if are_missing_for_long(host, &review.kept)? {
                host.log(LogLevel::Warn, &format!("{}, for half an hour: taken as removed", problem.what));
                host.clear(removals::MISSING);
                return Ok((api_support, site));
            }
            host.raise(problem.clone());
            return Err(Failure::problem(problem));
        }
        host.wait(POLL_INTERVAL)?;
    }
}

/// Returns whether the same objects have been missing in earlier runs for long enough.
fn are_missing_for_long(host: &Host, missing: &[ObjectKey]) -> Result<bool, HostError> {
    let now_s = host.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let names: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let stored: Option<(u64, Vec<String>)> =
        host.state().get(MISSING_SINCE)?.and_then(|text| serde_json::from_str(&text).ok());
    if let Some((since_s, before)) = stored
        && before == names
        && now_s >= since_s
    {
        let is_long = now_s - since_s >= MISSING_FOR.as_secs();
        if is_long {
            host.state().remove(MISSING_SINCE)?;
        }
        return Ok(is_long);
    }
    let text = serde_json::to_string(&(now_s, names)).expect("texts are always JSON");
    host.state().put(MISSING_SINCE, &text)?;
    Ok(false)
}

/// Logs the stations that moved to another zone since the last run. Returns their number.
fn report_moves(host: &Host, site: &Site, stored: &StoredObjects) -> Result<usize, HostError> {
    let text = host.state().get(ZONES_OF_MOVED)?;
    let before: BTreeMap<String, String> =
        text.as_ref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let mut moved = 0;
    let mut now = BTreeMap::new();
    for zone in &site.zones {
        for station in &zone.stations {
            let Some(first) = stored.zone_in_id(zone, &station.id) else { continue };
            let last = before.get(&station.id.0).unwrap_or(&first.0);
            if *last != zone.id.0 {
                moved += 1;
                let name = station.shown_name();
                let text = format!("{name} moved from zone {last} to zone {}; its ids stay", zone.id);
                host.log(LogLevel::Info, &text);
            }
            if first != zone.id {
                now.insert(station.id.0.clone(), zone.id.0.clone());
            }
        }
    }
    if now != before {
        let text = serde_json::to_string(&now).expect("texts by name are always JSON");
        host.state().put(ZONES_OF_MOVED, &text)?;
    }
    Ok(moved)
}

fn check_units(host: &Host, site: &Site) {
    match plausibility::check_units(site) {
        UnitCheck::NothingToCheck => {}
        UnitCheck::Passed => host.clear(plausibility::UNITS),
        UnitCheck::Failed(problem) => {
            host.log(LogLevel::Warn, &problem.what);
            host.raise(problem);
        }
    }
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
