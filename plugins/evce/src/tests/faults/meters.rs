//! Energy registers that fall, and restarts.

use std::time::Duration;

use serde_json::json;

use super::{POLL, Site, ZONE_ENERGY};
use crate::status::Status;

fn kwh(shown: &str) -> f64 {
    shown.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_sum_continues_over_a_new_meter_and_a_rollover() {
    for register in [json!({ "kind": "swap_meter" }), json!({ "kind": "set_register", "energy_wh": 500 })] {
        let site = Site::set_up();
        let status = site.status();
        assert_eq!(site.host.shown(ZONE_ENERGY), "12.345 Good");
        let mut event = register.clone();
        (event["station"], event["connector"]) = (json!(1), json!(1));
        site.controller.apply_event(&event);
        site.pass(POLL);
        assert_eq!(site.host.shown(ZONE_ENERGY), "12.345 Uncertain", "{register}");
        assert!(site.host.shown("z1/s1/c1/ConnectorActiveEnergy").ends_with(" Uncertain"), "{register}");
        let problem = site.host.problem("energy-register").unwrap();
        assert!(problem.what.contains("fell from 12.345 to"), "{problem:?}");
        site.pass(POLL);
        assert_eq!(site.host.shown(ZONE_ENERGY), "12.345 Good", "{register}");
        // The energy that the new meter counts is added.
        let begin = if register["energy_wh"].is_null() { 0 } else { 500 };
        site.controller.apply_event(
            &json!({ "kind": "set_register", "station": 1, "connector": 1, "energy_wh": begin + 1_000 }),
        );
        site.pass(POLL);
        assert_eq!(site.host.shown(ZONE_ENERGY), "13.345 Good", "{register}");
        status.stop();
    }
}

#[test]
fn the_message_about_a_register_ends_after_a_day() {
    let site = Site::set_up();
    let status = site.run(Status, json!({ "interval": "300 s", "validity": "24 h", "offline_after": "1 h" }));
    site.controller.apply_event(&json!({ "kind": "swap_meter", "station": 1, "connector": 1 }));
    site.host.advance(Duration::from_hours(23));
    assert!(site.host.problem("energy-register").is_some());
    site.host.advance(Duration::from_hours(2));
    assert!(site.host.problem("energy-register").is_none());
    status.stop();
}

#[test]
fn a_false_reading_of_0_does_not_count_the_energy_twice() {
    let site = Site::set_up();
    let status = site.status();
    site.controller.fault(
        &json!({ "kind": "set_field", "field": "activeEnergy", "raw": "0", "path": "/stations", "count": 2 }),
    );
    site.pass(POLL * 2);
    assert!(site.host.shown(ZONE_ENERGY).starts_with("12.345 "));
    site.pass(POLL);
    assert_eq!(site.host.shown(ZONE_ENERGY), "12.345 Good");
    status.stop();
}

#[test]
fn registers_survive_a_restart_while_a_station_is_away() {
    let site = Site::with_stations(&["ac22"]);
    let status = site.status();
    site.controller.apply_event(&json!({ "kind": "swap_meter", "station": 1, "connector": 1 }));
    site.pass(POLL * 2);
    let before = site.host.shown(ZONE_ENERGY);
    assert!(before.ends_with(" Good") && kwh(&before) > 12.345, "{before}");
    status.stop();
    // A controller may send no numbers for a station without a link.
    site.controller.apply_event(&json!({ "kind": "link_loss", "station": 2 }));
    site.controller.fault(&json!({ "kind": "remove_field", "field": "measures", "station": 2 }));
    let status = site.status();
    assert_eq!(site.host.shown(ZONE_ENERGY), before.replace("Good", "Uncertain"));
    site.controller.end_faults();
    site.controller.apply_event(&json!({ "kind": "link_back", "station": 2 }));
    site.pass(POLL);
    assert_eq!(site.host.shown(ZONE_ENERGY), before);
    status.stop();
    // Lists that are short after a restart lose no register.
    site.controller.fault(&json!({ "kind": "empty_list", "path": "/stations", "for": "30s" }));
    let status = site.status();
    assert_eq!(site.host.shown(ZONE_ENERGY), before.replace("Good", "Uncertain"));
    site.pass(POLL * 3);
    assert_eq!(site.host.shown(ZONE_ENERGY), before);
    status.stop();
}
