//! Paths, methods, media types, encodings and sizes (cases E11 to E27).

use std::io::Read as _;

use reqwest::Method;
use riser_ews::NAMESPACE;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::exchange::{Message, SOAP_12, asking_for, envelope};
use crate::site::{BMS, Site};

const INFORMATION: &str = "<GetWebServiceInformationRequest version=\"1.2\"/>";
const VALUES: &str =
    "<GetValuesRequest version=\"1.2\"><GetValuesIds><Id>power</Id></GetValuesIds></GetValuesRequest>";

/// Sends a head and a body unchanged. Returns all output until the server closes.
async fn talk(site: &Site, lines: &[&str], body: &[u8]) -> String {
    let mut stream = TcpStream::connect(&site.address).await.unwrap();
    let head = format!("POST {} HTTP/1.1\r\nHost: x\r\n{}\r\n\r\n", site.path, lines.join("\r\n"));
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    String::from_utf8(response).unwrap()
}

async fn authorization_line(site: &Site) -> String {
    format!("Authorization: {}", site.authorization(BMS).await)
}

#[tokio::test]
async fn e11_other_methods_are_refused_with_those_that_are_allowed() {
    let site = Site::open().await;
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let response = site.http.request(method.clone(), &site.url).send().await.unwrap();
        assert_eq!(response.status(), 405, "{method}");
        assert!(response.headers()["allow"].to_str().unwrap().contains("POST"));
    }
}

#[tokio::test]
async fn e12_and_e13_paths_are_exact_except_for_the_alias_and_a_final_slash() {
    let site = Site::open().await;
    for (path, status) in [
        ("/ecostruxure/dataexchange", 404),
        ("/EcoStruxure/DataExchange/more", 404),
        ("/", 404),
        ("/EcoStruxure/DataExchange", 401),
        ("/EcoStruxure/DataExchange/", 401),
        ("/EcoStructure/DataExchange", 401),
    ] {
        let response = site.http.post(format!("http://{}{path}", site.address)).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers().contains_key("www-authenticate"), status == 401, "{path}");
    }
}

#[tokio::test]
async fn e14_and_e16_any_xml_media_type_is_accepted_and_others_are_refused() {
    let site = Site::open().await;
    for content_type in ["text/xml", "application/xml; charset=UTF-8", "application/soap+xml"] {
        let response = site.exchange(Message::of(INFORMATION).with_content_type(content_type)).await;
        assert_eq!(response.fault(), None, "{content_type}");
    }
    for content_type in ["application/json", "text/plain", "multipart/related"] {
        let response = site.send(&Message::of(INFORMATION).with_content_type(content_type)).await;
        assert_eq!(response.status(), 415, "{content_type}");
    }
}

#[tokio::test]
async fn e15_soap_1_1_gets_a_fault_that_its_clients_can_read() {
    let site = Site::open().await;
    let old = envelope(INFORMATION).replace(SOAP_12, "http://schemas.xmlsoap.org/soap/envelope/");
    let response = site.exchange(Message::raw(old).with_content_type("text/xml")).await;
    assert_eq!(response.status, 500);
    assert_eq!(response.content.text("faultcode"), "s:VersionMismatch");
    assert!(response.headers["content-type"].to_str().unwrap().starts_with("text/xml"));
}

#[tokio::test]
async fn e17_and_e18_only_the_action_of_another_operation_is_a_contradiction() {
    let site = Site::open().await;
    let of = |action: &str| format!("application/soap+xml; charset=utf-8; action=\"{action}\"");
    for (action, fault) in [
        (format!("{NAMESPACE}/GetValuesIn"), None),
        (format!("{NAMESPACE}/GetValuesRequest"), None),
        (String::new(), None),
        ("urn:anything".to_owned(), None),
        (format!("{NAMESPACE}/SetValuesIn"), Some("INVALID_REQUEST")),
        (format!("{NAMESPACE}/SubscribeIn"), Some("INVALID_REQUEST")),
    ] {
        let in_type = site.exchange(Message::of(VALUES).with_content_type(&of(&action))).await;
        assert_eq!(in_type.fault(), fault, "{action}");
        let header = Message::of(VALUES).with_header("soapaction", &format!("\"{action}\""));
        assert_eq!(site.exchange(header).await.fault(), fault, "{action} in a separate header");
    }
}

#[tokio::test]
async fn e19_headers_are_ignored_unless_they_must_be_understood() {
    let site = Site::open().await;
    let with_header = |attributes: &str| {
        let header = format!("<s:Header><Action xmlns=\"urn:a\" {attributes}>x</Action></s:Header><s:Body>");
        Message::raw(envelope(INFORMATION).replacen("<s:Body>", &header, 1))
    };
    let plain = site.exchange(with_header("")).await;
    assert_eq!((plain.status, plain.fault()), (200, None));
    let needed = site.exchange(with_header("s:mustUnderstand=\"1\"")).await;
    assert_eq!((needed.status, needed.content.text("Code/Value")), (500, "s:MustUnderstand"));
}

