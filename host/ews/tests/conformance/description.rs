//! The served WSDL (case E10).

use std::process::Command;

use crate::contract_check::{python, reference, script};
use crate::site::Site;

async fn fetch(site: &Site, query: &str, host: Option<&str>) -> (u16, String) {
    let mut request = site.http.get(format!("{}{query}", site.url));
    if let Some(host) = host {
        request = request.header("host", host);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn address(wsdl: &str) -> &str {
    wsdl.split("soap12:address location=\"").nth(1).unwrap().split('"').next().unwrap()
}

#[tokio::test]
async fn e10_the_description_needs_no_login_in_any_case_of_its_name() {
    let site = Site::open().await;
    let (_, whole) = fetch(&site, "?wsdl", None).await;
    for query in ["WSDL", "singleWsdl", "singlewsdl"] {
        let response = site.http.get(format!("{}?{query}", site.url)).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &"text/xml; charset=utf-8".parse().unwrap())
        );
        assert_eq!(response.text().await.unwrap(), whole, "{query}");
    }
    let (status, types) = fetch(&site, "?xsd=0", None).await;
    assert!(status == 200 && types.contains("<xs:schema"));
    assert_eq!(fetch(&site, "?disco", None).await.0, 404);
    let head = site.http.head(format!("{}?wsdl", site.url)).send().await.unwrap();
    assert_eq!(head.status(), 200);
}

#[tokio::test]
async fn a_plain_get_asks_for_a_login() {
    let site = Site::open().await;
    assert_eq!(fetch(&site, "", None).await.0, 401);
}

#[tokio::test]
async fn the_address_is_the_configured_one_or_the_one_the_client_used() {
    let site = Site::open().await;
    assert_eq!(address(&fetch(&site, "?wsdl", None).await.1), site.url);
    let named = fetch(&site, "?wsdl", Some("bms.example:51358")).await.1;
    assert_eq!(address(&named), "http://bms.example:51358/EcoStruxure/DataExchange");
    let odd = fetch(&site, "?wsdl", Some("x\"/><evil>")).await;
    assert!(odd.0 == 400 || address(&odd.1) == site.url, "{}", odd.1);

    let public = "https://ews.example/a?b&c".to_owned();
    let site = Site::open_with(|server| server.public_url = Some(public)).await;
    let set = fetch(&site, "?wsdl", None).await.1;
    assert_eq!(address(&set), "https://ews.example/a?b&amp;c");
}

#[tokio::test]
async fn the_description_means_the_same_as_the_reference() {
    let site = Site::open().await;
    let directory = tempfile::tempdir().unwrap();
    let ours = directory.path().join("ours.wsdl");
    std::fs::write(&ours, fetch(&site, "?wsdl", None).await.1).unwrap();
    let mut compare = Command::new(python());
    compare.arg(script("compare_wsdl.py")).arg(ours).arg(reference("dataexchange-1.2.wsdl"));
    let output = compare.output().unwrap();
    let (differences, log) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{log}");
    assert_eq!(differences, "");
    let compared: u32 = log.split(' ').next().unwrap().parse().unwrap();
    assert!(compared > 180, "{log}");
}
