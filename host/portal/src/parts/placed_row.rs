use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{EwsServerId, PointHandle, Reading, ValueItem};
use riser_runtime::{Runtime, ServerTree};

use super::Icon;
use super::drawer::{location, value_of};
use super::item_row::ItemRow;
use crate::items_address::ItemsAddress;
use crate::wall_time::WallTime;

/// A row of a table with points of different containers: each with its location.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/placed_row.html")]
pub(crate) struct PlacedRow {
    pub(crate) row: ItemRow,
    pub(crate) location: String,
    /// Whether the row has a button that removes it from the own watch list.
    pub(crate) is_pinned: bool,
}

impl HtmlSafe for PlacedRow {}

impl PlacedRow {
    /// Returns `None` if the handle is not a point of the tree.
    pub(crate) fn new(
        runtime: &Runtime,
        (server, tree): (EwsServerId, &ServerTree),
        point: PointHandle,
        times: &WallTime,
    ) -> Option<Self> {
        let item = tree.node(point).and_then(value_of)?;
        let reading = runtime.readings(&[point]).pop().flatten();
        let reading = reading.unwrap_or_else(|| Reading::never_known(item.definition.kind));
        let write = item.definition.set_point.as_ref().and_then(|_| runtime.latest_write(point));
        let address = address_of(server, item);
        let row = ItemRow::new((point, item), &reading, write.as_ref(), &address, times);
        Some(Self { row, location: location(tree, point), is_pinned: false })
    }
}

/// Returns the address of the container of a point.
fn address_of(server: EwsServerId, item: &ValueItem) -> ItemsAddress {
    ItemsAddress {
        server: Some(server.0),
        container: Some(item.parent.to_string()),
        ..ItemsAddress::default()
    }
}
