//! The profile: the parts of the API that may differ between controllers, as data.

use std::path::Path;

use serde::Deserialize;

use super::extractor::{Extractor, Nested};
use super::fields::{
    ConnectorField, ErrorField, FieldPointers, ListField, ReductionField, StationField, TokenField,
    VersionField, ZoneField,
};
use super::json_pointers::JsonPointers;

/// The built-in profile.
const BUILT_IN: &str = include_str!("../../profiles/v2-a.toml");

/// The format of a controller's API.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    pub(super) login: Login,
    pub(super) paths: Paths,
    token: FieldPointers<TokenField>,
    error: FieldPointers<ErrorField>,
    version: FieldPointers<VersionField>,
    list: FieldPointers<ListField>,
    zone: FieldPointers<ZoneField>,
    reduction: FieldPointers<ReductionField>,
    station: FieldPointers<StationField>,
    connector: FieldPointers<ConnectorField>,
    #[serde(skip)]
    pub(super) extractors: Extractors,
    pub(super) scale: Scale,
    pub(super) enum_values: EnumValues,
    pub(super) write: Write,
}

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfileError {
    #[error("cannot read the profile {file}")]
    Unreadable {
        file: String,
        #[source]
        source: std::io::Error,
    },
    #[error("invalid profile {file}: {what}")]
    Wrong { file: String, what: String },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    pub(super) path: String,
    pub(super) name_key: String,
    pub(super) password_key: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paths {
    pub(super) logout: String,
    pub(super) version: String,
    pub(super) zones: String,
    pub(super) stations: String,
    /// Of one zone, and of one station; empty if the controller has no such path.
    pub(super) zone: String,
    pub(super) station: String,
    pub(super) reduction: String,
    pub(super) connector: String,
    pub(super) availability: String,
}

/// Error codes with a special meaning.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorCodes {
    pub(super) token_ended: Vec<String>,
    pub(super) too_many_sessions: Vec<String>,
    pub(super) no_reduction: Vec<String>,
}

/// The extractor of each document type, built from the pointers.
#[derive(Clone, Debug, Default)]
pub(super) struct Extractors {
    pub(super) token: Extractor,
    pub(super) error: Extractor,
    pub(super) version: Extractor,
    pub(super) zones: Extractor,
    pub(super) reduction: Extractor,
    pub(super) stations: Extractor,
    pub(super) connector: Extractor,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scale {
    pub(super) power_per_kw: f64,
    pub(super) energy_per_kwh: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnumValues {
    pub(super) error: ErrorCodes,
    pub(super) status: StatusValues,
    pub(super) availability: AvailabilityValues,
    pub(super) phases: PhaseValues,
}

/// Values for connectors with one phase, and with all three.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PhaseValues {
    pub(super) first: Vec<String>,
    pub(super) second: Vec<String>,
    pub(super) third: Vec<String>,
    pub(super) all: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusValues {
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
pub(super) struct AvailabilityValues {
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
    pub(super) description: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteAvailability {
    pub(super) availability_key: String,
}

impl Profile {
    /// Returns the built-in profile.
    pub(crate) fn built_in() -> Self {
        Self::of(built_in_table(), "v2-a").expect("a test reads it")
    }

    /// Reads a file whose keys replace those of the built-in profile.
    ///
    /// # Errors
    /// If the file is unreadable, is not TOML, or has an unknown key.
    pub(crate) fn with_file(file: &Path) -> Result<Self, ProfileError> {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .map_err(|source| ProfileError::Unreadable { file: name.clone(), source })?;
        let replacements: toml::Table = toml::from_str(&text)
            .map_err(|error| ProfileError::Wrong { file: name.clone(), what: not_toml(&text, &error) })?;
        let mut table = built_in_table();
        replace(&mut table, replacements);
        Self::of(table, &name)
    }

    fn of(table: toml::Table, file: &str) -> Result<Self, ProfileError> {
        let wrong = |what: String| ProfileError::Wrong { file: file.to_owned(), what };
        let mut profile: Self =
            table.try_into().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
        let Scale { power_per_kw, energy_per_kwh } = profile.scale;
        if [power_per_kw, energy_per_kwh].iter().any(|scale| !scale.is_normal() || *scale < 0.0) {
            return Err(wrong("the numbers in [scale] must be greater than 0".to_owned()));
        }
        profile.extractors = profile.extractors();
        Ok(profile)
    }

    fn extractors(&self) -> Extractors {
        let nested =
            |extractor: Extractor, nested, pointers: Option<&JsonPointers>, inner: &Extractor| match pointers
            {
                Some(pointers) => extractor.with_nested(nested, pointers, inner.clone()),
                None => extractor,
            };
        let list_of = |inner: &Extractor| {
            nested(extractor(&self.list), Nested::List, self.list.get(&ListField::Items), inner)
        };
        let reduction = extractor(&self.reduction);
        let connector = extractor(&self.connector);
        let zone =
            nested(extractor(&self.zone), Nested::One, self.zone.get(&ZoneField::Reduction), &reduction);
        let station = nested(
            extractor(&self.station),
            Nested::List,
            self.station.get(&StationField::Connectors),
            &connector,
        );
        Extractors {
            token: extractor(&self.token),
            error: extractor(&self.error),
            version: extractor(&self.version),
            zones: list_of(&zone),
            stations: list_of(&station),
            reduction,
            connector,
        }
    }
}

fn extractor<Field: Copy + Into<usize>>(pointers: &FieldPointers<Field>) -> Extractor {
    Extractor::of(pointers.iter().map(|(field, pointers)| ((*field).into(), pointers)))
}

/// Describes an error with its line, without the text there: the file may be another one, with secrets.
fn not_toml(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("line {} is not TOML", before.matches('\n').count() + 1)
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
