//! The points of a charging site in the BMS, and the value of each.
//!
//! A point is one row of a table: `site.rs`, `zone.rs`, `station.rs` or `connector.rs`. To add one, add its
//! row there; tree, values and histories follow from it. Its description is in
//! `descriptions.rs`. Names are those of the incumbent ("evce-1.2"), so that a BMS finds its bindings again, or those of
//! the table "clean"; ids are made of the controller's ids and never of names.

mod batch;
mod binding;
mod connector;
mod decimal_sum;
mod descriptions;
mod layout;
mod row;
mod site;
mod station;
mod stored_objects;
mod sums;
#[cfg(test)]
mod tests;
mod tree;
mod zone;

pub(crate) use binding::{Binding, SetPointTarget};
pub(crate) use layout::{AvailabilityPoints, Layout, Names};
pub(crate) use row::Extra;
pub(crate) use stored_objects::{KnownObjects, StoredObjects};
pub(crate) use sums::power_total_kw;
pub(crate) use tree::build;

/// The class that creates the tree and publishes values that change only with the installation.
pub(crate) const SETUP: &str = "setup";
/// The class that publishes live values and handles set points.
pub(crate) const STATUS: &str = "status";
/// The id of a point that every poll publishes with its time.
pub(crate) const POLLED: &str = "zones/SiteOverallActivePowerTotal";
/// The class that records histories.
pub(crate) const LOGS: &str = "logs";
