//! Reads the objects of a controller: lists page by page, and single objects one after the other.
//!
//! Requests follow each other, since a controller is a small device and the contract's client sends one at a time. A
//! page or an object that cannot be read fails the whole poll: a part of a site is not a site.

use std::collections::HashSet;
use std::rc::Rc;
use std::time::SystemTime;

use riser_plugin::http::{Request, Response};

use super::{EvceClient, EvceError, ReadReduction, SiteSnapshot, classify, classify_object};
use crate::model::{Connector, ObjectId, ObjectKey};
use crate::wire::{DecodeError, Document, PageFacts, PagePlace, Pages, PagingKind, ReadStep, SiteDocuments};

/// Most pages of one list. With one object each they hold a site of 10,000 stations.
const MOST_PAGES: u32 = 20_000;

impl EvceClient {
    /// Reads zones, stations and connectors.
    pub(crate) fn poll(&mut self) -> Result<SiteSnapshot, EvceError> {
        let profile = Rc::clone(&self.profile);
        let (documents, gone) = self.documents()?;
        let controller_now = documents.now;
        let (site, mut skipped) = profile.decode_site(&documents)?;
        skipped.extend(gone);
        Ok(SiteSnapshot { site, skipped, controller_now, has_clock: self.has_clock })
    }

    /// Reads the documents of a poll. Also returns a message for each object that vanished between its list and
    /// its own request.
    pub(crate) fn documents(&mut self) -> Result<(SiteDocuments, Vec<String>), EvceError> {
        let profile = Rc::clone(&self.profile);
        let polls = |step| profile.polls(step);
        let mut gone = Vec::new();
        let zones = self.pages(ReadStep::Zones, None)?;
        let mut documents = SiteDocuments::new(zones, self.controller_now());
        let is_by_zone = profile.is_list_of_owner(ReadStep::Stations);
        let needs_zones = polls(ReadStep::Zone) || polls(ReadStep::Reduction) || is_by_zone;
        let zone_ids = if needs_zones { profile.zone_ids(&documents)? } else { Vec::new() };
        for zone in zone_ids {
            if polls(ReadStep::Zone) {
                let document = self.single(profile.zone(&zone), &mut gone)?;
                documents.zone.extend(document.map(|document| (zone.clone(), document)));
            }
            if polls(ReadStep::Reduction) {
                let document = self.reduction_document(&zone)?;
                documents.reductions.push((zone.clone(), document));
            }
            if polls(ReadStep::Stations) && is_by_zone {
                let pages = self.pages(ReadStep::Stations, Some(&zone))?;
                documents.stations.push((Some(zone), pages));
            }
        }
        if polls(ReadStep::Stations) && !is_by_zone {
            documents.stations.push((None, self.pages(ReadStep::Stations, None)?));
        }
        self.station_documents(&mut documents, &mut gone)?;
        documents.now = self.controller_now();
        Ok((documents, gone))
    }

    fn station_documents(
        &mut self,
        documents: &mut SiteDocuments,
        gone: &mut Vec<String>,
    ) -> Result<(), EvceError> {
        let profile = Rc::clone(&self.profile);
        let polls = |step| profile.polls(step);
        let is_by_station = profile.is_list_of_owner(ReadStep::Connectors);
        let needs_stations = polls(ReadStep::Station) || polls(ReadStep::Connectors) && is_by_station;
        let station_ids = if needs_stations { profile.station_ids(documents)? } else { Vec::new() };
        for station in station_ids {
            if polls(ReadStep::Station) {
                let document = self.single(profile.station(&station), gone)?;
                documents.station.extend(document.map(|document| (station.clone(), document)));
            }
            if polls(ReadStep::Connectors) && is_by_station {
                let pages = self.pages(ReadStep::Connectors, Some(&station))?;
                documents.connectors.push((Some(station), pages));
            }
        }
        if polls(ReadStep::Connectors) && !is_by_station {
            documents.connectors.push((None, self.pages(ReadStep::Connectors, None)?));
        }
        if polls(ReadStep::Connector) {
            for key in profile.connector_keys(documents)? {
                let document = self.single(profile.connector(&key.0, key.1), gone)?;
                documents.connector.extend(document.map(|document| (key, document)));
            }
        }
        Ok(())
    }

    /// Reads all pages of a list.
    fn pages(&mut self, step: ReadStep, owner: Option<&ObjectId>) -> Result<Pages, EvceError> {
        let profile = Rc::clone(&self.profile);
        let Some(list) = profile.list(step, owner) else { return Ok(Vec::new()) };
        let kind = profile.paging(step);
        let mut request = profile.page(list.clone(), step, &PagePlace::First);
        let mut pages = Vec::new();
        let (mut objects, mut announced) = (0, None);
        let mut seen = HashSet::new();
        loop {
            let path = request.path.clone();
            if pages.len() > MOST_PAGES as usize || !seen.insert(path.clone()) {
                return Err(DecodeError::Endless { path: list.path, pages: pages.len() }.into());
            }
            let response = self.call(&request, classify)?;
            let link = next_link(&response);
            pages.push(Document { path, body: response.body });
            let page = pages.last().expect("a page was just added");
            let next = match kind {
                PagingKind::None if link.is_none() => return Ok(pages),
                // A list that is not expected to have pages is incomplete.
                PagingKind::None | PagingKind::Link => match link {
                    Some(link) => self.linked(&request, &link)?,
                    None => return Ok(pages),
                },
                PagingKind::Cursor => match profile.page_facts(page)?.next {
                    Some(next) if is_link(&next) => self.linked(&request, &next)?,
                    Some(cursor) => profile.page(list.clone(), step, &PagePlace::Cursor(cursor)),
                    None => return Ok(pages),
                },
                PagingKind::Page | PagingKind::Offset => {
                    let facts = profile.page_facts(page)?;
                    // Only the first page may announce the total.
                    announced = facts.total.or(announced);
                    let facts = PageFacts { total: announced, ..facts };
                    objects += facts.count;
                    if profile.is_last_page(&facts, objects) {
                        return Ok(pages);
                    }
                    let count = u32::try_from(pages.len()).unwrap_or(u32::MAX);
                    profile.page(list.clone(), step, &PagePlace::After { pages: count, objects })
                }
            };
            request = next;
        }
    }

