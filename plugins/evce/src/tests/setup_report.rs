//! What Setup says about a site that has changed, dry and for real.

use std::time::Duration;

use evce_simulator::Options;
use serde_json::{Value, json};

use super::Site;
use crate::setup::Setup;

/// Runs Setup with these settings. Returns the lines that it logged.
fn run(site: &Site, settings: Value) -> Vec<String> {
    let before = site.host.logged("").len();
    site.run(Setup, settings).ended_well();
    site.host.logged("").split_off(before)
}

/// Adds, renames, moves and removes.
fn change(site: &Site) {
    let add = json!({ "kind": "add_station", "zone": 3, "template": "ac22", "connectors": 2, "ocpp_identifier": "New" });
    for event in [
        add,
        json!({ "kind": "rename_zone", "zone": 2, "name": "Yard" }),
        json!({ "kind": "move_station", "station": 1, "zone": 2 }),
        json!({ "kind": "remove_station", "station": 2 }),
    ] {
        site.controller.apply_event(&event);
    }
}

fn site() -> Site {
    let site = Site::new(Options::default());
    let station = json!({ "kind": "add_station", "zone": 1, "template": "ac22", "ocpp_identifier": "Old" });
    site.controller.apply_event(&station);
    site
}

#[test]
fn a_first_run_lists_what_is_new() {
    let lines = run(&site(), json!({}));
    let new = "new: zone Z1, zone Z2, zone Z3, station EVSimu1 with 1 connector in zone Z1, \
               station Old with 1 connector in zone Z1";
    assert!(lines.contains(&new.to_owned()), "{lines:?}");
    assert!(lines.contains(&"kept: 0 zones, 0 stations, 0 connectors".to_owned()), "{lines:?}");
}

#[test]
fn a_changed_site_is_reported_by_names_dry_and_for_real() {
    let site = site();
    run(&site, json!({}));
    change(&site);
    let (items, dry) = (site.host.items(), run(&site, json!({ "dry_run": true })));
    assert_eq!(site.host.items(), items, "a dry run changes nothing");
    let lines = [
        "would be new: station New with 2 connectors in zone Z3",
        "would be renamed: zone Z2 to Yard",
        "would be moved, with its ids: EVSimu1 from zone Z1 to zone Yard",
        "would be removed: station Old",
        "would stay: 3 zones, 1 station, 1 connector",
    ];
    for line in lines {
        assert!(dry.contains(&line.to_owned()), "{line}: {dry:?}");
    }
    // A station with 2 connectors and 9 histories is new; one with 1 connector vanishes.
    let points = "86 points would be new, 60 would vanish, ";
    assert!(dry.iter().any(|line| line.starts_with(points)), "{dry:?}");
    let real = run(&site, json!({}));
    for line in lines {
        let line = line.replace("would be ", "").replace("would stay", "kept");
        assert!(real.contains(&line), "{line}: {real:?}");
    }
    let summary = real.last().unwrap();
    assert!(summary.contains("1 station moved") && summary.contains(" kept, "), "{summary}");
    let again = run(&site, json!({}));
    assert!(!again.iter().any(|line| line.starts_with("new") || line.starts_with("moved")), "{again:?}");
    assert!(again.contains(&"kept: 3 zones, 2 stations, 3 connectors".to_owned()), "{again:?}");
}

#[test]
fn an_unknown_station_makes_status_ask_for_setup_within_one_poll_and_again_for_the_next() {
    let site = site();
    run(&site, json!({}));
    let status = site.status();
    for count in 1..=2 {
        let station = json!({ "kind": "add_station", "zone": 1, "template": "ac22" });
        site.controller.apply_event(&station);
        site.pass(Duration::from_secs(15));
        assert_eq!(site.host.requested_runs().len(), count, "at once");
        run(&site, json!({}));
        site.pass(Duration::from_secs(15));
        let id = format!("z1/s{}/StationActiveEnergy", count + 2);
        assert!(site.host.shown(&id).ends_with("Good"), "{}", site.host.shown(&id));
    }
    status.stop();
}
