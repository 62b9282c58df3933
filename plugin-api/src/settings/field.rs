//! The types that a setting may have.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::{Faults, Settings, check_value, migrate_all, read_group};
use crate::description::SettingKind;
use crate::{Secret, time_span};

/// Attributes of a field in `#[setting(…)]`.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    /// Smallest, as a number or a time span.
    pub min: Option<Json>,
    /// Largest.
    pub max: Option<Json>,
    /// The texts of a choice.
    pub options: Vec<&'static str>,
    /// A kind other than the type's own: `address`, `host`, `file`, `item_path`, `date_time`.
    pub kind: Option<&'static str>,
}

/// A type that a setting may have.
pub trait SettingValue: Sized {
    /// Returns the kind of setting, with these attributes.
    fn kind(attributes: &Attributes) -> SettingKind;

    /// Reads a value; the error lists the accepted values and never repeats the value. [any thread] Never blocks.
    ///
    /// # Errors
    /// The accepted values, in words; inside a list or a group, with the position.
    fn read(value: &Json, attributes: &Attributes) -> Result<Self, Faults>;

    /// Migrates the groups inside a stored value. [any thread] Never blocks.
    fn migrate(_value: &mut Json) {}

    /// The value of a missing setting, if it may be missing.
    fn missing() -> Option<Self> {
        None
    }
}

fn number(value: &Json) -> Option<f64> {
    value.as_f64().filter(|number| number.is_finite())
}

fn bound(bound: Option<&Json>) -> Option<f64> {
    bound.and_then(number)
}

/// Checks a value against the kind of its type.
fn checked<'v, T: SettingValue>(value: &'v Json, attributes: &Attributes) -> Result<&'v Json, Faults> {
    check_value(&T::kind(attributes), value)?;
    Ok(value)
}

impl SettingValue for String {
    fn kind(attributes: &Attributes) -> SettingKind {
        match attributes.kind {
            _ if !attributes.options.is_empty() => SettingKind::Choice {
                options: attributes.options.iter().map(|option| (*option).to_owned()).collect(),
            },
            Some("address") => SettingKind::Address,
            Some("host") => SettingKind::Host,
            Some("file") => SettingKind::File,
            Some("item_path") => SettingKind::ItemPath,
            Some("date_time") => SettingKind::DateTime,
            _ => SettingKind::Text,
        }
    }

    fn read(value: &Json, attributes: &Attributes) -> Result<Self, Faults> {
        Ok(checked::<Self>(value, attributes)?.as_str().unwrap_or_default().to_owned())
    }
}

impl SettingValue for PathBuf {
    fn kind(_attributes: &Attributes) -> SettingKind {
        SettingKind::File
    }

    fn read(value: &Json, attributes: &Attributes) -> Result<Self, Faults> {
        Ok(Self::from(checked::<Self>(value, attributes)?.as_str().unwrap_or_default()))
    }
}

impl SettingValue for Secret<String> {
    fn kind(_attributes: &Attributes) -> SettingKind {
        SettingKind::Secret
    }

    fn read(value: &Json, attributes: &Attributes) -> Result<Self, Faults> {
        Ok(Self::new(checked::<Self>(value, attributes)?.as_str().unwrap_or_default().to_owned()))
    }
}

impl SettingValue for bool {
    fn kind(_attributes: &Attributes) -> SettingKind {
        SettingKind::YesNo
    }

    fn read(value: &Json, attributes: &Attributes) -> Result<Self, Faults> {
        Ok(checked::<Self>(value, attributes)?.as_bool().unwrap_or_default())
    }
}

impl SettingValue for f64 {
    fn kind(attributes: &Attributes) -> SettingKind {
        SettingKind::Number { min: bound(attributes.min.as_ref()), max: bound(attributes.max.as_ref()) }
    }

    fn read(value: &Json, attributes: &Attributes) -> Result<Self, Faults> {
        Ok(checked::<Self>(value, attributes)?.as_f64().unwrap_or_default())
    }
}

impl SettingValue for i64 {
    fn kind(attributes: &Attributes) -> SettingKind {
        let whole = |bound: Option<&Json>| bound.and_then(Json::as_i64);
        SettingKind::WholeNumber { min: whole(attributes.min.as_ref()), max: whole(attributes.max.as_ref()) }
    }

    fn read(value: &Json, attributes: &Attributes) -> Result<Self, Faults> {
        Ok(checked::<Self>(value, attributes)?.as_i64().unwrap_or_default())
    }
}

