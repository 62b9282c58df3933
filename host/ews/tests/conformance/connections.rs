//! Slow clients: connections, headers, bodies, unread responses, and the number of connections (reliability,
//! F2 and F3).

use std::time::Duration;

use riser_domain::Value;
use riser_ews::{HttpLimits, ListenerOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::contract_check::{CheckedExchange, check};
use crate::exchange::{Message, asking_for, envelope};
use crate::site::{BMS, Site, new_client};

/// A short deadline, for tests that wait for its end.
const SHORT: Duration = Duration::from_millis(50);
const INFORMATION: &str = "<GetWebServiceInformationRequest version=\"1.2\"/>";

async fn connect(site: &Site) -> TcpStream {
    TcpStream::connect(&site.address).await.unwrap()
}

/// Reads until the server closes; a reset counts as closed.
async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response).await;
    String::from_utf8(response).unwrap()
}

/// Returns status and header of the next response, and reads its body.
async fn read_response(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    head
}

async fn head(site: &Site, body_bytes: usize) -> String {
    let authorization = site.authorization(BMS).await;
    format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nAuthorization: {authorization}\r\n\
         Content-Length: {body_bytes}\r\n\r\n",
        site.path
    )
}

/// A request that needs no login, so that the connection stays open.
fn stranger(site: &Site, body: &str) -> String {
    format!("POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", site.path, body.len())
}

/// Sends one byte after another until the server closes. Returns the server's output.
async fn drip(mut stream: TcpStream, byte: &[u8]) -> String {
    let mut ticks = tokio::time::interval(SHORT / 10);
    let mut said = Vec::new();
    loop {
        tokio::select! {
            read = stream.read_buf(&mut said) => if matches!(read, Ok(0) | Err(_)) { break },
            _ = ticks.tick() => { let _ = stream.write_all(byte).await; }
        }
    }
    String::from_utf8(said).unwrap()
}

#[tokio::test]
async fn a_missing_or_slow_header_closes_the_connection() {
    let site = Site::open_within(HttpLimits { header_deadline: SHORT, ..Default::default() }).await;
    assert_eq!(read_to_end(&mut connect(&site).await).await, "", "not a byte");
    let mut partly = connect(&site).await;
    partly.write_all(b"POST / HTTP/1.1\r\nHost:").await.unwrap();
    assert_eq!(read_to_end(&mut partly).await, "", "a part");
    let mut dripping = connect(&site).await;
    dripping.write_all(b"POST / HTTP/1.1\r\nHost: ").await.unwrap();
    assert_eq!(drip(dripping, b"x").await, "", "byte by byte");
    let mut second = connect(&site).await;
    second.write_all(stranger(&site, "").as_bytes()).await.unwrap();
    assert!(read_response(&mut second).await.starts_with("http/1.1 401"));
    second.write_all(b"P").await.unwrap();
    assert_eq!(drip(second, b"O").await, "", "the header of a second request");
}

#[tokio::test]
async fn an_idle_connection_may_wait_longer_than_a_header() {
    let site = Site::open_within(HttpLimits { header_deadline: SHORT, ..Default::default() }).await;
    let mut stream = connect(&site).await;
    for _ in 0..2 {
        stream.write_all(stranger(&site, "").as_bytes()).await.unwrap();
        assert!(read_response(&mut stream).await.starts_with("http/1.1 401"));
        tokio::time::sleep(SHORT * 3).await;
    }
    let site = Site::open_within(HttpLimits { idle_timeout: SHORT, ..Default::default() }).await;
    let mut stream = connect(&site).await;
    stream.write_all(stranger(&site, "").as_bytes()).await.unwrap();
    assert!(read_response(&mut stream).await.starts_with("http/1.1 401"));
    assert_eq!(read_to_end(&mut stream).await, "", "but not for ever");
}

#[tokio::test]
async fn a_slow_body_gets_a_request_timeout() {
    let site = Site::open_within(HttpLimits { body_deadline: SHORT, ..Default::default() }).await;
    let mut known = connect(&site).await;
    known.write_all(head(&site, 1_000_000).await.as_bytes()).await.unwrap();
    let said = drip(known, b" ").await;
    assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("the body took too long"), "{said}");
    let mut unknown = connect(&site).await;
    let head = stranger(&site, "").replace("Length: 0", "Length: 60000");
    unknown.write_all(head.as_bytes()).await.unwrap();
    let said = drip(unknown, b" ").await;
    assert!(said.starts_with("HTTP/1.1 401 ") && said.contains("connection: close"), "{said}");
}

#[tokio::test]
async fn the_body_of_a_first_request_is_dropped_when_small_and_refused_when_large() {
    let site = Site::open().await;
    let mut stream = connect(&site).await;
    for _ in 0..2 {
        stream.write_all(stranger(&site, &"x".repeat(64 * 1024)).as_bytes()).await.unwrap();
        let head = read_response(&mut stream).await;
        assert!(head.starts_with("http/1.1 401") && !head.contains("connection: close"), "{head}");
    }
    let large = stranger(&site, "").replace("Length: 0", "Length: 65537");
    stream.write_all(large.as_bytes()).await.unwrap();
    let head = read_response(&mut stream).await;
    assert!(head.starts_with("http/1.1 401") && head.contains("connection: close"), "{head}");
    assert_eq!(read_to_end(&mut stream).await, "");
}

