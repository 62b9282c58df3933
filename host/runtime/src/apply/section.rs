//! A table of a file, read key by key; keys that nobody read are faults.

use std::collections::HashSet;
use std::ops::Range;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::Faults;

/// A table under reading.
pub(super) struct Section<'t> {
    table: &'t DeTable<'t>,
    place: Range<usize>,
    /// What it is, for messages: `the connection "EVCE"`.
    what: String,
    known: HashSet<&'static str>,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) place: Range<usize>,
}

impl<'t> Section<'t> {
    pub(super) fn new(table: &'t DeTable<'t>, place: Range<usize>, what: impl Into<String>) -> Self {
        Self { table, place, what: what.into(), known: HashSet::new() }
    }

    pub(super) const fn place(&self) -> &Range<usize> {
        &self.place
    }

    pub(super) fn call_it(&mut self, what: String) {
        self.what = what;
    }

    /// The tables of `[[key]]`.
    pub(super) fn sections(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Vec<Section<'t>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            faults.add(value.span(), format!("{key} is written as [[{key}]]"));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for element in array {
            match element.get_ref().as_table() {
                Some(table) => sections.push(Section::new(table, element.span(), key)),
                None => faults.add(element.span(), format!("{key} is written as [[{key}]]")),
            }
        }
        sections
    }

    /// The names of the tables of `[[key]]`, also of those with faults.
    pub(super) fn names(&self, key: &str) -> Vec<String> {
        let array = self.table.get(key).and_then(|value| value.get_ref().as_array());
        let tables = array.into_iter().flatten().filter_map(|element| element.get_ref().as_table());
        tables.filter_map(|table| table.get("name")?.get_ref().as_str().map(str::to_owned)).collect()
    }

    /// A text that must be there.
    pub(super) fn needed_text(
        &mut self,
        key: &'static str,
        faults: &mut Faults<'_>,
    ) -> Option<Placed<String>> {
        if self.get(key).is_none() {
            faults.add(self.place.clone(), format!("{} needs {key}", self.what));
            return None;
        }
        self.text(key, faults)
    }

    pub(super) fn text(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<Placed<String>> {
        self.read(key, "a text", faults, |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn truth(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<bool> {
        self.read(key, "true or false", faults, DeValue::as_bool).map(|placed| placed.value)
    }

    pub(super) fn whole(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<Placed<u32>> {
        self.read(key, "a whole number", faults, |value| match value {
            DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        })
    }

    /// A text or a date as TOML writes it.
    pub(super) fn moment(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<Placed<String>> {
        self.read(key, "a date and time", faults, |value| match value {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Datetime(moment) => Some(moment.to_string()),
            _ => None,
        })
    }

    pub(super) fn texts(
        &mut self,
        key: &'static str,
        faults: &mut Faults<'_>,
    ) -> Option<Placed<Vec<String>>> {
        self.read(key, "a list of texts", faults, |value| {
            value.as_array()?.iter().map(|text| text.get_ref().as_str().map(str::to_owned)).collect()
        })
    }

    /// A table inside this one.
    pub(super) fn table(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<Section<'t>> {
        let value = self.get(key)?;
        match value.get_ref().as_table() {
            Some(table) => Some(Section::new(table, value.span(), key)),
            None => {
                faults.add(value.span(), format!("{key} takes a table such as {{ key = value }}"));
                None
            }
        }
    }

    /// Any value, for who reads it in a way of its own.
    pub(super) fn value(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.get(key)
    }

    /// All keys with their values, for tables whose keys a plugin defines.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Placed<&'t str>, &'t Spanned<DeValue<'t>>)> {
        self.table
            .iter()
            .map(|(key, value)| (Placed { value: key.get_ref().as_ref(), place: key.span() }, value))
    }

    /// Notes keys that nobody read.
    pub(super) fn finish(self, faults: &mut Faults<'_>) {
        let mut known: Vec<&str> = self.known.iter().copied().collect();
        known.sort_unstable();
        for (key, _) in self.table {
            let name = key.get_ref().as_ref();
            if !self.known.contains(name) {
                let what = format!("{} has no key {name:?}; it takes {}", self.what, known.join(", "));
                faults.add(key.span(), what);
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
        faults: &mut Faults<'_>,
        read: impl FnOnce(&'t DeValue<'t>) -> Option<T>,
    ) -> Option<Placed<T>> {
        let value = self.get(key)?;
        match read(value.get_ref()) {
            Some(read) => Some(Placed { value: read, place: value.span() }),
            None => {
                faults.add(value.span(), format!("{key} takes {takes}, not {}", kind_of(value.get_ref())));
                None
            }
        }
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

/// A value of a setting, as it is stored.
pub(super) fn json_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Datetime(moment) => Value::String(moment.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::String(number.as_str().to_owned()), Value::from),
        DeValue::Float(number) => {
            let parsed = number.as_str().parse().ok().and_then(Number::from_f64);
            parsed.map_or_else(|| Value::String(number.as_str().to_owned()), Value::Number)
        }
        DeValue::Array(elements) => elements.iter().map(|element| json_of(element.get_ref())).collect(),
        DeValue::Table(table) => Value::Object(
            table
                .iter()
                .map(|(key, value)| (key.get_ref().to_string(), json_of(value.get_ref())))
                .collect::<Map<_, _>>(),
        ),
    }
}
