//! Histories (cases E63 to E69).

use std::time::Duration;

use riser_domain::{HistorySample, Timestamp, Value, ValueState};
use riser_ews::SourceFault;

use crate::contract_check::Node;
use crate::exchange::Message;
use crate::site::{SAMPLE_PERIOD, Site, VIEWER};

/// Values with their states, and the range.
fn summary(content: &Node) -> String {
    let records = content.all("GetHistoryHistoryRecords/List/HistoryRecord").into_iter();
    let records = records.map(|record| format!("{}/{} ", record.text("Value"), record.text("State")));
    let short = |name: &str| {
        let moment = content.text(&format!("GetHistoryResponseStatus/{name}"));
        moment.strip_suffix(":00.000Z").unwrap_or(moment).replace("2026-11-", "")
    };
    format!("{}from {} to {}", records.collect::<String>(), short("TimeFrom"), short("TimeTo"))
}

fn asking(parameter: &str, filter: &str) -> String {
    format!(
        "<GetHistoryRequest version=\"1.2\"><GetHistoryParameter>{parameter}</GetHistoryParameter>\
         <GetHistoryFilter>{filter}</GetHistoryFilter></GetHistoryRequest>"
    )
}

const LOG: &str = "<Id>power.log</Id>";

fn between(from: &str, to: &str) -> String {
    let element = |name: &str, text: &str| match text {
        "" => String::new(),
        text => format!("<{name}>{text}</{name}>"),
    };
    asking(LOG, &(element("TimeFrom", from) + &element("TimeTo", to)))
}

/// The samples of the site: at 23:00, 23:15, 23:30 and 23:45 of the 23rd, with the values 0 to 3.
#[tokio::test]
async fn a_range_includes_its_first_moment_and_excludes_its_last() {
    let site = Site::open().await;
    for (case, request, expected) in [
        ("E63", between("2026-11-24T00:00:00Z", "2026-11-23T00:00:00Z"), "fault INVALID_TIME"),
        ("E64", between("2026-11-23T23:15:00Z", "2026-11-23T23:15:00Z"), "from 23T23:15 to 23T23:15"),
        ("E65", between("2026-11-23T23:15:00Z", "2026-11-23T23:45:00Z"), "1/0 2/0 from 23T23:15 to 23T23:45"),
        ("E66", between("", ""), "0/0 1/0 2/0 3/0 from 23T23:00 to 24T00:00"),
        ("from", between("2026-11-23T23:30:00Z", ""), "2/0 3/0 from 23T23:30 to 24T00:00"),
        ("to", between("", "2026-11-23T23:20:00Z"), "0/0 1/0 from 23T23:00 to 23T23:20"),
        ("offset", between("2026-11-24T00:30:00+01:00", ""), "2/0 3/0 from 23T23:30 to 24T00:00"),
        ("zone of the server", between("2026-11-24T00:30:00", ""), "2/0 3/0 from 23T23:30 to 24T00:00"),
        ("future", between("2026-11-25T00:00:00Z", ""), "from 25T00:00 to 25T00:00"),
        ("no moment", between("yesterday", ""), "fault INVALID_TIME"),
        ("E68", asking("<Id>x</Id>", ""), "fault INVALID_ID"),
        ("E68 none", "<GetHistoryRequest version=\"1.2\"/>".to_owned(), "fault INVALID_ID"),
        ("E68 empty", asking("<Id/>", ""), "fault INVALID_ID"),
        ("wrong kind", asking("<Id>power</Id>", ""), "fault INVALID_ID"),
        ("container", asking("<Id>zone</Id>", ""), "fault INVALID_ID"),
        ("spaces", asking("<Id> power.log</Id>", ""), "fault INVALID_ID"),
        ("two ids", asking(&LOG.repeat(2), ""), "fault INVALID_REQUEST"),
    ] {
        assert_eq!(site.ask(&request).await.outcome(summary), expected, "{case}");
    }
}

#[tokio::test]
async fn a_history_names_its_value_unit_and_type() {
    let site = Site::open().await;
    let response = site.exchange(Message::of(&between("", "")).by(VIEWER)).await.content;
    let records = response.all("GetHistoryHistoryRecords")[0];
    assert_eq!(
        (records.text("ValueItemId"), records.text("Unit"), records.text("Type")),
        ("power", "kW", "Double")
    );
}

