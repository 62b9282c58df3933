//! EcoStruxure EV Charging Expert (EVCE) for Riser: zones, stations and connectors of a charge controller in
//! a building management system, their histories, and set points back.
//!
//! `model` is a charging site in plain terms. `wire` turns a controller's documents into it, and is the only
//! place that knows them; `client` talks to the controller; `points` says what the BMS sees. The three classes
//! `setup`, `status` and `logs` put these together, and `set_points` carries the writes of the BMS.

mod client;
mod connection;
mod generation;
mod logs;
mod model;
mod outage;
mod points;
mod registers;
mod set_points;
mod setup;
mod status;
#[cfg(test)]
mod tests;
mod wire;

use riser_plugin::export_plugin;

use connection::EvceConnection;
use logs::Logs;
use setup::Setup;
use status::Status;

/// The codes of all problems with a controller, which end when it answers.
const PROBLEM_CODES: [&str; 11] = [
    "credentials-refused",
    "locked-out",
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
    about: "Zones, stations and connectors of an EVCE charge controller, their histories, and set points back.",
    connections: [EvceConnection],
    classes: [Setup, Status, Logs]
}
