//! Objects that the controller's lists lack. A list may be empty, short or odd for a minute, so an object counts as
//! removed only when a second source confirms it: the request for this object alone, and for many objects the next polls.

use std::collections::{BTreeMap, HashMap, HashSet};

use riser_plugin::{HostError, Problem};

use crate::client::EvceClient;
use crate::model::{Connector, ObjectId, ObjectKey, Site, Station, Zone, counted, listed};
use crate::points::KnownObjects;

/// The code of the problem with objects that are missing.
pub(crate) const MISSING: &str = "missing-objects";
/// Requests for single objects per poll and kind.
const MOST_REQUESTS: usize = 5;
/// Polls that must lack many objects, the first included.
const POLLS_FOR_MANY: u32 = 3;
/// Polls that must lack objects if the controller has no requests for single ones.
const POLLS_WITHOUT_REQUESTS: u32 = 20;
/// More than one object, and more than this share, is implausible to be removed at once.
const PLAUSIBLE_SHARE: usize = 10;

/// The objects that are missing and not confirmed to be removed.
#[derive(Debug, Default)]
pub(crate) struct Removals {
    missing: BTreeMap<ObjectKey, Absence>,
}

/// An object that is missing.
#[derive(Clone, Copy, Debug, Default)]
struct Absence {
    /// Polls that lacked it.
    polls: u32,
    /// The controller does not know it.
    is_unknown_to_controller: bool,
}

/// The objects of a poll that are missing in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Review {
    /// Not confirmed to be removed.
    pub(crate) kept: Vec<ObjectKey>,
    /// Confirmed to be removed.
    pub(crate) removed: Vec<ObjectKey>,
}

/// The kind of an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Zone,
    Station,
    Connector,
}

/// Missing objects, and the number that there should be of each kind.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    missing: Vec<ObjectKey>,
    expected: [usize; 3],
}

impl Comparison {
    /// Compares with the poll before.
    pub(crate) fn with_site(before: &Site, now: &Site) -> Self {
        let zones = before.zones.iter().map(|zone| &zone.id);
        let stations = before.stations().map(|station| &station.id);
        let connectors = before
            .stations()
            .flat_map(|station| station.connectors.iter().map(|connector| (&station.id, connector.number)));
        Self::of(now, zones, stations, connectors)
    }

    /// Compares with the stored tree.
    pub(crate) fn with_tree(known: &KnownObjects, now: &Site) -> Self {
        let connectors = known.connectors.iter().map(|(station, number)| (station, *number));
        Self::of(now, known.zones.iter(), known.stations.iter(), connectors)
    }

    fn of<'a>(
        now: &Site,
        zones: impl Iterator<Item = &'a ObjectId>,
        stations: impl Iterator<Item = &'a ObjectId>,
        connectors: impl Iterator<Item = (&'a ObjectId, i32)>,
    ) -> Self {
        let mut comparison = Self::default();
        let here: HashSet<&ObjectId> = now.zones.iter().map(|zone| &zone.id).collect();
        for zone in zones {
            comparison.add(Level::Zone, here.contains(zone), || ObjectKey::Zone(zone.clone()));
        }
        let here: HashMap<&ObjectId, &Station> =
            now.stations().map(|station| (&station.id, station)).collect();
        for station in stations {
            comparison
                .add(Level::Station, here.contains_key(station), || ObjectKey::Station(station.clone()));
        }
        for (station, number) in connectors {
            // Those of a missing station are missing with it.
            if let Some(found) = here.get(station) {
                let is_here = found.connectors.iter().any(|connector| connector.number == number);
                let key = || ObjectKey::Connector(station.clone(), number);
                comparison.add(Level::Connector, is_here, key);
            }
        }
        comparison
    }

    fn add(&mut self, level: Level, is_here: bool, key: impl FnOnce() -> ObjectKey) {
        self.expected[level as usize] += 1;
        if !is_here {
            self.missing.push(key());
        }
    }
}

impl Level {
    const ALL: [Self; 3] = [Self::Zone, Self::Station, Self::Connector];

