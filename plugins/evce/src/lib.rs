//! EcoStruxure EV Charging Expert (EVCE) for Riser: zones, stations and connectors of a charge controller in
//! a building management system, their histories, and set points.
//!
//! `model` describes a charging site. Only `wire` knows the documents of a controller and parses them into the
//! model. `client` calls the controller. `points` defines the points in the BMS. The three classes `setup`,
//! `status` and `logs` combine these, and `set_points` executes the writes of the BMS.

mod api_version;
mod back_off;
mod client;
mod connection;
mod connection_test;
mod controller_clock;
mod logs;
mod meter_readings;
mod model;
mod notices;
mod outage;
mod plausibility;
mod points;
mod probe;
mod removals;
mod set_points;
mod setup;
mod setup_report;
mod site_problems;
mod status;
#[cfg(test)]
mod tests;
mod utc;
mod wire;

use riser_plugin::export_plugin;

use connection::EvceConnection;
use logs::Logs;
use probe::Probe;
use setup::Setup;
use status::Status;

/// The codes of all problems with a controller. A successful poll clears them.
const PROBLEM_CODES: [&str; 13] = [
    "credentials-refused",
    "locked-out",
    "session-lost",
    "too-many-sessions",
    "certificate",
    "waiting",
    "address",
    "ca-file",
    "unreachable",
    "profile",
    "unwell",
    "refused",
    "not-understood",
];

export_plugin! {
    id: "riser.evce",
    name: "EcoStruxure EV Charging Expert",
    company: "Riser",
    licence: "Apache-2.0 OR MIT",
    about: "Zones, stations and connectors of an EVCE charge controller, their histories, and set points.",
    connections: [EvceConnection],
    classes: [Setup, Status, Logs],
    commands: [Probe]
}
