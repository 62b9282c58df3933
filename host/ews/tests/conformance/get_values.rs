//! Values by id, as a BMS polls them (cases E42 to E46, and repeated requests).

use riser_domain::{Value, ValueState};

use crate::contract_check::Node;
use crate::exchange::{Message, asking_for, envelope};
use crate::site::Site;

/// Values as `id=value/state`, refusals as `!id`.
fn summary(content: &Node) -> String {
    let values = content.all("GetValuesItems/ValueItem").into_iter();
    let values =
        values.map(|item| format!("{}={}/{}", item.text("Id"), item.text("Value"), item.text("State")));
    let errors = content.all("GetValuesErrorResults/ErrorResult").into_iter().map(|error| {
        assert_eq!(error.text("Message"), "INVALID_ID");
        format!("!{}", error.text("Id"))
    });
    values.chain(errors).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn values_come_in_the_order_of_the_request() {
    let site = Site::open().await;
    for (case, request, expected) in [
        ("E42", "<GetValuesRequest version=\"1.2\"/>".to_owned(), "fault MISSING_ID_LIST"),
        ("E42 empty", asking_for("GetValues", []), "fault MISSING_ID_LIST"),
        ("E43", asking_for("GetValues", ["reduction", "x", "count"]), "reduction=10/0 count=-3/0 !x"),
        ("E44", asking_for("GetValues", ["count", "enabled", "count"]), "count=-3/0 enabled=true/0 count=-3/0"),
        ("E44 unknown", asking_for("GetValues", ["x", "x"]), "!x !x"),
        ("E45", asking_for("GetValues", [" count", "COUNT", ""]), "! count !COUNT !"),
        ("wrong kind", asking_for("GetValues", ["zone", "power.log", "root"]), "!zone !power.log !root"),
        ("markup", asking_for("GetValues", ["&lt;x&gt;&amp;"]), "!<x>&"),
        ("E46", asking_for("GetValues", std::iter::repeat_n("count", 10_000)), "fault INVALID_REQUEST"),
        (
            "two lists",
            "<GetValuesRequest><GetValuesIds/><GetValuesIds/></GetValuesRequest>".to_owned(),
            "fault INVALID_REQUEST",
        ),
        (
            "elements that are not ours",
            "<GetValuesRequest x=\"1\"><New/><GetValuesIds><New/><Id>count</Id></GetValuesIds></GetValuesRequest>"
                .to_owned(),
            "count=-3/0",
        ),
    ] {
        assert_eq!(site.ask(&request).await.outcome(summary), expected, "{case}");
    }
}

#[tokio::test]
async fn more_than_five_thousand_ids_are_refused() {
    let site = Site::open().await;
    let most = site.ask(&asking_for("GetValues", std::iter::repeat_n("count", 5_000))).await;
    assert_eq!(most.content.all("GetValuesItems/ValueItem").len(), 5_000);
    let more = site.ask(&asking_for("GetValues", std::iter::repeat_n("count", 5_001))).await;
    assert_eq!(more.fault(), Some("INVALID_REQUEST"));
}

#[tokio::test]
async fn a_long_list_may_be_indented() {
    let site = Site::open().await;
    let indented = asking_for("GetValues", std::iter::repeat_n("count", 5_000))
        .replace("<Id>", &format!("\r\n{}<Id>", " ".repeat(20)));
    let response = site.ask(&indented).await;
    assert_eq!(response.content.all("GetValuesItems/ValueItem").len(), 5_000);
}

#[tokio::test]
async fn a_repeated_utf_16_request_is_still_checked_against_its_header() {
    let site = Site::open().await;
    let text = format!("\u{feff}{}", envelope(&asking_for("GetValues", ["count"])));
    let message = Message::raw(text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    let unsaid = message.clone().with_content_type("application/soap+xml");
    assert_eq!(site.exchange(unsaid).await.outcome(summary), "count=-3/0");
    let contradiction = message.with_content_type("application/soap+xml; charset=utf-8");
    assert_eq!(site.exchange(contradiction).await.status, 400);
}

#[tokio::test]
async fn the_same_request_again_shows_new_values_and_a_new_tree() {
    let site = Site::open().await;
    let one = site.source.add_value("one", "zone", Value::Double(1.0), None);
    let request = asking_for("GetValues", ["one", "two"]);
    assert_eq!(site.ask(&request).await.outcome(summary), "one=1/0 !two");
    site.source.publish(one, Value::Double(2.0), ValueState::Uncertain);
    assert_eq!(site.ask(&request).await.outcome(summary), "one=2/1 !two");
    site.source.publish(one, Value::Double(2.0), ValueState::Good);
    assert_eq!(site.ask(&request).await.outcome(summary), "one=2/0 !two");
    site.source.publish(one, Value::Double(-0.0), ValueState::Good);
    assert_eq!(site.ask(&request).await.outcome(summary), "one=0/0 !two");
    site.source.add_value("two", "zone", Value::String("&".into()), None);
    assert_eq!(site.ask(&request).await.outcome(summary), "one=0/0 two=&/0");
    site.source.remove("one");
    assert_eq!(site.ask(&request).await.outcome(summary), "two=&/0 !one");
}

#[tokio::test]
async fn a_repeated_request_is_still_checked_against_its_action() {
    let site = Site::open().await;
    let message = Message::raw(envelope(&asking_for("GetValues", ["count"])));
    assert_eq!(site.exchange(message.clone()).await.fault(), None);
    let action = format!("\"{}/SetValuesIn\"", riser_ews::NAMESPACE);
    let contradiction = message.with_header("soapaction", &action);
    assert_eq!(site.exchange(contradiction).await.fault(), Some("INVALID_REQUEST"));
}
