//! Checks that a value fits the kind of its setting. Host and kit check values with this module; the host has more rules for
//! addresses and moments.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::Value as Json;

use crate::description::SettingKind;
use crate::time_span;

/// Longest text of a setting, in bytes. Certificates fit.
const LONGEST_TEXT_BYTES: usize = 64 * 1024;

/// Checks a value, but not the contents of a list or a group. [any thread] Never blocks.
///
/// # Errors
/// The accepted values, in words; never the value, which may be a secret.
pub fn check_value(kind: &SettingKind, value: &Json) -> Result<(), String> {
    match kind {
        SettingKind::Text
        | SettingKind::ItemPath
        | SettingKind::Secret
        | SettingKind::Address
        | SettingKind::DateTime => text(value).map(drop),
        SettingKind::Number { min, max } => {
            let number = value.as_f64().filter(|number| number.is_finite()).ok_or("takes a number")?;
            within(number, *min, *max, |bound| bound.to_string())
        }
        SettingKind::WholeNumber { min, max } => {
            let number = value.as_i64().ok_or("takes a whole number")?;
            within(number, *min, *max, |bound| bound.to_string())
        }
        SettingKind::YesNo => value.as_bool().map(drop).ok_or_else(|| "takes true or false".to_owned()),
        SettingKind::Choice { options } => choice(value, options),
        SettingKind::Duration { min_ms, max_ms } => {
            let span = value
                .as_str()
                .and_then(time_span::parse)
                .ok_or("takes a time span with its unit, such as 15 s, 15 min or 2 h")?;
            let bound = |ms: &Option<u64>| ms.map(Duration::from_millis);
            within(span, bound(min_ms), bound(max_ms), time_span::format)
        }
        SettingKind::Host => host(value),
        SettingKind::File => file(value),
        SettingKind::List { .. } => is(value.is_array(), "takes a list, such as [ … ]"),
        SettingKind::Group(_) => is(value.is_object(), "takes a group of settings, such as { key = value }"),
    }
}

fn is(fits: bool, takes: &str) -> Result<(), String> {
    if fits { Ok(()) } else { Err(takes.to_owned()) }
}

fn text(value: &Json) -> Result<&str, String> {
    match value {
        Json::String(text) if text.len() > LONGEST_TEXT_BYTES => Err("is longer than 64 KiB".to_owned()),
        Json::String(text) if text.contains('\0') => Err("contains a NUL character".to_owned()),
        Json::String(text) => Ok(text),
        _ => Err("takes text".to_owned()),
    }
}

/// Checks bounds; `shown` writes one.
fn within<T: PartialOrd + Copy>(
    value: T,
    min: Option<T>,
    max: Option<T>,
    shown: impl Fn(T) -> String,
) -> Result<(), String> {
    let too_small = min.is_some_and(|min| value < min);
    let too_large = max.is_some_and(|max| value > max);
    if !too_small && !too_large {
        return Ok(());
    }
    Err(match (min, max) {
        (Some(min), Some(max)) => format!("takes {} to {}", shown(min), shown(max)),
        (Some(min), None) => format!("takes {} or more", shown(min)),
        (None, Some(max)) => format!("takes {} or less", shown(max)),
        (None, None) => return Ok(()),
    })
}

fn choice(value: &Json, options: &[String]) -> Result<(), String> {
    let is_option = value.as_str().is_some_and(|text| options.iter().any(|option| option == text));
    if is_option { Ok(()) } else { Err(format!("takes one of: {}", options.join(", "))) }
}

fn host(value: &Json) -> Result<(), String> {
    let is_host = value.as_str().is_some_and(|text| {
        let is_name = !text.is_empty()
            && text.len() <= 253
            && text.split('.').all(|label| {
                !label.is_empty()
                    && label.len() <= 63
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            });
        is_name || text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
    });
    is(is_host, "takes the name or address of a host, such as controller.local")
}

fn file(value: &Json) -> Result<(), String> {
    let path = text(value)?;
    is(path.starts_with('/'), "takes the full path of a file, such as /etc/riser/ca.pem")
}
