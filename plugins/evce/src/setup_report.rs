//! What Setup found in comparison with its last run: new, renamed, moved, removed and kept objects, in words.

use std::collections::BTreeMap;

use riser_plugin::{Host, HostError, LogLevel, Points, Tree};
use serde::{Deserialize, Serialize};

use crate::model::{ObjectId, Site, counted, listed};
use crate::points::KnownObjects;

const KEY: &str = "seen-site";
/// Most bytes to store of the state of a processor, which has 1 MiB.
const MOST_BYTES: usize = 768 << 10;

/// The objects of a site as a run of Setup saw them. A name that is not known is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SeenSite {
    zones: BTreeMap<String, Option<String>>,
    stations: BTreeMap<String, SeenStation>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SeenStation {
    name: Option<String>,
    zone: Option<String>,
    connectors: Vec<i32>,
}

/// The difference between two sites, in words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SiteDifference {
    added: Vec<String>,
    renamed: Vec<String>,
    moved: Vec<String>,
    removed: Vec<String>,
    kept: [usize; 3],
}

/// The points of a tree in comparison with the stored ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PointCounts {
    pub(crate) added: usize,
    pub(crate) kept: usize,
    pub(crate) vanished: usize,
}

impl PointCounts {
    /// Compares a tree with the stored points, by id.
    pub(crate) fn of(tree: &Tree, stored: &Points) -> Self {
        let (mut added, mut kept) = (0, 0);
        for id in tree.point_ids() {
            if stored.find(&id).is_some() {
                kept += 1;
            } else {
                added += 1;
            }
        }
        Self { added, kept, vanished: stored.len().saturating_sub(kept) }
    }
}

impl SeenSite {
    /// Returns the objects of a site.
    pub(crate) fn of(site: &Site) -> Self {
        let mut seen = Self::default();
        for zone in &site.zones {
            let name = zone.name.clone().filter(|name| !name.is_empty());
            seen.zones.insert(zone.id.0.clone(), Some(name.unwrap_or_else(|| format!("Zone {}", zone.id))));
            for station in &zone.stations {
                let mut connectors: Vec<i32> = station.connectors.iter().map(|it| it.number).collect();
                connectors.sort_unstable();
                let seen_station = SeenStation {
                    name: Some(station.shown_name()),
                    zone: Some(zone.id.0.clone()),
                    connectors,
                };
                seen.stations.insert(station.id.0.clone(), seen_station);
            }
        }
        seen
    }

    /// Returns the objects of the stored tree, whose names are not known.
    pub(crate) fn of_tree(known: &KnownObjects) -> Self {
        let zones = known.zones.iter().map(|zone| (zone.0.clone(), None)).collect();
        let mut stations: BTreeMap<String, SeenStation> = BTreeMap::new();
        let nameless = || SeenStation { name: None, zone: None, connectors: Vec::new() };
        for station in &known.stations {
            stations.entry(station.0.clone()).or_insert_with(nameless);
        }
        for (ObjectId(station), number) in &known.connectors {
            stations.entry(station.clone()).or_insert_with(nameless).connectors.push(*number);
        }
        Self { zones, stations }
    }

