//! The pages at the control address.

use evce_simulator::{Fixture, Options};
use reqwest::Method;
use serde_json::json;

use crate::client::Site;

#[tokio::test]
async fn every_file_of_the_board_is_there_and_loads_nothing_from_elsewhere() {
    let site = Site::with_fixed_clock(Options::default());
    for (path, kind, part) in [
        ("/", "text/html; charset=utf-8", "Most behaviour is invented"),
        ("/reference", "text/html; charset=utf-8", "Most behaviour is invented"),
        ("/board.css", "text/css; charset=utf-8", "prefers-color-scheme"),
        ("/board.js", "text/javascript; charset=utf-8", "/_sim/state"),
        ("/drawings.js", "text/javascript; charset=utf-8", "polyline"),
    ] {
        let url = format!("{}{path}", site.simulator.control_url);
        let response = site.http.get(url).send().await.unwrap();
        let kinds: Vec<_> = response.headers().get_all("content-type").iter().collect();
        assert_eq!(kinds, [kind], "{path}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        let text = response.text().await.unwrap();
        assert!(text.contains(part), "{path}");
        let addresses: Vec<_> =
            text.split("https://").skip(1).filter(|rest| !rest.starts_with("127.0.0.1")).collect();
        assert_eq!(addresses, [""; 0], "{path}");
    }
    let board = site.http.get(&site.simulator.control_url).send().await.unwrap().text().await.unwrap();
    assert!(board.contains(&site.simulator.api_url) && board.contains("<code>v2-a</code>"));
    assert!(!board.contains("{api_url}") && !board.contains(" style="));
}

#[tokio::test]
async fn the_reference_names_every_kind_of_event_and_fault() {
    let site = Site::with_fixed_clock(Options::default());
    let reference = include_str!("../../src/control/page/reference.html");
    for path in ["/_sim/event", "/_sim/faults"] {
        let unknown = site.control(Method::POST, path, Some(json!({ "kind": "?" }))).await;
        let error = unknown.body["error"].as_str().unwrap();
        let kinds: Vec<&str> = error.split('`').skip(1).step_by(2).skip(1).collect();
        assert!(kinds.len() > 25, "{error}");
        let missing: Vec<_> =
            kinds.iter().filter(|kind| !reference.contains(&format!("<code>{kind}</code>"))).collect();
        assert_eq!(missing, [&""; 0]);
    }
}

#[tokio::test]
async fn every_control_of_the_board_has_a_label() {
    let board = include_str!("../../src/control/page/board.html");
    for kind in ["<input ", "<select "] {
        for (at, _) in board.match_indices(kind) {
            let before = &board[..at];
            assert!(before.rfind("<label") > before.rfind("</label>"), "{}", &board[at..at + 40]);
        }
    }
}

#[tokio::test]
async fn the_state_of_one_zone_has_its_stations_and_all_zones_with_their_load() {
    let site = Site::with_fixed_clock(Options { fixture: Fixture::F2, ..Options::default() });
    let state = site.control(Method::GET, "/_sim/state?zone=3", None).await.body;
    assert_eq!(
        (state["zones"].as_array().unwrap().len(), state["stations"].as_array().unwrap().len()),
        (3, 5)
    );
    let none = site.control(Method::GET, "/_sim/state?limit=0", None).await.body;
    assert_eq!((&none["stations"], &none["zones"]), (&json!([]), &state["zones"]));
    let all = site.state().await;
    for zone in all["zones"].as_array().unwrap() {
        let of_zone =
            all["stations"].as_array().unwrap().iter().filter(|station| station["zone"] == zone["id"]);
        let outlets = of_zone.flat_map(|station| station["connectors"].as_array().unwrap());
        let power = outlets.flat_map(|outlet| outlet["power_w"].as_array().unwrap());
        assert_eq!(zone["power_w"], power.map(|phase| phase.as_u64().unwrap()).sum::<u64>());
        assert_eq!(zone["building_a"] == 0, zone["type"] == "static");
    }
    assert_eq!(site.control(Method::GET, "/_sim/state?zone=all", None).await.status, 400);
}

#[tokio::test]
async fn the_newest_requests_can_be_read_alone() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    for path in ["/zones", "/stations", "/version"] {
        site.get(&token, path).await;
    }
    let newest = site.control(Method::GET, "/_sim/requests?last=2", None).await.body;
    let paths: Vec<_> = newest.as_array().unwrap().iter().map(|request| &request["path"]).collect();
    assert_eq!(paths, [&json!("/api/v2/stations"), &json!("/api/v2/version")]);
}

#[tokio::test]
async fn another_web_page_controls_nothing() {
    let site = Site::with_fixed_clock(Options::default());
    let url = format!("{}/_sim/event", site.simulator.control_url);
    let event = json!({ "kind": "link_loss", "station": 1 }).to_string();
    for (name, value) in [("origin", "http://elsewhere.example"), ("host", "elsewhere.example")] {
        let request = site.http.post(&url).header(name, value).body(event.clone());
        assert_eq!(request.send().await.unwrap().status(), 403, "{name}");
    }
    assert_eq!(site.state().await["stations"][0]["connected"], true);
    let own = site.http.post(&url).header("origin", &site.simulator.control_url).body(event);
    assert_eq!(own.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn metrics_are_those_of_the_state() {
    let site = Site::with_fixed_clock(Options { fixture: Fixture::F2, ..Options::default() });
    site.get(&site.token().await, "/zones").await;
    site.post("/_sim/event", json!({ "kind": "link_loss", "station": 1 })).await;
    let state = site.state().await;
    let url = format!("{}/_sim/metrics", site.simulator.control_url);
    let text = site.http.get(url).send().await.unwrap().text().await.unwrap();
    let power: u64 =
        state["zones"].as_array().unwrap().iter().map(|zone| zone["power_w"].as_u64().unwrap()).sum();
    for line in [
        "api_requests_total 2".to_owned(),
        "api_sessions 1".to_owned(),
        "stations 50".to_owned(),
        "stations_without_link 1".to_owned(),
        "connectors 100".to_owned(),
        format!("transactions {}", state["transactions"]),
        format!("power_watts {power}"),
    ] {
        assert!(text.contains(&format!("\nevce_simulator_{line}\n")), "{line} is not in {text}");
    }
}
