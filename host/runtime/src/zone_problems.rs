//! Problems with the time zone of the machine and with time zone data.

use riser_calendar::{MachineZone, ZoneDatabase, ZoneRelease};
use riser_domain::{Problem, Timestamp};

use crate::problems::Problems;

pub(crate) const MACHINE_ZONE_UNKNOWN: &str = "time-zone-unknown";
const DAMAGED: &str = "time-zone-data-damaged";
const OLD: &str = "time-zone-data-old";

/// Returns the problem of a machine whose zone is not known, or not that of its first setting.
pub(crate) fn machine_zone_problem(machine: &MachineZone) -> Option<Problem> {
    let MachineZone { zone, problem, .. } = machine;
    problem.as_ref().map(|reason| Problem {
        code: MACHINE_ZONE_UNKNOWN.to_owned(),
        what: reason.clone(),
        effect: format!(
            "schedules without a time zone run by {zone}, and the portal and EWS read local times as {zone}"
        ),
        remedy: "set the time zone of the site ([site] time_zone in a file for `riser apply`), or that of the machine \
                 (timedatectl set-timezone Europe/Paris) and restart Riser"
            .to_owned(),
        setting: None,
    })
}

/// Returns the problems with the zone data, as far as it has been read.
pub fn zone_data_problems(database: &ZoneDatabase, now: Timestamp) -> Vec<Problem> {
    let damaged = database.problem().map(|reason| Problem {
        code: DAMAGED.to_owned(),
        what: reason,
        effect: "rules that changed after the copy in Riser are not known".to_owned(),
        remedy: "reinstall the time zone data of the system (package tzdata), and restart Riser".to_owned(),
        setting: None,
    });
    let release = database.release();
    let old = release.is_older_than_a_year(now).then(|| outdated(release));
    damaged.into_iter().chain(old).collect()
}

/// Raises the problems with the zone data, and ends those that are over: the clock may have been wrong.
pub(crate) fn update_zone_data_problems(problems: &Problems, database: &ZoneDatabase, now: Timestamp) {
    let found = zone_data_problems(database, now);
    for code in [DAMAGED, OLD] {
        if found.iter().all(|problem| problem.code != code) {
            problems.clear(None, code);
        }
    }
    for problem in found {
        problems.raise(None, "Riser", problem);
    }
}

fn outdated(release: &ZoneRelease) -> Problem {
    Problem {
        code: OLD.to_owned(),
        what: format!("the time zone data of {} is more than a year old", release.version),
        effect: "schedules run an hour wrong in zones whose rules changed since".to_owned(),
        remedy: "update the package tzdata, or Riser, and restart Riser".to_owned(),
        setting: None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use riser_calendar::{MachineZoneSource, Zone};
    use riser_domain::FakeClock;

    use super::*;
    use crate::changes::Changes;

    #[test]
    fn a_zone_that_is_not_set_is_a_problem() {
        let mut zone = MachineZone { zone: Zone::utc(), source: MachineZoneSource::Localtime, problem: None };
        assert_eq!(machine_zone_problem(&zone), None);
        zone.problem = Some("the time zone of the machine is not known".to_owned());
        assert_eq!(machine_zone_problem(&zone).unwrap().code, "time-zone-unknown");
    }

    #[test]
    fn old_data_is_a_problem_until_the_clock_is_right() {
        let database = ZoneDatabase::choose(Path::new("/nonexistent"));
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let problems = Problems::new(Arc::new(FakeClock::at(at("2026-11-28T00:00:00Z"))), Changes::new());
        let codes = |now: &str| {
            update_zone_data_problems(&problems, &database, at(now));
            problems.list().into_iter().map(|raised| raised.problem.code).collect::<Vec<_>>()
        };
        assert!(codes("2026-11-28T00:00:00Z").is_empty());
        assert_eq!(codes("2040-01-01T00:00:00Z"), [OLD]);
        assert!(codes("2026-11-28T06:00:00Z").is_empty());
    }

    #[test]
    fn a_damaged_zone_is_a_problem_once_it_was_read() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("tzdata.zi"), "# version 2099a\n").unwrap();
        let database = ZoneDatabase::choose(directory.path());
        let now = "2026-11-28T00:00:00Z".parse().unwrap();
        assert_eq!(zone_data_problems(&database, now), []);
        database.zone("Europe/Paris").unwrap();
        let [damaged] = &zone_data_problems(&database, now)[..] else { panic!("there is one problem") };
        assert_eq!(damaged.code, DAMAGED);
        assert!(damaged.what.contains("Europe/Paris"), "{}", damaged.what);
    }
}
