//! Random rules against croner and against a slow implementation in Python. The example `compare_schedules` does the
//! same with more rules.

#![expect(clippy::unwrap_used, reason = "a failed step ends the test")]

mod compare;
mod croner_time;
mod random_rule;
mod zones;

#[test]
fn random_rules_run_as_in_croner_and_in_python() {
    let zoneinfo = tempfile::tempdir().unwrap();
    zones::write_zoneinfo(zoneinfo.path()).unwrap();
    let summary = compare::compare(90, 1, zoneinfo.path());
    assert_eq!(summary.unexplained.iter().take(10).collect::<Vec<_>>(), [""; 0]);
    assert!(summary.windows_with_croner > 1_000 && summary.times > 10_000);
}
