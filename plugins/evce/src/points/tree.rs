//! The tree that Setup declares.

use riser_plugin::{Container, History, Key, Tree, Value};

use super::row::{Publisher, Row, SetPointKind, Shown};
use super::stored_objects::StoredObjects;
use super::sums::Sums;
use super::{LOGS, SETUP, STATUS, connector, site, station, zone};
use crate::model::{Availability, Site, Station, Zone};

/// Suffix of a history's name.
const HISTORY_SUFFIX: &str = "-Readings";
/// The id of the top container.
pub(crate) const ROOT: &str = "zones";
const LOGS_CONTAINER: &str = "OverallConsumptionLogs";

/// Builds the tree of a site with its initial values. Objects keep the ids that they have in the stored tree.
pub(crate) fn build(site: &Site, stored: &StoredObjects) -> Tree {
    let mut tree = Tree::new();
    let root = tree.add(Container::new(ROOT, "EVCE Zones").described("Zones of the charge controller"));
    add_rows(&mut tree, (root, ROOT), site::ROWS, site, |row| row.unit);
    for zone in &site.zones {
        add_zone(&mut tree, root, zone, stored);
    }
    tree
}

/// Returns the id of a zone's container.
pub(crate) fn zone_id(zone: &Zone) -> String {
    format!("z{}", segment(&zone.id.0))
}

/// Ids of a controller are opaque; a slash in one does not separate levels.
pub(super) fn segment(id: &str) -> String {
    id.replace('%', "%25").replace('/', "%2F")
}

fn add_zone(tree: &mut Tree, root: Key, zone: &Zone, stored: &StoredObjects) {
    let id = zone_id(zone);
    let name = zone.name.clone().filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| format!("Zone {}", zone.id));
    let container = tree.add_in(root, Container::new(&id, &name));
    add_rows(tree, (container, &id), zone::ROWS, zone, |row| row.unit);
    add_histories(tree, (container, &id), zone::ROWS);
    for station in &zone.stations {
        add_station(tree, container, &stored.station_id(zone, &station.id), station);
    }
}

fn add_station(tree: &mut Tree, zone_container: Key, id: &str, station: &Station) {
    let name = station.ocpp_identifier.clone().filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| format!("Station {}", station.id));
    let container = tree.add_in(zone_container, Container::new(id, &name));
    add_rows(tree, (container, id), station::ROWS, station, |row| row.unit);
    add_histories(tree, (container, id), station::ROWS);
    for it in &station.connectors {
        let id = format!("{id}/c{}", it.number);
        let container = tree.add_in(container, Container::new(&id, &format!("Connector-{}", it.number)));
        add_rows(tree, (container, &id), connector::ROWS, it, |row| connector::unit(row, it));
    }
}

fn add_rows<T>(
    tree: &mut Tree,
    (container, id): (Key, &str),
    rows: &[Row<T>],
    object: &T,
    unit: impl Fn(&Row<T>) -> &'static str,
) {
    for row in rows {
        let writer = if row.publisher == Publisher::Setup { SETUP } else { STATUS };
        let mut value = Value::new(&format!("{id}/{}", row.name), row.name, row.kind)
            .unit(unit(row))
            .described(row.about)
            .published_by(writer);
        if let Some(kind) = row.set_point {
            value = with_rule(value.writes_handled_by(STATUS), kind);
        }
        // Live values are unknown before the first poll of Status.
        if row.publisher != Publisher::StatusLive
            && let Shown::Good(known) = (row.show)(object, &Sums::default())
        {
            value = value.initially(known);
        }
        tree.add_in(container, value);
    }
}

fn with_rule(value: Value, kind: SetPointKind) -> Value {
    match kind {
        SetPointKind::Reduction => value.within(0.0, 100.0),
        SetPointKind::Validity => value.in_future(),
        SetPointKind::Availability => {
            value.one_of(&[Availability::Operative.as_str(), Availability::Inoperative.as_str()])
        }
        SetPointKind::IsAvailable => value,
    }
}

fn add_histories<T>(tree: &mut Tree, (container, id): (Key, &str), rows: &[Row<T>]) {
    let logs = tree.add_in(container, Container::new(&format!("{id}/{LOGS_CONTAINER}"), LOGS_CONTAINER));
    for row in rows.iter().filter(|row| row.has_history) {
        let value = format!("{id}/{}", row.name);
        let name = format!("{}{HISTORY_SUFFIX}", row.name);
        let history =
            History::new(&format!("{id}/{name}"), &name, &value, row.kind).unit(row.unit).published_by(LOGS);
        tree.add_in(logs, history);
    }
}
