//! The time zone of the machine and its data in `riser doctor` and `riser status`.

use std::path::Path;
use std::process::Command;

use crate::configuration::ConfigurationFile;
use crate::host::Installation;
use crate::programs::RISER;
use crate::shifted_clock::ShiftedClock;

/// Returns the lines of `riser doctor` about the time zone, and the exit code.
fn doctor(change: impl FnOnce(&mut Command) -> &mut Command) -> (Vec<String>, Option<i32>) {
    let directory = tempfile::tempdir().unwrap();
    let mut riser = Command::new(RISER);
    riser.args(["doctor", "--portal-listen", "127.0.0.1:0", "--data-dir"]).arg(directory.path().join("data"));
    riser.env("TZ", "Europe/Paris").env("TZDIR", "/nonexistent");
    change(&mut riser);
    let output = riser.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (text.lines().filter(|line| line.contains("zone")).map(str::to_owned).collect(), output.status.code())
}

#[test]
fn the_doctor_names_the_zone_and_the_data() {
    let (lines, code) = doctor(|riser| riser);
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert!(line.starts_with("ok     the time zone is Europe/Paris from TZ; zone data 20"), "{line}");
    assert!(line.ends_with(" embedded in Riser"), "{line}");
    assert_eq!(code, Some(0));
}

#[test]
fn a_newer_release_of_the_system_is_used_and_named() {
    let zoneinfo = tempfile::tempdir().unwrap();
    std::fs::write(zoneinfo.path().join("tzdata.zi"), "# version 2099a\n").unwrap();
    let (lines, code) = doctor(|riser| riser.env("TZ", "UTC").env("TZDIR", zoneinfo.path()));
    let expected = format!(
        "ok     the time zone is UTC from TZ; zone data 2099a of the system, in {}",
        zoneinfo.path().display()
    );
    assert_eq!((lines, code), (vec![expected], Some(0)));
    // The directory has no file of this zone.
    let (lines, code) = doctor(|riser| riser.env("TZDIR", zoneinfo.path()));
    let fault = "FAULT  the time zone Europe/Paris cannot be read from ";
    assert!(lines[1].starts_with(fault) && lines[1].contains("Remedy: reinstall"), "{lines:?}");
    assert_eq!(code, Some(1));
}

#[test]
fn an_unknown_zone_and_damaged_data_are_faults() {
    let (lines, code) = doctor(|riser| riser.env("TZ", "Europe/Pari"));
    // The zone of this machine, or UTC when it has none.
    assert!(lines[0].starts_with("ok     the time zone is ") && !lines[0].contains(" from TZ"), "{lines:?}");
    let fault = &lines[1];
    assert!(
        fault.starts_with("FAULT  the time zone ") && fault.contains("Remedy: set the time"),
        "{lines:?}"
    );
    let reason = "TZ: unknown time zone \"Europe/Pari\"; did you mean Europe/Paris?";
    assert!(fault.contains(reason) && fault.contains("Effect: schedules without a time zone"), "{lines:?}");
    assert_eq!((lines.len(), code), (2, Some(1)));

    let zoneinfo = tempfile::tempdir().unwrap();
    std::fs::write(zoneinfo.path().join("tzdata.zi"), "damaged").unwrap();
    let (lines, code) = doctor(|riser| riser.env("TZDIR", zoneinfo.path()));
    assert!(lines[1].starts_with("FAULT  ") && lines[1].contains("tzdata.zi is damaged: "), "{lines:?}");
    assert_eq!((lines.len(), code), (2, Some(1)));
}

#[test]
fn data_that_is_years_old_is_a_fault() {
    let installation = Installation::new(&[]);
    let clock = ShiftedClock::of(&installation);
    clock.set(10 * 366 * 86_400);
    let (lines, code) = doctor(|riser| {
        clock.give_to(riser);
        riser
    });
    assert!(lines[1].starts_with("FAULT  the time zone data of 20"), "{lines:?}");
    assert!(lines[1].contains(" is more than a year old. Effect: "), "{lines:?}");
    assert_eq!((lines.len(), code), (2, Some(1)));
}

#[test]
fn status_names_the_zone_and_an_unknown_one_is_a_problem() {
    let installation = Installation::new(&[]);
    let host = installation.start_in_zone("America/Vancouver", Path::new("/nonexistent"));
    let status = installation.ask(&["status"]).text;
    assert!(status.contains("\nTime zone America/Vancouver from TZ; zone data 20"), "{status}");
    assert!(status.contains("\nProblems\n  none\n"), "{status}");
    host.stop();

    let host = installation.start_in_zone("America/Vancuver", Path::new("/nonexistent"));
    let status = installation.ask(&["status"]).text;
    assert!(!status.contains(" from TZ; zone data 20"), "{status}");
    assert!(
        status.contains("TZ: unknown time zone \"America/Vancuver\"; did you mean America/Vancouver?"),
        "{status}"
    );
    assert!(status.contains("\n    Effect: schedules without"), "{status}");
    let json: serde_json::Value =
        serde_json::from_str(&installation.ask(&["status", "--json"]).text).unwrap();
    assert_ne!(json["time_zone"]["name"], "America/Vancouver");
    assert_ne!(json["time_zone"]["named_by"], "TZ");
    assert_eq!(json["problems"][0]["code"], "time-zone-unknown");
    host.stop();
}

#[test]
fn a_damaged_zone_of_a_schedule_is_a_problem() {
    let installation = Installation::new(&[]);
    let schedule = "[[schedule]]\nname = \"Daily\"\nrule = \"0 9 * * *; zone Europe/Paris\"\n";
    let zoneinfo = installation.path().join("zoneinfo");
    std::fs::create_dir(&zoneinfo).unwrap();
    std::fs::write(zoneinfo.join("tzdata.zi"), "# version 2099a\n").unwrap();
    let host = installation.start_in_zone("UTC", &zoneinfo);
    let problems = || installation.ask(&["problems"]).text;
    assert_eq!(problems(), "none\n");
    installation.apply(&format!("{}{schedule}", ConfigurationFile::new().text()));
    let damaged = "the time zone Europe/Paris cannot be read from ";
    assert!(problems().contains(damaged), "{}", problems());
    host.stop();
    let host = installation.start_in_zone("UTC", &zoneinfo);
    assert!(problems().contains(damaged), "{}", problems());
    host.stop();
}
