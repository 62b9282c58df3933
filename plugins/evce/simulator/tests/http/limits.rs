//! Limits that load management always keeps.

use std::collections::HashMap;

use evce_simulator::{Fixture, Options};
use serde_json::{Value, json};

use crate::client::Site;

/// Hundredths of an ampere drawn from each phase of each zone.
fn drawn_ca(state: &Value) -> HashMap<u64, [u64; 3]> {
    let mut zones = HashMap::new();
    for station in state["stations"].as_array().unwrap() {
        let drawn: &mut [u64; 3] = zones.entry(station["zone"].as_u64().unwrap()).or_default();
        for outlet in station["connectors"].as_array().unwrap() {
            // Stand-by current is outside of load management.
            if outlet["session"]["stage"] == "drawing" {
                for (phase, drawn) in drawn.iter_mut().enumerate() {
                    *drawn += outlet["current_ca"][phase].as_u64().unwrap();
                }
            }
        }
    }
    zones
}

fn assert_within_limits(state: &Value) {
    let drawn = drawn_ca(state);
    for zone in state["zones"].as_array().unwrap() {
        let limit_ca = zone["set_point_a"].as_u64().unwrap() * 100;
        let drawn = drawn.get(&zone["id"].as_u64().unwrap()).copied().unwrap_or_default();
        // Stand-by counts as drawn while a car waits: half an ampere for each of at most 50 outlets.
        assert!(drawn.iter().all(|phase| *phase <= limit_ca + 2_500), "{drawn:?} of {limit_ca} in {zone}");
    }
    for station in state["stations"].as_array().unwrap() {
        for outlet in station["connectors"].as_array().unwrap() {
            let set_point_a = outlet["set_point_a"].as_u64().unwrap();
            assert!(set_point_a == 0 || set_point_a >= 6, "{outlet}");
        }
    }
}

#[tokio::test]
async fn no_zone_draws_more_than_its_set_point_in_100_000_ticks() {
    let site = Site::with_fixed_clock(Options { fixture: Fixture::F2, ..Options::default() });
    // Five seconds past an allocation, so that the meters follow it; never at the moment of a rotation.
    site.advance("5s").await;
    for _ in 0..140 {
        site.advance("62m").await;
        assert_within_limits(&site.state().await);
    }
}

#[tokio::test]
async fn a_cut_is_followed_within_two_ticks() {
    let site = Site::with_fixed_clock(Options { fixture: Fixture::F2, ..Options::default() });
    site.advance("30m").await;
    let token = site.token().await;
    let body = json!({
        "type": "percentage", "value": 80.0, "validityMode": "relative", "validity": 600, "description": "cut"
    });
    for zone in 1..=3 {
        site.put(&token, &format!("/zones/{zone}/external-reduction"), body.clone()).await;
    }
    let before = drawn_ca(&site.state().await);
    site.advance("10s").await;
    let state = site.state().await;
    assert_within_limits(&state);
    let office_before: u64 = before[&1].iter().sum();
    let office_after: u64 = drawn_ca(&state)[&1].iter().sum();
    assert!(office_after < office_before, "{office_after} of {office_before}");
}

#[tokio::test]
async fn energy_registers_never_fall() {
    let site = Site::with_fixed_clock(Options { fixture: Fixture::F2, ..Options::default() });
    let registers = |state: &Value| -> Vec<u64> {
        let stations = state["stations"].as_array().unwrap().iter();
        let outlets = stations.flat_map(|station| station["connectors"].as_array().unwrap());
        outlets.map(|outlet| outlet["energy_wh"].as_u64().unwrap()).collect()
    };
    let mut before = registers(&site.state().await);
    let first: u64 = before.iter().sum();
    for _ in 0..12 {
        site.advance("30m").await;
        let after = registers(&site.state().await);
        assert!(before.iter().zip(&after).all(|(before, after)| before <= after));
        before = after;
    }
    assert!(before.iter().sum::<u64>() > first + 100_000);
}
