//! The time zone of the site.

use riser_calendar::{MachineZone, Zone};
use riser_domain::Problem;
use riser_store::Site;

use crate::problems::Problems;
use crate::zone_problems::{MACHINE_ZONE_UNKNOWN, machine_zone_problem};

/// Returns the zone of local times and of schedules without one: that of the site, or else that of the machine.
pub fn site_zone(site: &Site, machine: &MachineZone) -> Zone {
    configured_zone(site).unwrap_or_else(|| machine.zone.clone())
}

/// Returns the configured zone. The check of the configuration refuses names that the zone data does not have; one that
/// left the data later counts as not configured.
pub fn configured_zone(site: &Site) -> Option<Zone> {
    site.time_zone.as_ref()?.parse().ok()
}

/// Returns the problem of a site that has no zone because that of the machine is not known.
pub fn site_zone_problem(site: &Site, machine: &MachineZone) -> Option<Problem> {
    if configured_zone(site).is_some() { None } else { machine_zone_problem(machine) }
}

/// Raises that problem, or ends it when the zone is configured.
pub(crate) fn update_site_zone_problem(problems: &Problems, site: &Site, machine: &MachineZone) {
    match site_zone_problem(site, machine) {
        Some(problem) => {
            problems.raise(None, "Riser", problem);
        }
        None => problems.clear(None, MACHINE_ZONE_UNKNOWN),
    }
}

#[cfg(test)]
mod tests {
    use riser_calendar::MachineZoneSource;

    use super::*;

    #[test]
    fn the_configured_zone_comes_before_that_of_the_machine() {
        let problem = Some("the time zone of the machine is not known".to_owned());
        let machine = MachineZone { zone: Zone::utc(), source: MachineZoneSource::Fallback, problem };
        let site = |zone: Option<&str>| Site { name: None, time_zone: zone.map(str::to_owned) };
        let paris = site(Some("Europe/Paris"));
        assert_eq!(site_zone(&paris, &machine).name(), "Europe/Paris");
        assert_eq!(site_zone_problem(&paris, &machine), None);
        for without in [site(None), site(Some("Atlantis/Poseidonis"))] {
            assert_eq!(site_zone(&without, &machine), Zone::utc());
            assert_eq!(site_zone_problem(&without, &machine).unwrap().code, MACHINE_ZONE_UNKNOWN);
        }
    }
}