    fn of(key: &ObjectKey) -> Self {
        match key {
            ObjectKey::Zone(_) => Self::Zone,
            ObjectKey::Station(_) => Self::Station,
            ObjectKey::Connector(..) => Self::Connector,
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::Zone => "zone",
            Self::Station => "station",
            Self::Connector => "connector",
        }
    }

    /// Returns an object of this kind that the lists have.
    fn present(self, now: &Site) -> Option<ObjectKey> {
        match self {
            Self::Zone => now.zones.first().map(|zone| ObjectKey::Zone(zone.id.clone())),
            Self::Station => now.stations().next().map(|station| ObjectKey::Station(station.id.clone())),
            Self::Connector => now.stations().find_map(|station| {
                let connector = station.connectors.first()?;
                Some(ObjectKey::Connector(station.id.clone(), connector.number))
            }),
        }
    }
}

impl Removals {
    /// Decides which missing objects are removed. Asks the controller for some of them.
    ///
    /// # Errors
    /// If the run must end.
    pub(crate) fn review(
        &mut self,
        comparison: &Comparison,
        now: &Site,
        client: &mut EvceClient,
    ) -> Result<Review, HostError> {
        let mut review = Review::default();
        let mut still: BTreeMap<ObjectKey, Absence> = BTreeMap::new();
        for key in &comparison.missing {
            let mut absence = self.missing.get(key).copied().unwrap_or_default();
            absence.polls += 1;
            still.insert(key.clone(), absence);
        }
        self.missing = still;
        for level in Level::ALL {
            let keys: Vec<ObjectKey> =
                self.missing.keys().filter(|key| Level::of(key) == level).cloned().collect();
            if keys.is_empty() {
                continue;
            }
            let expected = comparison.expected[level as usize];
            if self.is_confirmed(&keys, (level, expected), now, client)? {
                self.missing.retain(|key, _| Level::of(key) != level);
                review.removed.extend(keys);
            } else {
                review.kept.extend(keys);
            }
        }
        Ok(review)
    }

    fn is_confirmed(
        &mut self,
        keys: &[ObjectKey],
        (level, expected): (Level, usize),
        now: &Site,
        client: &mut EvceClient,
    ) -> Result<bool, HostError> {
        if !self.has_second_source(keys) && self.ask(keys, level, now, client)? {
            // The lists are wrong: an object is still there.
            self.missing.extend(keys.iter().map(|key| (key.clone(), Absence::default())));
            return Ok(false);
        }
        let polls = keys.iter().map(|key| self.missing[key].polls).min().unwrap_or_default();
        Ok(match (self.has_second_source(keys), is_plausible(keys.len(), expected)) {
            (true, true) => true,
            (true, false) => polls >= POLLS_FOR_MANY,
            (false, _) => polls >= POLLS_WITHOUT_REQUESTS,
        })
    }

    /// Returns whether the controller does not know enough of these objects.
    fn has_second_source(&self, keys: &[ObjectKey]) -> bool {
        let unknown = keys.iter().filter(|key| self.missing[*key].is_unknown_to_controller).count();
        unknown >= keys.len().min(MOST_REQUESTS)
    }

    /// Asks the controller for some of these objects. Returns whether it still has one.
    fn ask(
        &mut self,
        keys: &[ObjectKey],
        level: Level,
        now: &Site,
        client: &mut EvceClient,
    ) -> Result<bool, HostError> {
        // A controller without requests for single objects does not know those either that it lists.
        let has_requests = match level.present(now) {
            Some(present) => exists(client, &present)? == Some(true),
            None => true,
        };
        let asked = keys.iter().filter(|key| !self.missing[*key].is_unknown_to_controller);
        for key in asked.take(MOST_REQUESTS).cloned().collect::<Vec<_>>() {
            match exists(client, &key)? {
                Some(false) if has_requests => {
                    self.missing.entry(key).or_default().is_unknown_to_controller = true;
                }
                Some(true) => return Ok(true),
                _ => break,
            }
        }
        Ok(false)
    }

