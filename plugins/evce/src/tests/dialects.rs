//! The three dialects of the simulator give the same points, values and set points by their profiles alone.

use std::path::PathBuf;
use std::time::Duration;

use evce_simulator::{Dialect, Fixture, Options};
use riser_plugin::PointValue;
use serde_json::json;

use super::controller::{Controller, START_MS};
use super::host::{Running, TestHost};
use crate::logs::Logs;
use crate::setup::Setup;
use crate::status::Status;

const DIALECTS: [Dialect; 3] = [Dialect::V2A, Dialect::V2B, Dialect::V2C];

/// A controller in a dialect, and a host with a connection that names its profile.
struct DialectSite {
    controller: Controller,
    host: TestHost,
    profile: PathBuf,
}

impl DialectSite {
    fn new(dialect: Dialect, options: Options) -> Self {
        let name = format!("riser-evce-{dialect}-{}-{:?}", std::process::id(), options.fixture);
        let profile = std::env::temp_dir().join(format!("{name}.toml"));
        std::fs::write(&profile, format!("extends = \"{dialect}\"\n")).unwrap();
        let controller = Controller::with_fixed_clock(Options { dialect, ..options });
        Self { controller, host: TestHost::new(), profile }
    }

    fn run<P: riser_plugin::Processor>(&self, processor: P) -> Running {
        self.host.run(processor, json!({}), self.controller.connection_with(&self.profile))
    }

    /// Sets the site up and starts Status.
    fn status(&self) -> Running {
        self.run(Setup).ended_well();
        self.run(Status)
    }

    fn pass(&self, span: Duration) {
        for _ in 0..span.as_secs() / 15 {
            self.controller.advance("15s");
            self.host.advance(Duration::from_secs(15));
        }
    }
}

impl Drop for DialectSite {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.profile);
    }
}

/// Returns the tree with its values, and the log, after two polls.
fn shown(dialect: Dialect, fixture: Fixture) -> (Vec<String>, Vec<String>) {
    let site = DialectSite::new(dialect, Options { fixture, ..Options::default() });
    for template in ["dc50", "fixed"] {
        let station = json!({ "kind": "add_station", "zone": 2, "template": template, "connectors": 2 });
        site.controller.apply_event(&station);
    }
    let status = site.status();
    let logs = site.run(Logs);
    site.pass(Duration::from_secs(15));
    let shown = (site.host.shown_tree(), site.host.logged("skipped"));
    logs.stop();
    status.stop();
    assert_eq!(site.controller.sessions(), 0, "{dialect}: all sessions are returned");
    shown
}

#[test]
fn every_dialect_gives_the_same_tree_and_values() {
    for fixture in [Fixture::F1, Fixture::F2] {
        let (tree, skipped) = shown(Dialect::V2A, fixture);
        assert!(tree.len() > 100 && skipped.is_empty(), "{fixture}: {} items, {skipped:?}", tree.len());
        for dialect in [Dialect::V2B, Dialect::V2C] {
            let (other, skipped) = shown(dialect, fixture);
            assert_eq!(skipped, [""; 0], "{fixture} {dialect}");
            for (line, expected) in other.iter().zip(&tree) {
                assert_eq!(line, expected, "{fixture} {dialect}");
            }
            assert_eq!(other.len(), tree.len(), "{fixture} {dialect}");
        }
    }
}

#[test]
fn set_points_are_written_confirmed_renewed_and_removed_in_every_dialect() {
    for dialect in DIALECTS {
        let site = DialectSite::new(dialect, Options::default());
        let status = site.status();
        let write = |point: &str, value: PointValue| site.host.write(&[(point, value)])[0];
        let sent = |write| {
            assert_eq!(
                site.host.states(write),
                ["Sent", "Confirmed"],
                "{dialect}: {}",
                site.host.reason(write)
            );
        };
        sent(write("z1/ZoneReduction", PointValue::Double(25.0)));
        assert_eq!(site.host.shown("z1/ZoneReduction"), "25 Good", "{dialect}");
        let until = START_MS + 15 * 60_000;
        assert_eq!(site.host.shown("z1/ZoneValidity"), format!("{until} Good"), "{dialect}");
        let description = site.host.shown("z1/ZoneReductionDescription");
        assert_eq!(description, "external-reduction@bmsApi-1-Z1 Good", "{dialect}");
        // Renewed after a third of its validity.
        site.pass(Duration::from_mins(6));
        let renewed = until + 5 * 60_000;
        let shown = site.host.shown("z1/ZoneValidity");
        let (shown_ms, _) = shown.split_once(' ').unwrap();
        assert!((shown_ms.parse::<i64>().unwrap() - renewed).abs() <= 60_000, "{dialect}: {shown}");
        sent(write("z1/ZoneReduction", PointValue::Double(0.0)));
        assert_eq!(site.host.shown("z1/ZoneReduction"), "0 Good", "{dialect}");

        for value in ["inoperative", "operative"] {
            sent(write("z1/s1/c1/ConnectorAvailability", value.into()));
            let shown = site.host.shown("z1/s1/c1/ConnectorAvailability");
            assert_eq!(shown, format!("{value} Good"), "{dialect}");
        }
        status.stop();
    }
}

