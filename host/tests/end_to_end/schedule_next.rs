//! `riser schedule next`: the next times of each kind of rule, and rules that it refuses.

use std::process::{Command, Output};

use serde_json::Value;

use crate::programs::RISER;

/// Runs the command in a zone, with nothing but its arguments.
fn next(zone: &str, arguments: &[&str]) -> Output {
    let mut riser = Command::new(RISER);
    riser.args(["schedule", "next"]).args(arguments).env("TZ", zone).env("TZDIR", "/nonexistent");
    // A Riser of this machine has no part in this.
    riser.env("RISER_DATA_DIR", "/nonexistent");
    riser.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Returns the times of a rule in UTC.
#[track_caller]
fn times(rule: &str, arguments: &[&str]) -> Vec<String> {
    let output = next("Europe/Berlin", &[&[rule, "--json"], arguments].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let times = report["times"].as_array().unwrap().iter();
    times.map(|time| time["at"].as_str().unwrap().replace(":00.000Z", "Z")).collect()
}

#[track_caller]
fn refuse(arguments: &[&str]) -> String {
    let output = next("Europe/Berlin", arguments);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
    text(&output.stderr).to_owned()
}

#[test]
fn each_kind_of_rule_has_its_next_times() {
    for (rule, expected) in [
        ("every 15 min", ["2026-12-15T00:15Z", "2026-12-15T00:30Z"]),
        ("weekly on Mon-Fri at 07:00", ["2026-12-15T06:00Z", "2026-12-16T06:00Z"]),
        ("monthly on last at 06:00", ["2026-12-31T05:00Z", "2027-01-31T05:00Z"]),
        ("monthly on 2nd Tue, last Fri at 06:00", ["2026-12-25T05:00Z", "2027-01-12T05:00Z"]),
        ("0 6 * JAN-MAR MON", ["2027-01-04T05:00Z", "2027-01-11T05:00Z"]),
        ("cron 0 30 5/12 * * *", ["2026-12-15T04:30Z", "2026-12-15T16:30Z"]),
        ("weekly on Tue at 07:00; zone Asia/Tokyo", ["2026-12-21T22:00Z", "2026-12-28T22:00Z"]),
        (
            "0 9 * * *; except 2026-12-15..2026-12-19; from 2026-12-01",
            ["2026-12-20T08:00Z", "2026-12-21T08:00Z"],
        ),
    ] {
        assert_eq!(times(rule, &["--after", "2026-12-15T00:00:00Z", "-n", "2"]), expected, "{rule}");
    }
}

#[test]
fn seven_in_vancouver_on_2026_12_15_is_14_utc() {
    let rule = "weekly on Mon-Fri at 07:00";
    let arguments = [rule, "--zone", "america/vancouver", "--after", "2026-12-15T00:00", "-n", "1"];
    let output = next("Europe/Berlin", &arguments);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    let mut lines = printed.lines();
    assert_eq!(lines.next(), Some("weekly on Mon-Fri at 07:00; zone America/Vancouver"));
    let source = lines.next().unwrap();
    assert!(source.starts_with("Time zone America/Vancouver from --zone; zone data 20"), "{source}");
    assert!(source.ends_with(" embedded in Riser"), "{source}");
    let table = [
        "",
        "LOCAL TIME                          UTC",
        "Tue 2026-12-15 07:00:00 -07:00 MST  2026-12-15T14:00:00Z",
    ];
    assert_eq!(lines.collect::<Vec<_>>(), table);
}

#[test]
fn a_rule_without_a_zone_takes_that_of_the_machine() {
    let printed = |zone| text(&next(zone, &["0 9 * * *", "--after", "2026-12-15"]).stdout).to_owned();
    let berlin = printed("Europe/Berlin");
    assert!(berlin.contains("\nTime zone Europe/Berlin from TZ; "), "{berlin}");
    assert_eq!(berlin.matches(" 09:00:00 +01:00 CET ").count(), 5, "{berlin}");
    assert!(printed("America/New_York").contains("2026-12-15T14:00:00Z"));
}

#[test]
fn a_machine_without_a_known_zone_is_a_warning() {
    let output = next("Europe/Berlim", &["0 9 * * *"]);
    assert!(output.status.success());
    let printed = text(&output.stdout);
    assert!(printed.contains("\nTime zone ") && !printed.contains(" from TZ"), "{printed}");
    let warning = text(&output.stderr);
    assert!(warning.starts_with("warning: the time zone "), "{warning}");
    assert!(
        warning.contains("(TZ: unknown time zone \"Europe/Berlim\"; did you mean Europe/Berlin?"),
        "{warning}"
    );
    assert!(warning.contains(". Remedy: set the time zone"), "{warning}");
    // The zone of the machine has no part in this.
    assert!(next("Europe/Berlim", &["0 9 * * *", "--zone", "Europe/Paris"]).stderr.is_empty());
    assert!(next("Europe/Berlim", &["0 9 * * *; zone Europe/Paris"]).stderr.is_empty());
}

#[test]
fn a_time_to_begin_at_is_local_or_has_an_offset() {
    for after in
        ["2026-10-25T02:00", "2026-10-25 02:00:00", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00+02:00"]
    {
        let repeated = times("30 * * * *", &["--after", after, "-n", "2"]);
        assert_eq!(repeated, ["2026-10-25T00:30Z", "2026-10-25T01:30Z"], "{after}");
    }
    let local = times("0 9 * * *", &["--zone", "Asia/Tokyo", "--after", "2026-12-15T08:59", "-n", "1"]);
    assert_eq!(local, ["2026-12-15T00:00Z"]);
}

#[test]
fn a_rule_that_ends_says_so() {
    let output = next("UTC", &["0 9 * * *; until 2026-12-15", "--after", "2026-12-15"]);
    let printed = text(&output.stdout);
    assert!(printed.contains("2026-12-15T09:00:00Z\nThe rule has no later time.\n"), "{printed}");
    let output = next("UTC", &["0 9 * * *; until 2026-12-15", "--after", "2027-01-01"]);
    assert!(output.status.success() && text(&output.stdout).ends_with("\n\nThe rule has no later time.\n"));
}

#[test]
fn a_rule_that_cannot_run_is_refused_with_the_reason() {
    let long = format!("{}1 * * * *", "1,".repeat(5_000));
    for (rule, reason) in [
        ("0 9 * * *; zone Europe/Pari", "unknown time zone \"Europe/Pari\"; did you mean Europe/Paris?"),
        ("0 9 31 4 *", "no such date: \"0 9 31 4 *; zone Europe/Berlin\" never runs"),
        (&long, "a schedule rule has at most 1024 bytes, not 10009"),
        ("every 999 ms", "a schedule runs once a second at most: make the time span 1 s or longer"),
        ("every 0 s", "a schedule runs once a second at most: make the time span 1 s or longer"),
        ("0 9 * * *; from 2026-12-02; until 2026-12-01", "no such date: the rule ends before it begins"),
        (
            "0 9 * * 5-1,3",
            "\"5-1\" cannot be read: the range runs backwards over the end of the week; write 5-7,1",
        ),
        (
            "yearly on 2026-12-24",
            "unknown kind of schedule \"yearly on 2026-12-24\"; write \"every 15 min\", \"weekly on Mon-Fri at 07:00\", \
             \"monthly on 1, last at 06:00\", or a cron expression such as \"0 6 * * 1-5\". The name of a stored \
             schedule cannot be looked up: there is no Riser data in /nonexistent; start Riser with `riser serve`, or \
             name another data directory with `--data-dir`",
        ),
    ] {
        assert_eq!(refuse(&[rule]), format!("riser: {reason}\n"), "{rule}");
    }
    assert!(refuse(&["\u{1b}[31m"]).starts_with("riser: a cron expression has 5 fields "));
    assert!(refuse(&["x\u{1b}[31m"]).starts_with("riser: unknown kind of schedule \"x\\u{1b}[31m\""));
}

#[test]
fn wrong_options_are_refused_by_name() {
    let rule = "0 9 * * *";
    for (arguments, reason) in [
        (["--zone", "vancouver"], "--zone: unknown time zone \"vancouver\"; did you mean America/Vancouver?"),
        (
            ["--after", "tomorrow"],
            "--after: \"tomorrow\" cannot be read: write a date that exists, such as 2026-12-01",
        ),
        (
            ["--after", "2026-12-15T25:00"],
            "--after: \"2026-12-15T25:00\" cannot be read: write a date such as 2026-12-01, a local time such as \
             2026-12-01T06:00, or a moment such as 2026-12-01T05:00:00Z",
        ),
    ] {
        assert_eq!(refuse(&[&[rule], &arguments[..]].concat()), format!("riser: {reason}\n"));
    }
    let both = refuse(&["0 9 * * *; zone Europe/Paris", "--zone", "Asia/Tokyo"]);
    let reason = "the rule names the time zone Europe/Paris, and --zone another one: leave out one of them";
    assert_eq!(both, format!("riser: {reason}\n"));
    for count in ["0", "1001", "-1", "five"] {
        let output = next("UTC", &[rule, "-n", count]);
        assert_eq!(output.status.code(), Some(2), "{count}");
    }
    assert_eq!(times("every 1 s", &["-n", "1000"]).len(), 1_000);
}
