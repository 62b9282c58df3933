//! Finds the handles of all points once, so that a look at the controller becomes a batch without looking up
//! a single id.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use riser_plugin::{Point, Points, Publication};

use super::row::{Row, SetPointKind, Shown, Written};
use super::sums::Sums;
use super::tree::{ROOT, connector_id, station_id, zone_id};
use super::{STATUS, connector, site, station, zone};
use crate::model::{Connector, ObjectId, Site, Station, Zone};

const NOT_REACHED: &str = "the controller does not reach the station";

/// What a set point is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
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
    targets: HashMap<u32, Target>,
    /// All points that Status writes.
    status: Vec<Point>,
}

/// The points of one object, in the order of its rows; `None` for one that Setup has not created.
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

/// Which rows a class publishes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Setup,
    Status,
}

impl Binding {
    /// The points that Status writes, before anything was seen of the site.
    pub(crate) fn of_status_points(points: &Points) -> Self {
        let ours = points.iter().filter(|(_, stored)| !stored.is_history && &*stored.published_by == STATUS);
        Self { status: ours.map(|(_, stored)| stored.point).collect(), ..Self::default() }
    }

    /// Finds the points of a site's objects.
    pub(crate) fn new(points: &Points, site: &Site) -> Self {
        let mut binding = Self::of_status_points(points);
        binding.site = find(points, ROOT, site::ROWS);
        for zone in &site.zones {
            let rows = find(points, &zone_id(zone), zone::ROWS);
            binding.note_targets(zone::ROWS, &rows, |kind| match kind {
                SetPointKind::Reduction => Some(Target::Reduction(zone.id.clone())),
                SetPointKind::Validity => Some(Target::Validity(zone.id.clone())),
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
                SetPointKind::Availability => Some(Target::Availability { station: station.clone(), number }),
                SetPointKind::IsAvailable => Some(Target::IsAvailable { station: station.clone(), number }),
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
        target: impl Fn(SetPointKind) -> Option<Target>,
    ) {
        for (row, point) in rows.iter().zip(points) {
            if let (Some(kind), Some(point)) = (row.set_point, point)
                && let Some(target) = target(kind)
            {
                self.targets.insert(point.handle(), target);
            }
        }
    }

    /// What a set point for this handle is about.
    pub(crate) fn target(&self, handle: u32) -> Option<&Target> {
        self.targets.get(&handle)
    }

    /// Whether the objects of a site are those that have points: no new one, none gone.
    pub(crate) fn fits(&self, site: &Site) -> bool {
        let fits = |zone: &Zone| self.zones.get(&zone.id).is_some_and(|points| points.fit(zone));
        site.zones.len() == self.zones.len() && site.zones.iter().all(fits)
    }

    /// What Setup publishes.
    pub(crate) fn setup_values(&self, site: &Site) -> Vec<Publication> {
        self.values(site, Part::Setup)
    }

    /// What Status publishes.
    pub(crate) fn status_values(&self, site: &Site) -> Vec<Publication> {
        self.values(site, Part::Status)
    }

    /// What a zone was ordered and shows of it: all that Status writes but sums.
    pub(crate) fn zone_orders(&self, zone: &Zone) -> Vec<Publication> {
        let points = self.zones.get(&zone.id).into_iter().flat_map(|points| &points.rows);
        let ordered = zone::ROWS.iter().zip(points).filter(|(row, _)| row.written == Written::ByStatus);
        ordered
            .filter_map(|(row, point)| Some((row.show)(zone, &Sums::default()).publication((*point)?)))
            .collect()
    }

    /// What Status publishes of one connector of a station in a zone.
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

    /// All that Status writes, as Offline for one reason.
    pub(crate) fn all_offline(&self, reason: &str) -> Vec<Publication> {
        let reason: Arc<str> = reason.into();
        self.status.iter().map(|point| point.offline(Arc::clone(&reason))).collect()
    }

    fn values(&self, site: &Site, part: Part) -> Vec<Publication> {
        // Setup writes fewer.
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
            unless_cut_off(is_reached, row.written, || (row.show)(station, sums))
        });
        for connector in &station.connectors {
            self.push_connector(batch, station, connector);
        }
    }

    fn push_connector(&self, batch: &mut Batch, station: &Station, connector: &Connector) {
        let Some(points) = self.connectors.get(&connector.number) else { return };
        let is_reached = station.is_connected != Some(false);
        batch.push(points, connector::ROWS, connector.measured_at, |row| {
            unless_cut_off(is_reached, row.written, || (row.show)(connector, &Sums::default()))
        });
    }
}

fn unless_cut_off(is_reached: bool, written: Written, show: impl FnOnce() -> Shown) -> Shown {
    if is_reached || written != Written::Live { show() } else { Shown::Offline(NOT_REACHED) }
}

/// What one class publishes.
struct Batch {
    part: Part,
    publications: Vec<Publication>,
}

impl Batch {
    /// An empty one with room for so many.
    fn of(part: Part, room: usize) -> Self {
        Self { part, publications: Vec::with_capacity(room) }
    }

    /// Adds the points of one object. What was measured carries the moment at which it was.
    fn push<T>(
        &mut self,
        points: &[Option<Point>],
        rows: &[Row<T>],
        measured_at: Option<SystemTime>,
        show: impl Fn(&Row<T>) -> Shown,
    ) {
        for (row, point) in rows.iter().zip(points) {
            let is_setups = row.written == Written::BySetup;
            if is_setups == (self.part == Part::Setup)
                && let Some(point) = point
            {
                let source_time = measured_at.filter(|_| row.written == Written::Live);
                self.publications.push(Publication { source_time, ..show(row).publication(*point) });
            }
        }
    }
}

fn find<T>(points: &Points, id: &str, rows: &[Row<T>]) -> RowPoints {
    rows.iter().map(|row| points.find(&format!("{id}/{}", row.name))).collect()
}
