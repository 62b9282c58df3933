use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{Reading, Timestamp, Value, ValueState};

use crate::wall_time::{Moment, WallTime};

/// Letters of a text value that a table shows.
const LETTERS_SHOWN: usize = 40;

/// A value with its unit, or the word for none: unknown is never zero.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/shown_value.html")]
pub(crate) struct ShownValue {
    text: String,
    unit: String,
    moment: Option<Moment>,
    pub(crate) is_known: bool,
    /// It is the last reading, and the source may have another by now.
    pub(crate) is_stale: bool,
}

impl HtmlSafe for ShownValue {}

impl ShownValue {
    pub(crate) fn new(reading: &Reading, unit: &str, times: &WallTime) -> Self {
        let is_known = is_known(reading);
        Self {
            text: value_words(&reading.value),
            unit: unit.to_owned(),
            moment: match reading.value {
                Value::DateTime(at) => Some(times.moment(at)),
                _ => None,
            },
            is_known,
            is_stale: reading.state == ValueState::Offline || !is_known,
        }
    }
}

/// Whether anyone ever read the point.
pub(crate) fn is_known(reading: &Reading) -> bool {
    reading.received_time != Timestamp::EPOCH
}

/// The value as EWS clients get it, cut where a text is long.
pub(crate) fn value_words(value: &Value) -> String {
    let text = riser_ews::value_text(value);
    match text.char_indices().nth(LETTERS_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A value with its unit in a sentence: `60 %`.
pub(crate) fn wish_words(value: &Value, unit: &str, times: &WallTime) -> String {
    match value {
        Value::DateTime(at) => times.words(*at),
        _ if unit.is_empty() => value_words(value),
        _ => format!("{} {unit}", value_words(value)),
    }
}
