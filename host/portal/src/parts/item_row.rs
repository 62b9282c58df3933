use std::time::Duration;

use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{PointHandle, Reading, SetPointWrite, ValueItem, ValueState, WriteState};

use super::StateMark;
use super::shown_value::{ShownValue, is_known, write_words};
use crate::items_address::ItemsAddress;
use crate::wall_time::{Age, WallTime};

/// How long a row tells how a set point ended, before it speaks of the value's state alone again.
const TOLD_FOR: Duration = Duration::from_mins(5);

/// A value in the table: name, value with unit, state, age.
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
    /// `None` for a point that nobody has read.
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
            name: item.name.to_string(),
            href: address.with_item(&item.id).to_string(),
            is_writable: item.set_point.is_some(),
            is_selected: address.item.as_deref() == Some(item.id.as_str()),
            value: ShownValue::new(reading, &item.unit, times),
            mark: WriteNote::of(write, &item.unit, times).unwrap_or(WriteNote::Silent).mark(reading),
            age: is_known(reading).then(|| times.age(reading.received_time)),
        }
    }
}

/// What a row says of the latest set point of its point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum WriteNote {
    /// It is being carried out: said instead of the state.
    OnItsWay(StateMark),
    /// It ended a moment ago: said instead of Good.
    Ended(StateMark),
    /// Nothing.
    Silent,
}

impl WriteNote {
    pub(crate) fn of(write: Option<&SetPointWrite>, unit: &str, times: &WallTime) -> Option<Self> {
        let write = write?;
        if write.state.is_open() {
            let words = format!("{} on its way", write_words(&write.value, unit, times));
            return Some(Self::OnItsWay(StateMark { word: words, ..StateMark::new("run", "sent", "") }));
        }
        let is_news = times.now().since(write.changed_at) <= TOLD_FOR;
        let is_told = is_news && write.state != WriteState::Superseded;
        is_told.then(|| Self::Ended(StateMark::of_write(write.state)))
    }

    /// The state that the row shows.
    pub(crate) fn mark(self, reading: &Reading) -> StateMark {
        match self {
            Self::OnItsWay(mark) => mark,
            Self::Ended(mark) if reading.state == ValueState::Good => mark,
            _ if !is_known(reading) => StateMark::not_known_yet(),
            _ => StateMark::of_value(reading.state),
        }
    }
}
