//! Rules of the controller that nobody knows of the real one; each can be set while the simulator runs.

use serde::Deserialize;

use crate::load_management::{MINIMUM_A, Sharing};

/// The rules in force.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) reduction: ReductionEffect,
    pub(crate) zone_power: ZonePower,
    pub(crate) expiry: Expiry,
    pub(crate) idle_set_point: IdleSetPoint,
    pub(crate) values_without_link: ValuesWithoutLink,
    pub(crate) sharing: Sharing,
    /// The current of a charging car whose station has no link; 0 pauses it.
    pub(crate) fallback_a: u32,
    /// The limit of all zones together, per phase; none if left out.
    pub(crate) site_max_current_a: Option<u32>,
}

/// The effect of a reduction on a zone. The guide shows 10 % on a zone whose set point is its whole maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReductionEffect {
    /// Lowers the set point by its percentage.
    ReduceBy,
    /// Lowers the set point to its percentage.
    ReduceTo,
    /// Lowers dynamic zones by its percentage, and no static one.
    IgnoredWhenStatic,
}

/// The power that a zone shows for its current.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ZonePower {
    /// 100 A are 39 kW, as in the guide.
    Sqrt3,
    /// 100 A are 69 kW.
    ThreePhase,
}

/// What happens at the end of a reduction's validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Expiry {
    Clear,
    /// It stays in force, which a controller should not do.
    KeepForever,
}

/// The set point that a connector without a car shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IdleSetPoint {
    /// Its rating, as in the guide.
    Full,
    Zero,
}

/// The measures of a station without a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ValuesWithoutLink {
    /// The last ones.
    Freeze,
    /// Zero; the energy register keeps its last value.
    Zero,
}

/// A change of some rules.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RulesChange {
    reduction: Option<ReductionEffect>,
    zone_power: Option<ZonePower>,
    expiry: Option<Expiry>,
    idle_set_point: Option<IdleSetPoint>,
    values_without_link: Option<ValuesWithoutLink>,
    sharing: Option<Sharing>,
    fallback_a: Option<u32>,
    /// 0 ends the limit.
    site_max_current_a: Option<u32>,
}

impl Rules {
    pub(crate) fn new(reduction: ReductionEffect) -> Self {
        Self {
            reduction,
            zone_power: ZonePower::Sqrt3,
            expiry: Expiry::Clear,
            idle_set_point: IdleSetPoint::Full,
            values_without_link: ValuesWithoutLink::Freeze,
            sharing: Sharing::Equal,
            fallback_a: 6,
            site_max_current_a: None,
        }
    }

    pub(crate) fn change(&mut self, change: &RulesChange) {
        self.reduction = change.reduction.unwrap_or(self.reduction);
        self.zone_power = change.zone_power.unwrap_or(self.zone_power);
        self.expiry = change.expiry.unwrap_or(self.expiry);
        self.idle_set_point = change.idle_set_point.unwrap_or(self.idle_set_point);
        self.values_without_link = change.values_without_link.unwrap_or(self.values_without_link);
        self.sharing = change.sharing.unwrap_or(self.sharing);
        self.fallback_a = change.fallback_a.unwrap_or(self.fallback_a);
        if let Some(limit_a) = change.site_max_current_a {
            self.site_max_current_a = (limit_a > 0).then_some(limit_a);
        }
    }
}

impl RulesChange {
    /// Returns whether the fallback is a current that no car can charge with.
    pub(crate) fn has_wrong_fallback(&self) -> bool {
        self.fallback_a.is_some_and(|fallback_a| (1..MINIMUM_A).contains(&fallback_a))
    }
}

impl ZonePower {
    /// Returns whole kilowatts, cut.
    pub(crate) fn kw(self, current_a: u32) -> u32 {
        let milliwatts_per_a = match self {
            // The square root of 3 times 230 V.
            Self::Sqrt3 => 398_372,
            Self::ThreePhase => 690_000,
        };
        u32::try_from(u64::from(current_a) * milliwatts_per_a / 1_000_000).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zones_power_is_that_of_the_guides_screen_or_that_of_three_phases() {
        assert_eq!([100, 63, 32].map(|current_a| ZonePower::Sqrt3.kw(current_a)), [39, 25, 12]);
        assert_eq!(ZonePower::ThreePhase.kw(100), 69);
    }
}
