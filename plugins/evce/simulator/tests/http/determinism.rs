use evce_simulator::{Fixture, Options};

use crate::client::Site;

async fn office(seed: u64) -> (Site, String) {
    let site = Site::with_fixed_clock(Options { fixture: Fixture::F2, seed, ..Options::default() });
    let token = site.token().await;
    (site, token)
}

#[tokio::test]
async fn the_same_seed_and_times_give_the_same_responses_at_any_polling_rate() {
    let (often, often_token) = office(42).await;
    let (once, _) = office(42).await;
    for _ in 0..6 {
        often.advance("10m").await;
        often.get(&often_token, "/stations").await;
    }
    for span in ["25m", "35m"] {
        once.advance(span).await;
    }
    let (often_token, once_token) = (often.token().await, once.token().await);
    for path in ["/stations", "/zones"] {
        let responses = (often.get(&often_token, path).await, once.get(&once_token, path).await);
        assert_eq!(responses.0.status, 200);
        assert_eq!(responses.0, responses.1);
    }
}

#[tokio::test]
async fn values_move_with_time_and_with_the_seed() {
    let (site, token) = office(42).await;
    let (other, other_token) = office(43).await;
    let before = site.get(&token, "/stations").await.body;
    assert_ne!(other.get(&other_token, "/stations").await.body, before);
    site.advance("15s").await;
    assert_ne!(site.get(&token, "/stations").await.body, before);
}

#[tokio::test]
async fn one_more_station_changes_nothing_for_the_cars_of_the_others() {
    let small = Site::with_fixed_clock(Options { fixture: Fixture::Stations(3), ..Options::default() });
    let large = Site::with_fixed_clock(Options { fixture: Fixture::Stations(4), ..Options::default() });
    for site in [&small, &large] {
        site.advance("45m").await;
    }
    let cars = |state: &serde_json::Value| {
        let stations = state["stations"].as_array().unwrap()[..3].to_vec();
        let outlets = stations.iter().flat_map(|station| station["connectors"].as_array().unwrap().clone());
        let seen = |outlet: serde_json::Value| {
            let session = &outlet["session"];
            (session["number"].clone(), session["need_wh"].clone(), session["departs_cars_ms"].clone())
        };
        outlets.map(seen).collect::<Vec<_>>()
    };
    assert_eq!(cars(&small.state().await), cars(&large.state().await));
}
