use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use riser_domain::{EwsItemId, PointHandle, Uptime};

use super::OperationContext;
use super::item_elements::{write_error_results, write_history_item, write_more_data};
use crate::contract::{FaultName, OperationName};
use crate::envelope::{ResponseWriter, SoapRequest};
use crate::more_data_ref::LIFETIME;
use crate::request_elements::{check_metadata_flag, ids, single, single_text};
use crate::source::{ContainerView, ItemTree, ItemView, ValueView};
use crate::version::RequestVersion;

/// Distinguishes this operation's references from others.
const PURPOSE: u8 = 1;
/// Bytes of a position: number of the listing, rows already given.
const POSITION_BYTES: usize = 8 + 8;
/// Rows that one request may list; the same large container may be asked for thousands of times.
const LISTED_ROWS: usize = 1_000_000;
/// Rows of all listings that are kept for later pages; the oldest listing goes first.
const KEPT_ROWS: usize = 2 * LISTED_ROWS;

/// Lists the items in containers, in tree order and in pages.
#[derive(Debug)]
pub(crate) struct GetContainerItems<'d> {
    ids: Vec<&'d str>,
    more_data_ref: Option<&'d str>,
    version: RequestVersion,
}

/// The containers of a request and their items at the time of the first page. Later pages show the present
/// names of items that still exist.
#[derive(Debug)]
struct Listing {
    made: Uptime,
    containers: Vec<PointHandle>,
    rows: Vec<Row>,
}

/// One child of a container, or a container without children.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// Index of the container in the request, which may name a container twice.
    container: usize,
    child: Option<PointHandle>,
}

/// Listings with more pages.
#[derive(Debug, Default)]
pub(crate) struct ContainerListings {
    kept: Mutex<KeptListings>,
}

#[derive(Debug, Default)]
struct KeptListings {
    next_number: u64,
    listings: VecDeque<(u64, Arc<Listing>)>,
    rows: usize,
}

impl<'d> GetContainerItems<'d> {
    pub(super) fn read(request: &SoapRequest<'d>) -> Result<Self, FaultName> {
        check_metadata_flag(request.element)?;
        let ids = ids(request.element, "GetContainerItemsIds")?;
        let parameter = single(request.element, "GetContainerItemsParameter")?;
        Ok(Self { ids, more_data_ref: single_text(parameter, "MoreDataRef")?, version: request.version })
    }

    /// Returns the number of containers; without ids it lists the root.
    pub(super) fn item_count(&self) -> usize {
        self.ids.len().max(1)
    }

    pub(super) fn respond(self, context: OperationContext<'_>) -> Result<String, FaultName> {
        let tree = context.items.tree();
        let (asked, unknown) = self.containers(&*tree);
        let (number, listing, given) = match self.more_data_ref {
            None => (None, Arc::new(Listing::new(asked, &*tree, context.clock.uptime())?), 0),
            Some(text) => {
                let (number, listing, given) = continue_listing(context, text)?;
                if !self.ids.is_empty() && (asked != listing.containers || !unknown.is_empty()) {
                    return Err(FaultName::InvalidReference);
                }
                (Some(number), listing, given)
            }
        };
        let rows = listing.rows.get(given..).unwrap_or_default();
        let page = page_of(rows, context.server.page_size_items as usize);
        let next = (page.len() < rows.len()).then(|| {
            let number = number.unwrap_or_else(|| context.listings.keep(&listing, context.clock.uptime()));
            let position = [number.to_be_bytes(), ((given + page.len()) as u64).to_be_bytes()].concat();
            context.more_data.write(PURPOSE, context.account.id, &position, context.clock.uptime())
        });
        let mut response = ResponseWriter::new(OperationName::GetContainerItems, self.version);
        response.open("GetContainerItemsItems");
        for rows in page.chunk_by(|one, next| one.container == next.container) {
            if let Some(ItemView::Container(container)) = tree.item(listing.containers[rows[0].container]) {
                write_container(&mut response, &container, rows, &*tree);
            }
        }
        response.close("GetContainerItemsItems");
        let unknown = if given == 0 { unknown } else { Vec::new() };
        write_error_results(&mut response, "GetContainerItemsErrorResults", &unknown);
        response.open("GetContainerItemsStatus");
        write_more_data(&mut response, next.as_deref());
        response.close("GetContainerItemsStatus");
        Ok(response.finish())
    }

    /// Returns the requested containers and the ids of no container. No id, or an empty one, means the root:
    /// clients differ.
    fn containers(&self, tree: &dyn ItemTree) -> (Vec<PointHandle>, Vec<&'d str>) {
        let ids: &[&str] = if self.ids.is_empty() { &[""] } else { &self.ids };
        let mut found = Vec::with_capacity(ids.len());
        let mut unknown = Vec::new();
        for id in ids {
            let looked_for = if id.is_empty() { EwsItemId::ROOT } else { id };
            match tree.find(looked_for) {
                Some(handle) if matches!(tree.item(handle), Some(ItemView::Container(_))) => {
                    found.push(handle);
                }
                _ => unknown.push(*id),
            }
        }
        (found, unknown)
    }
}

