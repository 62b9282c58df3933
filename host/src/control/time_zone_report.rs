use std::fmt;

use riser_calendar::{MachineZone, Zone, ZoneDatabase, ZoneSource};
use riser_runtime::configured_zone;
use riser_store::Site;
use serde::{Deserialize, Serialize};

/// A time zone in use, and the data with its rules.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TimeZoneReport {
    name: String,
    /// The setting that names it, such as `/etc/localtime`; `None` when no setting does.
    named_by: Option<String>,
    /// Such as `2026f`.
    data_release: String,
    /// The zoneinfo directory of the system; `None` for the copy in Riser.
    data_directory: Option<String>,
}

impl TimeZoneReport {
    /// Describes the zone of a site: its own, or else that of the machine.
    pub(crate) fn of_site(site: &Site, machine: &MachineZone) -> Self {
        match configured_zone(site) {
            Some(zone) => Self::new(&zone, Some("the settings of the site")),
            None => Self::new(&machine.zone, machine.source.setting()),
        }
    }

    /// Describes a zone that `named_by` names.
    pub(crate) fn new(zone: &Zone, named_by: Option<&str>) -> Self {
        let release = ZoneDatabase::current().release();
        let data_directory = match &release.source {
            ZoneSource::System(directory) => Some(directory.display().to_string()),
            ZoneSource::Embedded => None,
        };
        Self {
            name: zone.name().to_owned(),
            named_by: named_by.map(str::to_owned),
            data_release: release.version.clone(),
            data_directory,
        }
    }
}

impl TimeZoneReport {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Says that the zone is that of a running host. Its setting is not one of this process.
    pub(crate) fn of_running_host(self) -> Self {
        let named_by = match self.named_by {
            Some(setting) => format!("{setting} of the running Riser"),
            None => "the running Riser".to_owned(),
        };
        Self { named_by: Some(named_by), ..self }
    }
}

impl fmt::Display for TimeZoneReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, named_by, data_release, data_directory } = self;
        match named_by {
            Some(setting) => write!(f, "{name} from {setting}")?,
            None => write!(f, "{name}, because no setting names a known one")?,
        }
        match data_directory {
            Some(directory) => write!(f, "; zone data {data_release} of the system, in {directory}"),
            None => write!(f, "; zone data {data_release} embedded in Riser"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_the_setting_and_the_source_of_the_data() {
        let mut report = TimeZoneReport {
            name: "Europe/Paris".to_owned(),
            named_by: Some("/etc/localtime".to_owned()),
            data_release: "2026f".to_owned(),
            data_directory: None,
        };
        let embedded = "Europe/Paris from /etc/localtime; zone data 2026f embedded in Riser";
        assert_eq!(report.to_string(), embedded);
        report.data_directory = Some("/usr/share/zoneinfo".to_owned());
        assert!(report.to_string().ends_with("; zone data 2026f of the system, in /usr/share/zoneinfo"));
        report.named_by = None;
        assert!(report.to_string().starts_with("Europe/Paris, because no setting names a known one; "));
    }
}
