//! Faults that change the bytes, the headers or the pace of a response.

use evce_simulator::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Site;

async fn site_with(kind: &str) -> (Site, String) {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/faults", json!({ "kind": kind, "path": "/zones", "latency": "1ms" })).await;
    (site, token)
}

async fn last_fault(site: &Site) -> Value {
    site.requests().await.pop().unwrap()["fault"].clone()
}

/// Returns the bytes of `/zones` under a fault, and their headers.
async fn read(kind: &str) -> (Vec<u8>, reqwest::header::HeaderMap) {
    let (site, token) = site_with(kind).await;
    let response = site.raw(Method::GET, "/zones", &token).await.unwrap();
    assert_eq!((response.status().as_u16(), last_fault(&site).await), (200, json!(kind)));
    let headers = response.headers().clone();
    (response.bytes().await.unwrap().to_vec(), headers)
}

#[tokio::test]
async fn bytes_are_not_json_or_not_only_json() {
    assert_eq!(read("empty_body").await.0, b"");
    assert!(read("trailing_garbage").await.0.ends_with(b"]\n<!-- 0.03 s -->"));
    assert!(std::str::from_utf8(&read("invalid_utf8").await.0).is_err());
    assert!(read("byte_order_mark").await.0.starts_with(b"\xef\xbb\xbf["));
    let nested = read("deep_nesting").await.0;
    assert_eq!((nested.len(), nested[999_999], nested[1_000_000]), (2_000_000, b'[', b']'));
    let huge = read("huge_body").await.0;
    assert!(huge.len() == 100 << 20 && huge.iter().all(|byte| *byte == b' '));
}

#[tokio::test]
async fn headers_do_not_fit_the_bytes() {
    let (body, headers) = read("wrong_content_type").await;
    assert!(body.starts_with(b"[{") && headers["content-type"] == "text/plain");
    // The client unpacks gzip.
    assert_eq!(read("gzip_bomb").await.0.len(), 100 << 20);
    assert_eq!(read("no_keep_alive").await.1["connection"], "close");
    for kind in ["wrong_content_length", "cut_body", "broken_gzip"] {
        let (site, token) = site_with(kind).await;
        let response = site.raw(Method::GET, "/zones", &token).await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.bytes().await.is_err(), "{kind}");
    }
}

#[tokio::test]
async fn a_response_comes_byte_by_byte_or_never() {
    assert!(serde_json::from_slice::<Value>(&read("drip").await.0).unwrap().is_array());
    let (site, token) = site_with("black_hole").await;
    // Of two requests under way, the one outside the hole completes.
    tokio::select! {
        zones = site.get(&token, "/zones") => panic!("a response out of a black hole: {zones:?}"),
        stations = site.get(&token, "/stations") => assert_eq!(stations.status, 200),
    }
}

#[tokio::test]
async fn documents_have_members_and_objects_too_many_or_too_few() {
    let text = async |kind| String::from_utf8(read(kind).await.0).unwrap();
    assert!(text("text_numbers").await.contains(r#""maxCurrent":"100""#));
    assert!(text("extra_fields").await.contains("vendorData"));
    assert!(text("duplicate_keys").await.contains(":null}"));
    let zones = async |kind| serde_json::from_str::<Vec<Value>>(&text(kind).await).unwrap();
    assert_eq!(zones("duplicate_object").await.len(), 4);
    assert_eq!(zones("page_drift").await[0]["id"], 2);
}

#[tokio::test]
async fn a_redirect_leads_to_the_same_path_without_tls() {
    let (site, _) = site_with("redirect").await;
    // A separate client, because the usual one follows redirects.
    let certificate = reqwest::Certificate::from_der(&site.simulator.certificate_der).unwrap();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.tls_certs_only([certificate]).build().unwrap();
    let response = client.get(format!("{}/zones", site.simulator.api_url)).send().await.unwrap();
    let to = response.headers()["location"].to_str().unwrap();
    assert_eq!((response.status().as_u16(), to.starts_with("http://127.0.0.1:")), (301, true));
}

#[tokio::test]
async fn the_board_offers_every_kind_of_fault() {
    let site = Site::with_fixed_clock(Options::default());
    let unknown = site.control(Method::POST, "/_sim/faults", Some(json!({ "kind": "?" }))).await;
    let error = unknown.body["error"].as_str().unwrap();
    let kinds: Vec<&str> = error.split('`').skip(1).step_by(2).skip(1).collect();
    assert!(kinds.len() > 30, "{error}");
    let script = include_str!("../../src/control/page/board.js");
    let missing: Vec<_> = kinds.iter().filter(|kind| !script.contains(&format!("[\"{kind}\", "))).collect();
    assert_eq!(missing, [&""; 0]);
}