/// Returns the number of a listing, the listing, and the position of a reference in it.
fn continue_listing(
    context: OperationContext<'_>,
    text: &str,
) -> Result<(u64, Arc<Listing>, usize), FaultName> {
    let now = context.clock.uptime();
    let position = context
        .more_data
        .read::<POSITION_BYTES>(PURPOSE, context.account.id, text, now)
        .ok_or(FaultName::InvalidReference)?;
    let ([number, given], _) = position.as_chunks::<8>() else { return Err(FaultName::InvalidReference) };
    let number = u64::from_be_bytes(*number);
    let listing = context.listings.find(number).ok_or(FaultName::InvalidReference)?;
    let given = usize::try_from(u64::from_be_bytes(*given)).map_err(|_| FaultName::InvalidReference)?;
    Ok((number, listing, given))
}

/// Returns one page of rows. Containers without children do not count.
fn page_of(rows: &[Row], children: usize) -> &[Row] {
    let mut room = children;
    let full_at = rows.iter().position(|row| {
        let is_full = row.child.is_some() && room == 0;
        room = room.saturating_sub(usize::from(row.child.is_some()));
        is_full
    });
    &rows[..full_at.unwrap_or(rows.len())]
}

impl Listing {
    fn new(containers: Vec<PointHandle>, tree: &dyn ItemTree, made: Uptime) -> Result<Self, FaultName> {
        let mut rows = Vec::new();
        for (position, container) in containers.iter().enumerate() {
            let children = tree.children(*container);
            if rows.len() + children.len() > LISTED_ROWS {
                return Err(FaultName::InvalidRequest);
            }
            if children.is_empty() {
                rows.push(Row { container: position, child: None });
            }
            rows.extend(children.iter().map(|child| Row { container: position, child: Some(*child) }));
        }
        Ok(Self { made, containers, rows })
    }
}

impl ContainerListings {
    /// Keeps a listing for its later pages. Returns its number.
    fn keep(&self, listing: &Arc<Listing>, now: Uptime) -> u64 {
        let mut kept = self.kept.lock();
        kept.rows += listing.rows.len();
        while let Some((_, oldest)) = kept.listings.front() {
            if kept.rows <= KEPT_ROWS && now.since(oldest.made) < LIFETIME {
                break;
            }
            kept.rows -= oldest.rows.len();
            kept.listings.pop_front();
        }
        kept.next_number += 1;
        let number = kept.next_number;
        kept.listings.push_back((number, Arc::clone(listing)));
        number
    }

    fn find(&self, number: u64) -> Option<Arc<Listing>> {
        let kept = self.kept.lock();
        kept.listings.iter().find(|(known, _)| *known == number).map(|(_, listing)| Arc::clone(listing))
    }
}

fn write_container(
    response: &mut ResponseWriter,
    container: &ContainerView<'_>,
    rows: &[Row],
    tree: &dyn ItemTree,
) {
    let children: Vec<ItemView<'_>> =
        rows.iter().filter_map(|row| row.child).filter_map(|child| tree.item(child)).collect();
    response.open("ContainerItem");
    write_container_facts(response, container);
    response.open("Items");
    response.open("ContainerItems");
    for child in &children {
        if let ItemView::Container(child) = child {
            response.open("ContainerItem");
            write_container_facts(response, child);
            response.close("ContainerItem");
        }
    }
    response.close("ContainerItems");
    response.open("ValueItems");
    for child in &children {
        if let ItemView::Value(child) = child {
            write_value_facts(response, child);
        }
    }
    response.close("ValueItems");
    response.open("HistoryItems");
    for child in &children {
        if let ItemView::History(child) = child {
            write_history_item(response, child);
        }
    }
    response.close("HistoryItems");
    response.element("AlarmItems", "");
    response.close("Items");
    response.close("ContainerItem");
}

fn write_container_facts(response: &mut ResponseWriter, container: &ContainerView<'_>) {
    response.element("Id", container.id);
    response.element("Name", container.name);
    response.element("Description", container.description);
    response.element("Type", container.kind.as_str());
}

fn write_value_facts(response: &mut ResponseWriter, item: &ValueView<'_>) {
    response.open("ValueItem");
    response.element("Id", item.id);
    response.element("Name", item.name);
    response.element("Description", item.description);
    response.element("Type", item.kind.as_str());
    response.element("Unit", item.unit);
    response.element("Writeable", if item.set_point.is_some() { "1" } else { "0" });
    response.close("ValueItem");
}
