//! New objects of the charge controller appear in the BMS while Riser runs.

use riser_domain::ValueState;
use serde_json::json;

use crate::bms::{id_of, read_until, walk_until_there};
use crate::site::{Processors, Site};

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