    fn linked(&self, request: &Request, link: &str) -> Result<Request, EvceError> {
        let path = self.http.linked_path(&request.path, link);
        let path = path.ok_or_else(|| DecodeError::ForeignLink { path: request.path.clone() })?;
        Ok(Request::get(self.profile.without_key(&path)))
    }

    /// Reads one object; `None` if it vanished after its list was read.
    fn single(
        &mut self,
        request: Option<Request>,
        gone: &mut Vec<String>,
    ) -> Result<Option<Document>, EvceError> {
        let Some(request) = request else { return Ok(None) };
        let response = self.send(&request, classify_object)?;
        if response.status == 404 {
            gone.push(format!("GET {} has HTTP status 404 although it is listed", request.path));
            return Ok(None);
        }
        let body = self.accepted(response)?.body;
        Ok(Some(Document { path: request.path, body }))
    }

    fn reduction_document(&mut self, zone: &ObjectId) -> Result<Option<Document>, EvceError> {
        let Some(request) = self.profile.reduction(zone) else { return Ok(None) };
        let response = self.send(&request, classify_object)?;
        let (code, _) = self.profile.decode_error(&response.body);
        if self.profile.is_no_reduction(response.status, code.as_deref()) {
            return Ok(None);
        }
        let body = self.accepted(response)?.body;
        Ok(Some(Document { path: request.path, body }))
    }

    /// Reads the reduction of one zone.
    pub(crate) fn reduction(&mut self, zone: &ObjectId) -> Result<ReadReduction, EvceError> {
        let profile = Rc::clone(&self.profile);
        if profile.reduction(zone).is_some() {
            let document = self.reduction_document(zone)?;
            let controller_now = self.controller_now();
            let reduction = match document {
                Some(document) => profile.decode_reduction(&document, controller_now)?,
                None => None,
            };
            return Ok(ReadReduction { reduction, controller_now });
        }
        // The zone has it.
        let mut documents = SiteDocuments::new(self.pages(ReadStep::Zones, None)?, self.controller_now());
        let single = self.single(profile.zone(zone), &mut Vec::new())?;
        documents.zone.extend(single.map(|document| (zone.clone(), document)));
        let (site, _) = profile.decode_site(&documents)?;
        let reduction = site.zone(zone).and_then(|zone| zone.reduction.clone());
        Ok(ReadReduction { reduction, controller_now: documents.now })
    }

    /// Reads one connector.
    pub(crate) fn connector(
        &mut self,
        station: &ObjectId,
        number: i32,
    ) -> Result<Option<Connector>, EvceError> {
        let profile = Rc::clone(&self.profile);
        if let Some(request) = profile.connector(station, number) {
            let response = self.call(&request, classify_object)?;
            let document = Document { path: request.path, body: response.body };
            return Ok(profile.decode_connector(&document, number, self.controller_now())?);
        }
        let site = self.poll()?.site;
        let mut stations = site.zones.into_iter().flat_map(|zone| zone.stations);
        let found = stations.find(|found| found.id == *station);
        Ok(found.and_then(|found| found.connectors.into_iter().find(|its| its.number == number)))
    }

    /// Returns whether the controller has an object, by a request for this object alone; `None` if that is not known.
    pub(crate) fn exists(&mut self, key: &ObjectKey) -> Result<Option<bool>, EvceError> {
        let request = match key {
            ObjectKey::Zone(zone) => self.profile.zone(zone),
            ObjectKey::Station(station) => self.profile.station(station),
            ObjectKey::Connector(station, number) => self.profile.connector(station, *number),
        };
        let Some(request) = request else { return Ok(None) };
        let response = self.send(&request, classify_object)?;
        let is_object = || response.body.trim_ascii_start().starts_with(b"{");
        Ok(match response.status {
            404 | 410 => Some(false),
            200..=299 if is_object() => Some(true),
            _ => None,
        })
    }

    /// Notes the controller's clock.
    pub(super) fn note_clock(&mut self, response: &Response) {
        // Without a Date the controller's clock is taken to be ours.
        self.has_clock = response.date.is_some();
        let Some(date) = response.date else { return };
        let since = |moment: SystemTime| {
            let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        };
        self.clock_ahead_ms = since(date).saturating_sub(since(response.received));
    }
}

/// Returns the link to the next page (RFC 8288).
fn next_link(response: &Response) -> Option<String> {
    let headers = response.headers.get_all("link").into_iter().filter_map(|link| link.to_str().ok());
    headers.flat_map(|links| links.split(',')).find_map(|link| {
        let (target, parameters) = link.split_once(';')?;
        let is_next = parameters.split(';').any(|parameter| {
            let relation = parameter.trim().strip_prefix("rel=").map(|value| value.trim_matches('"'));
            relation.is_some_and(|relations| relations.split(' ').any(|relation| relation == "next"))
        });
        let target = target.trim().strip_prefix('<')?.strip_suffix('>')?;
        is_next.then(|| target.to_owned())
    })
}

fn is_link(next: &str) -> bool {
    next.starts_with(['/', '?']) || next.contains("://")
}
