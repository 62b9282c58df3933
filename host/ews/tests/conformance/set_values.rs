//! Writing set points (cases E32, E47 to E56, E62).

use riser_ews::SourceFault;

use crate::contract_check::Node;
use crate::exchange::{Message, asking_for};
use crate::site::{Site, VIEWER};

fn writing<'a>(writes: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let items: Vec<String> = writes
        .into_iter()
        .map(|(id, value)| format!("<ValueItem><Id>{id}</Id><Value>{value}</Value></ValueItem>"))
        .collect();
    let items = items.concat();
    format!("<SetValuesRequest version=\"1.2\"><SetValuesItems>{items}</SetValuesItems></SetValuesRequest>")
}

/// `ok` or the message, for each result.
fn summary(content: &Node) -> String {
    let results = content.all("SetValuesResults/Result").into_iter();
    let words =
        results.map(|result| if result.text("Success") == "true" { "ok" } else { result.text("Message") });
    words.collect::<Vec<_>>().join(" ")
}

/// Value and state of a point.
async fn shown(site: &Site, id: &str) -> String {
    let content = site.ask(&asking_for("GetValues", [id])).await.content;
    format!(
        "{}/{}",
        content.text("GetValuesItems/ValueItem/Value"),
        content.text("GetValuesItems/ValueItem/State")
    )
}

#[tokio::test]
async fn each_form_of_a_value_is_accepted_or_refused() {
    let site = Site::open().await;
    for (case, id, text, outcome, after) in [
        ("E47", "enabled", "True", "ok", "true/1"),
        ("E47", "enabled", "1", "ok", "true/1"),
        ("E47", "enabled", "false", "ok", "false/1"),
        ("E48", "count", "5.0", "ok", "5/1"),
        ("E49", "second", "1,5", "INVALID_VALUE", "1.5/0"),
        ("E49", "second", "NaN", "INVALID_VALUE", "1.5/0"),
        ("E49", "second", "", "INVALID_VALUE", "1.5/0"),
        ("exponent", "second", " +2.5E1 ", "ok", "25/1"),
        ("E50", "reduction", "100.5", "OUT_OF_RANGE", "10/0"),
        ("E50 below", "reduction", "-1", "OUT_OF_RANGE", "10/0"),
        ("too large for the type", "count", "2147483648", "OUT_OF_RANGE", "5/1"),
        ("fraction", "count", "1.5", "INVALID_VALUE", "5/1"),
        ("read-only", "power", "1", "VALUE_NOT_WRITEABLE", "0.30000000000000004/0"),
        ("listed", "mode", "off", "ok", "off/1"),
        ("not listed", "mode", "Off", "INVALID_VALUE", "off/1"),
        ("any text", "text", " x ", "ok", " x /1"),
        ("empty text", "text", "", "ok", "/1"),
        ("zone of the server", "until", "2026-11-24T12:00:00", "ok", "2026-11-24T11:00:00.000Z/1"),
        ("offset", "until", "2026-11-24T12:00:00+02:00", "ok", "2026-11-24T10:00:00.000Z/1"),
        ("past", "until", "2026-11-23T00:00:00Z", "OUT_OF_RANGE", "2026-11-24T10:00:00.000Z/1"),
        ("no moment", "until", "tomorrow", "INVALID_VALUE", "2026-11-24T10:00:00.000Z/1"),
        ("duration", "lasts", "P1DT1S", "ok", "PT24H1S/1"),
        ("months", "lasts", "P1M", "INVALID_VALUE", "PT24H1S/1"),
    ] {
        let got = site.ask(&writing([(id, text)])).await.outcome(summary);
        assert_eq!((got.as_str(), shown(&site, id).await.as_str()), (outcome, after), "{case}: {text}");
    }
}

#[tokio::test]
async fn the_whole_request_is_refused_only_when_no_item_is_usable() {
    let site = Site::open().await;
    let no_value = "<SetValuesRequest><SetValuesItems><ValueItem><Id>count</Id></ValueItem></SetValuesItems></SetValuesRequest>";
    let half = "<SetValuesRequest><SetValuesItems><ValueItem><Id>count</Id></ValueItem><ValueItem><Id>enabled</Id>\
                <Value>0</Value></ValueItem></SetValuesItems></SetValuesRequest>";
    let no_id = "<SetValuesRequest><SetValuesItems><ValueItem><Value>1</Value></ValueItem></SetValuesItems></SetValuesRequest>";
    for (case, request, expected) in [
        ("nothing", "<SetValuesRequest version=\"1.2\"/>".to_owned(), "fault MISSING_ID_LIST"),
        ("empty", writing([]), "fault MISSING_ID_LIST"),
        ("E62", no_value.to_owned(), "fault MISSING_VALUE_LIST"),
        ("one without a value", half.to_owned(), "INVALID_VALUE ok"),
        ("no id", no_id.to_owned(), "INVALID_ID"),
        ("E46", writing(std::iter::repeat_n(("count", "9"), 10_000)), "fault INVALID_REQUEST"),
        (
            "kinds",
            writing([("zone", "1"), ("power.log", "1"), ("x", "1"), (" count", "1")]),
            "INVALID_ID INVALID_ID INVALID_ID INVALID_ID",
        ),
    ] {
        assert_eq!(site.ask(&request).await.outcome(summary), expected, "{case}");
    }
    assert_eq!(shown(&site, "count").await, "-3/0", "nothing was written on the way");
}

#[tokio::test]
async fn e32_and_e51_a_refused_write_does_not_affect_the_others() {
    let site = Site::open().await;
    let response = site.ask(&writing([("reduction", "20"), ("power", "1"), ("count", "7")])).await;
    assert_eq!(response.outcome(summary), "ok VALUE_NOT_WRITEABLE ok");
    assert!(!response.content.attributes.contains_key("version"));
    assert_eq!((shown(&site, "reduction").await, shown(&site, "count").await), ("20/1".into(), "7/1".into()));
}

#[tokio::test]
async fn e52_a_write_is_uncertain_until_it_is_read_back() {
    let site = Site::open().await;
    assert_eq!(site.ask(&writing([("reduction", "20")])).await.outcome(summary), "ok");
    assert_eq!(shown(&site, "reduction").await, "20/1");
    site.source.confirm("reduction");
    assert_eq!(shown(&site, "reduction").await, "20/0");
}

#[tokio::test]
async fn e53_of_two_writes_to_one_point_the_last_wins() {
    let site = Site::open().await;
    assert_eq!(site.ask(&writing([("count", "1"), ("count", "2")])).await.outcome(summary), "ok ok");
    assert_eq!(shown(&site, "count").await, "2/1");
}

#[tokio::test]
async fn e55_a_full_store_accepts_no_write_and_reads_still_work() {
    let site = Site::open().await;
    for fault in [SourceFault::StoreFull, SourceFault::Timeout] {
        site.source.fail_with(Some(fault));
        let response = site.ask(&writing([("count", "1")])).await;
        assert_eq!((response.status, response.fault()), (500, Some("TIMEOUT")));
        assert_eq!(response.content.text("Code/Value"), "s:Receiver");
        assert_eq!(shown(&site, "count").await, "-3/0");
    }
}

#[tokio::test]
async fn e56_an_account_that_may_only_read_is_refused_item_by_item() {
    let site = Site::open().await;
    let message = Message::of(&writing([("count", "1"), ("x", "1")])).by(VIEWER);
    assert_eq!(site.exchange(message).await.outcome(summary), "PERMISSION_DENIED INVALID_ID");
    assert_eq!(shown(&site, "count").await, "-3/0");
}
