//! A survey of the documents of a controller: which fields of a profile they have, and which values they have besides.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Profile;
use super::decode::DecodeError;
use super::documents::{Document, SiteDocuments};
use super::extractor::Object;
use super::fields::{ConnectorField, FieldName, FieldRules, ReductionField, StationField};
use super::json_pointers::JsonPointers;
use super::object_fields::ObjectFields;
use super::profile::REDUCTION_IN_ZONE;
use super::site::known_words;

/// Longest example value.
const LONGEST_EXAMPLE: usize = 40;
/// Deepest object whose values are listed.
const DEEPEST: usize = 12;

/// A field of a profile in the documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SurveyRow {
    /// Its name in the profile, such as `connector.energy`.
    pub(crate) field: String,
    /// Its places in a document.
    pub(crate) places: String,
    /// Objects with this field, and all objects.
    pub(crate) found: usize,
    pub(crate) objects: usize,
    /// The first value, as the controller sends it, and as Riser reads it if that is another.
    pub(crate) example: String,
    /// Words that the profile lacks, for fields whose words Riser must know.
    pub(crate) unknown_words: BTreeSet<String>,
}

/// A value of a document and its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SeenValue {
    pub(crate) pointer: String,
    pub(crate) example: String,
}

/// The layers of each object: its own document, and the list.
type Layers<'p, 'a> = Vec<Vec<&'p Object<'a>>>;

impl Profile {
    /// Returns whether a value of a document at this place is a field of the profile.
    pub(crate) fn uses(&self, pointer: &str) -> bool {
        let ends = |at: &JsonPointers| {
            at.alternatives().any(|segments| {
                let place = segments.iter().fold(String::new(), |place, segment| place + "/" + segment);
                !place.is_empty() && pointer.ends_with(&place)
            })
        };
        self.list.iter().any(|(_, rule)| ends(&rule.at))
            || self.zone.iter().any(|(_, rule)| ends(&rule.at))
            || self.reduction.iter().any(|(_, rule)| ends(&rule.at))
            || self.station.iter().any(|(_, rule)| ends(&rule.at))
            || self.connector.iter().any(|(_, rule)| ends(&rule.at))
            || self.version.iter().any(|(_, rule)| ends(&rule.at))
    }

    /// Returns a row for each field of zones, reductions, stations and connectors.
    pub(crate) fn survey(&self, documents: &SiteDocuments) -> Result<Vec<SurveyRow>, DecodeError> {
        documents.read(|documents| self.rows(documents))
    }

    fn rows(&self, documents: &SiteDocuments) -> Result<Vec<SurveyRow>, DecodeError> {
        let parsed = self.parse(documents)?;
        let zones: Layers<'_, '_> = parsed.zone_layers();
        let stations = parsed.station_layers(self);
        let connectors = parsed.connector_layers(self);
        let reductions: Layers<'_, '_> = parsed.reduction_layers();
        let now = documents.now;
        let mut rows = rows("zone", &self.zone, &zones, |field| (field as usize, false), now);
        rows.retain(|row| !row.field.ends_with(".stations") && row.field != "zone.reduction");
        if reductions.is_empty() {
            let in_zone: Layers<'_, '_> = zones
                .iter()
                .filter(|layers| {
                    let mut fields =
                        ObjectFields::new(layers, &self.reduction, now).within(REDUCTION_IN_ZONE);
                    fields.has_any() && fields.truth(ReductionField::Active) != Some(false)
                })
                .cloned()
                .collect();
            let place = |field| (REDUCTION_IN_ZONE + field as usize, false);
            rows.extend(self::rows("reduction", &self.reduction, &in_zone, place, now));
        } else {
            let place = |field: ReductionField| (field as usize, false);
            rows.extend(self::rows("reduction", &self.reduction, &reductions, place, now));
        }
        let of_station = |field: StationField| (field as usize, false);
        let mut station_rows = self::rows("station", &self.station, &stations, of_station, now);
        station_rows.retain(|row| row.field != "station.connectors");
        rows.extend(station_rows);
        let of_connector = |field: ConnectorField| (field as usize, known_words(field).is_some());
        rows.extend(self::rows("connector", &self.connector, &connectors, of_connector, now));
        Ok(rows)
    }
}

fn rows<Field: FieldName>(
    section: &str,
    rules: &FieldRules<Field>,
    objects: &Layers<'_, '_>,
    place: impl Fn(Field) -> (usize, bool),
    now: std::time::SystemTime,
) -> Vec<SurveyRow> {
    let row = |field: Field| {
        let (number, has_known_words) = place(field);
        let rule = rules.rule(field);
        let first = number - field.into();
        let values: Vec<_> = objects
            .iter()
            .filter_map(|layers| ObjectFields::new(layers, rules, now).within(first).scalar(field))
            .collect();
        let word = |text: &str| rule.and_then(|rule| rule.words.word(text)).map(str::to_owned);
        let example = values.first().map(|value| {
            let raw = shortened(&value.text());
            let read = word(&value.text()).or_else(|| {
                let number = value
                    .number()
                    .filter(|_| rule.is_some_and(|rule| rule.per_unit.is_some() || rule.rest_of.is_some()))?;
                let converted = rule?.riser_number(number);
                Some(converted.to_string())
            });
            read.filter(|read| *read != raw).map_or_else(|| raw.clone(), |read| format!("{raw} = {read}"))
        });
        let has_words = rule.is_some_and(|rule| !rule.words.is_empty());
        let texts = values.iter().map(super::scalar::Scalar::text).filter(|text| !text.is_empty());
        let unknown = texts.filter(|text| has_known_words && has_words && word(text).is_none());
        SurveyRow {
            field: format!("{section}.{}", field.name()),
            places: rule.map(|rule| rule.at.to_string()).unwrap_or_default(),
            found: values.len(),
            objects: objects.len(),
            example: example.unwrap_or_default(),
            unknown_words: unknown.map(|text| shortened(&text)).collect(),
        }
    };
    Field::ALL.iter().map(|field| row(*field)).collect()
}

/// Returns the values of a document: those of the first element stand for all of a list.
pub(crate) fn seen_values(document: &Document) -> Vec<SeenValue> {
    let Ok(value) = serde_json::from_slice(&document.body) else { return Vec::new() };
    let mut seen = BTreeMap::new();
    collect(&value, String::new(), DEEPEST, &mut seen);
    seen.into_iter().map(|(pointer, example)| SeenValue { pointer, example }).collect()
}

fn collect(value: &Value, pointer: String, depth: usize, seen: &mut BTreeMap<String, String>) {
    if depth == 0 {
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(member, format!("{pointer}/{name}"), depth - 1, seen);
            }
        }
        // Lists of values, such as phases, are read by their index; of lists of objects the first is enough.
        Value::Array(list) => {
            let is_of_objects = list.first().is_some_and(|first| first.is_object() || first.is_array());
            for (index, element) in list.iter().enumerate().take(if is_of_objects { 1 } else { 4 }) {
                collect(element, format!("{pointer}/{index}"), depth - 1, seen);
            }
        }
        Value::Null => {
            seen.insert(pointer, "null".to_owned());
        }
        Value::String(text) => {
            seen.insert(pointer, format!("{:?}", shortened(text)));
        }
        other => {
            seen.insert(pointer, other.to_string());
        }
    }
}

fn shortened(text: &str) -> String {
    let mut letters = text.chars();
    let beginning: String = letters.by_ref().take(LONGEST_EXAMPLE).collect();
    if letters.next().is_some() { format!("{beginning}…") } else { beginning }
}
