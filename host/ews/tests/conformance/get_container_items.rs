//! Walking the tree (cases E34 to E40).

use std::time::Duration;

use riser_domain::Value;

use crate::contract_check::Node;
use crate::exchange::{Message, asking_for};
use crate::site::{Site, VIEWER};

/// Containers as `id(children)`, then the ids that were refused.
fn summary(content: &Node) -> String {
    let containers = content.all("GetContainerItemsItems/ContainerItem");
    let mut words: Vec<String> = containers
        .into_iter()
        .map(|container| format!("{}({})", container.text("Id"), children(container).join(" ")))
        .collect();
    words.extend(
        content.texts("GetContainerItemsErrorResults/ErrorResult/Id").iter().map(|id| format!("!{id}")),
    );
    words.join(" ")
}

/// The ids of the children of a container, by kind.
fn children(container: &Node) -> Vec<&str> {
    [
        "ContainerItems/ContainerItem",
        "ValueItems/ValueItem",
        "HistoryItems/HistoryItem",
        "AlarmItems/AlarmItem",
    ]
    .iter()
    .flat_map(|kind| container.texts(&format!("Items/{kind}/Id")))
    .collect()
}

const ROOT: &str = "root(zone empty)";
const ZONE: &str = "zone(reduction second enabled count total text mode until lasts power power.log)";

#[tokio::test]
async fn containers_are_listed_in_the_order_of_the_request() {
    let site = Site::open().await;
    let nil =
        "<GetContainerItemsParameter xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\"/>";
    for (case, request, expected) in [
        ("E34 none", "<GetContainerItemsRequest version=\"1.2\"/>".to_owned(), ROOT.to_owned()),
        ("E34 empty list", asking_for("GetContainerItems", []), ROOT.to_owned()),
        ("E34 empty id", asking_for("GetContainerItems", [""]), ROOT.to_owned()),
        ("E34 its id", asking_for("GetContainerItems", ["root"]), ROOT.to_owned()),
        ("E35", asking_for("GetContainerItems", ["empty"]), "empty()".to_owned()),
        ("E40", format!("<GetContainerItemsRequest>{nil}</GetContainerItemsRequest>"), ROOT.to_owned()),
        ("E43", asking_for("GetContainerItems", ["zone", "x", "empty"]), format!("{ZONE} empty() !x")),
        ("E44", asking_for("GetContainerItems", ["empty", "zone", "empty"]), format!("empty() {ZONE} empty()")),
        ("E45", asking_for("GetContainerItems", [" zone", "Zone"]), "! zone !Zone".to_owned()),
        ("wrong kind", asking_for("GetContainerItems", ["power", "power.log"]), "!power !power.log".to_owned()),
        (
            "metadata",
            "<GetContainerItemsRequest version=\"1.1\" metadata=\"true\"/>".to_owned(),
            ROOT.to_owned(),
        ),
        (
            "metadata of another form",
            "<GetContainerItemsRequest metadata=\"yes\"/>".to_owned(),
            "fault INVALID_REQUEST".to_owned(),
        ),
        (
            "two lists of ids",
            "<GetContainerItemsRequest><GetContainerItemsIds/><GetContainerItemsIds/></GetContainerItemsRequest>"
                .to_owned(),
            "fault INVALID_REQUEST".to_owned(),
        ),
        (
            "E46",
            asking_for("GetContainerItems", std::iter::repeat_n("empty", 10_000)),
            "fault INVALID_REQUEST".to_owned(),
        ),
    ] {
        assert_eq!(site.ask(&request).await.outcome(summary), expected, "{case}");
    }
}

#[tokio::test]
async fn the_root_is_a_server_and_children_have_all_properties_but_values() {
    let site = Site::open().await;
    let root = site.ask(&asking_for("GetContainerItems", [""])).await.content;
    let root = root.all("GetContainerItemsItems/ContainerItem")[0];
    assert_eq!((root.text("Type"), root.text("Name")), ("Server", "Test site"));
    assert_eq!(root.texts("Items/ContainerItems/ContainerItem/Name"), ["Zone <1> & \"more\"", "Empty"]);
    let zone = site.ask(&asking_for("GetContainerItems", ["zone"])).await.content;
    let zone = zone.all("GetContainerItemsItems/ContainerItem")[0];
    let types = zone.texts("Items/ValueItems/ValueItem/Type");
    let expected = [
        "Double", "Double", "Boolean", "Integer", "Long", "String", "String", "DateTime", "Duration",
        "Double",
    ];
    assert_eq!(types, expected);
    let writeable = zone.texts("Items/ValueItems/ValueItem/Writeable");
    assert_eq!(writeable, ["1", "1", "1", "1", "1", "1", "1", "1", "1", "0"]);
    assert_eq!(zone.texts("Items/HistoryItems/HistoryItem/ValueItemId"), ["power"]);
}

