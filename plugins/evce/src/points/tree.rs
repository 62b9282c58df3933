//! The tree that Setup declares.

use riser_plugin::{Container, History, Key, Tree, Value};

use super::layout::Layout;
use super::row::{Publisher, Row, SetPointKind, Shown};
use super::stored_objects::StoredObjects;
use super::sums::Sums;
use super::{LOGS, SETUP, STATUS, connector, descriptions, site, station, zone};
use crate::model::{Availability, Site, Station, Zone};

/// Suffix of a history's name.
const HISTORY_SUFFIX: &str = "-Readings";
/// The id of the top container.
pub(crate) const ROOT: &str = "zones";
const LOGS_CONTAINER: &str = "OverallConsumptionLogs";

/// Builds the tree of a site with its initial values. Objects keep the ids that they have in the stored tree.
pub(crate) fn build(site: &Site, stored: &StoredObjects, layout: &Layout) -> Tree {
    let mut builder = Builder { tree: Tree::new(), stored, layout };
    let root =
        builder.tree.add(Container::new(ROOT, "EVCE Zones").described("Zones of the charge controller"));
    builder.add_rows((root, ROOT), site::ROWS, site, |row| row.unit);
    if layout.has_more_histories {
        builder.add_histories((root, ROOT), site::ROWS);
    }
    for zone in &site.zones {
        builder.add_zone(root, zone);
    }
    builder.tree
}

/// Returns the id of a zone's container.
pub(crate) fn zone_id(zone: &Zone) -> String {
    format!("z{}", segment(&zone.id.0))
}

/// Ids of a controller are opaque; a slash in one does not separate levels.
pub(super) fn segment(id: &str) -> String {
    id.replace('%', "%25").replace('/', "%2F")
}

/// A tree in the making.
struct Builder<'a> {
    tree: Tree,
    stored: &'a StoredObjects,
    layout: &'a Layout,
}

impl Builder<'_> {
    fn add_zone(&mut self, root: Key, zone: &Zone) {
        let id = zone_id(zone);
        let name = zone.name.clone().filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| format!("Zone {}", zone.id));
        let container = self.tree.add_in(root, Container::new(&id, &name));
        self.add_rows((container, &id), zone::ROWS, zone, |row| row.unit);
        self.add_histories((container, &id), zone::ROWS);
        for station in &zone.stations {
            self.add_station(container, &self.stored.station_id(zone, &station.id), station);
        }
    }

    fn add_station(&mut self, zone_container: Key, id: &str, station: &Station) {
        let name = station.ocpp_identifier.clone().filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| format!("Station {}", station.id));
        let container = self.tree.add_in(zone_container, Container::new(id, &name));
        self.add_rows((container, id), station::ROWS, station, |row| row.unit);
        self.add_histories((container, id), station::ROWS);
        for it in &station.connectors {
            let id = format!("{id}/c{}", it.number);
            let name = format!("{}{}", self.layout.connector_prefix, it.number);
            let container = self.tree.add_in(container, Container::new(&id, &name));
            self.add_rows((container, &id), connector::ROWS, it, |row| connector::unit(row, it));
        }
    }

    fn add_rows<T>(
        &mut self,
        (container, id): (Key, &str),
        rows: &[Row<T>],
        object: &T,
        unit: impl Fn(&Row<T>) -> &'static str,
    ) {
        for row in rows.iter().filter(|row| self.layout.has(row)) {
            let writer = if row.publisher == Publisher::Setup { SETUP } else { STATUS };
            // The id has the name of evce-1.2 whatever the name is, so that bindings survive another table of names.
            let id = format!("{id}/{}", row.name);
            let mut value = Value::new(&id, self.layout.name(row), row.kind)
                .unit(unit(row))
                .described(descriptions::of(row.name))
                .published_by(writer);
            if let Some(kind) = row.set_point.filter(|kind| self.layout.is_writable(*kind)) {
                value = with_rule(value.writes_handled_by(STATUS), kind);
            }
            // Live values are unknown before the first poll of Status.
            if row.publisher != Publisher::StatusLive
                && let Shown::Good(known) = (row.show)(object, &Sums::default())
            {
                value = value.initially(known);
            }
            self.tree.add_in(container, value);
        }
    }

    fn add_histories<T>(&mut self, (container, id): (Key, &str), rows: &[Row<T>]) {
        let logs = Container::new(&format!("{id}/{LOGS_CONTAINER}"), LOGS_CONTAINER)
            .described("Histories, recorded by EVCE Logs");
        let logs = self.tree.add_in(container, logs);
        for row in rows.iter().filter(|row| self.layout.records(row)) {
            let value = format!("{id}/{}", row.name);
            let name = format!("{}{HISTORY_SUFFIX}", self.layout.name(row));
            let history = History::new(&format!("{value}{HISTORY_SUFFIX}"), &name, &value, row.kind)
                .unit(row.unit)
                .described(descriptions::of(row.name))
                .published_by(LOGS);
            self.tree.add_in(logs, history);
        }
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
