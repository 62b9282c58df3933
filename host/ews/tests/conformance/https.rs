//! EWS over HTTPS.

use riser_ews::{ListenCause, Listener, ListenerOptions, TlsError, TlsFiles};

use crate::exchange::asking_for;
use crate::site::{BMS, Site, new_client};

#[tokio::test]
async fn a_client_logs_in_reads_and_writes_over_https() {
    let site = Site::open_over_tls().await;
    let read = async || site.ask(&asking_for("GetValues", ["count"])).await.content;
    assert_eq!(read().await.text("GetValuesItems/ValueItem/Value"), "-3");
    let write = "<SetValuesRequest><SetValuesItems><ValueItem><Id>count</Id><Value>7</Value></ValueItem>\
                 </SetValuesItems></SetValuesRequest>";
    let response = site.ask(write).await;
    assert_eq!((response.status, response.fault()), (200, None));
    assert_eq!(read().await.text("GetValuesItems/ValueItem/Value"), "7");
}

#[tokio::test]
async fn the_description_names_the_https_address() {
    let site = Site::open_over_tls().await;
    let wsdl = site.http.get(format!("{}?wsdl", site.url)).send().await.unwrap().text().await.unwrap();
    assert!(wsdl.contains(&format!("location=\"{}\"", site.url)), "{wsdl}");
}

#[tokio::test]
async fn a_client_without_tls_or_trust_gets_no_response() {
    let site = Site::open_over_tls().await;
    let plain = site.url.replace("https", "http");
    new_client().post(plain).basic_auth(BMS.0, Some(BMS.1)).send().await.unwrap_err();
    new_client().post(&site.url).send().await.unwrap_err();
}

#[tokio::test]
async fn an_unusable_certificate_is_refused_before_the_address_is_taken() {
    let missing = TlsFiles { certificate: "/nowhere/cert.pem".into(), key: "/nowhere/key.pem".into() };
    let options = ListenerOptions { tls: Some(missing), ..ListenerOptions::default() };
    let error = Listener::bind("127.0.0.1:0", options).await.unwrap_err();
    assert!(matches!(error.source, ListenCause::Tls(TlsError::Unreadable { .. })), "{error}");
    let text = error.source.to_string();
    assert!(text.contains("/nowhere/cert.pem"), "{text}");
}
