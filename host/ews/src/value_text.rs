//! The text of values in EWS messages, in both directions (`ews-semantics`, section 4).
//!
//! A written value reads back as the same value, independent of culture: a dot, UTC, no grouping. Parsing
//! accepts the forms that real clients send.

use std::fmt::Write as _;

use riser_calendar::Zone;
use riser_domain::{Value, ValueKind};

use crate::calendar_text::{parse_date_time, parse_duration, push_date_time, push_duration};
use crate::xml::push_escaped;

/// Why a text is not a value of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueTextError {
    /// The text has another form.
    #[error("the text is not of the item's type")]
    Invalid,
    /// The number does not fit the kind.
    #[error("the number is too large for the item's type")]
    OutOfRange,
}

/// The text of a value, not escaped.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => {
            let mut text = String::new();
            push_value(&mut text, other);
            text
        }
    }
}

/// Appends the text of a value, escaped for XML.
pub(crate) fn push_value(out: &mut String, value: &Value) {
    match value {
        Value::DateTime(moment) => push_date_time(out, *moment),
        Value::Boolean(true) => out.push_str("true"),
        Value::Boolean(false) => out.push_str("false"),
        Value::String(text) => push_escaped(out, text),
        Value::Double(number) => push_double(out, *number),
        Value::Long(number) => out.push_str(itoa::Buffer::new().format(*number)),
        Value::Integer(number) => out.push_str(itoa::Buffer::new().format(*number)),
        Value::DurationMs(ms) => push_duration(out, *ms),
    }
}

/// Parses a value of this kind. `zone` applies to a date and time without an offset.
///
/// # Errors
/// If the text is not such a value; nothing is guessed.
pub fn parse_value(kind: ValueKind, text: &str, zone: &Zone) -> Result<Value, ValueTextError> {
    if kind == ValueKind::String {
        return Ok(Value::String(text.into()));
    }
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    match kind {
        ValueKind::String => Ok(Value::String(text.into())),
        ValueKind::Boolean => parse_boolean(text).map(Value::Boolean),
        ValueKind::Double => parse_double(text).map(Value::Double),
        ValueKind::Long => parse_whole(text).map(Value::Long),
        ValueKind::Integer => parse_whole(text)
            .and_then(|number| i32::try_from(number).map_err(|_| ValueTextError::OutOfRange))
            .map(Value::Integer),
        ValueKind::DateTime => {
            parse_date_time(text, zone).map(Value::DateTime).ok_or(ValueTextError::Invalid)
        }
        ValueKind::Duration => parse_duration(text).map(Value::DurationMs).ok_or(ValueTextError::Invalid),
    }
}

/// Appends the shortest text that reads back as the same number; with an exponent outside 1e-5..1e15.
fn push_double(out: &mut String, number: f64) {
    let magnitude = number.abs();
    if magnitude == 0.0 {
        out.push('0');
    } else if (1e-5..1e15).contains(&magnitude) {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(number);
        out.push_str(text.strip_suffix(".0").unwrap_or(text));
    } else {
        write!(out, "{number:E}").expect("a string takes any text");
    }
}

fn parse_boolean(text: &str) -> Result<bool, ValueTextError> {
    match text {
        "1" => Ok(true),
        "0" => Ok(false),
        text if text.eq_ignore_ascii_case("true") => Ok(true),
        text if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(ValueTextError::Invalid),
    }
}

fn parse_double(text: &str) -> Result<f64, ValueTextError> {
    // The standard parser also takes words such as `inf`.
    if !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
        return Err(ValueTextError::Invalid);
    }
    let number: f64 = text.parse().map_err(|_| ValueTextError::Invalid)?;
    if number.is_finite() { Ok(number) } else { Err(ValueTextError::OutOfRange) }
}