#[test]
fn a_change_during_a_session_is_pending_in_every_dialect() {
    for dialect in DIALECTS {
        let site = DialectSite::new(dialect, Options::default());
        let status = site.status();
        site.controller.apply_event(&json!({ "kind": "plug_in", "station": 1, "connector": 1 }));
        site.pass(Duration::from_mins(1));
        let write = site.host.write(&[("z1/s1/c1/ConnectorAvailability", "inoperative".into())])[0];
        assert_eq!(site.host.states(write), ["Sent", "Pending"], "{dialect}");
        site.controller.apply_event(&json!({ "kind": "link_loss", "station": 1 }));
        site.pass(Duration::from_mins(1));
        let write = site.host.write(&[("z1/s1/c1/ConnectorAvailability", "operative".into())])[0];
        let states = site.host.states(write);
        assert!(
            states.last().is_some_and(|state| state == "Confirmed" || state == "Pending"),
            "{dialect}: {states:?}"
        );
        status.stop();
    }
}

#[test]
fn a_session_that_ends_is_renewed_and_a_wrong_password_is_named_in_every_dialect() {
    for dialect in DIALECTS {
        let site = DialectSite::new(dialect, Options::default());
        let status = site.status();
        site.controller.revoke_tokens();
        site.pass(Duration::from_mins(1));
        assert_eq!(site.host.shown("z1/ZoneOverallActivePowerTotal"), "0.133 Good", "{dialect}");
        assert_eq!(site.host.problems(), [""; 0], "{dialect}");
        status.stop();

        let mut wrong = site.controller.connection_with(&site.profile);
        wrong["password"] = json!("wrong");
        let (stages, _) = site.host.test_connection(wrong);
        let finding = &stages.last().unwrap().finding;
        assert!(finding.contains("refused login and password"), "{dialect}: {finding}");
    }
}

/// The names of a login, of a list, and of fields of connectors in a dialect.
struct Names {
    dialect: Dialect,
    login: &'static str,
    stations: &'static str,
    connectors: &'static str,
    energy: &'static str,
    status: &'static str,
}

const NAMES: [Names; 3] = [
    Names {
        dialect: Dialect::V2A,
        login: "/login",
        stations: "/stations",
        connectors: "/stations",
        energy: "activeEnergy",
        status: "connectors/status",
    },
    Names {
        dialect: Dialect::V2B,
        login: "/oauth/token",
        stations: "/Stations",
        connectors: "/Stations",
        energy: "EnergyKiloWattHours",
        status: "Outlets/State",
    },
    Names {
        dialect: Dialect::V2C,
        login: "/session",
        stations: "/zone/1/station",
        connectors: "/station/1/connector/1",
        energy: "wh",
        status: "state",
    },
];

#[test]
fn lost_sessions_and_too_many_are_different_problems_in_every_dialect() {
    for Names { dialect, login, stations, .. } in NAMES {
        let site = DialectSite::new(dialect, Options::default());
        let status = site.status();
        let error = |status: u16, code: &str, path: &str, count: u8| {
            let kind = "error";
            json!({ "kind": kind, "status": status, "code": code, "path": path, "count": count })
        };
        for lost in [error(401, "INVALID_SESSION", stations, 1), error(403, "TOKEN_EXPIRED", stations, 1)] {
            site.controller.fault(&lost);
            site.pass(Duration::from_secs(15));
            assert_eq!(site.host.problems(), [""; 0], "{dialect}");
        }
        site.controller.fault(&error(401, "INVALID_SESSION", stations, 2));
        site.pass(Duration::from_secs(15));
        assert_eq!(site.host.problems(), ["session-lost"], "{dialect}");
        site.pass(Duration::from_secs(45));
        assert_eq!(site.host.problems(), [""; 0], "{dialect}");
        site.controller.revoke_tokens();
        site.controller.fault(&error(403, "TOO_MANY_SESSIONS", login, 1));
        site.pass(Duration::from_secs(15));
        assert_eq!(site.host.problems(), ["too-many-sessions"], "{dialect}");
        site.pass(Duration::from_secs(45));
        assert_eq!(site.host.problems(), [""; 0], "{dialect}");
        assert_eq!(site.host.shown("z1/ZoneOverallActivePowerTotal"), "0.133 Good", "{dialect}");
        status.stop();
    }
}

#[test]
fn a_number_that_overflows_and_an_unknown_word_are_errors_of_their_points_in_every_dialect() {
    for Names { dialect, connectors, energy, status: word, .. } in NAMES {
        let site = DialectSite::new(dialect, Options::default());
        let status = site.status();
        for (field, raw) in [(energy, "1e999"), (word, "\"melted\"")] {
            let fault = json!({ "kind": "set_field", "field": field, "raw": raw, "path": connectors });
            site.controller.fault(&fault);
        }
        site.pass(Duration::from_secs(15));
        for (point, text) in [("ConnectorActiveEnergy", "1e999"), ("ConnectorState_Charging", "\"melted\"")] {
            let point = format!("z1/s1/c1/{point}");
            let (shown, why) = (site.host.shown(&point), site.host.why(&point));
            assert!(shown.ends_with(" Error") && why.contains(text), "{dialect}: {point} {shown} {why}");
        }
        assert_eq!(site.host.shown("z1/s1/c1/ConnectorOverallActivePower1"), "0.133 Good", "{dialect}");
        status.stop();
    }
}
