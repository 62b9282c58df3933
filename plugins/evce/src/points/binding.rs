//! Finds the handles of all points once, so that a poll becomes a batch without looking up ids.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use riser_plugin::{Point, Points, Publication};

use super::row::{Publisher, Row, SetPointKind, Shown};
use super::sums::Sums;
use super::tree::{ROOT, connector_id, station_id, zone_id};
use super::{STATUS, connector, site, station, zone};
use crate::model::{Connector, ObjectId, Site, Station, Zone};

const NOT_REACHED: &str = "the station is not connected to the controller";

/// The property that a set point changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SetPointTarget {
    Reduction(ObjectId),
    Validity(ObjectId),
    Availability { station: ObjectId, number: i32 },
    IsAvailable { station: ObjectId, number: i32 },
}

/// The points of a site, by object.
#[derive(Debug, Default)]
pub(crate) struct Binding {
    site: RowPoints,
    zones: HashMap<ObjectId, ZonePoints>,
    targets: HashMap<u32, SetPointTarget>,
    /// All points that Status publishes.
    status: Vec<Point>,
}

/// The points of one object, in the order of its rows; `None` if Setup has not created it.
type RowPoints = Vec<Option<Point>>;

#[derive(Debug)]
struct ZonePoints {
    rows: RowPoints,
    stations: HashMap<ObjectId, StationPoints>,
}

#[derive(Debug)]
struct StationPoints {
    rows: RowPoints,
    connectors: HashMap<i32, RowPoints>,
}

/// Selects the rows of a class.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Setup,
    Status,
}

impl Binding {
    /// Finds the points that Status publishes, before the first poll.
    pub(crate) fn of_status_points(points: &Points) -> Self {
        let ours = points.iter().filter(|(_, stored)| !stored.is_history && *stored.published_by == *STATUS);
        Self { status: ours.map(|(_, stored)| stored.point).collect(), ..Self::default() }
    }

    /// Finds the points of all objects of a site.
    pub(crate) fn new(points: &Points, site: &Site) -> Self {
        let mut binding = Self::of_status_points(points);
        binding.site = find(points, ROOT, site::ROWS);
        for zone in &site.zones {
            let rows = find(points, &zone_id(zone), zone::ROWS);
            binding.note_targets(zone::ROWS, &rows, |kind| match kind {
                SetPointKind::Reduction => Some(SetPointTarget::Reduction(zone.id.clone())),
                SetPointKind::Validity => Some(SetPointTarget::Validity(zone.id.clone())),
                _ => None,
            });
            let bind = |station: &Station| (station.id.clone(), binding.bind_station(points, zone, station));
            let stations = zone.stations.iter().map(bind).collect();
            binding.zones.insert(zone.id.clone(), ZonePoints { rows, stations });
        }
        binding
    }

    fn bind_station(&mut self, points: &Points, zone: &Zone, station: &Station) -> StationPoints {
        let rows = find(points, &station_id(zone, station), station::ROWS);
        let mut connectors = HashMap::with_capacity(station.connectors.len());
        for connector in &station.connectors {
            let number = connector.number;
            let rows = find(points, &connector_id(zone, station, number), connector::ROWS);
            let station = &station.id;
            self.note_targets(connector::ROWS, &rows, |kind| match kind {
                SetPointKind::Availability => {
                    Some(SetPointTarget::Availability { station: station.clone(), number })
                }
                SetPointKind::IsAvailable => {
                    Some(SetPointTarget::IsAvailable { station: station.clone(), number })
                }
                _ => None,
            });
            connectors.insert(number, rows);
        }
        StationPoints { rows, connectors }
    }

    fn note_targets<T>(
        &mut self,
        rows: &[Row<T>],
        points: &[Option<Point>],
        target: impl Fn(SetPointKind) -> Option<SetPointTarget>,
    ) {
        for (row, point) in rows.iter().zip(points) {
            if let (Some(kind), Some(point)) = (row.set_point, point)
                && let Some(target) = target(kind)
            {
                self.targets.insert(point.handle(), target);
            }
        }
    }

    /// Returns the target of a set point by its handle.
    pub(crate) fn target(&self, handle: u32) -> Option<&SetPointTarget> {
        self.targets.get(&handle)
    }

    /// Returns whether exactly the objects of the site have points: none is new, none is gone.
    pub(crate) fn fits(&self, site: &Site) -> bool {
        let fits = |zone: &Zone| self.zones.get(&zone.id).is_some_and(|points| points.fit(zone));
        site.zones.len() == self.zones.len() && site.zones.iter().all(fits)
    }

    /// Returns the values that Setup publishes.
    pub(crate) fn setup_values(&self, site: &Site) -> Vec<Publication> {
        self.values(site, Part::Setup)
    }

    /// Returns the values that Status publishes.
    pub(crate) fn status_values(&self, site: &Site) -> Vec<Publication> {
        self.values(site, Part::Status)
    }