/// A folder with 1,500 values.
async fn large_site() -> Site {
    let site = Site::open_with(|server| server.page_size_items = 1_000).await;
    site.source.add_folder("large", "Large");
    for number in 0..1_500 {
        site.source.add_value(&format!("n{number}"), "large", Value::Integer(number), None);
    }
    site
}

fn page_after(ids: &[&str], reference: &str) -> String {
    let parameter = format!(
        "<GetContainerItemsParameter><MoreDataRef>{reference}</MoreDataRef></GetContainerItemsParameter>"
    );
    let whole = asking_for("GetContainerItems", ids.iter().copied());
    whole.replace("</GetContainerItemsRequest>", &format!("{parameter}</GetContainerItemsRequest>"))
}

fn more_data(content: &Node) -> &str {
    content.text("GetContainerItemsStatus/MoreDataRef")
}

#[tokio::test]
async fn e36_and_e39_pages_are_complete_and_can_be_read_again() {
    let site = large_site().await;
    let first = site.ask(&asking_for("GetContainerItems", ["large"])).await.content;
    let second = site.ask(&page_after(&["large"], more_data(&first))).await.content;
    let again = site.ask(&page_after(&[], more_data(&first))).await.content;
    assert_eq!(summary(&second), summary(&again), "the same reference gives the same page");
    let ids: Vec<&str> = [&first, &second]
        .into_iter()
        .flat_map(|page| children(page.all("GetContainerItemsItems/ContainerItem")[0]))
        .collect();
    let expected: Vec<String> = (0..1_500).map(|number| format!("n{number}")).collect();
    assert_eq!(ids, expected);
    assert_eq!(more_data(&second), "");
}

#[tokio::test]
async fn a_request_for_too_many_rows_is_refused() {
    let site = large_site().await;
    let asking = |times| asking_for("GetContainerItems", std::iter::repeat_n("large", times));
    assert_eq!(site.ask(&asking(600)).await.fault(), None);
    assert_eq!(site.ask(&asking(700)).await.fault(), Some("INVALID_REQUEST"));
}

#[tokio::test]
async fn e37_a_later_page_omits_removed_and_added_items() {
    let site = large_site().await;
    let first = site.ask(&asking_for("GetContainerItems", ["large", "unknown"])).await.content;
    assert_eq!(first.texts("GetContainerItemsErrorResults/ErrorResult/Id"), ["unknown"]);
    site.source.remove("n1200");
    site.source.add_value("new", "large", Value::Integer(0), None);
    let second = site.ask(&page_after(&[], more_data(&first))).await.content;
    let ids = children(second.all("GetContainerItemsItems/ContainerItem")[0]);
    assert_eq!(ids.len(), 499);
    assert!(!ids.contains(&"n1200") && !ids.contains(&"new"));
}

#[tokio::test]
async fn e38_an_old_reference_or_one_of_another_account_is_refused() {
    let site = large_site().await;
    let first = site.ask(&asking_for("GetContainerItems", ["large"])).await.content;
    let reference = more_data(&first);
    let refused = Some("INVALID_REFERENCE");
    let altered =
        if reference.contains('A') { reference.replacen('A', "B", 1) } else { "A".repeat(reference.len()) };
    for request in [page_after(&[], &altered), page_after(&[], "junk"), page_after(&["zone"], reference)] {
        assert_eq!(site.ask(&request).await.fault(), refused, "{request}");
    }
    let foreign = Message::of(&page_after(&[], reference)).by(VIEWER);
    assert_eq!(site.exchange(foreign).await.fault(), refused);
    site.clock.advance(Duration::from_mins(6));
    assert_eq!(site.ask(&page_after(&[], reference)).await.fault(), refused, "six minutes old");
}
