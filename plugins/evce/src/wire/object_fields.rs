//! The fields of one object by the rules of a profile: units, words, times and defaults.

use std::borrow::Cow;
use std::time::SystemTime;

use super::extractor::Object;
use super::fields::{DefaultValue, FieldName, FieldRule, FieldRules};
use super::scalar::Scalar;
use super::unusable;
use crate::model::{ObjectId, Unusable};

/// Decimals that stay after a scaled number is converted: 0.333 of 1 is 33.3 %, not 33.300000000000004 %.
const KEPT_DECIMALS: f64 = 1e9;
/// Larger numbers have no such decimals.
const LARGEST_WITH_DECIMALS: f64 = 1e6;

/// Reads the fields of an object that is in one or several documents; of a field in several, the first counts.
pub(super) struct ObjectFields<'o, 'a, Field> {
    layers: &'o [&'o Object<'a>],
    rules: &'o FieldRules<Field>,
    /// The number of the first field in the extractor.
    first: usize,
    /// The controller's clock.
    now: SystemTime,
    /// Fields with a value that cannot be read, and the expected kind of value.
    unreadable: Vec<(&'static str, &'static str)>,
    /// Numbers and words that points show as faults.
    unusable: Vec<Unusable>,
}

impl<'o, 'a, Field: FieldName> ObjectFields<'o, 'a, Field> {
    pub(super) const fn new(
        layers: &'o [&'o Object<'a>],
        rules: &'o FieldRules<Field>,
        now: SystemTime,
    ) -> Self {
        Self { layers, rules, first: 0, now, unreadable: Vec::new(), unusable: Vec::new() }
    }

    /// Reads the fields of an object within another.
    pub(super) fn within(self, first: usize) -> Self {
        Self { first, ..self }
    }

    /// Returns whether the documents have any of the fields.
    pub(super) fn has_any(&self) -> bool {
        let numbers = self.first..self.first + Field::ALL.len();
        numbers.into_iter().any(|number| self.layers.iter().any(|object| object.field(number).is_some()))
    }

    /// Returns the first required field that is missing.
    pub(super) fn missing(&self) -> Option<(Field, &'o FieldRule)> {
        let missing = |field: &&Field| self.scalar(**field).is_none();
        let field = self.rules.required().iter().find(missing)?;
        Some((*field, self.rules.rule(*field)?))
    }

    /// Returns the places of a field, for a message.
    pub(super) fn missing_place(&self, field: Field) -> String {
        self.rules.pointers(field).map_or_else(|| "no place".to_owned(), ToString::to_string)
    }

    /// Returns the fields with a value that cannot be read, and the expected kind of value.
    pub(super) fn unreadable(self) -> Vec<(&'static str, &'static str)> {
        self.unreadable
    }

