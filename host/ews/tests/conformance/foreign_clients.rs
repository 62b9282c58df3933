//! Third-party clients: zeep, on the reference WSDL and on ours, and curl (Must work unchanged; case
//! E89).

use riser_domain::{DigestAlgorithm, Value};
use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::contract_check::{CheckedExchange, check, python, reference, script};
use crate::exchange::{asking_for, envelope};
use crate::site::{BMS, Site};

/// A site with more values than one call reads.
async fn large_site() -> Site {
    let site = Site::open_with(|server| {
        server.page_size_items = 500;
        // The HTTP client below zeep does not escape quotes.
        server.realm = String::from("Riser");
    })
    .await;
    site.source.add_folder("large", "Large");
    for number in 0..1_200 {
        site.source.add_value(&format!("large/{number}"), "large", Value::Double(f64::from(number)), None);
    }
    site
}

/// The report of `walk_with_zeep.py`.
#[derive(Debug, PartialEq, Deserialize)]
struct Walk {
    operations: Vec<String>,
    containers: u32,
    values: u32,
    values_in_one_call: u32,
    details: u32,
    histories: u32,
    written: Vec<(String, bool)>,
    samples: u32,
    refusal: Option<String>,
    responses_checked: u32,
}

async fn walk_with_zeep(wsdl: &str, address: &str) -> Walk {
    let output = Command::new(python())
        .arg(script("walk_with_zeep.py"))
        .args([wsdl, address, BMS.0, BMS.1, "reduction", "42.5"])
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn check_walk(site: &Site, walk: Walk) {
    // The large folder spans three pages, and each names it again.
    assert_eq!((walk.containers, walk.values), (6, 1_210), "{walk:?}");
    assert_eq!((walk.values_in_one_call, walk.details, walk.histories, walk.samples), (1_000, 10, 1, 4));
    assert_eq!(walk.written, [("reduction".to_owned(), true)]);
    assert_eq!(walk.refusal.as_deref(), Some("INVALID_ID"));
    assert_eq!(walk.operations.len(), 6);
    assert!(walk.responses_checked >= 9, "{walk:?}");
    let shown = site.ask(&asking_for("GetValues", ["reduction"])).await.content;
    assert_eq!(shown.text("GetValuesItems/ValueItem/Value"), "42.5");
}

#[tokio::test]
async fn zeep_walks_reads_and_writes_on_the_reference_wsdl() {
    let site = large_site().await;
    let wsdl = reference("dataexchange-1.2.wsdl");
    let walk = walk_with_zeep(wsdl.to_str().unwrap(), &site.url).await;
    check_walk(&site, walk).await;
}

#[tokio::test]
async fn zeep_walks_reads_and_writes_on_our_wsdl_at_the_address_in_it() {
    let site = large_site().await;
    let walk = walk_with_zeep(&format!("{}?singleWsdl", site.url), "").await;
    check_walk(&site, walk).await;
}

/// Calls with `curl --digest`. Returns the response and the algorithm that curl chose.
async fn curl(site: &Site, request: &str) -> (String, String) {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--verbose", "--fail", "--digest", "--user", &format!("{}:{}", BMS.0, BMS.1)])
        .args(["--header", "Content-Type: application/soap+xml; charset=utf-8", "--data-binary", "@-"])
        .arg(&site.url)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut running = curl.spawn().unwrap();
    running.stdin.take().unwrap().write_all(request.as_bytes()).await.unwrap();
    let output = running.wait_with_output().await.unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{log}");
    let algorithm = log.split("> Authorization: Digest").nth(1).unwrap();
    let algorithm = algorithm.lines().next().unwrap().split("algorithm=").nth(1).unwrap();
    (String::from_utf8(output.stdout).unwrap(), algorithm.split(',').next().unwrap().trim().to_owned())
}

#[tokio::test]
async fn curl_logs_in_with_what_the_server_offers() {
    for (offered, chosen) in [
        (vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5], "SHA-256"),
        (vec![DigestAlgorithm::Sha256], "SHA-256"),
        (vec![DigestAlgorithm::Md5], "MD5"),
    ] {
        let site = Site::open_with(|server| server.digest_order = offered).await;
        let request = envelope(&asking_for("GetValues", ["reduction"]));
        let (response, algorithm) = curl(&site, &request).await;
        assert_eq!(algorithm, chosen);
        let content = check(CheckedExchange {
            request: request.as_bytes(),
            status: 200,
            content_type: &format!("action=\"{}/GetValuesOut\"", riser_ews::NAMESPACE),
            response: &response,
        });
        assert_eq!(content.text("GetValuesItems/ValueItem/Value"), "10");
    }
}
