//! Finds the handles of all points once, so that a poll becomes a batch without looking up ids.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::SystemTime;

use riser_plugin::{Host, HostError, Point, Points, Publication, ValueState};

use super::batch::{Batch, How, Part};
use super::row::{Extra, Publisher, Row, SetPointKind};
use super::stored_objects::StoredObjects;
use super::sums::Sums;
use super::tree::{ROOT, zone_id};
use super::{STATUS, connector, site, station, zone};
use crate::model::{Connector, ObjectId, Site, Station, Zone};

const GONE: &str = "no longer at source";

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

impl Binding {
    /// Finds the points that Status publishes, before the first poll.
    pub(crate) fn of_status_points(points: &Points) -> Self {
        let ours = points.iter().filter(|stored| !stored.is_history() && *stored.published_by() == *STATUS);
        Self { status: ours.map(|stored| stored.point()).collect(), ..Self::default() }
    }

    /// Finds the points of all objects of a site.
    pub(crate) fn new(points: &Points, site: &Site) -> Self {
        let stored = StoredObjects::of(points);
        let mut binding = Self::of_status_points(points);
        binding.site = find(points, ROOT, site::ROWS);
        for zone in &site.zones {
            let rows = find(points, &zone_id(zone), zone::ROWS);
            binding.note_targets(zone::ROWS, &rows, |kind| match kind {
                SetPointKind::Reduction => Some(SetPointTarget::Reduction(zone.id.clone())),
                SetPointKind::Validity => Some(SetPointTarget::Validity(zone.id.clone())),
                _ => None,
            });
            let bind = |station: &Station| {
                let id = stored.station_id(zone, &station.id);
                (station.id.clone(), binding.bind_station(points, &id, station))
            };
            let stations = zone.stations.iter().map(bind).collect();
            binding.zones.insert(zone.id.clone(), ZonePoints { rows, stations });
        }
        binding
    }

