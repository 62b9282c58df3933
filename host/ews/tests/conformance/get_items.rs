//! Items with all their properties (cases E41 to E46, E60, E61).

use riser_domain::{PointHandle, Value, ValueState};

use crate::contract_check::Node;
use crate::exchange::{Message, asking_for};
use crate::site::{Site, VIEWER};

/// Values as `id=value/state`, histories as `id`, refusals as `!id`.
fn summary(content: &Node) -> String {
    let values = content.all("GetItemsItems/ValueItems/ValueItem").into_iter();
    let values =
        values.map(|item| format!("{}={}/{}", item.text("Id"), item.text("Value"), item.text("State")));
    let histories = content.texts("GetItemsItems/HistoryItems/HistoryItem/Id").into_iter().map(str::to_owned);
    let errors = content.all("GetItemsErrorResults/ErrorResult").into_iter().map(|error| {
        assert_eq!(error.text("Message"), "INVALID_ID");
        format!("!{}", error.text("Id"))
    });
    values.chain(histories).chain(errors).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn items_are_grouped_by_kind_in_the_order_of_the_request() {
    let site = Site::open().await;
    for (case, request, expected) in [
        ("E41", asking_for("GetItems", ["zone", "root"]), "!zone !root"),
        ("E42", "<GetItemsRequest version=\"1.2\"/>".to_owned(), "fault MISSING_ID_LIST"),
        ("E42 empty", asking_for("GetItems", []), "fault MISSING_ID_LIST"),
        ("E43", asking_for("GetItems", ["x", "reduction"]), "reduction=10/0 !x"),
        ("E44", asking_for("GetItems", ["count", "count", "x", "x"]), "count=-3/0 count=-3/0 !x !x"),
        ("E45", asking_for("GetItems", [" count", "count ", "Count", ""]), "! count !count  !Count !"),
        (
            "kinds",
            asking_for("GetItems", ["power.log", "count", "enabled"]),
            "count=-3/0 enabled=true/0 power.log",
        ),
        (
            "no id in the list",
            "<GetItemsRequest><GetItemsIds><Other>x</Other></GetItemsIds></GetItemsRequest>".to_owned(),
            "fault MISSING_ID_LIST",
        ),
        ("E46", asking_for("GetItems", std::iter::repeat_n("count", 10_000)), "fault INVALID_REQUEST"),
    ] {
        assert_eq!(site.ask(&request).await.outcome(summary), expected, "{case}");
    }
}

#[tokio::test]
async fn each_type_has_its_text() {
    let site = Site::open().await;
    let ids = ["enabled", "count", "total", "text", "until", "lasts", "power"];
    let content = site.ask(&asking_for("GetItems", ids)).await.content;
    let values = content.texts("GetItemsItems/ValueItems/ValueItem/Value");
    let expected = [
        "true",
        "-3",
        "9007199254740993",
        "a <b> & \"c\" ]]>",
        "2026-11-24T00:00:00.000Z",
        "PT1H30M",
        "0.30000000000000004",
    ];
    assert_eq!(values, expected);
    assert_eq!(content.texts("GetItemsItems/ValueItems/ValueItem/Unit").last(), Some(&"kW"));
}

#[tokio::test]
async fn e60_and_e61_each_state_is_shown_and_the_last_value_kept() {
    let site = Site::open().await;
    let handle = site.source.add_value("one", "zone", Value::Double(7.5), None);
    for (state, expected) in [
        (ValueState::Good, "one=7.5/0"),
        (ValueState::Uncertain, "one=7.5/1"),
        (ValueState::Forced, "one=7.5/2"),
        (ValueState::Offline, "one=7.5/3"),
        (ValueState::Error, "one=7.5/4"),
    ] {
        publish(&site, handle, state);
        let response = site.exchange(Message::of(&asking_for("GetItems", ["one"])).by(VIEWER)).await;
        assert_eq!(response.outcome(summary), expected);
    }
}

fn publish(site: &Site, handle: PointHandle, state: ValueState) {
    site.source.publish(handle, Value::Double(7.5), state);
}
