//! The record of the latest requests.

use riser_ews::{RequestOutcome, RequestRecord};

use crate::exchange::{Message, asking_for};
use crate::site::{BMS, Site, VIEWER};

fn summary(request: &RequestRecord) -> (String, Option<&'static str>, usize, RequestOutcome) {
    (request.account.to_string(), request.operation, request.items, request.outcome.clone())
}

#[tokio::test]
async fn each_request_is_recorded_with_its_outcome() {
    let site = Site::open().await;
    let values = asking_for("GetValues", ["power", "no such value"]);
    // The second one uses the prepared response.
    site.ask(&values).await;
    site.ask(&values).await;
    site.ask(&asking_for("GetContainerItems", [])).await;
    site.ask(&asking_for("GetItems", [])).await;
    site.exchange(Message::raw("<no soap")).await;
    let write = "<SetValuesRequest version=\"1.2\"><SetValuesItems><ValueItem><Id>reduction</Id><Value>5</Value>\
                 </ValueItem></SetValuesItems></SetValuesRequest>";
    site.exchange(Message::of(write).by(VIEWER)).await;
    site.send(&Message::of(write).with_content_type("text/plain")).await;
    site.send(&Message::of(write).by((BMS.0, "wrong"))).await;

    let traffic = site.traffic();
    let bms = || BMS.0.to_owned();
    let fault = |reason: &str| RequestOutcome::Fault(reason.to_owned());
    let expected = [
        (bms(), Some("GetValues"), 2, RequestOutcome::Ok),
        (bms(), Some("GetValues"), 2, RequestOutcome::Ok),
        (bms(), Some("GetContainerItems"), 1, RequestOutcome::Ok),
        (bms(), Some("GetItems"), 0, fault("MISSING_ID_LIST")),
        (bms(), None, 0, fault("INVALID_REQUEST")),
        (VIEWER.0.to_owned(), Some("SetValues"), 1, RequestOutcome::RefusedItems(1)),
        (bms(), None, 0, RequestOutcome::HttpError(415)),
        (bms(), None, 0, RequestOutcome::RefusedLogin),
    ];
    let mut requests: Vec<_> = traffic.requests.iter().map(summary).collect();
    requests.sort_by_key(|request| expected.iter().position(|it| it == request));
    assert_eq!(requests, expected);
    assert_eq!(traffic.requests_per_minute.iter().sum::<u32>(), 7, "a refused login is no request");
    let mut clients: Vec<_> = traffic.clients.iter().map(|it| (&*it.account, it.requests)).collect();
    clients.sort_unstable();
    assert_eq!(clients, [(BMS.0, 6), (VIEWER.0, 1)]);
    assert!(!format!("{traffic:?}").contains("wrong"), "no password is recorded");
}
