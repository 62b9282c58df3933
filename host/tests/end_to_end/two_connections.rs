//! Two charge controllers on one host, each with its own connection, EWS server and processors.

use riser_domain::ValueState;
use serde_json::json;

use crate::bms::{id_of, read, read_until, walk_until_there, write};
use crate::configuration::ConfigurationFile;
use crate::controller::Controller;
use crate::host::Installation;
use crate::programs;
use crate::site::{Processors, evce_processors, password_file};

const TOTAL: &str = "EVCE Zones/SiteOverallActivePowerTotal";
const REDUCTION: &str = "EVCE Zones/Z1/ZoneReduction";

#[tokio::test]
async fn nothing_of_one_controller_is_seen_or_changed_at_the_other() {
    let (north, south) = (Controller::start("F1"), Controller::start("F1"));
    south.event(json!({ "kind": "rename_zone", "zone": 2, "name": "South wing" })).await;
    let passwords = tempfile::tempdir().unwrap();
    let file = password_file(&passwords).display().to_string();
    let installation = Installation::new(&[programs::library("riser-evce")]);
    let mut configuration = ConfigurationFile::new();
    for (name, controller) in [("North", &north), ("South", &south)] {
        configuration = configuration.ews_server(name).connection(name, controller, &file);
        configuration = evce_processors(configuration, name, name, Processors::SetupAndStatus);
    }
    installation.apply(configuration.text());
    let host = installation.start();
    let (north_bms, south_bms) = (host.bms("North"), host.bms("South"));

    let north_tree = walk_until_there(&north_bms, TOTAL).await;
    let south_tree = walk_until_there(&south_bms, TOTAL).await;
    assert!(north_tree.contains_key("EVCE Zones/Z2") && !north_tree.contains_key("EVCE Zones/South wing"));
    assert!(south_tree.contains_key("EVCE Zones/South wing") && !south_tree.contains_key("EVCE Zones/Z2"));
    for (bms, tree) in [(&north_bms, &north_tree), (&south_bms, &south_tree)] {
        read_until(bms, id_of(tree, TOTAL), "0.133", ValueState::Good).await;
    }

    write(&north_bms, id_of(&north_tree, REDUCTION), "45").await;
    read_until(&north_bms, id_of(&north_tree, REDUCTION), "45", ValueState::Good).await;
    let untouched = read(&south_bms, id_of(&south_tree, REDUCTION)).await.unwrap();
    assert_eq!(untouched, ("10".to_owned(), ValueState::Good));
    assert_eq!(north.writes("/zones/1").await.len(), 1);
    assert!(south.writes("/zones/1").await.is_empty());
}