    /// Returns the settings and orders of a zone: all values that Status publishes except sums.
    pub(crate) fn zone_orders(&self, zone: &Zone) -> Vec<Publication> {
        let points = self.zones.get(&zone.id).into_iter().flat_map(|points| &points.rows);
        let ordered = zone::ROWS.iter().zip(points).filter(|(row, _)| row.publisher == Publisher::Status);
        ordered
            .filter_map(|(row, point)| Some((row.show)(zone, &Sums::default()).publication((*point)?)))
            .collect()
    }

    /// Returns the values that Status publishes for one connector.
    pub(crate) fn connector_values(
        &self,
        zone: &ObjectId,
        station: &Station,
        connector: &Connector,
    ) -> Vec<Publication> {
        let mut batch = Batch::of(Part::Status, connector::ROWS.len());
        if let Some(points) = self.zones.get(zone).and_then(|zone| zone.stations.get(&station.id)) {
            points.push_connector(&mut batch, station, connector);
        }
        batch.publications
    }

    /// Returns all values of Status as Offline with this reason.
    pub(crate) fn all_offline(&self, reason: &str) -> Vec<Publication> {
        let reason: Arc<str> = reason.into();
        self.status.iter().map(|point| point.offline(Arc::clone(&reason))).collect()
    }

    fn values(&self, site: &Site, part: Part) -> Vec<Publication> {
        // Setup publishes fewer.
        let mut batch = Batch::of(part, self.status.len());
        let mut zone_sums = Vec::with_capacity(site.zones.len());
        for zone in &site.zones {
            let sums: Vec<Sums> = zone.stations.iter().map(Sums::of_station).collect();
            let zone_sum = Sums::over(&sums);
            if let Some(points) = self.zones.get(&zone.id) {
                batch.push(&points.rows, zone::ROWS, None, |row| (row.show)(zone, &zone_sum));
                for (station, sums) in zone.stations.iter().zip(&sums) {
                    if let Some(points) = points.stations.get(&station.id) {
                        points.push(&mut batch, station, sums);
                    }
                }
            }
            zone_sums.push(zone_sum);
        }
        let sums = Sums::over(&zone_sums);
        batch.push(&self.site, site::ROWS, None, |row| (row.show)(site, &sums));
        batch.publications
    }
}

impl ZonePoints {
    fn fit(&self, zone: &Zone) -> bool {
        let fits =
            |station: &Station| self.stations.get(&station.id).is_some_and(|points| points.fit(station));
        self.rows.iter().all(Option::is_some)
            && zone.stations.len() == self.stations.len()
            && zone.stations.iter().all(fits)
    }
}

impl StationPoints {
    fn fit(&self, station: &Station) -> bool {
        let is_bound = |rows: &RowPoints| rows.iter().all(Option::is_some);
        is_bound(&self.rows)
            && station.connectors.len() == self.connectors.len()
            && station.connectors.iter().all(|its| self.connectors.get(&its.number).is_some_and(is_bound))
    }

    fn push(&self, batch: &mut Batch, station: &Station, sums: &Sums) {
        let is_reached = station.is_connected != Some(false);
        batch.push(&self.rows, station::ROWS, None, |row| {
            unless_disconnected(is_reached, row.publisher, || (row.show)(station, sums))
        });
        for connector in &station.connectors {
            self.push_connector(batch, station, connector);
        }
    }

    fn push_connector(&self, batch: &mut Batch, station: &Station, connector: &Connector) {
        let Some(points) = self.connectors.get(&connector.number) else { return };
        let is_reached = station.is_connected != Some(false);
        batch.push(points, connector::ROWS, connector.measured_at, |row| {
            unless_disconnected(is_reached, row.publisher, || (row.show)(connector, &Sums::default()))
        });
    }
}

fn unless_disconnected(is_reached: bool, publisher: Publisher, show: impl FnOnce() -> Shown) -> Shown {
    if is_reached || publisher != Publisher::StatusLive { show() } else { Shown::Offline(NOT_REACHED) }
}

/// The publications of one class.
struct Batch {
    part: Part,
    publications: Vec<Publication>,
}

impl Batch {
    /// Creates an empty batch with this capacity.
    fn of(part: Part, room: usize) -> Self {
        Self { part, publications: Vec::with_capacity(room) }
    }

    /// Adds the points of one object. Measured values get the time of the measurement.
    fn push<T>(
        &mut self,
        points: &[Option<Point>],
        rows: &[Row<T>],
        measured_at: Option<SystemTime>,
        show: impl Fn(&Row<T>) -> Shown,
    ) {
        for (row, point) in rows.iter().zip(points) {
            let is_setups = row.publisher == Publisher::Setup;
            if is_setups == (self.part == Part::Setup)
                && let Some(point) = point
            {
                let source_time = measured_at.filter(|_| row.publisher == Publisher::StatusLive);
                self.publications.push(Publication { source_time, ..show(row).publication(*point) });
            }
        }
    }
}

fn find<T>(points: &Points, id: &str, rows: &[Row<T>]) -> RowPoints {
    rows.iter().map(|row| points.find(&format!("{id}/{}", row.name))).collect()
}
