//! New objects of the charge controller appear in the BMS while Riser runs.

use riser_domain::ValueState;
use serde_json::json;

use crate::bms::{id_of, read, read_until, walk_until_there};
use crate::site::{Processors, Site};
use crate::waiting::until;

const TOTAL: &str = "EVCE Zones/SiteOverallActivePowerTotal";
const STATIONS: &str = "EVCE Zones/SiteNumberOfStations";
const NEW_STATION: &str = "EVCE Zones/Z2/CP-new/StationIsConnected";

#[tokio::test]
async fn a_new_station_appears_without_a_schedule() {
    let site = Site::new("F1", Processors::SetupAndStatus);
    let (_host, bms) = site.start();
    let tree = walk_until_there(&bms, TOTAL).await;
    read_until(&bms, id_of(&tree, TOTAL), "0.133", ValueState::Good).await;

    let added = json!({ "kind": "add_station", "zone": 2, "ocpp_identifier": "CP-new" });
    site.controller.event(added).await;
    let tree = walk_until_there(&bms, NEW_STATION).await;
    read_until(&bms, id_of(&tree, NEW_STATION), "true", ValueState::Good).await;
    read_until(&bms, id_of(&tree, STATIONS), "2", ValueState::Good).await;
}

#[tokio::test]
async fn a_station_that_moves_to_another_zone_keeps_its_ids() {
    let site = Site::new("F1", Processors::SetupAndStatus);
    let (_host, bms) = site.start();
    let before = walk_until_there(&bms, TOTAL).await;
    read_until(&bms, id_of(&before, TOTAL), "0.133", ValueState::Good).await;

    site.controller.event(json!({ "kind": "move_station", "station": 1, "zone": 2 })).await;
    let after = walk_until_there(&bms, "EVCE Zones/Z2/EVSimu1/StationActiveEnergy").await;
    for item in [
        "StationActiveEnergy",
        "OverallConsumptionLogs/StationActiveEnergy-Readings",
        "Connector-1/ConnectorAvailability",
    ] {
        let id = id_of(&before, &format!("EVCE Zones/Z1/EVSimu1/{item}"));
        assert_eq!(id_of(&after, &format!("EVCE Zones/Z2/EVSimu1/{item}")), id, "{item}");
    }
    assert!(!after.contains_key("EVCE Zones/Z1/EVSimu1"));
    let energy = id_of(&after, "EVCE Zones/Z2/EVSimu1/StationActiveEnergy");
    read_until(&bms, energy, "12.345", ValueState::Good).await;
    read_until(&bms, id_of(&after, "EVCE Zones/Z2/ZoneActiveEnergy"), "12.345", ValueState::Good).await;
}

#[tokio::test]
async fn a_removed_station_is_error_and_not_missed_again_after_a_restart() {
    let site = Site::new("F1", Processors::SetupAndStatus);
    let (host, bms) = site.start();
    let added = json!({ "kind": "add_station", "zone": 2, "ocpp_identifier": "CP-new" });
    site.controller.event(added).await;
    let tree = walk_until_there(&bms, NEW_STATION).await;
    let (total, connected) = (id_of(&tree, TOTAL), id_of(&tree, NEW_STATION));
    read_until(&bms, connected, "true", ValueState::Good).await;

    site.controller.event(json!({ "kind": "remove_station", "station": 2 })).await;
    read_until(&bms, connected, "true", ValueState::Error).await;
    read_until(&bms, id_of(&tree, STATIONS), "1", ValueState::Good).await;
    assert!(site.installation.ask(&["problems"]).text.contains("no longer has station 2"));
    host.kill();

    // The tree still has the removed items.
    let (_host, bms) = site.start();
    until("a poll", async || match read(&bms, total).await {
        Ok((_, ValueState::Good)) => Ok(()),
        seen => Err(seen),
    })
    .await;
    assert_eq!(read(&bms, connected).await.unwrap().1, ValueState::Error);
    assert_eq!(site.installation.ask(&["problems"]).text, "none\n");
}
