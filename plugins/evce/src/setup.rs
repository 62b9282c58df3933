//! EVCE Setup: finds zones, stations and connectors, and creates their points in the BMS.

use std::time::UNIX_EPOCH;

use riser_plugin::LogLevel;
use riser_plugin::http::HttpError;
use riser_plugin::prelude::*;

use crate::api_version::{self, ApiSupport};
use crate::client::{EvceClient, EvceError, SiteSnapshot};
use crate::connection::EvceConnection;
use crate::model::{ObjectKey, Site, counted, listed};
use crate::plausibility::{self, UnitCheck};
use crate::points::{
    self, AvailabilityPoints, Binding, Extra, KnownObjects, Layout, Names, SETUP, StoredObjects,
};
use crate::removals::{self, Comparison, Removals};
use crate::setup_report::{PointCounts, SeenSite};

/// Polls of one run while objects are missing, and the time between two.
const MOST_POLLS: u32 = 3;
const POLL_INTERVAL: Duration = Duration::from_secs(15);
/// Objects that several runs miss for so long are taken as removed, also if the controller does not confirm it.
const MISSING_FOR: Duration = Duration::from_mins(30);
/// Key of the stored state.
const MISSING_SINCE: &str = "missing-since";

/// Settings of Setup.
#[derive(Settings)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting with yes or no")]
#[expect(clippy::doc_markdown, reason = "pages show the comments as they are")]
pub(crate) struct SetupSettings {
    /// Only log what would be new, renamed, moved, removed and kept; change nothing.
    #[setting(default = false)]
    dry_run: bool,
    /// Names of the points: evce-1.2 are those of the vendor's extension 1.2, with its spellings; clean are regular ones.
    /// A change renames the points and keeps bindings by id, and histories.
    #[setting(default = "evce-1.2", options("evce-1.2", "clean"), group = "Points")]
    names: String,
    /// Name of a connector's container before its number.
    #[setting(
        default = "Connector-",
        options("Connector-", "EVSE-"),
        group = "Points",
        label = "Connector containers"
    )]
    connector_containers: String,
    /// The points through which the BMS writes the availability of a connector.
    #[setting(
        default = "both",
        options("both", "ConnectorAvailability", "ConnectorState_Available"),
        group = "Points",
        label = "Availability points"
    )]
    availability_write_points: String,
    /// Add ConnectorStatus and ConnectorStatusAge to each connector.
    #[setting(default = false, group = "More points")]
    connector_status: bool,
    /// Add ZoneReductionActive, ZoneReduction_Actual and ZoneReductionRemark to each zone.
    #[setting(default = false, group = "More points")]
    reduction_details: bool,
    /// Add the number of unknown parts to each sum of power.
    #[setting(default = false, group = "More points")]
    parts_missing: bool,
    /// Record the set points and reductions of zones, and the powers of the site, as well.
    #[setting(default = false, group = "More points")]
    more_histories: bool,
}

impl SetupSettings {
    fn layout(&self) -> Layout {
        let extras = [
            (self.connector_status, Extra::ConnectorStatus),
            (self.reduction_details, Extra::ReductionDetails),
            (self.parts_missing, Extra::PartsMissing),
        ];
        Layout {
            names: if self.names == "clean" { Names::Clean } else { Names::Evce12 },
            connector_prefix: self.connector_containers.clone(),
            extras: extras.into_iter().filter_map(|(is_wanted, extra)| is_wanted.then_some(extra)).collect(),
            has_more_histories: self.more_histories,
            availability_points: match self.availability_write_points.as_str() {
                "ConnectorAvailability" => AvailabilityPoints::Availability,
                "ConnectorState_Available" => AvailabilityPoints::IsAvailable,
                _ => AvailabilityPoints::Both,
            },
        }
    }
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
        let points = host.points()?;
        let stored = StoredObjects::of(&points);
        let known = stored.known(host)?;
        let mut client = EvceClient::new(host, &connection).map_err(|error| raise(host, error))?;
        let read = read(host, &mut client, &known);
        client.log_out();
        let (api_support, site) = read?;
        let found = site.counts();
        let tree = points::build(&site, &stored, &settings.layout());
        let seen = SeenSite::of(&site);
        let before = SeenSite::load(host)?;
        let difference = before.clone().unwrap_or_else(|| SeenSite::of_tree(&known)).difference(&seen);
        if settings.dry_run {
            let counts = PointCounts::of(&tree, &points);
            host.log(LogLevel::Info, &format!("dry run: {found}; nothing is changed"));
            difference.log(host, true);
            let PointCounts { added, kept, vanished } = counts;
            let text = format!(
                "{} would be new, {vanished} would vanish, {kept} would stay",
                counted(added, "point")
            );
            host.log(LogLevel::Info, &text);
            return Ok(());
        }
        // The points of a large site are not in memory twice.
        drop((stored, known, points));
        host.progress("creating the points", 1, 2);
        let declared = host.declare(tree)?;
        let adapt = api_version::adapt_to(Some(api_support));
        Binding::new(declared.all(), &site).publish_setup(host, &site, adapt)?;
        difference.log(host, false);
        seen.save(host, before.as_ref())?;
        let (added, changed, kept, vanished) = declared.difference;
        let moved = match difference.moved() {
            0 => String::new(),
            moved => format!(", {} moved", counted(moved, "station")),
        };
        host.log(
            LogLevel::Info,
            &format!(
                "{found}; {} new, {changed} changed{moved}, {kept} kept, {vanished} gone",
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