/// A double holds every whole number up to here exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Parses a whole number, also in the form `5.0` or `5e3`.
fn parse_whole(text: &str) -> Result<i64, ValueTextError> {
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    let number = parse_double(text)?;
    if number.fract() != 0.0 {
        return Err(ValueTextError::Invalid);
    }
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    if rest.bytes().all(|digit| digit == b'0')
        && let Ok(number) = whole.parse()
    {
        return Ok(number);
    }
    if number.abs() > EXACT {
        return Err(ValueTextError::OutOfRange);
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and within the exact range")]
    Ok(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use riser_domain::Timestamp;

    #[test]
    fn doubles_are_written_short_and_exact() {
        let check = |number: f64, text: &str| assert_eq!(value_text(&Value::Double(number)), text);
        check(10.0, "10");
        check(-0.0, "0");
        check(0.1, "0.1");
        check(-23.979_999_542_236_3, "-23.9799995422363");
        check(0.000_01, "0.00001");
        check(0.000_009_9, "9.9E-6");
        check(999_999_999_999_999.0, "999999999999999");
        check(1e15, "1E15");
        check(1.5e300, "1.5E300");
    }

    #[test]
    fn other_kinds_are_written_in_their_contract_form() {
        assert_eq!(value_text(&Value::Boolean(true)), "true");
        assert_eq!(value_text(&Value::Long(i64::MIN)), "-9223372036854775808");
        assert_eq!(value_text(&Value::Integer(0)), "0");
        assert_eq!(value_text(&Value::DateTime(Timestamp::from_unix_ms(1_000))), "1970-01-01T00:00:01.000Z");
        assert_eq!(value_text(&Value::DurationMs(5_400_000)), "PT1H30M");
        assert_eq!(value_text(&Value::String("a<b".into())), "a<b");
        let mut escaped = String::new();
        push_value(&mut escaped, &Value::String("a<b".into()));
        assert_eq!(escaped, "a&lt;b");
    }

    #[test]
    fn the_forms_of_real_clients_are_parsed() {
        let check = |kind, text, expected| {
            assert_eq!(parse_value(kind, text, &"Europe/Berlin".parse().unwrap()), Ok(expected), "{text}");
        };
        for text in ["true", "True", "TRUE", "1", " true "] {
            check(ValueKind::Boolean, text, Value::Boolean(true));
        }
        check(ValueKind::Boolean, "0", Value::Boolean(false));
        for text in ["5", "+5", "5.0", "5.", "0.5e1", "50E-1"] {
            check(ValueKind::Integer, text, Value::Integer(5));
        }
        check(ValueKind::Long, "9223372036854775807.0", Value::Long(i64::MAX));
        check(ValueKind::Double, ".5", Value::Double(0.5));
        check(ValueKind::Double, "-1.5E-3", Value::Double(-0.0015));
        check(ValueKind::String, " as is ", Value::String(" as is ".into()));
        check(ValueKind::DateTime, "1970-01-01T01:00:00", Value::DateTime(Timestamp::EPOCH));
    }

    #[test]
    fn text_that_is_not_a_value_of_the_kind_is_refused() {
        let check = |kind, text, expected| {
            assert_eq!(parse_value(kind, text, &"Europe/Berlin".parse().unwrap()), Err(expected), "{text}");
        };
        for text in ["", "1,5", "NaN", "INF", "inf", "1 000", "0x10", "1e", "--1"] {
            check(ValueKind::Double, text, ValueTextError::Invalid);
            check(ValueKind::Long, text, ValueTextError::Invalid);
        }
        check(ValueKind::Integer, "5.5", ValueTextError::Invalid);
        check(ValueKind::Integer, "2147483648", ValueTextError::OutOfRange);
        check(ValueKind::Long, "9223372036854775808", ValueTextError::OutOfRange);
        check(ValueKind::Double, "1e999", ValueTextError::OutOfRange);
        check(ValueKind::Boolean, "yes", ValueTextError::Invalid);
        check(ValueKind::DateTime, "", ValueTextError::Invalid);
        check(ValueKind::Duration, "5 min", ValueTextError::Invalid);
    }

    proptest! {
        #[test]
        fn every_value_reads_back_as_it_was_written(
            double in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL,
            long: i64,
            integer: i32,
            duration_ms: i64,
            moment_ms in -62_135_596_800_000_i64..253_402_300_799_999,
        ) {
            for value in [
                Value::Double(double),
                Value::Long(long),
                Value::Integer(integer),
                Value::DurationMs(duration_ms),
                Value::DateTime(Timestamp::from_unix_ms(moment_ms)),
            ] {
                prop_assert_eq!(parse_value(value.kind(), &value_text(&value), &"Europe/Berlin".parse().unwrap()), Ok(value));
            }
        }
    }
}
