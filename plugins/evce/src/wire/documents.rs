//! The documents of one poll, as the controller sent them.

use std::time::SystemTime;

use super::decode::DecodeError;
use super::unusable;
use crate::model::ObjectId;

/// A response with objects, and the path of its request for messages.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

impl Document {
    /// Returns it with its unusable numbers as texts; `None` if it has none.
    fn with_numbers_as_texts(&self) -> Option<Self> {
        let body = unusable::with_numbers_as_texts(&self.body)?;
        Some(Self { path: self.path.clone(), body })
    }

    /// Reads it; if it is not JSON, once more with its unusable numbers as texts.
    pub(super) fn read<T>(&self, read: impl Fn(&Self) -> Result<T, DecodeError>) -> Result<T, DecodeError> {
        match read(self) {
            Err(error @ DecodeError::NotJson { .. }) => {
                self.with_numbers_as_texts().map_or(Err(error), |readable| read(&readable))
            }
            result => result,
        }
    }
}

/// The pages of one list.
pub(crate) type Pages = Vec<Document>;

/// A connector of a station.
pub(crate) type ConnectorKey = (ObjectId, i32);

/// All documents of a poll. A bulk list has no owner; one of many has the object that it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct SiteDocuments {
    pub(crate) zones: Pages,
    pub(crate) zone: Vec<(ObjectId, Document)>,
    /// `None`: the zone has no reduction.
    pub(crate) reductions: Vec<(ObjectId, Option<Document>)>,
    /// By zone.
    pub(crate) stations: Vec<(Option<ObjectId>, Pages)>,
    pub(crate) station: Vec<(ObjectId, Document)>,
    /// By station.
    pub(crate) connectors: Vec<(Option<ObjectId>, Pages)>,
    pub(crate) connector: Vec<(ConnectorKey, Document)>,
    /// The controller's clock.
    pub(crate) now: SystemTime,
}

impl SiteDocuments {
    pub(crate) fn new(zones: Pages, now: SystemTime) -> Self {
        Self {
            zones,
            zone: Vec::new(),
            reductions: Vec::new(),
            stations: Vec::new(),
            station: Vec::new(),
            connectors: Vec::new(),
            connector: Vec::new(),
            now,
        }
    }

    /// Reads them; if one is not JSON, once more with unusable numbers as texts.
    pub(super) fn read<T>(&self, read: impl Fn(&Self) -> Result<T, DecodeError>) -> Result<T, DecodeError> {
        match read(self) {
            Err(DecodeError::NotJson { .. }) => {
                let mut readable = self.clone();
                for document in readable.all_mut() {
                    if let Some(changed) = document.with_numbers_as_texts() {
                        *document = changed;
                    }
                }
                read(&readable)
            }
            result => result,
        }
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut Document> {
        let of_zones = self.zone.iter_mut().map(|(_, document)| document);
        let reductions = self.reductions.iter_mut().filter_map(|(_, document)| document.as_mut());
        let of_stations = self.station.iter_mut().map(|(_, document)| document);
        let of_connectors = self.connector.iter_mut().map(|(_, document)| document);
        let stations = self.stations.iter_mut().flat_map(|(_, pages)| pages);
        let connectors = self.connectors.iter_mut().flat_map(|(_, pages)| pages);
        let lists = self.zones.iter_mut().chain(stations).chain(connectors);
        lists.chain(of_zones).chain(reductions).chain(of_stations).chain(of_connectors)
    }

    /// Returns the documents of a zone list and a station list.
    #[cfg(test)]
    pub(crate) fn of_lists(zones: &[u8], stations: &[u8]) -> Self {
        let page = |path: &str, body: &[u8]| vec![Document { path: path.to_owned(), body: body.to_vec() }];
        let mut documents = Self::new(page("/zones", zones), SystemTime::UNIX_EPOCH);
        documents.stations.push((None, page("/stations", stations)));
        documents
    }
}
