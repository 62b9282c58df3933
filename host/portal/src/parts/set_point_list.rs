use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::SetPointWrite;
use riser_runtime::ServerTree;

use super::StateMark;
use super::shown_value::value_with_unit;
use crate::items_address::ItemsAddress;
use crate::wall_time::{Moment, WallTime};

/// The most recently written set points, newest first.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/set_point_list.html")]
pub(crate) struct SetPointList {
    pub(crate) set_points: Vec<ShownSetPoint>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ShownSetPoint {
    pub(crate) item: String,
    /// The name of the container.
    pub(crate) container: String,
    pub(crate) href: String,
    pub(crate) value: String,
    pub(crate) actor: String,
    pub(crate) mark: StateMark,
    pub(crate) at: Moment,
}

impl HtmlSafe for SetPointList {}

impl SetPointList {
    /// `tree_of` returns the item tree of a write's server.
    pub(crate) fn new(
        writes: &[SetPointWrite],
        tree_of: impl Fn(&SetPointWrite) -> std::sync::Arc<ServerTree>,
        times: &WallTime,
    ) -> Self {
        let set_points =
            writes.iter().map(|write| ShownSetPoint::new(write, &tree_of(write), times)).collect();
        Self { set_points }
    }
}

impl ShownSetPoint {
    fn new(write: &SetPointWrite, tree: &ServerTree, times: &WallTime) -> Self {
        let item = tree.node(write.point).and_then(|node| node.item());
        let parent = item.and_then(|item| item.parent());
        let container = parent.and_then(|id| tree.node(tree.find(id)?)?.item());
        let unit = match item {
            Some(riser_domain::EwsItem::Value(value)) => &*value.definition.unit,
            _ => "",
        };
        let address = ItemsAddress {
            server: Some(write.ews_server.0),
            container: parent.map(ToString::to_string),
            item: Some(write.item.to_string()),
            from: 0,
        };
        Self {
            item: item.map_or_else(|| write.item.to_string(), |item| item.name().to_string()),
            container: container.map_or_else(String::new, |container| container.name().to_string()),
            href: address.to_string(),
            value: value_with_unit(&write.value, unit, times),
            actor: write.actor.to_string(),
            mark: StateMark::of_write(write.state),
            at: times.moment(write.accepted_at),
        }
    }
}
