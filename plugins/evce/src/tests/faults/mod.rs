//! What a controller may do wrong, and the right values then: the table of the README, row by row.

mod lists;
mod meters;
mod numbers_and_words;
mod sessions;
mod writes;

use std::time::Duration;

use super::Site;

/// The polling interval of Status.
const POLL: Duration = Duration::from_secs(15);
const ZONE_POWER: &str = "z1/ZoneOverallActivePowerTotal";
const ZONE_ENERGY: &str = "z1/ZoneActiveEnergy";
