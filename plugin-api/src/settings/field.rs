//! The types that a setting may have.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value as Json;

use super::duration_text;
use crate::Secret;
use crate::description::SettingKind;

/// What a struct's field says of itself in `#[setting(…)]`.
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
    /// Whether a value may be missing.
    const MAY_BE_MISSING: bool = false;

    /// The kind of setting, with these attributes.
    fn kind(attributes: &Attributes) -> SettingKind;

    /// Reads a value; the error says what it takes and never repeats the value.
    ///
    /// # Errors
    /// What the setting takes, in words.
    fn read(value: &Json, attributes: &Attributes) -> Result<Self, String>;

    /// What stands for a missing value, when it may be missing.
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

fn within(value: f64, attributes: &Attributes) -> Result<(), String> {
    let (min, max) = (bound(attributes.min.as_ref()), bound(attributes.max.as_ref()));
    if min.is_some_and(|min| value < min) || max.is_some_and(|max| value > max) {
        return Err(match (min, max) {
            (Some(min), Some(max)) => format!("takes {min} to {max}"),
            (Some(min), None) => format!("takes {min} or more"),
            (_, max) => format!("takes {} or less", max.unwrap_or_default()),
        });
    }
    Ok(())
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

    fn read(value: &Json, attributes: &Attributes) -> Result<Self, String> {
        let text = value.as_str().ok_or("takes a text")?;
        if !attributes.options.is_empty() && !attributes.options.contains(&text) {
            return Err(format!("takes one of {}", attributes.options.join(", ")));
        }
        Ok(text.to_owned())
    }
}

impl SettingValue for PathBuf {
    fn kind(_attributes: &Attributes) -> SettingKind {
        SettingKind::File
    }

    fn read(value: &Json, _attributes: &Attributes) -> Result<Self, String> {
        Ok(Self::from(value.as_str().ok_or("takes the path of a file")?))
    }
}

impl SettingValue for Secret<String> {
    fn kind(_attributes: &Attributes) -> SettingKind {
        SettingKind::Secret
    }

    fn read(value: &Json, _attributes: &Attributes) -> Result<Self, String> {
        Ok(Self::new(value.as_str().ok_or("takes a text")?.to_owned()))
    }
}

impl SettingValue for bool {
    fn kind(_attributes: &Attributes) -> SettingKind {
        SettingKind::YesNo
    }

    fn read(value: &Json, _attributes: &Attributes) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| "takes true or false".to_owned())
    }
}

impl SettingValue for f64 {
    fn kind(attributes: &Attributes) -> SettingKind {
        SettingKind::Number { min: bound(attributes.min.as_ref()), max: bound(attributes.max.as_ref()) }
    }

    fn read(value: &Json, attributes: &Attributes) -> Result<Self, String> {
        let number = number(value).ok_or("takes a number")?;
        within(number, attributes)?;
        Ok(number)
    }
}

impl SettingValue for i64 {
    fn kind(attributes: &Attributes) -> SettingKind {
        let whole = |bound: Option<&Json>| bound.and_then(Json::as_i64);
        SettingKind::WholeNumber { min: whole(attributes.min.as_ref()), max: whole(attributes.max.as_ref()) }
    }

    #[expect(clippy::cast_precision_loss, reason = "a bound is compared, not kept")]
    fn read(value: &Json, attributes: &Attributes) -> Result<Self, String> {
        let number = value.as_i64().ok_or("takes a whole number")?;
        within(number as f64, attributes)?;
        Ok(number)
    }
}

macro_rules! narrower_whole_number {
    ($($type:ty),*) => {$(
        impl SettingValue for $type {
            fn kind(attributes: &Attributes) -> SettingKind {
                i64::kind(attributes)
            }

            fn read(value: &Json, attributes: &Attributes) -> Result<Self, String> {
                let number = <i64 as SettingValue>::read(value, attributes)?;
                Self::try_from(number).map_err(|_| format!("takes {} to {}", Self::MIN, Self::MAX))
            }
        }
    )*};
}

narrower_whole_number!(i32, u32, u16, u8);

impl SettingValue for Duration {
    fn kind(attributes: &Attributes) -> SettingKind {
        let ms = |bound: Option<&Json>| {
            let span = duration_text::parse(bound?.as_str()?)?;
            u64::try_from(span.as_millis()).ok()
        };
        SettingKind::Duration { min_ms: ms(attributes.min.as_ref()), max_ms: ms(attributes.max.as_ref()) }
    }

    fn read(value: &Json, attributes: &Attributes) -> Result<Self, String> {
        let span = value
            .as_str()
            .and_then(duration_text::parse)
            .ok_or("takes a number with ms, s, min, h or d, such as \"15 min\"")?;
        let limit = |bound: &Option<Json>| bound.as_ref()?.as_str().and_then(duration_text::parse);
        if limit(&attributes.min).is_some_and(|min| span < min)
            || limit(&attributes.max).is_some_and(|max| span > max)
        {
            let text =
                |bound: &Option<Json>| bound.as_ref().and_then(Json::as_str).unwrap_or("any").to_owned();
            return Err(format!("takes {} to {}", text(&attributes.min), text(&attributes.max)));
        }
        Ok(span)
    }
}

impl<T: SettingValue> SettingValue for Option<T> {
    const MAY_BE_MISSING: bool = true;

    fn kind(attributes: &Attributes) -> SettingKind {
        T::kind(attributes)
    }

    fn read(value: &Json, attributes: &Attributes) -> Result<Self, String> {
        T::read(value, attributes).map(Some)
    }

    fn missing() -> Option<Self> {
        Some(None)
    }
}

impl<T: SettingValue> SettingValue for Vec<T> {
    const MAY_BE_MISSING: bool = true;

    fn kind(attributes: &Attributes) -> SettingKind {
        SettingKind::List { of: Box::new(T::kind(attributes)) }
    }

    fn read(value: &Json, attributes: &Attributes) -> Result<Self, String> {
        value.as_array().ok_or("takes a list")?.iter().map(|value| T::read(value, attributes)).collect()
    }

    fn missing() -> Option<Self> {
        Some(Self::new())
    }
}
