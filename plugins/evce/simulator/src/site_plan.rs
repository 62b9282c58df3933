//! Sites from a file of the user, in TOML.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::rules::{ReductionEffect, Rules, RulesChange};
use crate::topology::{Topology, ZonePlan};
use crate::world::{Arrivals, Start, World};

/// Larger sites than any controller has.
const MOST_STATIONS: u64 = 100_000;
/// Ids above lose digits in a client that reads numbers as floating point.
const LARGEST_ID: u64 = 1 << 53;

/// The plan of a site: its zones, the number and kind of their stations, and rules of load management.
#[derive(Clone, Debug)]
pub struct SitePlan {
    topology: Topology,
    rules: Option<RulesChange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SitePlanFile {
    zone: Vec<ZonePlan>,
    rules: Option<RulesChange>,
}

/// A plan that is not one.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSitePlan {
    /// It is not TOML, or a zone has a mistake.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// Two zones have one id.
    #[error("two zones have the id {0}")]
    SameId(u64),
    /// There are too many stations, or ids beyond 2^53.
    #[error("a site has at most {MOST_STATIONS} stations, and no id beyond 2^53")]
    TooLarge,
    /// The fallback is between 0 and 6 A.
    #[error("fallback_a must be 0, or at least 6")]
    Fallback,
}

impl std::str::FromStr for SitePlan {
    type Err = InvalidSitePlan;

    fn from_str(text: &str) -> Result<Self, InvalidSitePlan> {
        let SitePlanFile { zone: zones, rules } = toml::from_str(text)?;
        let mut ids = BTreeSet::new();
        if let Some(twice) = zones.iter().find(|zone| !ids.insert(zone.id)) {
            return Err(InvalidSitePlan::SameId(twice.id));
        }
        let sum = |of: fn(&ZonePlan) -> u64| zones.iter().map(of).fold(0, u64::saturating_add);
        let stations = sum(|zone| zone.stations);
        let last_id = stations.saturating_add(sum(|zone| zone.skipped_ids));
        if stations > MOST_STATIONS || last_id > LARGEST_ID || zones.iter().any(|zone| zone.id > LARGEST_ID) {
            return Err(InvalidSitePlan::TooLarge);
        }
        if rules.as_ref().is_some_and(RulesChange::has_wrong_fallback) {
            return Err(InvalidSitePlan::Fallback);
        }
        Ok(Self { topology: Topology { zones }, rules })
    }
}

impl SitePlan {
    pub(crate) fn world(self, start: Start) -> World {
        let rules = Rules::new(ReductionEffect::ReduceBy);
        let mut world = World::new(self.topology.build(start.seed), start, Arrivals::Seeded, rules);
        if let Some(change) = self.rules {
            world.change_rules(&change, 0);
        }
        world
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: &str = "[[zone]]\nid = 7\nname = \"Yard\"\ntype = \"static\"\nmax_current_a = 100\n\
                        stations = 2\nconnectors = 1\ntemplate = \"ac11\"\nprofile = \"office\"\n";

    #[test]
    fn a_plan_makes_a_site() {
        let plan: SitePlan =
            format!("{ZONE}skipped_ids = 40\n[rules]\nidle_set_point = \"zero\"").parse().unwrap();
        let site = plan.world(Start { seed: 1, unix_ms: 0 }).site;
        let ids: Vec<u64> = site.stations.iter().map(|station| station.id).collect();
        assert_eq!((site.zones[0].name.as_str(), ids), ("Yard", vec![41, 42]));
        assert_eq!(site.stations[0].connectors[0].set_point_a, 0);
    }

    #[test]
    fn a_plan_that_is_not_one_is_explained() {
        for (text, hint) in [
            (format!("{ZONE}{ZONE}"), "two zones have the id 7"),
            (ZONE.replace("stations = 2", "stations = 200000"), "at most 100000 stations"),
            (format!("{ZONE}skipped_ids = 9007199254740992"), "beyond 2^53"),
            (ZONE.replace("ac11", "ac99"), "unknown variant"),
            (format!("{ZONE}[rules]\nfallback_a = 3"), "at least 6"),
            (String::new(), "missing field `zone`"),
        ] {
            let error = text.parse::<SitePlan>().unwrap_err().to_string();
            assert!(error.contains(hint), "{error}");
        }
    }
}
