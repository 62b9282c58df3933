//! The objects that have points in the stored tree, by their ids.
//!
//! An id is made when an object is seen first: `z1/s7` for a station in zone 1. A station that moves to another zone keeps
//! it, so that bindings and histories of a BMS follow the station.

use std::collections::HashMap;

use riser_plugin::{Host, HostError, Points, ValueState};

use super::tree::{segment, zone_id};
use crate::model::{ObjectId, ObjectKey, Zone};

/// A point of every object that is never Error while the object exists.
const ZONE_POINT: &str = "ZoneNumberOfStations";
const STATION_POINT: &str = "StationNumberOfConnectors";
const CONNECTOR_POINT: &str = "LogicalConnector";

/// The stored objects.
#[derive(Debug, Default)]
pub(crate) struct StoredObjects {
    zones: Vec<(ObjectId, u32)>,
    stations: HashMap<ObjectId, Vec<StoredStation>>,
    connectors: Vec<(ObjectId, i32, u32)>,
}

/// A station under one of its ids.
#[derive(Debug)]
struct StoredStation {
    /// The first part of its id: the zone in which it was seen first.
    zone: String,
    id: String,
    handle: u32,
}

/// The objects that the stored tree has and the source had at the last run of Setup.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownObjects {
    pub(crate) zones: Vec<ObjectId>,
    pub(crate) stations: Vec<ObjectId>,
    pub(crate) connectors: Vec<(ObjectId, i32)>,
}

impl KnownObjects {
    /// Forgets objects that were removed.
    pub(crate) fn forget(&mut self, removed: &[ObjectKey]) {
        for key in removed {
            match key {
                ObjectKey::Zone(zone) => self.zones.retain(|known| known != zone),
                ObjectKey::Station(station) => {
                    self.stations.retain(|known| known != station);
                    self.connectors.retain(|(known, _)| known != station);
                }
                ObjectKey::Connector(station, number) => {
                    self.connectors.retain(|(known, its)| known != station || its != number);
                }
            }
        }
    }
}

impl StoredObjects {
    /// Finds the objects of a stored tree.
    pub(crate) fn of(points: &Points) -> Self {
        let mut objects = Self::default();
        for stored in points.iter() {
            let handle = stored.point().handle();
            let (Some(container), name) = stored.id_parts() else { continue };
            match name {
                ZONE_POINT => objects.zones.extend(object_id(container, 'z').map(|zone| (zone, handle))),
                STATION_POINT => objects.add_station(container, handle),
                CONNECTOR_POINT => objects.add_connector(container, handle),
                _ => {}
            }
        }
        objects
    }

    fn add_station(&mut self, container: &str, handle: u32) {
        if let Some((zone, station)) = container.split_once('/')
            && let Some(station) = object_id(station, 's')
        {
            let stored = StoredStation { zone: zone.to_owned(), id: container.to_owned(), handle };
            self.stations.entry(station).or_default().push(stored);
        }
    }

    fn add_connector(&mut self, container: &str, handle: u32) {
        let mut parts = container.split('/').skip(1);
        if let (Some(station), Some(connector)) = (parts.next(), parts.next())
            && let Some(station) = object_id(station, 's')
            && let Some(number) = connector.strip_prefix('c').and_then(|number| number.parse().ok())
        {
            self.connectors.push((station, number, handle));
        }
    }

    /// Returns the id of a station's container: the stored one, whatever zone it is in now.
    pub(crate) fn station_id(&self, zone: &Zone, station: &ObjectId) -> String {
        let here = zone_id(zone);
        let stored = self.stations.get(station).map(Vec::as_slice).unwrap_or_default();
        // Before stations kept their ids, one that moved got another. The latest is in use.
        let known = stored
            .iter()
            .find(|stored| stored.zone == here)
            .or_else(|| stored.iter().max_by_key(|stored| stored.handle));
        known.map_or_else(|| format!("{here}/s{}", segment(&station.0)), |stored| stored.id.clone())
    }

    /// Returns the objects without those that vanished earlier, whose values are Error.
    ///
    /// # Errors
    /// If the host cannot read them.
    pub(crate) fn known(&self, host: &Host) -> Result<KnownObjects, HostError> {
        let stations = || {
            let all = self.stations.iter();
            all.flat_map(|(station, stored)| stored.iter().map(move |stored| (station, stored.handle)))
        };
        let handles: Vec<u32> = self
            .zones
            .iter()
            .map(|(_, handle)| *handle)
            .chain(stations().map(|(_, handle)| handle))
            .chain(self.connectors.iter().map(|(_, _, handle)| *handle))
            .collect();
        let mut served = host.latest(&handles)?.into_iter();
        let mut is_here = || served.next().flatten().is_none_or(|served| served.state != ValueState::Error);
        let zones = self.zones.iter().filter(|_| is_here()).map(|(zone, _)| zone.clone()).collect();
        let mut stations: Vec<ObjectId> =
            stations().filter(|_| is_here()).map(|(station, _)| station.clone()).collect();
        stations.sort();
        stations.dedup();
        let connectors = self.connectors.iter().filter(|_| is_here());
        let mut connectors: Vec<_> =
            connectors.map(|(station, number, _)| (station.clone(), *number)).collect();
        connectors.sort();
        connectors.dedup();
        Ok(KnownObjects { zones, stations, connectors })
    }
}

/// Returns the id of the controller in a segment such as `z1`.
fn object_id(segment: &str, level: char) -> Option<ObjectId> {
    let id = segment.strip_prefix(level)?;
    Some(ObjectId(id.replace("%2F", "/").replace("%25", "%")))
}