    /// Returns a field, or its default.
    pub(super) fn scalar(&self, field: Field) -> Option<Scalar<'o>> {
        let number = self.first + field.into();
        let found = self.layers.iter().find_map(|object| object.field(number));
        if let Some(found) = found {
            return Some(found.clone());
        }
        self.rules.rule(field)?.default.as_ref().map(DefaultValue::scalar)
    }

    /// Returns an id.
    pub(super) fn id(&self, field: Field) -> Option<ObjectId> {
        self.scalar(field)?.id()
    }

    /// Returns a text, which may be empty; in Riser's word if the profile has one.
    pub(super) fn text(&self, field: Field) -> Option<String> {
        let scalar = self.scalar(field)?;
        Some(self.word_of(field, &scalar).map_or_else(|| scalar.text(), str::to_owned))
    }

    /// Returns Riser's word for a text of the API. A text that the profile does not know is unusable.
    pub(super) fn known_word(&mut self, field: Field) -> Option<&'o str> {
        let scalar = self.scalar(field).filter(|scalar| !scalar.is_empty())?;
        let word = self.word_of(field, &scalar);
        if word.is_none() {
            self.unusable.push(unusable::unknown_word(field.name(), &scalar.text()));
        }
        word
    }

    /// Returns the numbers and words so far that cannot be used.
    pub(super) fn take_unusable(&mut self) -> Vec<Unusable> {
        std::mem::take(&mut self.unusable)
    }

    fn word_of(&self, field: Field, scalar: &Scalar<'_>) -> Option<&'o str> {
        let words = self.rules.rule(field).map(|rule| &rule.words).filter(|words| !words.is_empty())?;
        match scalar {
            Scalar::Text(text) => words.word(text),
            other => words.word(&other.text()),
        }
    }

    pub(super) fn truth(&mut self, field: Field) -> Option<bool> {
        let scalar = self.scalar(field)?;
        let truth = self.word_of(field, &scalar).map(|word| word == "true").or_else(|| scalar.truth());
        if truth.is_none() && !scalar.is_empty() {
            self.unusable.push(unusable::unknown_word(field.name(), &scalar.text()));
        }
        self.note(field, truth, &scalar, "true or false")
    }

    /// Returns a number in Riser's unit.
    pub(super) fn number(&mut self, field: Field) -> Option<f64> {
        let scalar = self.scalar(field)?;
        let rule = self.rules.rule(field);
        let number = match (&scalar, rule) {
            (Scalar::Text(text), Some(rule)) if rule.decimal_comma => {
                Scalar::Text(text.replace('.', "").replace(',', ".").into()).number()
            }
            _ => scalar.number(),
        };
        let number = number.map(|number| rule.map_or(number, |rule| rule.riser_number(number)));
        self.note_number(field, number.filter(|number| number.is_finite()), &scalar, "a number")
    }

    pub(super) fn whole(&mut self, field: Field) -> Option<i32> {
        let scalar = self.scalar(field)?;
        self.note_number(field, scalar.whole(), &scalar, "a whole number")
    }

    pub(super) fn moment(&mut self, field: Field) -> Option<SystemTime> {
        let scalar = self.scalar(field)?;
        let moment = self.rules.rule(field).and_then(|rule| rule.time.read(&scalar, self.now));
        self.note(field, moment, &scalar, "a time")
    }

    fn note_number<T>(
        &mut self,
        field: Field,
        number: Option<T>,
        scalar: &Scalar<'_>,
        expected: &'static str,
    ) -> Option<T> {
        if number.is_none() && !scalar.is_empty() {
            self.unusable.push(unusable::not_a_number(field.name(), &scalar.text()));
        }
        self.note(field, number, scalar, expected)
    }

    fn note<T>(
        &mut self,
        field: Field,
        value: Option<T>,
        scalar: &Scalar<'_>,
        expected: &'static str,
    ) -> Option<T> {
        // An empty text is a missing value.
        if value.is_none() && !scalar.is_empty() {
            self.unreadable.push((field.name(), expected));
        }
        value
    }
}

impl DefaultValue {
    fn scalar(&self) -> Scalar<'_> {
        match self {
            Self::Truth(truth) => Scalar::Truth(*truth),
            Self::Whole(number) => Scalar::Whole(*number),
            Self::Number(number) => Scalar::Number(*number),
            Self::Text(text) => Scalar::Text(Cow::Borrowed(text)),
        }
    }
}

impl FieldRule {
    /// Converts a number of the API to Riser's unit.
    pub(super) fn riser_number(&self, number: f64) -> f64 {
        let in_unit = self.per_unit.map_or(number, |per_unit| number / per_unit);
        let value = self.rest_of.map_or(in_unit, |whole| whole - in_unit);
        if self.rest_of.is_some() || self.per_unit.is_some_and(|per_unit| per_unit < 1.0) {
            tidy(value)
        } else {
            value
        }
    }

    /// Converts a number in Riser's unit to that of the API.
    pub(super) fn to_api(&self, number: f64) -> f64 {
        let in_unit = self.rest_of.map_or(number, |whole| whole - number);
        let value = self.per_unit.map_or(in_unit, |per_unit| in_unit * per_unit);
        if self.rest_of.is_some() || self.per_unit.is_some() { tidy(value) } else { value }
    }
}

fn tidy(number: f64) -> f64 {
    if number.abs() < LARGEST_WITH_DECIMALS {
        (number * KEPT_DECIMALS).round() / KEPT_DECIMALS
    } else {
        number
    }
}
