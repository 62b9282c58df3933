//! Certificates that change or are wrong, and a handshake that never goes on.

use evce_simulator::Options;
use reqwest::Method;
use serde_json::json;

use crate::client::Site;

async fn set(site: &Site, certificate: &str) -> String {
    site.post("/_sim/event", json!({ "kind": "set_certificate", "certificate": certificate })).await;
    site.state().await["certificate_sha256"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_client_that_trusts_the_first_certificate_refuses_every_other() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    for certificate in ["renewed", "expired", "not_yet_valid", "wrong_name"] {
        let fingerprint = set(&site, certificate).await;
        assert!(fingerprint.len() == 64 && fingerprint != site.simulator.certificate_sha256);
        // The open connection is closed as well.
        let refused = site.raw(Method::GET, "/zones", &token).await;
        assert!(refused.is_err_and(|error| error.is_connect() || error.is_request()), "{certificate}");
    }
    let requests = site.requests().await;
    assert_eq!(requests.len(), 1, "{requests:?}");
}

#[tokio::test]
async fn a_client_that_checks_nothing_reads_through_any_certificate() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    let trusting = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).build().unwrap();
    for certificate in ["expired", "not_yet_valid", "wrong_name", "renewed"] {
        set(&site, certificate).await;
        let request = trusting.get(format!("{}/zones", site.simulator.api_url)).bearer_auth(&token);
        assert_eq!(request.send().await.unwrap().status(), 200, "{certificate}");
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_ends_with_the_next_certificate() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    set(&site, "stalled").await;
    let url = format!("{}/zones", site.simulator.api_url);
    let trusting = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).build().unwrap();
    let waiting = tokio::spawn(trusting.get(&url).bearer_auth(&token).send());
    // The control interface goes on; the API does not.
    for _ in 0..3 {
        site.state().await;
    }
    assert!(!waiting.is_finished());
    set(&site, "renewed").await;
    assert_eq!(trusting.get(&url).bearer_auth(&token).send().await.unwrap().status(), 200);
    // It failed, or came late enough to get the new certificate.
    assert!(
        waiting.await.unwrap().is_ok_and(|response| response.status() == 200)
            || !site.requests().await.is_empty()
    );
}

#[tokio::test]
async fn the_api_without_tls_is_there_only_if_it_is_wanted() {
    assert_eq!(Site::with_fixed_clock(Options::default()).simulator.plain_url, None);
    let listen_without_tls = Some(std::net::SocketAddr::from(([127, 0, 0, 1], 0)));
    let site = Site::with_fixed_clock(Options { listen_without_tls, ..Options::default() });
    let token = site.token().await;
    let url = format!("{}/zones", site.simulator.plain_url.as_ref().unwrap());
    let response = site.http.get(url).bearer_auth(token).send().await.unwrap();
    assert_eq!(response.status(), 200);
}
