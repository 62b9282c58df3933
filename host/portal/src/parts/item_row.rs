use std::time::Duration;

use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{PointHandle, Reading, SetPointWrite, ValueItem, ValueState, WriteState};

use super::shown_value::{ShownValue, is_known, value_with_unit};
use super::{Icon, StateMark};
use crate::items_address::ItemsAddress;
use crate::wall_time::{Age, WallTime};

/// Time for which a row shows the result of a write instead of the value's state.
const RESULT_SHOWN_FOR: Duration = Duration::from_mins(5);

/// A row of the table: name, value with unit, state, age.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/item_row.html")]
pub(crate) struct ItemRow {
    pub(crate) handle: u32,
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) is_writable: bool,
    pub(crate) is_selected: bool,
    pub(crate) value: ShownValue,
    pub(crate) mark: StateMark,
    /// `None` if no value was received yet.
    pub(crate) age: Option<Age>,
}

impl HtmlSafe for ItemRow {}

impl ItemRow {
    pub(crate) fn new(
        (handle, item): (PointHandle, &ValueItem),
        reading: &Reading,
        write: Option<&SetPointWrite>,
        address: &ItemsAddress,
        times: &WallTime,
    ) -> Self {
        Self {
            handle: handle.0,
            name: item.definition.name.to_string(),
            href: address.with_item(&item.id).to_string(),
            is_writable: item.definition.set_point.is_some(),
            is_selected: address.item.as_deref() == Some(item.id.as_str()),
            value: ShownValue::new(reading, &item.definition.unit, times),
            mark: WriteNote::of(write, &item.definition.unit, times).mark(reading),
            age: is_known(reading).then(|| times.age(reading.received_time)),
        }
    }
}

/// The latest write of a point as its row shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum WriteNote {
    /// In progress. Shown instead of the state.
    InProgress(StateMark),
    /// Ended a short time ago. Shown instead of Good.
    Ended(StateMark),
    None,
}

impl WriteNote {
    pub(crate) fn of(write: Option<&SetPointWrite>, unit: &str, times: &WallTime) -> Self {
        let Some(write) = write else { return Self::None };
        if write.state.is_open() {
            let word = format!("{} in progress", value_with_unit(&write.value, unit, times));
            return Self::InProgress(StateMark::new("run", Icon::Sent, word));
        }
        let is_recent = times.now().since(write.changed_at) <= RESULT_SHOWN_FOR;
        if is_recent && write.state != WriteState::Superseded {
            Self::Ended(StateMark::of_write(write.state))
        } else {
            Self::None
        }
    }

    /// Returns the mark that the row shows.
    pub(crate) fn mark(self, reading: &Reading) -> StateMark {
        match self {
            Self::InProgress(mark) => mark,
            Self::Ended(mark) if reading.state == ValueState::Good => mark,
            _ if !is_known(reading) => StateMark::no_value_yet(),
            _ => StateMark::of_value(reading.state),
        }
    }
}
