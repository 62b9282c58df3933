use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{Reading, ValueItem};

use super::StateMark;
use super::shown_value::{ShownValue, is_known};
use crate::wall_time::{Age, WallTime};

/// The value of one point as it is now.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/current_value.html")]
pub(crate) struct CurrentValue {
    value: ShownValue,
    mark: StateMark,
    age: Option<Age>,
}

impl HtmlSafe for CurrentValue {}

impl CurrentValue {
    pub(crate) fn new(reading: Option<Reading>, item: &ValueItem, times: &WallTime) -> Self {
        let reading = reading.unwrap_or_else(|| Reading::never_known(item.definition.kind));
        let is_known = is_known(&reading);
        Self {
            value: ShownValue::new(&reading, &item.definition.unit, times),
            mark: if is_known { StateMark::of_value(reading.state) } else { StateMark::no_value_yet() },
            age: is_known.then(|| times.age(reading.received_time)),
        }
    }
}
