//! Examples of parts, used by the examples of pages.

use riser_domain::{Reading, Timestamp, Value, ValueState, WriteState};

use super::drawer::{Drawer, HistoryLink, PinButton};
use super::set_point_list::ShownSetPoint;
use super::shown_value::ShownValue;
use super::tree::{Branch, TreeMark};
use super::{Icon, StateMark, WriteStatus};
use crate::testing::HOSTILE;
use crate::wall_time::{Age, Moment, WallTime};

pub(crate) fn set_point(
    item: &str,
    container: &str,
    value: &str,
    state: WriteState,
    at: Moment,
) -> ShownSetPoint {
    ShownSetPoint {
        item: item.to_owned(),
        container: container.to_owned(),
        href: "/items?server=1&item=z2%2FZoneReduction".to_owned(),
        value: value.to_owned(),
        actor: "BMS bms on EVCE Ews Server".to_owned(),
        mark: StateMark::of_write(state),
        at,
    }
}

pub(crate) fn branch(
    handle: u32,
    level: usize,
    (name, icon): (&str, Icon),
    is_open: Option<bool>,
    mark: Option<StateMark>,
) -> Branch {
    Branch {
        name: name.to_owned(),
        href: format!("/items?server=1&container=c{handle}"),
        icon,
        level,
        is_open,
        is_chosen: handle == 3,
        mark: TreeMark { handle, mark },
        closes: 0,
        left_out: if handle == 6 { 12 } else { 0 },
    }
}

pub(crate) fn drawer(write_status: WriteStatus, age: Age) -> Drawer {
    let reading = Reading {
        value: Value::Double(60.0),
        state: ValueState::Uncertain,
        reason: None,
        source_time: Timestamp::EPOCH,
        received_time: Timestamp::from_unix_ms(1),
    };
    Drawer {
        name: "ZoneReduction".to_owned(),
        description: HOSTILE.to_owned(),
        close: "/items?server=1&container=z2".to_owned(),
        value: ShownValue::new(
            &reading,
            "%",
            &WallTime::for_page(riser_calendar::Zone::utc(), Timestamp::EPOCH),
        ),
        mark: StateMark::of_value(reading.state),
        reason: "Requested, not read back yet".to_owned(),
        age: Some(age),
        write_status: Some(write_status),
        id: "z2/ZoneReduction".to_owned(),
        location: "EVCE Ews Server / EVCE Zones / Level -1".to_owned(),
        kind: "Double, %, 0 to 100".to_owned(),
        published_by: "riser.evce/status".to_owned(),
        writes_handled_by: Some("riser.evce/status".to_owned()),
        write_href: Some("/items/write?server=1&item=z2%2Fr".to_owned()),
        bms_href: "/items/as-bms?server=1&item=z2%2Fr".to_owned(),
        pin: PinButton {
            point: 10,
            is_pinned: false,
            next: "/items?server=1&container=z2".to_owned(),
            csrf: "c0ffee".to_owned(),
        },
        histories: vec![HistoryLink {
            name: HOSTILE.to_owned(),
            href: "/items/history?server=1&item=z2%2Flog".to_owned(),
        }],
    }
}
