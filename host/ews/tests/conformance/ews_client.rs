//! Our client against our server and against servers of other kinds.

use std::time::Duration;

use riser_domain::{ContainerKind, DigestAlgorithm, Value, ValueKind, ValueState};
use riser_ews::SourceFault;
use riser_ews::client::{ClientError, ClientOptions, EwsClient};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::site::{BMS, NOW, SAMPLE_PERIOD, Site, samples};

fn client_as(url: &str, account: (&str, &str)) -> EwsClient {
    EwsClient::new(ClientOptions {
        url: url.parse().unwrap(),
        user_name: account.0.to_owned(),
        password: account.1.to_owned().into(),
        time_limit: ClientOptions::TIME_LIMIT,
    })
    .unwrap()
}

fn client(site: &Site) -> EwsClient {
    client_as(&site.url, BMS)
}

#[tokio::test]
async fn a_tree_is_browsed_from_its_root_over_all_pages() {
    let site = Site::open().await;
    site.source.add_folder("large", "Large");
    for number in 0..250 {
        site.source.add_value(&format!("n{number}"), "large", Value::Integer(number), None);
    }
    let client = client(&site);
    let root = client.container("").await.unwrap();
    assert_eq!((root.container.kind, root.containers.len()), (ContainerKind::Server, 3));
    assert_eq!(root.containers[0].name, "Zone <1> & \"more\"");
    let large = client.container("large").await.unwrap();
    let ids: Vec<String> = large.values.into_iter().map(|value| value.id).collect();
    assert_eq!(ids, (0..250).map(|number| format!("n{number}")).collect::<Vec<_>>());
    let zone = client.container("zone").await.unwrap();
    assert_eq!((zone.values.len(), zone.histories[0].value_item.as_str()), (10, "power"));
}

#[tokio::test]
async fn values_are_read_written_and_read_again() {
    let site = Site::open().await;
    let client = client(&site);
    let read = client.items(&["reduction", "power.log", "zone"]).await.unwrap();
    let (facts, value) = &read.values[0];
    assert_eq!((facts.kind, facts.unit.as_str(), facts.is_writeable), (ValueKind::Double, "kW", true));
    assert_eq!((value.text.as_str(), value.state), ("10", ValueState::Good));
    assert_eq!((read.histories.len(), read.errors[0].id.as_str()), (1, "zone"));

    let results = client.set_values(&[("reduction", "20"), ("power", "1"), ("text", "<&>")]).await.unwrap();
    let outcomes: Vec<_> = results.iter().map(|it| (it.is_success, it.message.as_str())).collect();
    assert_eq!(outcomes, [(true, ""), (false, "VALUE_NOT_WRITEABLE"), (true, "")]);
    let read = client.values(&["reduction", "text", "x"]).await.unwrap();
    let values: Vec<_> = read.values.iter().map(|it| (it.text.as_str(), it.state)).collect();
    assert_eq!(values, [("20", ValueState::Uncertain), ("<&>", ValueState::Uncertain)]);
    assert_eq!((read.errors[0].id.as_str(), read.errors[0].message.as_str()), ("x", "INVALID_ID"));
}

#[tokio::test]
async fn a_history_is_read_over_all_pages() {
    let site = Site::open_with(|server| server.page_size_items = 3).await;
    let client = client(&site);
    let whole = client.history("power.log", None, None).await.unwrap();
    assert_eq!((whole.samples, whole.unit.as_str(), whole.kind), (samples(4), "kW", ValueKind::Double));
    assert_eq!((whole.from, whole.to), (NOW.minus(SAMPLE_PERIOD * 4), NOW));
    let last = client.history("power.log", Some(NOW.minus(SAMPLE_PERIOD)), Some(NOW)).await.unwrap();
    assert_eq!(last.samples, samples(4)[3..]);
}

#[tokio::test]
async fn the_server_identifies_itself() {
    let site = Site::open().await;
    let information = client(&site).information().await.unwrap();
    assert_eq!((information.version.as_str(), information.operations.len()), ("1.2", 6));
    assert_eq!(information.system_name, "Test site");
}

#[tokio::test]
async fn each_algorithm_logs_in_and_a_stale_nonce_is_renewed() {
    for algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Md5] {
        let site = Site::open_with(|server| server.digest_order = vec![algorithm]).await;
        let client = client(&site);
        for _ in 0..3 {
            assert_eq!(client.values(&["count"]).await.unwrap().values[0].text, "-3", "{algorithm:?}");
            site.clock.advance(Duration::from_secs(61));
        }
    }
}

#[tokio::test]
async fn concurrent_calls_share_a_login() {
    let site = Site::open().await;
    let client = client(&site);
    let calls = (0..32).map(|_| client.values(&["count"]));
    for response in futures_util::future::join_all(calls).await {
        assert_eq!(response.unwrap().values.len(), 1);
    }
}

#[tokio::test]
async fn refusals_name_the_refused_item() {
    let site = Site::open().await;
    let error = client_as(&site.url, (BMS.0, "wrong")).information().await.unwrap_err();
    assert!(matches!(error, ClientError::Refused) && !error.is_transient(), "{error}");
    let error = client(&site).container("power").await.unwrap_err();
    assert_eq!(error.to_string(), "the EWS server rejected the item \"power\": INVALID_ID");
    let error = client(&site).history("power", None, None).await.unwrap_err();
    assert_eq!(error.to_string(), "the EWS server rejected the call: INVALID_ID");
    site.source.fail_with(Some(SourceFault::Timeout));
    let error = client(&site).set_values(&[("count", "1")]).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    let error = client_as(&format!("http://{}/other", site.address), BMS).information().await.unwrap_err();
    assert!(matches!(error, ClientError::Status(404)), "{error}");
}

#[tokio::test]
async fn debug_output_does_not_contain_the_password() {
    let site = Site::open().await;
    let client = client_as(&site.url, ("bms", "s3cret"));
    let error = client.information().await.unwrap_err();
    assert!(!format!("{client:?} {error:?}").contains("s3cret"));
}

/// A server that sends the same response on each connection.
async fn server_that_says(response: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 8192];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(response.as_bytes()).await;
        }
    });
    url
}

#[tokio::test]
async fn a_foreign_server_and_an_unreachable_one_are_different_errors() {
    let html = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<html></html>";
    let basic = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\
                 Connection: close\r\n\r\n";
    let ask = |url: String| async move { client_as(&url, BMS).information().await.unwrap_err() };
    assert!(matches!(ask(server_that_says(html).await).await, ClientError::Status(200)));
    assert!(matches!(ask(server_that_says(basic).await).await, ClientError::NoDigest));
    let cut = ask(server_that_says("HTTP/1.1 200 OK\r\nContent-Le").await).await;
    assert!(matches!(cut, ClientError::Unreachable { .. }) && cut.is_transient(), "{cut}");

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    assert!(matches!(ask(url).await, ClientError::Unreachable { .. }));
}