    fn bind_station(&mut self, points: &Points, id: &str, station: &Station) -> StationPoints {
        let rows = find(points, id, station::ROWS);
        let mut connectors = HashMap::with_capacity(station.connectors.len());
        for connector in &station.connectors {
            let number = connector.number;
            let rows = find(points, &format!("{id}/c{number}"), connector::ROWS);
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

    /// Returns whether connectors have these points.
    pub(crate) fn has_extra(&self, extra: Extra) -> bool {
        let mut connectors = self.zones.values().flat_map(|zone| zone.stations.values());
        let first = connectors.find_map(|station| station.connectors.values().next());
        let index = connector::ROWS.iter().position(|row| row.extra == Some(extra));
        first.zip(index).is_some_and(|(rows, index)| rows[index].is_some())
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

    /// Publishes the values of Setup, as `adapt` changes them.
    ///
    /// # Errors
    /// Those of [`Host::publish`].
    pub(crate) fn publish_setup(
        &self,
        host: &Host,
        site: &Site,
        adapt: impl Fn(Publication) -> Publication,
    ) -> Result<(), HostError> {
        host.publish_with(|values| {
            let mut publish = |publication| values.push(&adapt(publication));
            self.add_values(site, Batch::of(Part::Setup, None, &mut publish));
        })
    }

    /// Publishes the values of Status, as `adapt` changes them. Those that are only kept have the time of the poll that
    /// read them.
    ///
    /// # Errors
    /// Those of [`Host::publish`].
    pub(crate) fn publish_status(
        &self,
        host: &Host,
        site: &Site,
        kept_since: Option<SystemTime>,
        adapt: impl Fn(Publication) -> Publication,
    ) -> Result<(), HostError> {
        host.publish_with(|values| {
            let mut publish = |publication| values.push(&adapt(publication));
            self.add_values(site, Batch::of(Part::Status, kept_since, &mut publish));
        })
    }

    /// Returns the settings and orders of a zone: all values that Status publishes except sums.
    pub(crate) fn zone_orders(&self, zone: &Zone) -> Vec<Publication> {
        let points = self.zones.get(&zone.id).into_iter().flat_map(|points| &points.rows);
        let ordered = zone::ROWS.iter().zip(points).filter(|(row, _)| row.publisher == Publisher::Status);
        let shown = |row: &Row<Zone>| (row.show)(zone, &Sums::default());
        ordered.filter_map(|(row, point)| Some(row.publication((*point)?, shown(row), zone))).collect()
    }

    /// Returns the values that Status publishes for one connector.
    pub(crate) fn connector_values(
        &self,
        zone: &ObjectId,
        station: &Station,
        connector: &Connector,
    ) -> Vec<Publication> {
        let mut values = Vec::with_capacity(connector::ROWS.len());
        if let Some(points) = self.zones.get(zone).and_then(|zone| zone.stations.get(&station.id)) {
            let mut publish = |publication| values.push(publication);
            points.push_connector(&mut Batch::of(Part::Status, None, &mut publish), station, connector);
        }
        values
    }

    /// Returns all values of Status as Uncertain with their last values, or Offline without one.
    ///
    /// # Errors
    /// If the host cannot read them.
    pub(crate) fn all_kept(&self, host: &Host, reason: &str) -> Result<Vec<Publication>, HostError> {
        let handles: Vec<u32> = self.status.iter().map(|point| point.handle()).collect();
        let reason: Arc<str> = reason.into();
        let served = host.latest(&handles)?;
        let polled = self.site.first().copied().flatten();
        let kept = self.status.iter().zip(served).map(|(point, served)| {
            let offline = point.offline(Arc::clone(&reason));
            match served.filter(|served| served.is_known) {
                // Logs compares the times of the others with this one.
                Some(served) if Some(*point) == polled => point.uncertain(served.value, Arc::clone(&reason)),
                Some(served) => Publication {
                    state: ValueState::Uncertain,
                    source_time: Some(served.source_time),
                    ..offline
                },
                None => offline,
            }
        });
        Ok(kept.collect())
    }

    /// Returns the values that Status publishes for objects that the site no longer has: Error.
    pub(crate) fn gone_values(&self, site: &Site) -> Vec<Publication> {
        let zones: HashSet<&ObjectId> = site.zones.iter().map(|zone| &zone.id).collect();
        let stations: HashMap<&ObjectId, &Station> =
            site.stations().map(|station| (&station.id, station)).collect();
        let mut gone = Vec::new();
        for (id, points) in &self.zones {
            if !zones.contains(id) {
                gone.extend(published(zone::ROWS, &points.rows));
            }
            for (id, points) in &points.stations {
                let station = stations.get(id);
                if station.is_none() {
                    gone.extend(published(station::ROWS, &points.rows));
                }
                for (number, rows) in &points.connectors {
                    let is_here =
                        |station: &&Station| station.connectors.iter().any(|it| it.number == *number);
                    if !station.is_some_and(is_here) {
                        gone.extend(published(connector::ROWS, rows));
                    }
                }
            }
        }
        let reason: Arc<str> = GONE.into();
        gone.into_iter().map(|point: Point| point.error(Arc::clone(&reason))).collect()
    }

    /// Returns all values of Status as Offline with this reason.
    pub(crate) fn all_offline(&self, reason: &str) -> Vec<Publication> {
        let reason: Arc<str> = reason.into();
        self.status.iter().map(|point| point.offline(Arc::clone(&reason))).collect()
    }

    fn add_values(&self, site: &Site, mut batch: Batch<'_>) {
        let mut zone_sums = Vec::with_capacity(site.zones.len());
        for zone in &site.zones {
            let sums: Vec<Sums> = zone.stations.iter().map(Sums::of_station).collect();
            let zone_sum = Sums::over(&sums);
            if let Some(points) = self.zones.get(&zone.id) {
                batch.push((&points.rows, zone::ROWS), zone, &zone_sum, How::kept(zone.is_kept));
                for (station, sums) in zone.stations.iter().zip(&sums) {
                    if let Some(points) = points.stations.get(&station.id) {
                        points.push(&mut batch, station, sums);
                    }
                }
            }
            zone_sums.push(zone_sum);
        }
        // The site was read now, whatever its parts are: Logs compares the other times with this one.
        batch.kept_since = None;
        batch.push((&self.site, site::ROWS), site, &Sums::over(&zone_sums), How::default());
    }
}

impl ZonePoints {
    fn fit(&self, zone: &Zone) -> bool {
        let fits =
            |station: &Station| self.stations.get(&station.id).is_some_and(|points| points.fit(station));
        are_bound(zone::ROWS, &self.rows)
            && zone.stations.len() == self.stations.len()
            && zone.stations.iter().all(fits)
    }
}

impl StationPoints {
    fn fit(&self, station: &Station) -> bool {
        let is_bound = |rows: &RowPoints| are_bound(connector::ROWS, rows);
        are_bound(station::ROWS, &self.rows)
            && station.connectors.len() == self.connectors.len()
            && station.connectors.iter().all(|its| self.connectors.get(&its.number).is_some_and(is_bound))
    }

    fn push(&self, batch: &mut Batch<'_>, station: &Station, sums: &Sums) {
        let how = How { is_reached: is_reached(station), ..How::kept(station.is_kept) };
        batch.push((&self.rows, station::ROWS), station, sums, how);
        for connector in &station.connectors {
            self.push_connector(batch, station, connector);
        }
    }

    fn push_connector(&self, batch: &mut Batch<'_>, station: &Station, connector: &Connector) {
        let Some(points) = self.connectors.get(&connector.number) else { return };
        let how = How {
            is_reached: is_reached(station),
            measured_at: connector.measured_at,
            ..How::kept(connector.is_kept)
        };
        batch.push((points, connector::ROWS), connector, &Sums::default(), how);
    }
}

fn is_reached(station: &Station) -> bool {
    station.is_connected != Some(false)
}

/// Returns the points that Status publishes.
fn published<T>(rows: &[Row<T>], points: &RowPoints) -> Vec<Point> {
    let ours = rows.iter().zip(points).filter(|(row, _)| row.publisher != Publisher::Setup);
    ours.filter_map(|(_, point)| *point).collect()
}

/// Returns whether all points that every site has are there.
fn are_bound<T>(rows: &[Row<T>], points: &RowPoints) -> bool {
    rows.iter().zip(points).all(|(row, point)| row.extra.is_some() || point.is_some())
}

fn find<T>(points: &Points, id: &str, rows: &[Row<T>]) -> RowPoints {
    rows.iter().map(|row| points.find(&format!("{id}/{}", row.name))).collect()
}
