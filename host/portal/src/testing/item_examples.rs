//! Examples of the search, the watch list, and an item as the BMS sees it.

use askama::Template;
use riser_domain::{PointHandle, Role, Value, ValueState};

use super::HOSTILE;
use super::examples::{ago, flowing, reading, signed_in, times, value_item};
use crate::items_address::ItemsAddress;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::as_bms::{AsBmsPage, ShownExchange};
use crate::pages::item_search::{FoundLine, ItemSearchPage};
use crate::pages::watch::WatchPage;
use crate::parts::{Icon, ItemRow, PlacedRow};

fn layout() -> PageLayout {
    let signed_in = signed_in(Role::Viewer, HOSTILE, "/items");
    PageLayout::new(MenuEntry::Items, "Office Park North", signed_in.context, &flowing(), &times())
}

fn row(handle: u32, name: &str, is_pinned: bool) -> PlacedRow {
    let item = value_item("z2/p", name, "kW", true);
    let reading = reading(Value::Double(29.0), ValueState::Offline, ago(4_140));
    let address = ItemsAddress::default();
    let row = ItemRow::new((PointHandle(handle), &item), &reading, None, &address, &times());
    PlacedRow { row, location: format!("EVCE Ews Server / EVCE Zones / {name}"), is_pinned }
}

fn searches() -> Vec<(String, String)> {
    let other = |name: &str| FoundLine::Other {
        icon: Icon::Folder,
        kind: "Container",
        name: name.to_owned(),
        href: "/items?container=z2".to_owned(),
        location: name.to_owned(),
    };
    let found = vec![FoundLine::Value(row(1, "ZonePower", false).into()), other("Level 0"), other(HOSTILE)];
    [
        ("found", "zone power", "The first 100 of 3204 items. Add a word to narrow it down.", found),
        ("none", HOSTILE, "No item fits.", Vec::new()),
        ("first", "", "Words of names, in any order.", Vec::new()),
    ]
    .into_iter()
    .map(|(name, words, sentence, lines)| {
        let page = ItemSearchPage {
            layout: layout(),
            words: words.to_owned(),
            sentence: sentence.to_owned(),
            lines,
            events: "/events/items/search?q=".to_owned(),
        };
        (format!("item-search-{name}"), page.render().unwrap())
    })
    .collect()
}

fn watch_lists() -> Vec<(String, String)> {
    let rows = |is_own| vec![row(1, "ZonePower", is_own), row(2, HOSTILE, is_own)];
    [
        ("own", rows(true), None, true),
        ("shared", rows(false), Some(HOSTILE.to_owned()), false),
        ("empty", Vec::new(), None, true),
    ]
    .into_iter()
    .map(|(name, rows, note, is_own)| {
        let page = WatchPage {
            layout: layout(),
            rows,
            note,
            is_own,
            address: "/items/watch?ids=1%3Az2%2Fp".to_owned(),
            events: "/events/items/watch?ids=1%3Az2%2Fp".to_owned(),
        };
        (format!("watch-{name}"), page.render().unwrap())
    })
    .collect()
}

fn as_bms() -> Vec<(String, String)> {
    let exchange = |operation, is_cut| ShownExchange {
        operation,
        facts: "200 OK, 412 bytes".to_owned(),
        request: HOSTILE.to_owned(),
        response: format!("<Value>{HOSTILE}</Value>"),
        is_cut,
        curl: format!("curl '{HOSTILE}'"),
    };
    let page = AsBmsPage {
        layout: layout(),
        name: HOSTILE.to_owned(),
        location: HOSTILE.to_owned(),
        item_href: "/items?server=1&item=z2%2Fp".to_owned(),
        server: HOSTILE.to_owned(),
        exchanges: vec![exchange("GetValues", false), exchange("GetItems", true)],
    };
    vec![("as-bms".to_owned(), page.render().unwrap())]
}

pub(super) fn all() -> Vec<(String, String)> {
    [searches(), watch_lists(), as_bms()].concat()
}
