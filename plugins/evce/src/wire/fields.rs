//! The fields to extract, by their names in a profile, and the rule for each: its place in a document, its unit, its
//! words.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::json_pointers::JsonPointers;
use super::time_format::TimeFormat;
use super::words::Words;

/// A kind of field, with the name in a profile for each.
pub(super) trait FieldName:
    Copy + Into<usize> + fmt::Debug + for<'de> Deserialize<'de> + Ord + 'static
{
    /// All fields, in the order of their numbers.
    const ALL: &'static [Self];

    /// Returns its name in a profile.
    fn name(self) -> &'static str;
}

/// Names the fields of an object type; `MaxCurrentA` is `max_current_a` in a profile.
macro_rules! fields {
    ($(#[$about:meta])* $object:ident: $($field:ident = $name:literal),+ $(,)?) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        pub(super) enum $object {
            $(#[serde(rename = $name)] $field),+
        }

        impl From<$object> for usize {
            fn from(field: $object) -> Self {
                field as Self
            }
        }

        impl FieldName for $object {
            const ALL: &'static [Self] = &[$(Self::$field),+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$field => $name),+
                }
            }
        }
    };
}

fields! {
    /// Of the response to a login.
    TokenField: Token = "token", LifeS = "life_s"
}

fields! {
    /// Of an error.
    ErrorField: Code = "code", Message = "message"
}

fields! {
    /// Of the response to a write.
    AckField: State = "state"
}

fields! {
    /// Of the version.
    VersionField: ApiVersion = "api_version", SoftwareVersion = "software_version"
}

fields! {
    /// Of a list: `Items` is the list of objects, `Total` their number on all pages, `Next` a link to the next page or
    /// its cursor.
    ListField: Items = "items", Total = "total", Next = "next"
}

fields! {
    /// Of a zone; `Reduction` is an object, `Stations` a list of objects.
    ZoneField:
        Id = "id", Name = "name", Kind = "kind", MaxCurrentA = "max_current_a", Transactions = "transactions",
        SetPointA = "set_point_a", SetPointKw = "set_point_kw", Reduction = "reduction", Stations = "stations",
}

fields! {
    /// Of a zone's reduction.
    ReductionField:
        Percent = "percent", Kind = "kind", Description = "description", ValidUntil = "valid_until",
        ValidityMode = "validity_mode", Active = "active",
}

fields! {
    /// Of a station; `Connectors` is a list of objects.
    StationField:
        Id = "id", ZoneId = "zone_id", Protocol = "protocol", OcppIdentifier = "ocpp_identifier",
        FriendlyName = "friendly_name", SerialNumber = "serial_number", Model = "model", Version = "version",
        IpAddress = "ip_address", CpoUrl = "cpo_url", IsAcceptedByCpo = "is_accepted_by_cpo",
        IsConnected = "is_connected", Status = "status", AuthenticationMode = "authentication_mode",
        DisconnectedAuthenticationMode = "disconnected_authentication_mode", Connectors = "connectors",
}

fields! {
    /// Of a connector. The current of one phase stands for each connected phase.
    ConnectorField:
        StationId = "station_id", Number = "number", IsDc = "is_dc", IsFixedSetPoint = "is_fixed_set_point",
        MaxCurrentOrPower = "max_current_or_power", PhaseConnection = "phase_connection", Status = "status",
        Availability = "availability", SetPointA = "set_point_a", SetPointKw = "set_point_kw",
        PowerPhase1 = "power_phase1", PowerPhase2 = "power_phase2", PowerPhase3 = "power_phase3",
        PowerTotal = "power_total", CurrentPhase1 = "current_phase1", CurrentPhase2 = "current_phase2",
        CurrentPhase3 = "current_phase3", CurrentPerPhase = "current_per_phase", Energy = "energy",
        MeasuredAt = "measured_at", ErrorCode = "error_code",
}

