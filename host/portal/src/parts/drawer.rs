use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{
    EwsItem, EwsServerId, PointHandle, Reading, SetPointRule, SetPointWrite, ValueItem, ValueKind,
};
use riser_runtime::{ServerTree, TreeNode};

use super::problem_list::capitalised;
use super::shown_value::{ShownValue, is_known};
use super::tree::{container_of, name_of};
use super::{Icon, StateMark, WriteStatus};
use crate::items_address::ItemsAddress;
use crate::items_view::ItemsPerson;
use crate::pages::as_bms::ExchangeAddress;
use crate::pages::history::HistoryAddress;
use crate::pages::set_point::SetPointAddress;
use crate::wall_time::{Age, WallTime};

/// The details of one point.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/drawer.html")]
pub(crate) struct Drawer {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) close: String,
    pub(crate) value: ShownValue,
    pub(crate) mark: StateMark,
    pub(crate) reason: String,
    pub(crate) age: Option<Age>,
    pub(crate) write_status: Option<WriteStatus>,
    pub(crate) id: String,
    pub(crate) location: String,
    pub(crate) kind: String,
    /// The class that updates the value.
    pub(crate) published_by: String,
    /// The class that handles writes, if the point is writable.
    pub(crate) writes_handled_by: Option<String>,
    pub(crate) histories: Vec<HistoryLink>,
    /// The form that writes the point, if the person may.
    pub(crate) write_href: Option<String>,
    /// The page with the responses of the EWS server.
    pub(crate) bms_href: String,
    pub(crate) pin: PinButton,
}

/// The button that adds the point to the watch list, or removes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PinButton {
    pub(crate) point: u32,
    pub(crate) is_pinned: bool,
    /// Where the form leads back.
    pub(crate) next: String,
    pub(crate) csrf: String,
}

/// A link to the page of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HistoryLink {
    pub(crate) name: String,
    pub(crate) href: String,
}

impl HtmlSafe for Drawer {}

impl Drawer {
    pub(crate) fn new(
        (node, item): (&TreeNode, &ValueItem),
        tree: &ServerTree,
        (reading, write): (&Reading, Option<&SetPointWrite>),
        (address, person): (&ItemsAddress, &ItemsPerson),
        times: &WallTime,
    ) -> Self {
        let is_known = is_known(reading);
        Self {
            name: item.definition.name.to_string(),
            description: item.definition.description.to_string(),
            close: address.without_item().to_string(),
            value: ShownValue::new(reading, &item.definition.unit, times),
            mark: if is_known { StateMark::of_value(reading.state) } else { StateMark::no_value_yet() },
            reason: reading.reason.as_deref().map_or_else(String::new, capitalised),
            age: is_known.then(|| times.age(reading.received_time)),
            write_status: write.map(|write| WriteStatus::new(write, &item.definition.unit, times)),
            id: item.id.to_string(),
            location: location(tree, node.handle),
            kind: kind(item),
            published_by: class_name(node, &item.definition.published_by),
            writes_handled_by: item
                .definition
                .writes_handled_by
                .as_deref()
                .map(|class| class_name(node, class)),
            histories: histories(tree, node, item, address),
            write_href: (item.definition.set_point.is_some() && person.may_write).then(|| {
                let server = EwsServerId(address.server.unwrap_or_default());
                SetPointAddress::new(server, item.id.as_str()).href()
            }),
            bms_href: ExchangeAddress::new(address.server.unwrap_or_default(), &item.id).href(),
            pin: PinButton {
                point: node.handle.0,
                is_pinned: person.pins.contains(node.handle),
                next: address.to_string(),
                csrf: person.csrf.clone(),
            },
        }
    }
}

/// Returns the histories of a value that are in its container.
fn histories(
    tree: &ServerTree,
    node: &TreeNode,
    item: &ValueItem,
    address: &ItemsAddress,
) -> Vec<HistoryLink> {
    let Some(container) = container_of(tree, node.handle).and_then(|handle| tree.node(handle)) else {
        return Vec::new();
    };
    let server = EwsServerId(address.server.unwrap_or_default());
    let of_value = |node: &TreeNode| match node.item() {
        Some(EwsItem::History(history)) if *history.value_item == item.id => Some(HistoryLink {
            name: history.definition.name.to_string(),
            href: HistoryAddress::new(server, history.id.as_str()).href(),
        }),
        _ => None,
    };
    tree.children(container).filter_map(of_value).collect()
}

/// Returns the names of the containers above, from the server down.
pub(crate) fn location(tree: &ServerTree, node: PointHandle) -> String {
    let mut names = Vec::new();
    let mut above = container_of(tree, node);
    while let Some(container) = above.and_then(|handle| tree.node(handle)) {
        names.push(name_of(tree, container));
        above = container_of(tree, container.handle);
    }
    names.reverse();
    names.join(" / ")
}

/// Returns type, unit and range, such as `Double, %, 0 to 100`.
fn kind(item: &ValueItem) -> String {
    let mut words = vec![item.definition.kind.as_str().to_owned()];
    if !item.definition.unit.is_empty() {
        words.push(item.definition.unit.to_string());
    }
    words.extend(item.definition.set_point.as_ref().and_then(|rule| range_words(rule, item.definition.kind)));
    words.join(", ")
}

/// Returns the values that a set point takes, such as `0 to 100`; `None` for any.
pub(crate) fn range_words(rule: &SetPointRule, kind: ValueKind) -> Option<String> {
    match (rule.min, rule.max) {
        _ if !rule.options.is_empty() => Some(rule.options.join(" or ")),
        _ if kind == ValueKind::DateTime && rule.future_only => Some("in the future".to_owned()),
        (Some(min), Some(max)) => Some(format!("{min} to {max}")),
        (Some(min), None) => Some(format!("{min} or more")),
        (None, Some(max)) => Some(format!("{max} or less")),
        (None, None) => None,
    }
}

fn class_name(node: &TreeNode, class: &str) -> String {
    node.owner().map_or_else(|| class.to_owned(), |owner| format!("{}/{class}", owner.plugin))
}

/// Returns the value item of a node, if it is one.
pub(crate) fn value_of(node: &TreeNode) -> Option<&ValueItem> {
    match node.item() {
        Some(EwsItem::Value(item)) => Some(item),
        _ => None,
    }
}