#[tokio::test]
async fn a_header_above_the_limit_gets_an_error_status() {
    let site = Site::open().await;
    let lines = "X: y\r\n".repeat(70);
    let long = format!("X: {}\r\n", "y".repeat(200_000));
    for more in [lines, long] {
        let mut stream = connect(&site).await;
        let request = format!("POST {} HTTP/1.1\r\n{more}\r\n", site.path);
        let _ = stream.write_all(request.as_bytes()).await;
        let said = read_to_end(&mut stream).await;
        assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
    }
}

/// Retries while the server is overloaded. Returns the first other status.
async fn status_when_there_is_room(site: &Site) -> u16 {
    loop {
        let fresh = new_client();
        let response = fresh.post(&site.url).send().await.unwrap();
        if response.status() != 503 {
            return response.status().as_u16();
        }
    }
}

#[tokio::test]
async fn above_the_connection_limit_clients_get_retry_after() {
    let site = Site::open_within(HttpLimits { connections: 2, ..Default::default() }).await;
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = connect(&site).await;
        stream.write_all(stranger(&site, "").as_bytes()).await.unwrap();
        assert!(read_response(&mut stream).await.starts_with("http/1.1 401"));
        open.push(stream);
    }
    let request = envelope(INFORMATION);
    let response = site.http.post(&site.url).body(request.clone()).send().await.unwrap();
    assert_eq!(response.status(), 503);
    let headers = response.headers().clone();
    assert_eq!(
        (&headers["retry-after"], &headers["connection"]),
        (&"10".parse().unwrap(), &"close".parse().unwrap())
    );
    let content = check(CheckedExchange {
        request: request.as_bytes(),
        status: 503,
        content_type: headers["content-type"].to_str().unwrap(),
        response: &response.text().await.unwrap(),
    });
    assert_eq!((content.text("Code/Value"), content.text("Reason/Text")), ("s:Receiver", "TIMEOUT"));
    open[0].write_all(stranger(&site, "").as_bytes()).await.unwrap();
    assert!(read_response(&mut open[0]).await.starts_with("http/1.1 401"), "those that are in stay in");
    open.pop();
    assert_eq!(status_when_there_is_room(&site).await, 401);
}

#[tokio::test]
async fn a_client_that_does_not_read_its_response_loses_its_connection() {
    let limits = HttpLimits { connections: 1, write_deadline: SHORT, ..Default::default() };
    let mut site = Site::open_within(limits).await;
    site.source.add_value("long", "zone", Value::String("x".repeat(8_000).into()), None);
    let body = envelope(&asking_for("GetValues", std::iter::repeat_n("long", 5_000)));
    let head = head(&site, body.len()).await;
    // Closes the connection of the login.
    site.http = new_client();
    status_when_there_is_room(&site).await;
    let mut deaf = connect(&site).await;
    deaf.write_all(head.as_bytes()).await.unwrap();
    deaf.write_all(body.as_bytes()).await.unwrap();
    assert_eq!(status_when_there_is_room(&site).await, 401);
}

fn writing(value: &str) -> String {
    format!(
        "<SetValuesRequest><SetValuesItems><ValueItem><Id>count</Id><Value>{value}</Value></ValueItem>\
         </SetValuesItems></SetValuesRequest>"
    )
}

/// Whether the point gets this value in time.
async fn comes_to_show(site: &Site, text: &str) -> bool {
    for _ in 0..100 {
        let content = site.ask(&asking_for("GetValues", ["count"])).await.content;
        if content.text("GetValuesItems/ValueItem/Value") == text {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn a_write_is_executed_after_its_client_has_disconnected() {
    let site = Site::open().await;
    let held = site.source.hold_writes().await;
    let body = envelope(&writing("7"));
    let mut stream = connect(&site).await;
    stream.write_all(head(&site, body.len()).await.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    while site.source.waiting_writes() == 0 {
        tokio::task::yield_now().await;
    }
    stream.shutdown().await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, "", "the server has noticed");
    drop(held);
    assert!(comes_to_show(&site, "7").await);
}

#[tokio::test]
async fn a_slow_disk_is_a_timeout_and_loses_no_write() {
    let options = ListenerOptions { disk_deadline: SHORT, ..Default::default() };
    let site = Site::open_on(|_| {}, options).await;
    let held = site.source.hold_writes().await;
    let response = site.exchange(Message::of(&writing("8"))).await;
    assert_eq!((response.status, response.fault()), (500, Some("TIMEOUT")));
    drop(held);
    assert!(comes_to_show(&site, "8").await);
}
