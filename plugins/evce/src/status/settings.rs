//! Settings of Status.

use riser_plugin::prelude::*;

use crate::set_points::{FailSafe, Owner, Policies, Validity, ZonePolicy};

/// The word of a rule that is the one for all zones.
const AS_FOR_ALL: &str = "as for all";

/// Settings of Status.
#[derive(Settings)]
#[settings(check = Self::check)]
pub(crate) struct StatusSettings {
    /// Time between two polls of the charge controller.
    #[setting(default = "15 s", min = "5 s", max = "300 s")]
    pub(super) interval: Duration,
    /// Time without a response of the charge controller after which all values are Offline.
    #[setting(default = "60 s", min = "5 s", max = "1 h")]
    pub(super) offline_after: Duration,
    /// The validity of a reduction that the BMS writes without one. It is renewed every third of this
    /// time, so that it ends soon after Riser stops.
    #[setting(default = "15 min", min = "2 min", max = "24 h", group = "Set points")]
    validity: Duration,
    /// Write endless reductions instead, as the vendor's extension does.
    #[setting(default = false, group = "Set points", advanced)]
    forever: bool,
    /// Who decides when somebody changes or removes a reduction of the BMS at the controller: bms sets it again,
    /// controller keeps the change.
    #[setting(
        default = "bms",
        options("bms", "controller"),
        group = "Set points",
        label = "Reductions belong to"
    )]
    reduction_owner: String,
    /// Who decides when somebody changes an availability of the BMS at the controller.
    #[setting(
        default = "controller",
        options("bms", "controller"),
        group = "Set points",
        label = "Availabilities belong to"
    )]
    availability_owner: String,
    /// What becomes of a zone's reduction when the BMS writes no set point of the zone for some time: hold keeps it,
    /// release removes it, fallback sets another one.
    #[setting(default = "hold", options("hold", "release", "fallback"), group = "When the BMS is silent")]
    when_silent: String,
    /// Time without a write after which the BMS is silent. Let the BMS write the same value again more often.
    #[setting(default = "15 min", min = "1 min", max = "24 h", group = "When the BMS is silent")]
    silent_after: Duration,
    /// The reduction for fallback.
    #[setting(min = 0, max = 100, unit = "%", group = "When the BMS is silent")]
    fallback: Option<f64>,
    /// Zones with other rules.
    #[setting(advanced, group = "Rules for single items")]
    zones: Vec<ZoneRule>,
    /// Connectors with another owner of their availability.
    #[setting(advanced, group = "Rules for single items")]
    connectors: Vec<ConnectorRule>,
}

/// Rules for one zone.
#[derive(Settings)]
pub(crate) struct ZoneRule {
    /// Id or name of the zone.
    #[setting(example = "Z1")]
    zone: String,
    /// Who decides about its reduction.
    #[setting(default = "as for all", options("as for all", "bms", "controller"))]
    reduction_owner: String,
    /// What becomes of its reduction when the BMS is silent.
    #[setting(default = "as for all", options("as for all", "hold", "release", "fallback"))]
    when_silent: String,
    /// Time without a write.
    #[setting(min = "1 min", max = "24 h")]
    silent_after: Option<Duration>,
    /// The reduction for fallback.
    #[setting(min = 0, max = 100, unit = "%")]
    fallback: Option<f64>,
}

/// A rule for the connectors of a station.
#[derive(Settings)]
pub(crate) struct ConnectorRule {
    /// Id or OCPP identifier of the station.
    #[setting(example = "EVSimu1")]
    station: String,
    /// Number of the connector; all of the station if it is missing.
    #[setting(min = 1)]
    connector: Option<i32>,
    /// Who decides about the availability.
    #[setting(default = "bms", options("bms", "controller"))]
    availability_owner: String,
}

impl StatusSettings {
    /// Returns the validity of reductions without one.
    pub(super) const fn validity(&self) -> Validity {
        if self.forever { Validity::ForEver } else { Validity::Renewed(self.validity) }
    }

    /// Returns the rules for all objects.
    pub(super) fn policies(&self) -> Policies {
        let fail_safe = |word: &str, fallback: Option<f64>| match (word, fallback) {
            ("release", _) => FailSafe::Release,
            ("fallback", Some(percent)) => FailSafe::Fallback(percent),
            _ => FailSafe::Hold,
        };
        let zones = ZonePolicy {
            owner: owner(&self.reduction_owner),
            fail_safe: fail_safe(&self.when_silent, self.fallback),
            silent_after: self.silent_after,
        };
        let of_zone = |rule: &ZoneRule| {
            let own = |word: &str| word != AS_FOR_ALL;
            let when_silent =
                if own(&rule.when_silent) { rule.when_silent.as_str() } else { self.when_silent.as_str() };
            let policy = ZonePolicy {
                owner: if own(&rule.reduction_owner) { owner(&rule.reduction_owner) } else { zones.owner },
                fail_safe: fail_safe(when_silent, rule.fallback.or(self.fallback)),
                silent_after: rule.silent_after.unwrap_or(self.silent_after),
            };
            (rule.zone.clone(), policy)
        };
        let of_connector =
            |rule: &ConnectorRule| (rule.station.clone(), rule.connector, owner(&rule.availability_owner));
        Policies {
            zones,
            of_zones: self.zones.iter().map(of_zone).collect(),
            availability: owner(&self.availability_owner),
            of_connectors: self.connectors.iter().map(of_connector).collect(),
        }
    }

    fn check(&self) -> Result<(), Problem> {
        // A reduction is renewed after a poll, after a third of its validity.
        if !self.forever && self.validity < self.interval * 3 {
            let problem = Problem::new("validity", "ends reductions before they are renewed");
            return Err(problem
                .remedy("set the validity to at least three times the interval")
                .setting("validity"));
        }
        let lacks = |word: &str, fallback: Option<f64>| word == "fallback" && fallback.is_none();
        let problem = |key: &str| {
            Problem::new("fallback", "is needed to fall back when the BMS is silent")
                .remedy("enter the reduction in percent, or choose hold or release")
                .setting(key)
        };
        if lacks(&self.when_silent, self.fallback) {
            return Err(problem("fallback"));
        }
        for (index, rule) in self.zones.iter().enumerate() {
            if lacks(&rule.when_silent, rule.fallback.or(self.fallback)) {
                return Err(problem(&format!("zones[{index}].fallback")));
            }
        }
        Ok(())
    }
}

fn owner(word: &str) -> Owner {
    if word == "bms" { Owner::Bms } else { Owner::Controller }
}

#[cfg(test)]
mod tests {
    use riser_plugin::settings::read;

    use super::*;

    #[test]
    fn the_rules_in_the_readme_are_valid() {
        let readme = include_str!("../../README.md");
        let shown = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let file: serde_json::Value = toml::from_str(shown).unwrap();
        let settings = read::<StatusSettings>(&file["processor"][0]["settings"]).ok().unwrap();
        let policies = settings.policies();
        let (name, of_zone) = &policies.of_zones[0];
        assert_eq!((name.as_str(), of_zone.owner), ("Z1", Owner::Controller));
        assert_eq!(of_zone.fail_safe, FailSafe::Fallback(50.0));
        assert_eq!(policies.of_connectors, [("EVSimu1".to_owned(), Some(2), Owner::Bms)]);
        // All others have the defaults.
        assert_eq!((policies.zones.owner, policies.zones.fail_safe), (Owner::Bms, FailSafe::Hold));
        assert_eq!(policies.availability, Owner::Controller);
    }
}