    /// Returns the problem with the missing objects.
    pub(crate) fn problem(&self, comparison: &Comparison) -> Option<Problem> {
        let mut lists = Vec::new();
        for level in Level::ALL {
            let keys: Vec<String> =
                self.missing.keys().filter(|key| Level::of(key) == level).map(ToString::to_string).collect();
            if !keys.is_empty() {
                let expected = counted(comparison.expected[level as usize], level.noun());
                lists.push(format!("{} of {expected} ({})", keys.len(), listed(&keys)));
            }
        }
        if lists.is_empty() {
            return None;
        }
        let what = format!("the lists of the charge controller lack {}", lists.join(", and "));
        Some(
            Problem::new(MISSING, what)
                .effect("their last values are Uncertain; nothing is removed, and their histories pause")
                .remedy(
                    "if they were removed, none: the next polls confirm it. Otherwise check the charge controller",
                ),
        )
    }
}

fn exists(client: &mut EvceClient, key: &ObjectKey) -> Result<Option<bool>, HostError> {
    match client.exists(key) {
        Ok(exists) => Ok(exists),
        Err(error) => error.propagate_stop().map(|()| None),
    }
}

/// Returns whether so many objects may be removed at once.
fn is_plausible(missing: usize, expected: usize) -> bool {
    missing < expected && (missing <= 1 || missing * PLAUSIBLE_SHARE <= expected)
}

/// Puts missing objects back with their last values. Returns the number of those that were not in the poll before.
pub(crate) fn keep(site: &mut Site, before: Option<&Site>, kept: &[ObjectKey]) -> usize {
    let Some(before) = before else { return kept.len() };
    let mut unseen = 0;
    // Zones come first, then stations, then connectors.
    for key in kept {
        let is_put_back = match key {
            ObjectKey::Zone(zone) => keep_zone(site, before, zone),
            ObjectKey::Station(station) => keep_station(site, before, station),
            ObjectKey::Connector(station, number) => keep_connector(site, before, station, *number),
        };
        unseen += usize::from(!is_put_back);
    }
    unseen
}

fn keep_zone(site: &mut Site, before: &Site, zone: &ObjectId) -> bool {
    let Some(index) = before.zones.iter().position(|found| found.id == *zone) else { return false };
    let zone = Zone { is_kept: true, stations: Vec::new(), ..before.zones[index].clone() };
    site.zones.insert(index.min(site.zones.len()), zone);
    true
}

fn keep_station(site: &mut Site, before: &Site, station: &ObjectId) -> bool {
    let found = before.zones.iter().find_map(|zone| {
        Some((&zone.id, zone.stations.iter().position(|found| found.id == *station)?, zone))
    });
    let Some((zone, index, owner)) = found else { return false };
    let Some(zone) = site.zones.iter_mut().find(|found| found.id == *zone) else { return false };
    let mut station = owner.stations[index].clone();
    station.is_kept = true;
    for connector in &mut station.connectors {
        connector.is_kept = true;
        connector.register_fell = false;
    }
    zone.stations.insert(index.min(zone.stations.len()), station);
    true
}

fn keep_connector(site: &mut Site, before: &Site, station: &ObjectId, number: i32) -> bool {
    let mut stations = before.stations().filter(|found| found.id == *station);
    let found = stations.next().and_then(|found| found.connectors.iter().find(|it| it.number == number));
    let Some(connector) = found else { return false };
    let Some(station) = site.stations_mut().find(|found| found.id == *station) else { return false };
    let kept = Connector { is_kept: true, register_fell: false, ..connector.clone() };
    station.connectors.push(kept);
    station.connectors.sort_by_key(|connector| connector.number);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_or_a_tenth_may_be_removed_at_once_but_never_all() {
        let plausible = [(1, 2), (1, 50), (5, 50), (10, 100)];
        let implausible = [(1, 1), (2, 2), (2, 3), (6, 50), (50, 50)];
        assert!(plausible.iter().all(|(missing, expected)| is_plausible(*missing, *expected)));
        assert!(!implausible.iter().any(|(missing, expected)| is_plausible(*missing, *expected)));
    }
}
