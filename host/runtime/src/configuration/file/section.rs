//! A table of a file, read key by key. Keys that nobody reads are errors.

use std::collections::HashSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Reading;
use crate::configuration::draft::Identity;
use crate::configuration::field_path::FieldPath;

/// A table that is being read.
pub(super) struct Section<'t> {
    table: &'t DeTable<'t>,
    path: FieldPath,
    /// Its header in the file without brackets; empty for the whole file.
    header: String,
    /// Its name in messages, such as `the connection "EVCE"`.
    noun: String,
    known: HashSet<&'static str>,
}

impl<'t> Section<'t> {
    pub(super) fn new(table: &'t DeTable<'t>, path: FieldPath, noun: impl Into<String>) -> Self {
        Self { table, path, header: String::new(), noun: noun.into(), known: HashSet::new() }
    }

    pub(super) const fn path(&self) -> &FieldPath {
        &self.path
    }

    /// Reads the objects of `[[key]]`. Those without a name are errors and left out.
    pub(super) fn objects<D>(
        &mut self,
        key: &'static str,
        reading: &mut Reading<'_>,
        read: impl Fn(&mut Section<'t>, Identity, &mut Reading<'_>) -> D,
    ) -> Vec<D> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let header = if self.header.is_empty() { key.to_owned() } else { format!("{}.{key}", self.header) };
        let Some(array) = value.get_ref().as_array() else {
            reading.error(&value.span(), format!("{key} is written as [[{header}]]"));
            return Vec::new();
        };
        let mut objects = Vec::new();
        for element in array {
            let Some(table) = element.get_ref().as_table() else {
                reading.error(&element.span(), format!("{key} is written as [[{header}]]"));
                continue;
            };
            let mut section = Section::new(table, self.path.clone(), format!("the {key}"));
            section.header.clone_from(&header);
            if section.get("name").is_none() {
                reading.error(&element.span(), format!("the {key} needs name"));
            }
            let name = section.text("name", reading);
            let noun = key.replace('_', " ").replace("ews", "EWS");
            section.noun = format!("the {noun} {:?}", name.as_deref().unwrap_or_default());
            section.path = self.path.object(key, name.as_deref().unwrap_or_default());
            reading.places.insert(section.path.clone(), element.span());
            if let Some(place) = table.get("name").map(Spanned::span) {
                reading.places.insert(section.path.key("name"), place);
            }
            let identity = Identity {
                name: name.clone().unwrap_or_default(),
                renamed_from: section.text("renamed_from", reading),
                remove: section.truth("remove", reading).unwrap_or(false),
            };
            let object = read(&mut section, identity, reading);
            section.finish(reading);
            if name.is_some() {
                objects.push(object);
            }
        }
        objects
    }

    /// Reads the table `[key]`.
    pub(super) fn table<D>(
        &mut self,
        key: &'static str,
        reading: &mut Reading<'_>,
        read: impl FnOnce(&mut Section<'t>, &mut Reading<'_>) -> D,
    ) -> Option<D> {
        let value = self.value(key, reading)?;
        let Some(table) = value.get_ref().as_table() else {
            reading.error(&value.span(), format!("{key} is written as [{key}]"));
            return None;
        };
        let mut section = Section::new(table, self.path.key(key), format!("the {key}"));
        let read = read(&mut section, reading);
        section.finish(reading);
        Some(read)
    }

    pub(super) fn text(&mut self, key: &'static str, reading: &mut Reading<'_>) -> Option<String> {
        self.read(key, "a text", reading, |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn truth(&mut self, key: &'static str, reading: &mut Reading<'_>) -> Option<bool> {
        self.read(key, "true or false", reading, DeValue::as_bool)
    }

    /// A whole number. The check of the draft refuses numbers below the smallest one as well.
    pub(super) fn whole(
        &mut self,
        key: &'static str,
        smallest: u32,
        reading: &mut Reading<'_>,
    ) -> Option<u32> {
        let takes = format!("a whole number from {smallest} to {}", u32::MAX);
        let value = self.value(key, reading)?;
        let DeValue::Integer(number) = value.get_ref() else {
            reading.error(&value.span(), format!("{key} takes {takes}, not {}", kind_of(value.get_ref())));
            return None;
        };
        let read = u32::from_str_radix(number.as_str(), number.radix()).ok();
        if read.is_none() {
            reading.error(&value.span(), format!("{key} takes {takes}"));
        }
        read
    }

    /// A text or a date as TOML writes it.
    pub(super) fn texts(&mut self, key: &'static str, reading: &mut Reading<'_>) -> Option<Vec<String>> {
        self.read(key, "a list of texts", reading, |value| {
            value.as_array()?.iter().map(|text| text.get_ref().as_str().map(str::to_owned)).collect()
        })
    }

    /// Returns a value as it is.
    pub(super) fn value(
        &mut self,
        key: &'static str,
        reading: &mut Reading<'_>,
    ) -> Option<&'t Spanned<DeValue<'t>>> {
        let value = self.get(key)?;
        reading.places.insert(self.path.key(key), value.span());
        Some(value)
    }

    /// Notes keys that nobody read.
    pub(super) fn finish(self, reading: &mut Reading<'_>) {
        let mut known: Vec<&str> = self.known.iter().copied().collect();
        known.sort_unstable();
        for (key, _) in self.table {
            let name = key.get_ref().as_ref();
            if !self.known.contains(name) {
                let message = format!("{} has no key {name:?}; it takes {}", self.noun, known.join(", "));
                reading.error(&key.span(), message);
            }
        }
    }

    fn get(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.known.insert(key);
        self.table.get(key)
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        takes: &str,
        reading: &mut Reading<'_>,
        read: impl FnOnce(&'t DeValue<'t>) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(key, reading)?;
        let read = read(value.get_ref());
        if read.is_none() {
            reading.error(&value.span(), format!("{key} takes {takes}, not {}", kind_of(value.get_ref())));
        }
        read
    }
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