/// How one field is read, and written where it is one that Riser writes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldRule {
    /// Its places in a document; the first that exists counts.
    #[serde(default)]
    pub(super) at: JsonPointers,
    /// Numbers of the API for one of Riser's unit: 1000 if the API sends W for kW.
    pub(super) per_unit: Option<f64>,
    /// Riser's value is the rest up to this number, as with a limit of 75 % for a reduction of 25 %.
    pub(super) rest_of: Option<f64>,
    /// The texts of the API for each of Riser's words. Other texts stay as they are.
    #[serde(default)]
    pub(super) words: Words,
    /// The form of a time.
    #[serde(default)]
    pub(super) time: TimeFormat,
    /// Numbers as texts have a comma before the decimals.
    #[serde(default)]
    pub(super) decimal_comma: bool,
    /// The value of an object without this field.
    pub(super) default: Option<DefaultValue>,
    /// Whether an object without this field is unusable.
    #[serde(default)]
    pub(super) required: bool,
}

/// A default, in the form of the API.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged, expecting = "expected true, false, a number or a text")]
pub(super) enum DefaultValue {
    Truth(bool),
    Whole(i64),
    Number(f64),
    Text(String),
}

/// The rules of an object's fields, by the number of each field.
#[derive(Clone, Debug)]
pub(super) struct FieldRules<Field> {
    rules: Vec<Option<FieldRule>>,
    required: Vec<Field>,
}

impl<Field> Default for FieldRules<Field> {
    fn default() -> Self {
        Self { rules: Vec::new(), required: Vec::new() }
    }
}

impl<Field: FieldName> FieldRules<Field> {
    /// Returns the rule of a field, if the profile has one.
    pub(super) fn rule(&self, field: Field) -> Option<&FieldRule> {
        self.rules.get(field.into())?.as_ref()
    }

    /// Returns the pointers to a field; none without a rule.
    pub(super) fn pointers(&self, field: Field) -> Option<&JsonPointers> {
        self.rule(field).map(|rule| &rule.at).filter(|at| !at.is_empty())
    }

    /// Returns the fields without which an object is unusable.
    pub(super) fn required(&self) -> &[Field] {
        &self.required
    }

    /// Returns all fields with a rule.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Field, &FieldRule)> {
        Field::ALL.iter().filter_map(|field| Some((*field, self.rule(*field)?)))
    }
}

impl<'de, Field: FieldName> Deserialize<'de> for FieldRules<Field> {
    fn deserialize<D: Deserializer<'de>>(table: D) -> Result<Self, D::Error> {
        let rules: BTreeMap<Field, Flexible> = BTreeMap::deserialize(table)?;
        let mut all = vec![None; Field::ALL.len()];
        for (field, Flexible(rule)) in rules {
            all[field.into()] = Some(rule);
        }
        let is_required =
            |field: &Field| all[(*field).into()].as_ref().is_some_and(|rule: &FieldRule| rule.required);
        let required = Field::ALL.iter().copied().filter(is_required).collect();
        Ok(Self { rules: all, required })
    }
}

/// A rule in its short form, one pointer or a list of them, or as a table.
struct Flexible(FieldRule);

impl<'de> Deserialize<'de> for Flexible {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        value.deserialize_any(FlexibleVisitor).map(Self)
    }
}

struct FlexibleVisitor;

impl<'de> Visitor<'de> for FlexibleVisitor {
    type Value = FieldRule;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON pointer, a list of them, or a table with the key `at`")
    }

    fn visit_str<E: de::Error>(self, pointer: &str) -> Result<FieldRule, E> {
        short(vec![pointer.to_owned()])
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<FieldRule, S::Error> {
        let mut pointers = Vec::new();
        while let Some(pointer) = list.next_element::<String>()? {
            pointers.push(pointer);
        }
        short(pointers)
    }

    fn visit_map<M: MapAccess<'de>>(self, table: M) -> Result<FieldRule, M::Error> {
        FieldRule::deserialize(MapAccessDeserializer::new(table))
    }
}

fn short<E: de::Error>(pointers: Vec<String>) -> Result<FieldRule, E> {
    let at = JsonPointers::try_from(pointers).map_err(E::custom)?;
    Ok(FieldRule { at, ..FieldRule::default() })
}
