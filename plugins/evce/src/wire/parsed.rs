//! The parsed documents of a poll: objects where they are listed, with the documents of their own.

use std::collections::HashMap;
use std::hash::Hash;

use super::Profile;
use super::decode::{DecodeError, read};
use super::documents::{ConnectorKey, Document, SiteDocuments};
use super::extractor::{Extractor, Object};
use super::fields::{ConnectorField, StationField, ZoneField};
use super::object_fields::ObjectFields;
use super::scalar::Scalar;
use crate::model::ObjectId;

/// An object and the path of the request for it.
pub(super) type Listed<'a> = (&'a str, Object<'a>);

/// The parsed documents of a poll.
pub(super) struct Parsed<'a> {
    pub(super) zones: Vec<Listed<'a>>,
    pub(super) zone: HashMap<&'a ObjectId, Object<'a>>,
    pub(super) reductions: HashMap<&'a ObjectId, Option<Object<'a>>>,
    pub(super) stations: Vec<(Option<&'a ObjectId>, Vec<Listed<'a>>)>,
    pub(super) station: HashMap<&'a ObjectId, Object<'a>>,
    /// Of the lists, by station.
    pub(super) connectors: HashMap<ObjectId, Vec<Listed<'a>>>,
    /// Connectors of the lists without a readable station.
    pub(super) ownerless: usize,
    pub(super) connector: HashMap<&'a ConnectorKey, Object<'a>>,
}

/// A station where it is listed.
pub(super) struct ListedStation<'p, 'a> {
    pub(super) zone: Option<ObjectId>,
    pub(super) path: &'p str,
    pub(super) object: &'p Object<'a>,
}

impl Profile {
    pub(super) fn parse<'a>(&self, documents: &'a SiteDocuments) -> Result<Parsed<'a>, DecodeError> {
        let extractors = &self.extractors;
        let mut stations = Vec::with_capacity(documents.stations.len());
        for (zone, pages) in &documents.stations {
            stations.push((zone.as_ref(), self.objects(&extractors.stations, pages)?));
        }
        let mut ownerless = 0;
        let mut connectors: HashMap<ObjectId, Vec<Listed<'a>>> = HashMap::new();
        for (station, pages) in &documents.connectors {
            for (path, object) in self.objects(&extractors.connectors, pages)? {
                let own = || object.field(ConnectorField::StationId).and_then(Scalar::id);
                match station.clone().or_else(own) {
                    Some(station) => connectors.entry(station).or_default().push((path, object)),
                    None => ownerless += 1,
                }
            }
        }
        let mut reductions = HashMap::with_capacity(documents.reductions.len());
        for (zone, document) in &documents.reductions {
            let object = match document {
                Some(document) => Some(read(&extractors.reduction, &document.path, &document.body)?),
                None => None,
            };
            reductions.insert(zone, object);
        }
        Ok(Parsed {
            zones: self.objects(&extractors.zones, &documents.zones)?,
            zone: singles(&extractors.zone, &documents.zone)?,
            reductions,
            stations,
            station: singles(&extractors.station, &documents.station)?,
            connectors,
            ownerless,
            connector: singles(&extractors.connector, &documents.connector)?,
        })
    }
}

/// Parses documents with one object each.
fn singles<'a, Key: Eq + Hash>(
    extractor: &Extractor,
    documents: &'a [(Key, Document)],
) -> Result<HashMap<&'a Key, Object<'a>>, DecodeError> {
    let parsed =
        |(key, document): &'a (Key, Document)| Ok((key, read(extractor, &document.path, &document.body)?));
    documents.iter().map(parsed).collect()
}

impl<'a> Parsed<'a> {
    /// Returns the stations in the lists and in their zones.
    pub(super) fn listed_stations(&self, profile: &Profile) -> Vec<ListedStation<'_, 'a>> {
        let mut stations = Vec::new();
        for (path, zone) in &self.zones {
            let id = zone.field(ZoneField::Id).and_then(Scalar::id);
            let detail = id.as_ref().and_then(|id| self.zone.get(id)).and_then(Object::nested);
            let nested = detail.or_else(|| zone.nested()).unwrap_or_default();
            stations.extend(nested.iter().map(|object| ListedStation { zone: id.clone(), path, object }));
        }
        for (zone, list) in &self.stations {
            stations.extend(list.iter().map(|(path, object)| {
                let zone = zone.cloned().or_else(|| {
                    let id = object.field(StationField::Id)?.id()?;
                    let detail = self.station.get(&id);
                    let layers: Vec<&Object<'_>> = detail.into_iter().chain([object]).collect();
                    ObjectFields::new(&layers, &profile.station, std::time::UNIX_EPOCH)
                        .id(StationField::ZoneId)
                });
                ListedStation { zone, path, object }
            }));
        }
        stations
    }

    /// Returns the listed connectors of a station: those in its documents, or else those of the lists.
    pub(super) fn connectors_of<'p>(
        &'p self,
        station: &ObjectId,
        listed: &'p Object<'a>,
    ) -> Vec<(Option<&'p str>, &'p Object<'a>)> {
        let detail = self.station.get(station).and_then(Object::nested);
        if let Some(nested) = detail.or_else(|| listed.nested()) {
            return nested.iter().map(|object| (None, object)).collect();
        }
        let lists = self.connectors.get(station).into_iter().flatten();
        lists.map(|(path, object)| (Some(*path), object)).collect()
    }

    /// Returns the documents of each zone.
    pub(super) fn zone_layers(&self) -> Vec<Vec<&Object<'a>>> {
        let layers = |(_, zone): &'_ Listed<'a>| zone.field(ZoneField::Id).and_then(Scalar::id);
        let zones = self.zones.iter();
        zones
            .map(|listed| {
                let detail = layers(listed).and_then(|id| self.zone.get(&id));
                detail.into_iter().chain([&listed.1]).collect()
            })
            .collect()
    }

    /// Returns the document of each reduction that was read by a call.
    pub(super) fn reduction_layers(&self) -> Vec<Vec<&Object<'a>>> {
        self.reductions.values().flatten().map(|object| vec![object]).collect()
    }

    /// Returns the documents of each station.
    pub(super) fn station_layers(&self, profile: &Profile) -> Vec<Vec<&Object<'a>>> {
        let stations = self.listed_stations(profile).into_iter();
        stations
            .map(|listed| {
                let id = listed.object.field(StationField::Id).and_then(Scalar::id);
                let detail = id.and_then(|id| self.station.get(&id));
                detail.into_iter().chain([listed.object]).collect()
            })
            .collect()
    }

    /// Returns the documents of each connector.
    pub(super) fn connector_layers(&self, profile: &Profile) -> Vec<Vec<&Object<'a>>> {
        let mut layers = Vec::new();
        for listed in self.listed_stations(profile) {
            let Some(station) = listed.object.field(StationField::Id).and_then(Scalar::id) else { continue };
            for (_, object) in self.connectors_of(&station, listed.object) {
                let number = object.field(ConnectorField::Number).and_then(Scalar::whole);
                let detail = number.and_then(|number| self.connector.get(&(station.clone(), number)));
                layers.push(detail.into_iter().chain([object]).collect());
            }
        }
        layers
    }
}
