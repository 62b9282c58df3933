//! The profile: everything about an API that may differ from one controller to another, as data.

use std::path::Path;

use serde::Deserialize;

use super::pointer::Place;

/// The profile that is compiled in.
const BUILT_IN: &str = include_str!("../../profiles/v2-a.toml");

/// How a controller says things.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    pub(super) login: Login,
    pub(super) paths: Paths,
    pub(super) list: List,
    pub(super) error: ErrorPlaces,
    pub(super) version: VersionPlaces,
    pub(super) zone: ZonePlaces,
    pub(super) reduction: ReductionPlaces,
    pub(super) station: StationPlaces,
    pub(super) connector: ConnectorPlaces,
    pub(super) scale: Scale,
    pub(super) words: Words,
    pub(super) write: Write,
}

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfileError {
    #[error("the profile {file} cannot be read")]
    Unreadable {
        file: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the profile {file} is not right: {what}")]
    Wrong { file: String, what: String },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    pub(super) path: String,
    pub(super) name_key: String,
    pub(super) password_key: String,
    pub(super) token: Place,
    pub(super) life_s: Place,
    pub(super) token_ended: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paths {
    pub(super) version: String,
    pub(super) zones: String,
    pub(super) stations: String,
    pub(super) reduction: String,
    pub(super) connector: String,
    pub(super) availability: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    pub(super) items: Place,
    pub(super) total: Place,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorPlaces {
    pub(super) code: Place,
    pub(super) message: Place,
    pub(super) no_reduction: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VersionPlaces {
    pub(super) api_version: Place,
    pub(super) software_version: Place,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ZonePlaces {
    pub(super) id: Place,
    pub(super) name: Place,
    pub(super) kind: Place,
    pub(super) max_current_a: Place,
    pub(super) transactions: Place,
    pub(super) set_point_a: Place,
    pub(super) set_point_kw: Place,
    pub(super) reduction: Place,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReductionPlaces {
    pub(super) percent: Place,
    pub(super) kind: Place,
    pub(super) description: Place,
    pub(super) valid_until: Place,
    pub(super) validity_mode: Place,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StationPlaces {
    pub(super) id: Place,
    pub(super) zone_id: Place,
    pub(super) protocol: Place,
    pub(super) ocpp_identifier: Place,
    pub(super) friendly_name: Place,
    pub(super) serial_number: Place,
    pub(super) model: Place,
    pub(super) version: Place,
    pub(super) ip_address: Place,
    pub(super) cpo_url: Place,
    pub(super) is_accepted_by_cpo: Place,
    pub(super) is_connected: Place,
    pub(super) status: Place,
    pub(super) authentication_mode: Place,
    pub(super) disconnected_authentication_mode: Place,
    pub(super) connectors: Place,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectorPlaces {
    pub(super) number: Place,
    pub(super) is_dc: Place,
    pub(super) is_fixed_set_point: Place,
    pub(super) max_current_or_power: Place,
    pub(super) phase_connection: Place,
    pub(super) status: Place,
    pub(super) availability: Place,
    pub(super) set_point_a: Place,
    pub(super) set_point_kw: Place,
    pub(super) power_1: Place,
    pub(super) power_2: Place,
    pub(super) power_3: Place,
    pub(super) current_1: Place,
    pub(super) current_2: Place,
    pub(super) current_3: Place,
    pub(super) energy: Place,
    pub(super) measured_at: Place,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scale {
    pub(super) power_per_kw: f64,
    pub(super) energy_per_kwh: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    pub(super) status: StatusWords,
    pub(super) availability: AvailabilityWords,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusWords {
    pub(super) available: Vec<String>,
    pub(super) charging: Vec<String>,
    pub(super) faulted: Vec<String>,
    pub(super) finishing: Vec<String>,
    pub(super) preparing: Vec<String>,
    pub(super) reserved: Vec<String>,
    pub(super) suspended_ev: Vec<String>,
    pub(super) suspended_evse: Vec<String>,
    pub(super) unavailable: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AvailabilityWords {
    pub(super) operative: String,
    pub(super) inoperative: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Write {
    pub(super) reduction: WriteReduction,
    pub(super) availability: WriteAvailability,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteReduction {
    pub(super) type_key: String,
    pub(super) r#type: String,
    pub(super) percent_key: String,
    pub(super) mode_key: String,
    pub(super) mode: String,
    pub(super) validity_key: String,
    pub(super) description_key: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteAvailability {
    pub(super) availability_key: String,
}

impl Profile {
    /// The profile that is compiled in.
    pub(crate) fn built_in() -> Self {
        Self::of(built_in_table(), "v2-a").expect("a test reads it")
    }

    /// The profile that is compiled in, with those keys replaced that a file names.
    ///
    /// # Errors
    /// When the file cannot be read, is no TOML, or holds a key that no profile has.
    pub(crate) fn with_file(file: &Path) -> Result<Self, ProfileError> {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .map_err(|source| ProfileError::Unreadable { file: name.clone(), source })?;
        let replacements: toml::Table = toml::from_str(&text)
            .map_err(|error| ProfileError::Wrong { file: name.clone(), what: error.to_string() })?;
        let mut table = built_in_table();
        replace(&mut table, replacements);
        Self::of(table, &name)
    }

    fn of(table: toml::Table, file: &str) -> Result<Self, ProfileError> {
        let wrong = |what: String| ProfileError::Wrong { file: file.to_owned(), what };
        let profile: Self = table.try_into().map_err(|error: toml::de::Error| wrong(error.to_string()))?;
        let Scale { power_per_kw, energy_per_kwh } = profile.scale;
        if [power_per_kw, energy_per_kwh].iter().any(|scale| !scale.is_normal() || *scale < 0.0) {
            return Err(wrong("the numbers under [scale] are greater than 0".to_owned()));
        }
        Ok(profile)
    }
}

fn built_in_table() -> toml::Table {
    toml::from_str(BUILT_IN).expect("a test reads it")
}

fn replace(table: &mut toml::Table, replacements: toml::Table) {
    for (key, replacement) in replacements {
        match (table.get_mut(&key), replacement) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(replacements)) => {
                replace(inner, replacements);
            }
            (_, replacement) => {
                table.insert(key, replacement);
            }
        }
    }
}
