//! Several charge controllers on one host: each on its own EWS server, and all on one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use riser_domain::{Actor, Clock as _, ValueState};
use riser_ews::client::EwsClient;
use riser_runtime::SystemClock;
use riser_store::Store;
use serde_json::json;

use crate::bms::{Tree, id_of, read, read_until, walk, walk_until_there, write};
use crate::configuration::ConfigurationFile;
use crate::controller::Controller;
use crate::f1_points;
use crate::host::Installation;
use crate::programs;
use crate::site::{EWS_SERVER, Processors, evce_processors, password_file};

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

/// Adds a controller with its connection and its processors on [`EWS_SERVER`].
fn with_controller(file: ConfigurationFile, name: &str, controller: &Controller, passwords: &Path) -> String {
    let file = file.connection(name, controller, &passwords.display().to_string());
    evce_processors(file, name, EWS_SERVER, Processors::SetupAndStatus).text().to_owned()
}

/// The tree once all of these connections have live values.
async fn live_tree(bms: &EwsClient, connections: &[&str]) -> Tree {
    for connection in connections {
        let total = format!("{connection}/{TOTAL}");
        let tree = walk_until_there(bms, &total).await;
        read_until(bms, id_of(&tree, &total), "0.133", ValueState::Good).await;
    }
    let tree = walk(bms).await.unwrap();
    let ids: BTreeSet<&str> = tree.values().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids.len(), tree.len(), "an id is there twice");
    tree
}

/// Ids by the path below a container.
fn ids_below(tree: &Tree, container: &str) -> BTreeMap<String, String> {
    let inside = format!("{container}/");
    tree.iter()
        .filter_map(|(path, (id, _))| Some((path.strip_prefix(&inside)?.to_owned(), id.clone())))
        .collect()
}

/// Renames a connection of a host that does not run.
async fn rename_connection(installation: &Installation, from: &str, to: &str) {
    let clock = SystemClock;
    let (store, _) = Store::open(&installation.data(), &clock).await.unwrap();
    let connections = store.load_configuration().await.unwrap().connections;
    let mut connection = connections.into_iter().find(|connection| connection.name == from).unwrap();
    to.clone_into(&mut connection.name);
    let mut changes = store.begin_configuration(&Actor::CommandLine, clock.now()).await.unwrap();
    changes.update_connection(&connection).await.unwrap();
    changes.commit().await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn controllers_on_one_ews_server_have_whole_trees_and_ids_that_stay_whatever_is_added_or_renamed() {
    let [north, south, east] = ["F1"; 3].map(Controller::start);
    let directory = tempfile::tempdir().unwrap();
    let passwords = password_file(&directory);
    let installation = Installation::new(&[programs::library("riser-evce")]);
    let server = ConfigurationFile::new().ews_server(EWS_SERVER);
    installation.apply(&with_controller(server, "North", &north, &passwords));
    let host = installation.start();
    let alone = walk_until_there(&host.bms(EWS_SERVER), TOTAL).await;
    let north_ids: BTreeMap<String, String> =
        alone.iter().map(|(path, (id, _))| (path.clone(), id.clone())).collect();
    assert_eq!(north_ids.keys().cloned().collect::<BTreeSet<_>>(), f1_points::paths());
    host.stop();

    // A second controller: the first one's tree moves into a container, and no id of it changes.
    installation.apply(&with_controller(ConfigurationFile::new(), "South", &south, &passwords));
    let host = installation.start();
    let bms = host.bms(EWS_SERVER);
    let tree = live_tree(&bms, &["North", "South"]).await;
    let south_ids = ids_below(&tree, "South");
    assert_eq!(ids_below(&tree, "North"), north_ids);
    assert_eq!(south_ids.keys().cloned().collect::<BTreeSet<_>>(), f1_points::paths());
    let north_reduction = id_of(&tree, &format!("North/{REDUCTION}"));
    let south_reduction = id_of(&tree, &format!("South/{REDUCTION}"));
    assert_eq!(read(&bms, &north_ids[REDUCTION]).await.unwrap(), ("10".to_owned(), ValueState::Good));

    // Each set point arrives at its own controller, and nowhere else.
    write(&bms, north_reduction, "45").await;
    read_until(&bms, north_reduction, "45", ValueState::Good).await;
    assert_eq!(read(&bms, south_reduction).await.unwrap(), ("10".to_owned(), ValueState::Good));
    write(&bms, south_reduction, "35").await;
    read_until(&bms, south_reduction, "35", ValueState::Good).await;
    assert_eq!(read(&bms, north_reduction).await.unwrap(), ("45".to_owned(), ValueState::Good));
    for (controller, percentage) in [(&north, 45.0), (&south, 35.0)] {
        let writes = controller.writes("/zones/1").await;
        let values: Vec<_> = writes.iter().map(|write| write["value"].as_f64()).collect();
        assert_eq!(values, [Some(percentage)]);
    }
    host.stop();

    // A third one, and another name for the first: the container follows, the ids stay.
    rename_connection(&installation, "North", "Tower").await;
    installation.apply(&with_controller(ConfigurationFile::new(), "East", &east, &passwords));
    let host = installation.start();
    let tree = live_tree(&host.bms(EWS_SERVER), &["Tower", "South", "East"]).await;
    assert_eq!(ids_below(&tree, "Tower"), north_ids);
    assert_eq!(ids_below(&tree, "South"), south_ids);
    let all: BTreeMap<&String, &String> = tree.iter().map(|(path, (id, _))| (path, id)).collect();
    host.stop();

    let host = installation.start();
    let again = walk(&host.bms(EWS_SERVER)).await.unwrap();
    assert_eq!(again.iter().map(|(path, (id, _))| (path, id)).collect::<BTreeMap<_, _>>(), all);
    assert!(!host.log().contains("ERROR"), "{}", host.log());
}
