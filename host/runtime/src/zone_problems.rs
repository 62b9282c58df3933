//! Problems with the time zone of the machine and with time zone data.

use riser_calendar::{MachineZone, ZoneDatabase, ZoneRelease};
use riser_domain::{Problem, Timestamp};

/// Returns the problems with the zone and the data in use.
pub(crate) fn zone_problems(zone: &MachineZone, database: &ZoneDatabase, now: Timestamp) -> Vec<Problem> {
    let unknown = zone.problem.as_ref().map(|reason| Problem {
        code: "time-zone-unknown".to_owned(),
        what: reason.clone(),
        effect: "schedules without a time zone run by UTC, and the portal and EWS read local times as UTC"
            .to_owned(),
        remedy: "set the time zone of the machine, or TZ in the environment of Riser, and restart Riser"
            .to_owned(),
        setting: None,
    });
    let damaged = database.problem().map(|reason| Problem {
        code: "time-zone-data-damaged".to_owned(),
        what: reason,
        effect: "rules that changed after the copy in Riser are not known".to_owned(),
        remedy: "reinstall the package tzdata, and restart Riser".to_owned(),
        setting: None,
    });
    let release = database.release();
    let old = release.is_older_than_a_year(now).then(|| outdated(release));
    [unknown, damaged, old].into_iter().flatten().collect()
}

fn outdated(release: &ZoneRelease) -> Problem {
    Problem {
        code: "time-zone-data-old".to_owned(),
        what: format!("the time zone data of {} is more than a year old", release.version),
        effect: "schedules run an hour wrong in zones whose rules changed since".to_owned(),
        remedy: "update the package tzdata, or Riser, and restart Riser".to_owned(),
        setting: None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use riser_calendar::{MachineZoneSource, Zone};

    use super::*;

    fn codes(zone: &MachineZone, now: &str) -> Vec<String> {
        let database = ZoneDatabase::choose(Path::new("/nonexistent"));
        zone_problems(zone, &database, now.parse().unwrap()).into_iter().map(|it| it.code).collect()
    }

    #[test]
    fn a_zone_that_is_not_set_and_old_data_are_problems() {
        let mut zone = MachineZone { zone: Zone::utc(), source: MachineZoneSource::Localtime, problem: None };
        assert!(codes(&zone, "2026-11-28T00:00:00Z").is_empty());
        zone.problem = Some("the time zone of the machine is not known".to_owned());
        assert_eq!(codes(&zone, "2026-11-28T00:00:00Z"), ["time-zone-unknown"]);
        assert_eq!(codes(&zone, "2040-01-01T00:00:00Z"), ["time-zone-unknown", "time-zone-data-old"]);
    }
}
