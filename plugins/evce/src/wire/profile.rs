//! The profile: everything about an API that may differ from one controller to another, as data.

use std::path::Path;

use serde::Deserialize;

use super::fields::{
    ConnectorField, ErrorField, ListField, Places, ReductionField, StationField, TokenField, VersionField,
    ZoneField,
};
use super::place::Place;
use super::shape::{Held, Shape};

/// The profile that is compiled in.
const BUILT_IN: &str = include_str!("../../profiles/v2-a.toml");

/// How a controller says things.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    pub(super) login: Login,
    pub(super) paths: Paths,
    token: Places<TokenField>,
    error: Places<ErrorField>,
    version: Places<VersionField>,
    list: Places<ListField>,
    zone: Places<ZoneField>,
    reduction: Places<ReductionField>,
    station: Places<StationField>,
    connector: Places<ConnectorField>,
    #[serde(skip)]
    pub(super) shapes: Shapes,
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
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paths {
    pub(super) logout: String,
    pub(super) version: String,
    pub(super) zones: String,
    pub(super) stations: String,
    pub(super) reduction: String,
    pub(super) connector: String,
    pub(super) availability: String,
}

/// Words in an error by which it is told from others.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorWords {
    pub(super) token_ended: Vec<String>,
    pub(super) no_reduction: Vec<String>,
}

/// What is read from each kind of document, made of the places.
#[derive(Clone, Debug, Default)]
pub(super) struct Shapes {
    pub(super) token: Shape,
    pub(super) error: Shape,
    pub(super) version: Shape,
    pub(super) zones: Shape,
    pub(super) reduction: Shape,
    pub(super) stations: Shape,
    pub(super) connector: Shape,
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
    pub(super) error: ErrorWords,
    pub(super) status: StatusWords,
    pub(super) availability: AvailabilityWords,
    pub(super) phases: PhaseWords,
}

/// What a connector is called that has one phase.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PhaseWords {
    pub(super) first: Vec<String>,
    pub(super) second: Vec<String>,
    pub(super) third: Vec<String>,
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
    pub(super) description: String,
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
        let mut profile: Self =
            table.try_into().map_err(|error: toml::de::Error| wrong(error.to_string()))?;
        let Scale { power_per_kw, energy_per_kwh } = profile.scale;
        if [power_per_kw, energy_per_kwh].iter().any(|scale| !scale.is_normal() || *scale < 0.0) {
            return Err(wrong("the numbers under [scale] are greater than 0".to_owned()));
        }
        profile.shapes = profile.shapes();
        Ok(profile)
    }

    fn shapes(&self) -> Shapes {
        let held = |shape: Shape, held, place: Option<&Place>, inner: &Shape| match place {
            Some(place) => shape.holding(held, place, inner.clone()),
            None => shape,
        };
        let list_of =
            |inner: &Shape| held(shape(&self.list), Held::List, self.list.get(&ListField::Items), inner);
        let reduction = shape(&self.reduction);
        let connector = shape(&self.connector);
        let zone = held(shape(&self.zone), Held::One, self.zone.get(&ZoneField::Reduction), &reduction);
        let station =
            held(shape(&self.station), Held::List, self.station.get(&StationField::Connectors), &connector);
        Shapes {
            token: shape(&self.token),
            error: shape(&self.error),
            version: shape(&self.version),
            zones: list_of(&zone),
            stations: list_of(&station),
            reduction,
            connector,
        }
    }
}

fn shape<Field: Copy + Into<usize>>(places: &Places<Field>) -> Shape {
    Shape::of(places.iter().map(|(field, place)| ((*field).into(), place)))
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