macro_rules! narrower_whole_number {
    ($($type:ty),*) => {$(
        impl SettingValue for $type {
            fn kind(attributes: &Attributes) -> SettingKind {
                i64::kind(attributes)
            }

            fn read(value: &Json, attributes: &Attributes) -> Result<Self, Faults> {
                let number = <i64 as SettingValue>::read(value, attributes)?;
                Self::try_from(number)
                    .map_err(|_| Faults::from(format!("takes {} to {}", Self::MIN, Self::MAX)))
            }
        }
    )*};
}

narrower_whole_number!(i32, u32, u16, u8);

impl SettingValue for Duration {
    fn kind(attributes: &Attributes) -> SettingKind {
        let ms = |bound: Option<&Json>| {
            let span = time_span::parse(bound?.as_str()?)?;
            u64::try_from(span.as_millis()).ok()
        };
        SettingKind::Duration { min_ms: ms(attributes.min.as_ref()), max_ms: ms(attributes.max.as_ref()) }
    }

    fn read(value: &Json, attributes: &Attributes) -> Result<Self, Faults> {
        let text = checked::<Self>(value, attributes)?.as_str();
        Ok(text.and_then(time_span::parse).unwrap_or_default())
    }
}

impl<T: SettingValue> SettingValue for Option<T> {
    fn kind(attributes: &Attributes) -> SettingKind {
        T::kind(attributes)
    }

    fn read(value: &Json, attributes: &Attributes) -> Result<Self, Faults> {
        T::read(value, attributes).map(Some)
    }

    fn migrate(value: &mut Json) {
        T::migrate(value);
    }

    fn missing() -> Option<Self> {
        Some(None)
    }
}

impl<T: SettingValue> SettingValue for Vec<T> {
    fn kind(attributes: &Attributes) -> SettingKind {
        SettingKind::List { of: Box::new(T::kind(attributes)) }
    }

    fn read(value: &Json, attributes: &Attributes) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let mut values = Self::new();
        let entries = checked::<Self>(value, attributes)?.as_array().map(Vec::as_slice).unwrap_or_default();
        for (index, value) in entries.iter().enumerate() {
            match T::read(value, attributes) {
                Ok(value) => values.push(value),
                Err(found) => faults.add(&format!("[{index}]"), found),
            }
        }
        if faults.0.is_empty() { Ok(values) } else { Err(faults) }
    }

    fn migrate(value: &mut Json) {
        value.as_array_mut().into_iter().flatten().for_each(T::migrate);
    }

    fn missing() -> Option<Self> {
        Some(Self::new())
    }
}

/// A struct of settings inside another is a group.
impl<S: Settings> SettingValue for S {
    fn kind(_attributes: &Attributes) -> SettingKind {
        SettingKind::Group(S::describe().into())
    }

    fn read(value: &Json, attributes: &Attributes) -> Result<Self, Faults> {
        checked::<Self>(value, attributes)?;
        read_group(value.as_object().unwrap_or(&Map::new()))
    }

    fn migrate(value: &mut Json) {
        if let Some(values) = value.as_object_mut() {
            migrate_all::<S>(values);
        }
    }

    /// The settings of a group have their defaults.
    fn missing() -> Option<Self> {
        read_group(&Map::new()).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault<T: SettingValue>(value: &Json, attributes: &Attributes) -> String {
        T::read(value, attributes).err().map_or_else(String::new, |faults| faults.to_string())
    }

    #[test]
    fn a_value_that_does_not_fit_returns_the_accepted_values() {
        let between = |min, max| Attributes { min, max, ..Attributes::default() };
        let plain = Attributes::default();
        assert_eq!(fault::<i64>(&json!(9), &between(Some(json!(1)), Some(json!(8)))), "takes 1 to 8");
        assert_eq!(fault::<f64>(&json!(0.5), &between(Some(json!(1)), None)), "takes 1 or more");
        assert_eq!(fault::<Duration>(&json!("2 h"), &between(None, Some(json!("1 h")))), "takes 1 h or less");
        assert_eq!(fault::<u8>(&json!(256), &plain), "takes 0 to 255");
        assert_eq!(fault::<bool>(&json!("yes"), &plain), "takes true or false");
        let choice = Attributes { options: vec!["a", "b"], ..Attributes::default() };
        assert_eq!(fault::<String>(&json!("c"), &choice), "takes one of: a, b");
        assert_eq!(
            fault::<Vec<i64>>(&json!([1, "x", 2.5]), &plain),
            "[1] takes a whole number; [2] takes a whole number"
        );
    }

    #[test]
    fn a_secret_that_does_not_fit_is_not_repeated() {
        assert_eq!(fault::<Secret<String>>(&json!({ "sesame": 1 }), &Attributes::default()), "takes text");
    }
}