#[tokio::test]
async fn e67_a_gap_is_marked_by_the_state_of_a_sample() {
    let site = Site::open().await;
    let last = site.clock_now().plus(Duration::from_secs(1));
    let gap = HistorySample { value: Value::Double(3.0), state: ValueState::Offline, time: last };
    site.source.record(site.history, [gap]);
    site.clock.advance(Duration::from_mins(1));
    let response = site.ask(&between("2026-11-23T23:45:00Z", "")).await;
    assert_eq!(response.outcome(summary), "3/0 3/3 from 23T23:45 to 24T00:01");
}

#[tokio::test]
async fn e69_pages_are_in_order_and_complete() {
    let site = Site::open_with(|server| server.page_size_items = 1_000).await;
    let start = site.clock_now();
    let more = (0..2_496_u32).map(|number| HistorySample {
        value: Value::Double(f64::from(number + 4)),
        state: ValueState::Good,
        time: start.plus(SAMPLE_PERIOD * number),
    });
    site.source.record(site.history, more);
    site.clock.advance(SAMPLE_PERIOD * 2_496);
    let (mut values, mut sizes, mut reference) = (Vec::new(), Vec::new(), String::new());
    loop {
        let parameter = if reference.is_empty() {
            LOG.to_owned()
        } else {
            format!("<MoreDataRef>{reference}</MoreDataRef>")
        };
        let page = site.ask(&asking(&parameter, "")).await.content;
        let found = page.texts("GetHistoryHistoryRecords/List/HistoryRecord/Value");
        sizes.push(found.len());
        values.extend(found.into_iter().map(|text| text.parse::<u32>().unwrap()));
        reference = page.text("GetHistoryResponseStatus/MoreDataRef").to_owned();
        assert_eq!(page.text("GetHistoryResponseStatus/TimeFrom"), "2026-11-23T23:00:00.000Z");
        // Samples that are added between pages are not included.
        site.clock.advance(Duration::from_secs(1));
        site.source.record(site.history, [sample_at(site.clock_now())]);
        if reference.is_empty() {
            break;
        }
    }
    assert_eq!(sizes, [1_000, 1_000, 500]);
    assert_eq!(values, (0..2_500).collect::<Vec<_>>());
}

fn sample_at(time: Timestamp) -> HistorySample {
    HistorySample { value: Value::Double(-1.0), state: ValueState::Good, time }
}

#[tokio::test]
async fn references_of_others_and_of_other_histories_are_refused() {
    let site = Site::open_with(|server| server.page_size_items = 2).await;
    let first = site.ask(&between("", "")).await.content;
    let reference = first.text("GetHistoryResponseStatus/MoreDataRef");
    let next = format!("<MoreDataRef>{reference}</MoreDataRef>");
    let refused = Some("INVALID_REFERENCE");
    for parameter in [
        "<MoreDataRef>junk</MoreDataRef>".to_owned(),
        format!("<MoreDataRef>{reference}A</MoreDataRef>"),
        format!("<Id>power</Id>{next}"),
    ] {
        assert_eq!(site.ask(&asking(&parameter, "")).await.fault(), refused, "{parameter}");
    }
    let foreign = Message::of(&asking(&next, "")).by(VIEWER);
    assert_eq!(site.exchange(foreign).await.fault(), refused);
    let site = &site;
    let again = |parameter: String| async move { site.ask(&asking(&parameter, "")).await.outcome(summary) };
    assert_eq!(again(next.clone()).await, again(format!("{LOG}{next}")).await);
    site.clock.advance(Duration::from_mins(6));
    assert_eq!(site.ask(&asking(&next, "")).await.fault(), refused, "six minutes old");
}

#[tokio::test]
async fn a_store_that_does_not_respond_is_a_timeout() {
    let site = Site::open().await;
    site.source.fail_with(Some(SourceFault::Timeout));
    assert_eq!(site.ask(&between("", "")).await.fault(), Some("TIMEOUT"));
}