#[tokio::test]
async fn e21_and_e22_utf_16_with_a_byte_order_mark_is_read_and_a_contradiction_refused() {
    let site = Site::open().await;
    for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let text = format!("\u{feff}<?xml version=\"1.0\" encoding=\"utf-16\"?>{}", envelope(VALUES));
        let bytes: Vec<u8> = text.encode_utf16().flat_map(to_bytes).collect();
        let message = Message::raw(bytes.clone()).with_content_type("application/soap+xml; charset=utf-16");
        let response = site.exchange(message).await;
        assert_eq!((response.status, response.fault()), (200, None));
        assert!(response.body.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>"));
        let contradiction = Message::raw(bytes).with_content_type("application/soap+xml; charset=utf-8");
        assert_eq!(site.exchange(contradiction).await.status, 400);
    }
}

#[tokio::test]
async fn e23_a_body_above_the_limit_is_refused_before_it_is_sent() {
    let site = Site::open().await;
    let authorization = authorization_line(&site).await;
    let lines = [&authorization, "Content-Type: text/xml", "Content-Length: 1048577"];
    let response = talk(&site, &lines, b"").await;
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
}

#[tokio::test]
async fn e24_a_chunked_body_is_read_up_to_the_limit() {
    let site = Site::open().await;
    let chunked = |body: &str| format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    for (body, status) in [(envelope(INFORMATION), 200), (" ".repeat(1024 * 1024 + 1), 413)] {
        let authorization = authorization_line(&site).await;
        let lines =
            [&authorization, "Content-Type: text/xml", "Transfer-Encoding: chunked", "Connection: close"];
        let response = talk(&site, &lines, chunked(&body).as_bytes()).await;
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status} ")),
            "{}",
            &response[..response.len().min(200)]
        );
        assert!(!response.to_ascii_lowercase().contains("transfer-encoding"));
    }
}

#[tokio::test]
async fn e25_a_compressed_request_is_refused() {
    let site = Site::open().await;
    let response = site.send(&Message::of(INFORMATION).with_header("content-encoding", "gzip")).await;
    assert_eq!(response.status(), 415);
}

#[tokio::test]
async fn e26_only_a_logged_in_client_gets_100_continue() {
    let site = Site::open().await;
    let body = envelope(INFORMATION);
    let length = format!("Content-Length: {}", body.len());
    let common = ["Content-Type: text/xml", "Expect: 100-continue", length.as_str()];
    let stranger = talk(&site, &common, b"").await;
    assert!(stranger.starts_with("HTTP/1.1 401 ") && !stranger.contains("100 Continue"), "{stranger}");
    let authorization = authorization_line(&site).await;
    let lines: Vec<&str> = common.into_iter().chain([authorization.as_str(), "Connection: close"]).collect();
    let known = talk(&site, &lines, body.as_bytes()).await;
    assert!(known.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"), "{known}");
}

#[tokio::test]
async fn e27_a_large_response_is_compressed_when_the_client_asks_for_it() {
    let site = Site::open().await;
    let many = asking_for("GetValues", ["power"; 200]);
    let plain = site.ask(&many).await;
    assert!(!plain.headers.contains_key("content-encoding"));
    let response = site.send(&Message::of(&many).with_header("accept-encoding", "gzip")).await;
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let packed = response.bytes().await.unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    assert!(plain.body.len() > 8 * 1024 && packed.len() < plain.body.len());
    assert_eq!(text, plain.body);
    let small = site.send(&Message::of(INFORMATION).with_header("accept-encoding", "gzip")).await;
    assert!(!small.headers().contains_key("content-encoding"));
}

#[tokio::test]
async fn requests_on_one_connection_get_responses_in_order_and_http_1_0_only_one() {
    let site = Site::open().await;
    let body = envelope(INFORMATION);
    let mut requests = Vec::new();
    for connection in ["keep-alive", "close"] {
        requests.push(format!(
            "POST {} HTTP/1.1\r\nHost: x\r\n{}\r\nContent-Type: text/xml\r\nConnection: {connection}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            site.path,
            authorization_line(&site).await,
            body.len()
        ));
    }
    let mut stream = TcpStream::connect(&site.address).await.unwrap();
    stream.write_all(requests.concat().as_bytes()).await.unwrap();
    let mut responses = String::new();
    stream.read_to_string(&mut responses).await.unwrap();
    assert_eq!(responses.matches("HTTP/1.1 200 OK").count(), 2, "{responses}");

    let old = requests[0].replace("HTTP/1.1", "HTTP/1.0");
    let old = old.replace("Connection: keep-alive\r\n", "");
    let used = old.lines().find(|line| line.starts_with("Authorization")).unwrap().to_owned();
    let old = old.replace(&used, &authorization_line(&site).await);
    let mut stream = TcpStream::connect(&site.address).await.unwrap();
    stream.write_all(old.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.0 200 OK"), "{response}");
}