    /// Loads what the last run saw.
    ///
    /// # Errors
    /// If the host cannot read it.
    pub(crate) fn load(host: &Host) -> Result<Option<Self>, HostError> {
        // Unreadable state is dropped: names are then not known.
        Ok(host.state().get(KEY)?.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Stores it for the next run, if it differs from what the last one saw.
    ///
    /// # Errors
    /// If the host cannot store it.
    pub(crate) fn save(&self, host: &Host, before: Option<&Self>) -> Result<(), HostError> {
        if before == Some(self) {
            return Ok(());
        }
        let text = serde_json::to_string(self).expect("texts by name are always JSON");
        if text.len() <= MOST_BYTES {
            return host.state().put(KEY, &text);
        }
        // The next report then names objects by their ids, and no renames.
        host.state().remove(KEY)
    }

    /// Returns the difference of a later site.
    pub(crate) fn difference(&self, now: &Self) -> SiteDifference {
        let mut difference = SiteDifference::default();
        for (id, name) in &now.zones {
            match self.zones.get(id) {
                None => difference.added.push(format!("zone {}", now.zone_name(id))),
                Some(before) => {
                    difference.kept[0] += 1;
                    difference.rename("zone", before.as_ref(), name.as_ref());
                }
            }
        }
        for (id, station) in &now.stations {
            let name = shown(id, station);
            let Some(before) = self.stations.get(id) else {
                let connectors = counted(station.connectors.len(), "connector");
                let zone = station.zone.as_ref().map(|zone| now.zone_name(zone)).unwrap_or_default();
                difference.added.push(format!("station {name} with {connectors} in zone {zone}"));
                continue;
            };
            difference.kept[1] += 1;
            difference.rename("station", before.name.as_ref(), station.name.as_ref());
            if let (Some(from), Some(to)) = (&before.zone, &station.zone)
                && from != to
            {
                let (from, to) = (self.zone_name(from), now.zone_name(to));
                difference.moved.push(format!("{name} from zone {from} to zone {to}"));
            }
            for number in &station.connectors {
                if before.connectors.contains(number) {
                    difference.kept[2] += 1;
                } else {
                    difference.added.push(format!("connector {number} of {name}"));
                }
            }
            let gone = before.connectors.iter().filter(|number| !station.connectors.contains(number));
            difference.removed.extend(gone.map(|number| format!("connector {number} of {name}")));
        }
        let zones = self.zones.keys().filter(|id| !now.zones.contains_key(*id));
        difference.removed.extend(zones.map(|id| format!("zone {}", self.zone_name(id))));
        let stations = self.stations.iter().filter(|(id, _)| !now.stations.contains_key(*id));
        difference.removed.extend(stations.map(|(id, station)| format!("station {}", shown(id, station))));
        difference
    }

    fn zone_name<'a>(&'a self, id: &'a str) -> &'a str {
        self.zones.get(id).and_then(Option::as_deref).unwrap_or(id)
    }
}

fn shown<'a>(id: &'a str, station: &'a SeenStation) -> &'a str {
    station.name.as_deref().unwrap_or(id)
}

impl SiteDifference {
    fn rename(&mut self, level: &str, before: Option<&String>, now: Option<&String>) {
        if let (Some(before), Some(now)) = (before, now)
            && before != now
        {
            self.renamed.push(format!("{level} {before} to {now}"));
        }
    }

    /// Returns the lines of the report.
    pub(crate) fn lines(&self, is_dry_run: bool) -> Vec<String> {
        let [added, renamed, moved, removed, kept] = if is_dry_run {
            [
                "would be new",
                "would be renamed",
                "would be moved, with its ids",
                "would be removed",
                "would stay",
            ]
        } else {
            ["new", "renamed", "moved, with its ids", "removed", "kept"]
        };
        let changes =
            [(added, &self.added), (renamed, &self.renamed), (moved, &self.moved), (removed, &self.removed)];
        let changes = changes.into_iter().filter(|(_, names)| !names.is_empty());
        let [zones, stations, connectors] = self.kept;
        let rest = format!(
            "{kept}: {}, {}, {}",
            counted(zones, "zone"),
            counted(stations, "station"),
            counted(connectors, "connector")
        );
        changes.map(|(word, names)| format!("{word}: {}", listed(names))).chain([rest]).collect()
    }

    /// Returns how many stations moved.
    pub(crate) const fn moved(&self) -> usize {
        self.moved.len()
    }

    /// Logs the report.
    pub(crate) fn log(&self, host: &Host, is_dry_run: bool) {
        for line in self.lines(is_dry_run) {
            host.log(LogLevel::Info, &line);
        }
    }
}
