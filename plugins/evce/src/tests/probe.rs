//! The probe on the simulator's dialects and on a foreign API, and its recordings.

use std::path::PathBuf;

use evce_simulator::{Dialect, Fixture, Options};
use serde_json::{Value, json};

use super::controller::Controller;
use super::foreign_api::Gateway;
use super::host::{Running, TestHost};
use super::replay::Replay;
use crate::client::Recording;
use crate::probe::Probe;
use crate::setup::Setup;
use crate::wire::Profile;

/// A file that is removed with this value.
struct TestFile(PathBuf);

impl TestFile {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("riser-evce-probe-{}-{name}", std::process::id())))
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap()
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.0);
    }
}

fn probe(host: &TestHost, settings: Value, connection: Value) -> Running {
    host.run(Probe, settings, connection)
}

#[test]
fn the_probe_finds_the_dialect_with_all_its_fields_and_plausible_units() {
    for dialect in [Dialect::V2A, Dialect::V2B, Dialect::V2C] {
        let options = Options { fixture: Fixture::F2, dialect, ..Options::default() };
        let controller = Controller::with_fixed_clock(options);
        let host = TestHost::new();
        probe(&host, json!({}), controller.connection()).ended_well();
        assert_eq!(host.logged(&format!("profile {dialect}:")).len(), 1, "{:?}", host.logged(""));
        assert_eq!(host.logged("3 zones, 50 stations, 100 connectors").len(), 1);
        assert_eq!(host.logged("does not fit"), [""; 0]);
        assert_eq!(host.logged("unknown words"), [""; 0]);
        let table = host.logged("connector.power_phase1");
        assert!(table[0].contains("100 of 100") && table[0].ends_with("plausible"), "{table:?}");
        // Only phases and totals that another dialect has are missing.
        let missing = host.logged("not found: ");
        let is_expected = |line: &String| {
            ["power_total", "current_per_phase", "station_id", "reduction."]
                .iter()
                .any(|field| line.contains(field))
        };
        assert!(missing.iter().all(is_expected), "{dialect}: {missing:?}");
        assert_eq!(controller.sessions(), 0, "{dialect}");
    }
}

#[test]
fn a_recording_has_no_secrets_and_gives_the_same_tree_when_it_is_replayed() {
    for dialect in [Dialect::V2A, Dialect::V2B, Dialect::V2C] {
        let controller = Controller::with_fixed_clock(Options { dialect, ..Options::default() });
        let file = TestFile::new(&format!("{dialect}.json"));
        let host = TestHost::new();
        probe(&host, json!({ "record": file.0 }), controller.connection()).ended_well();
        let text = file.text();
        let password = controller.connection()["password"].as_str().unwrap().to_owned();
        assert!(!text.contains(&password), "{dialect}");
        let recording: Recording = serde_json::from_str(&text).unwrap();

        let profile = TestFile::new(&format!("{dialect}.toml"));
        std::fs::write(&profile.0, format!("extends = \"{dialect}\"")).unwrap();
        let live = TestHost::new();
        live.run(Setup, json!({}), controller.connection_with(&profile.0)).ended_well();
        let replayed = TestHost::new();
        let replay = Replay::serve(recording);
        let connection = json!({
            "base_url": replay.base_url, "login": "bmsApi", "password": "any", "allow_http": true,
            "profile": profile.0,
        });
        replayed.run(Setup, json!({}), connection).ended_well();
        assert_eq!(replayed.shown_tree(), live.shown_tree(), "{dialect}");
    }
}

#[test]
fn a_wrong_unit_an_unknown_word_and_a_missing_field_are_shown() {
    let controller = Controller::with_fixed_clock(Options { fixture: Fixture::F2, ..Options::default() });
    let profile = TestFile::new("wrong.toml");
    let text = "[connector]\nenergy = \"/measures/kWh\"\n[connector.power_phase1]\nper_unit = 1\n\
                [connector.power_phase2]\nper_unit = 1\n[connector.power_phase3]\nper_unit = 1\n\
                [connector.status]\nwords.charging = \"Occupied\"\n";
    std::fs::write(&profile.0, text).unwrap();
    let init = TestFile::new("wrong-init.toml");
    let host = TestHost::new();
    probe(&host, json!({ "init": init.0 }), controller.connection_with(&profile.0)).ended_well();
    let power = host.logged("connector.power_phase1");
    assert!(power[0].contains("times too large: wrong unit?"), "{power:?}");
    assert_eq!(host.logged("not found: connector.energy in 100 of 100 (/measures/kWh)").len(), 1);
    assert_eq!(host.logged("unknown words: connector.status: charging").len(), 1);
    assert_eq!(host.logged("not used: GET /stations /0/connectors/0/measures/activeEnergy").len(), 1);
    let skeleton = init.text();
    assert!(
        skeleton.contains("# connector.energy = \"/…\" # looked at /measures/kWh; perhaps "),
        "{skeleton}"
    );
    assert!(skeleton.contains("/measures/activeEnergy"), "{skeleton}");
}

#[test]
fn a_first_profile_is_a_valid_profile_and_no_file_is_overwritten() {
    let controller = Controller::with_fixed_clock(Options::default());
    let init = TestFile::new("first.toml");
    let host = TestHost::new();
    probe(&host, json!({ "init": init.0 }), controller.connection()).ended_well();
    assert!(init.text().contains("\nextends = \"v2-a\"\n"), "{}", init.text());
    Profile::with_file(&init.0).unwrap();
    let refused = probe(&host, json!({ "init": init.0 }), controller.connection()).failure();
    assert!(refused.what.contains("cannot write"), "{}", refused.what);
}

#[test]
fn a_foreign_api_fits_no_known_profile_and_its_own_fits() {
    let gateway = Gateway::start("probe");
    let mut unknown = gateway.connection();
    unknown["profile"] = Value::Null;
    let init = TestFile::new("foreign.toml");
    let failure = probe(&gateway.host, json!({ "init": init.0 }), unknown).failure();
    assert!(failure.what.contains("no known profile fits"), "{}", failure.what);
    for name in ["v2-a", "v2-b", "v2-c"] {
        assert_eq!(gateway.host.logged(&format!("{name}: no login: ")).len(), 1, "{name}");
    }
    assert!(init.text().contains("extends = \"none\"\n"), "{}", init.text());
    Profile::with_file(&init.0).unwrap();

    probe(&gateway.host, json!({}), gateway.connection()).ended_well();
    assert_eq!(gateway.host.logged("3 zones, 3 stations, 5 connectors").len(), 1);
    let share = gateway.host.logged("reduction.percent");
    assert!(share[0].contains("1 of 1") && share[0].contains("0.8 = 20"), "{share:?}");
    assert_eq!(gateway.host.logged("not used"), [""; 0]);
}
