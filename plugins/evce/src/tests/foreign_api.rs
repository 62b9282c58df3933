//! A controller that nobody here has seen, by the profile in `PROFILES.md` alone.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use riser_plugin::{PointValue, Processor};
use serde_json::{Value, json};

use super::controller::START_MS;
use super::host::{Running, TestHost};
use crate::logs::Logs;
use crate::setup::Setup;
use crate::status::Status;

/// The gateway in Python, and a host with a connection to it.
pub(super) struct Gateway {
    process: Child,
    base_url: String,
    profile: PathBuf,
    pub(super) host: TestHost,
}

impl Gateway {
    pub(super) fn start(name: &str) -> Self {
        let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign_api/server.py");
        let mut process = Command::new("python3")
            .arg(server)
            .arg(START_MS.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("these tests need python3");
        let mut base_url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut base_url).unwrap();
        let document = include_str!("../../PROFILES.md");
        let example = document.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let profile = std::env::temp_dir().join(format!("riser-evce-{name}-{}.toml", std::process::id()));
        std::fs::write(&profile, example).unwrap();
        Self { process, base_url: base_url.trim().to_owned(), profile, host: TestHost::new() }
    }

    pub(super) fn connection(&self) -> Value {
        json!({
            "base_url": self.base_url, "login": "gateway", "password": "open sesame", "allow_http": true,
            "profile": self.profile,
        })
    }

    fn run<P: Processor>(&self, processor: P) -> Running {
        self.host.run(processor, json!({}), self.connection())
    }

    /// Writes a point and returns the states of the write.
    fn write(&self, point: &str, value: PointValue) -> Vec<String> {
        let write = self.host.write(&[(point, value)])[0];
        self.host.states(write)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It ends with its standard input.
        drop(self.process.stdin.take());
        let _ended = self.process.wait();
        let _gone = std::fs::remove_file(&self.profile);
    }
}

