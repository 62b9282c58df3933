//! Energy is neither lost nor made, and the same everywhere.

use evce_simulator::{Dialect, Fixture, Options};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::client::Site;

fn outlets(state: &Value) -> impl Iterator<Item = &Value> {
    let stations = state["stations"].as_array().unwrap().iter();
    stations.flat_map(|station| station["connectors"].as_array().unwrap())
}

#[tokio::test]
async fn zones_have_the_energy_of_their_connectors_and_registers_grow_by_what_cars_take() {
    let site = Site::with_fixed_clock(Options { fixture: Fixture::F4, ..Options::default() });
    site.advance("11h").await;
    let sums = |state: &Value| -> (u64, u64) {
        let zones = state["zones"].as_array().unwrap().iter().map(|zone| zone["energy_wh"].as_u64().unwrap());
        (zones.sum(), outlets(state).map(|outlet| outlet["energy_wh"].as_u64().unwrap()).sum())
    };
    let before = site.state().await;
    site.advance("5m").await;
    let after = site.state().await;
    let ((zones, connectors), (zones_after, connectors_after)) = (sums(&before), sums(&after));
    assert_eq!((zones, zones_after), (connectors, connectors_after));
    // Without stand-by losses and finished sessions: the energy of the cars, and 5 % for the rectifiers.
    let taken = |state: &Value| -> f64 {
        let sessions = outlets(state).filter(|outlet| !outlet["session"].is_null());
        sessions.map(|outlet| outlet["session"]["delivered_wh"].as_f64().unwrap()).sum()
    };
    let (grown, taken) = (connectors_after - connectors, taken(&after) - taken(&before));
    let grown: f64 = u32::try_from(grown).unwrap().into();
    let expected = taken / 0.95;
    assert!(
        taken > 1_000.0 && (grown - expected).abs() < expected * 0.2 + 400.0,
        "{grown} and {expected} Wh"
    );
}

#[tokio::test]
async fn every_machine_computes_the_same_bytes() {
    for (dialect, fixture, golden) in [
        (Dialect::V2A, Fixture::F2, "35a4a907136683184ae5880649b42010cba71ed0f3aa58ec35ce1d0d8f4b8aec"),
        (Dialect::V2A, Fixture::F4, "561d4bcb15e08fd1b18ed3256ac7b3ab6d9007d79dec40a59516144e21989f93"),
    ] {
        let site = Site::with_fixed_clock(Options { dialect, fixture, ..Options::default() });
        site.advance("13h").await;
        let token = site.token().await;
        let mut digest = Sha256::new();
        for path in ["/zones", "/stations"] {
            let response = site.raw(reqwest::Method::GET, path, &token).await.unwrap();
            digest.update(response.bytes().await.unwrap());
        }
        assert_eq!(hex::encode(digest.finalize()), golden, "{fixture}");
    }
}
