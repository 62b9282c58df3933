use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{Reading, Timestamp, Value, ValueState};

use crate::wall_time::{Moment, WallTime};

/// Longer text values are cut.
const MAX_CHARS: usize = 40;
/// Rounding a smaller number to two decimals would lose its meaning.
const SMALLEST_ROUNDED: f64 = 0.1;
/// Larger numbers are shown with an exponent.
const LARGEST_ROUNDED: f64 = 1e15;

/// A value with its unit, or a dash if there is none. An unknown value is never shown as zero.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/shown_value.html")]
pub(crate) struct ShownValue {
    text: String,
    /// The value as EWS clients get it, if the page shows fewer digits or characters.
    pub(crate) exact: Option<String>,
    unit: String,
    moment: Option<Moment>,
    pub(crate) is_known: bool,
    /// The value is the last one received, and the device may have another one by now.
    pub(crate) is_stale: bool,
    /// The value is text, which may wrap to several lines.
    pub(crate) is_text: bool,
}

impl HtmlSafe for ShownValue {}

impl ShownValue {
    pub(crate) fn new(reading: &Reading, unit: &str, times: &WallTime) -> Self {
        let is_known = is_known(reading);
        let (text, exact) = (short_words(&reading.value), riser_ews::value_text(&reading.value));
        Self {
            exact: (is_known && text != exact).then_some(exact),
            text,
            unit: unit.to_owned(),
            moment: match reading.value {
                Value::DateTime(at) => Some(times.moment(at)),
                _ => None,
            },
            is_known,
            is_stale: reading.state == ValueState::Offline || !is_known,
            is_text: matches!(reading.value, Value::String(_)),
        }
    }
}

/// Returns whether a value was ever received.
pub(crate) fn is_known(reading: &Reading) -> bool {
    reading.received_time != Timestamp::EPOCH
}

/// Rounds a number to two decimals. Small numbers keep all digits.
fn short_words(value: &Value) -> String {
    match value {
        Value::Double(number) if (SMALLEST_ROUNDED..LARGEST_ROUNDED).contains(&number.abs()) => {
            let text = format!("{number:.2}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => value_words(value),
    }
}

/// Returns the value as EWS clients get it, cut if it is long.
pub(crate) fn value_words(value: &Value) -> String {
    let text = riser_ews::value_text(value);
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Returns a value with its unit, such as `60 %`.
pub(crate) fn value_with_unit(value: &Value, unit: &str, times: &WallTime) -> String {
    match value {
        Value::DateTime(at) => times.words(*at),
        _ if unit.is_empty() => value_words(value),
        _ => format!("{} {unit}", value_words(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_unless_rounding_would_lose_their_meaning() {
        for (number, words) in [
            (136.463_333_333_333_34, "136.46"),
            (30.435_999_999_999_996, "30.44"),
            (-0.996, "-1"),
            (60.0, "60"),
            (100.0, "100"),
            (7.5, "7.5"),
            (0.0, "0"),
            (0.004_2, "0.0042"),
            (-0.05, "-0.05"),
        ] {
            assert_eq!(short_words(&Value::Double(number)), words);
        }
        assert_eq!(short_words(&Value::Double(1e300)), riser_ews::value_text(&Value::Double(1e300)));
    }
}