#[test]
fn all_points_and_histories_of_a_foreign_api_are_read_by_a_profile_alone() {
    let gateway = Gateway::start("points");
    let (stages, _) = gateway.host.test_connection(gateway.connection());
    assert!(stages.iter().all(|stage| stage.passed), "{stages:?}");
    assert_eq!(stages[3].finding, "API version 3.2");
    assert_eq!(stages[5].finding, "3 zones, 3 stations, 5 connectors");

    gateway.run(Setup).ended_well();
    let status = gateway.run(Status);
    let shown: HashMap<String, String> = gateway.host.shown_values().into_iter().collect();
    for (point, expected) in [
        ("z10/ZoneName", "North Good"),
        ("z10/ZoneType", "static Good"),
        ("z10/ZoneMaxCurrent(A)", "63 Good"),
        ("z10/ZoneNumberOfTransactions", "1 Good"),
        ("z10/ZoneSetPointPower(kW)", "43 Good"),
        ("z10/ZoneReduction", "0 Good"),
        ("z10/ZoneOverallActivePowerTotal", "4.5015 Good"),
        ("z10/ZoneActiveEnergy", "3703.68 Good"),
        ("z20/ZoneName", "S\u{fc}d Good"),
        ("z20/ZoneType", "dynamic Good"),
        ("z20/ZoneReduction", "20 Good"),
        ("z20/ZoneReductionType(Percentage)", "percentage Good"),
        ("z20/ZoneReductionDescription", "peak@tariff Good"),
        ("z20/ZoneValidityMode(Absolute)", "relative Good"),
        // 6 January 2026, 11:00 UTC.
        ("z20/ZoneValidity", "1767697200000 Good"),
        ("z10/s7/StationType", "ocpp1.6 Good"),
        ("z10/s7/IsAcceptedByCpo", "false Good"),
        ("z10/s7/StationIsConnected", "true Good"),
        ("z10/s7/StationStatus", "available Good"),
        ("z10/s7/StationDisconnectedAuthenticationMode", "reject_all Good"),
        ("z10/s7/c1/ConnectorPhaseConnection", "mono1 Good"),
        ("z10/s7/c1/ConnectorIsFixedSetPoint", "false Good"),
        ("z10/s7/c1/ConnectorMaxCurrentorPower", "32 Good"),
        ("z10/s7/c1/ConnectorOverallActivePower1", "1.5005 Good"),
        ("z10/s7/c1/ConnectorOverallRmsCurrentAverage", "6.522 Good"),
        ("z10/s7/c1/ConnectorActiveEnergy", "1234.56 Good"),
        ("z10/s7/c1/ConnectorState_Charging", "true Good"),
        ("z10/s8/c1/ConnectorState_Faulted", "true Good"),
        ("z20/s9/c2/ConnectorState_Unavailable", "true Good"),
        ("z20/s9/c1/ConnectorIsDC", "true Good"),
        ("z20/s9/c1/ConnectorMaxCurrentorPower", "150 Good"),
        ("z20/s9/c1/ConnectorOverallActivePowerTotal", "3 Good"),
    ] {
        assert_eq!(shown.get(point).map(String::as_str), Some(expected), "{point}");
    }
    // The DC plug has no phases; all other values are there.
    let is_dc = |point: &str| point.starts_with("z20/s9/c1/");
    let of_dc = ["z20/", "Site"];
    for (point, value) in &shown {
        let is_sum_with_dc = of_dc.iter().any(|start| point.starts_with(start)) && point.contains("Overall");
        let is_good = value.ends_with(" Good") || is_dc(point) || is_sum_with_dc;
        assert!(is_good, "{point}: {value}, {}", gateway.host.why(point));
        assert!(!value.ends_with(" Error"), "{point}: {value}");
    }
    assert_eq!(gateway.host.logged("skipped"), [""; 0]);

    let logs = gateway.run(Logs);
    let history = gateway.host.samples("z10/ZoneOverallActivePowerTotal-Readings");
    assert_eq!(history, [("4.5015".to_owned(), START_MS)]);
    logs.stop();
    status.stop();
}

#[test]
fn set_points_of_a_foreign_api_work_with_a_profile_alone() {
    let gateway = Gateway::start("set-points");
    gateway.run(Setup).ended_well();
    let status = gateway.run(Status);
    assert_eq!(gateway.write("z10/ZoneReduction", PointValue::Double(25.0)), ["Sent", "Confirmed"]);
    assert_eq!(gateway.host.shown("z10/ZoneReduction"), "25 Good");
    assert_eq!(gateway.host.shown("z10/ZoneReductionDescription"), "bms@gateway-10 Good");
    assert_eq!(gateway.host.shown("z10/ZoneValidity"), format!("{} Good", START_MS + 15 * 60_000));
    let until = PointValue::DateTimeMs(START_MS + 20 * 60_000);
    assert_eq!(gateway.write("z10/ZoneValidity", until), ["Sent", "Confirmed"]);
    assert_eq!(gateway.write("z10/ZoneReduction", PointValue::Double(0.0)), ["Sent", "Confirmed"]);
    assert_eq!(gateway.host.shown("z10/ZoneReduction"), "0 Good");
    // Another user's.
    assert_eq!(gateway.write("z20/ZoneReduction", PointValue::Double(5.0)), ["Rejected"]);

    let availability = |connector: &str| format!("{connector}/ConnectorAvailability");
    for value in ["inoperative", "operative"] {
        let states = gateway.write(&availability("z10/s7/c2"), value.into());
        assert_eq!(states, ["Sent", "Confirmed"]);
        assert_eq!(gateway.host.shown(&availability("z10/s7/c2")), format!("{value} Good"));
    }
    let states = gateway.write(&availability("z10/s7/c1"), "inoperative".into());
    assert_eq!(states, ["Sent", "Pending"]);
    gateway.host.advance(Duration::from_secs(15));
    status.stop();
}
