//! Where the portal may be reached: from this machine, over TLS, and in the clear only where that is asked
//! for.

use std::path::PathBuf;

use reqwest::StatusCode;
use reqwest::header::HOST;

use crate::controller::{http_client, http_client_builder};
use crate::host::Installation;
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::programs;

fn installation() -> Installation {
    Installation::new(&[programs::library("riser-example")])
}

fn certificate_and_key(installation: &Installation) -> (PathBuf, PathBuf, reqwest::Certificate) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) =
        (installation.path().join("portal.pem"), installation.path().join("portal-key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (certificate, key, reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap())
}

#[test]
fn without_encryption_other_machines_are_refused_at_start() {
    let installation = installation();
    let refused = installation.run(&["serve", "--portal-listen", "0.0.0.0:0"]);
    assert!(!refused.is_success, "{}", refused.text);
    for remedy in ["--portal-certificate", "--portal-key", "127.0.0.1", "--portal-allow-http"] {
        assert!(refused.text.contains(remedy), "{}", refused.text);
    }
    assert!(!installation.data().exists(), "{}", refused.text);
}

#[test]
fn a_certificate_that_cannot_be_used_is_named_before_anything_runs() {
    let installation = installation();
    let (certificate, key, _) = certificate_and_key(&installation);
    let serve = |certificate: &PathBuf, key: &PathBuf| {
        let [certificate, key] = [certificate, key].map(|path| path.to_str().unwrap());
        let options = ["--portal-certificate", certificate, "--portal-key", key];
        installation.run(&[["serve", "--portal-listen", "127.0.0.1:0"].as_slice(), &options].concat())
    };
    for (refused, said) in [
        (serve(&installation.path().join("missing.pem"), &key), "missing.pem"),
        (serve(&key, &key), "a certificate cannot be read from"),
        (serve(&certificate, &certificate), "the key cannot be read from"),
    ] {
        assert!(!refused.is_success && refused.text.contains(said), "{}", refused.text);
    }
    assert!(!installation.data().exists());
}

#[tokio::test]
async fn over_tls_the_session_never_travels_in_the_clear() {
    let installation = installation();
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let (certificate, key, trusted) = certificate_and_key(&installation);
    let [certificate, key] = [&certificate, &key].map(|path| path.to_str().unwrap());
    let host = installation.start_with(&[
        "--portal-listen",
        "127.0.0.1:0",
        "--portal-certificate",
        certificate,
        "--portal-key",
        key,
    ]);
    assert!(host.portal_url.starts_with("https://127.0.0.1:"), "{}", host.portal_url);
    let browser = http_client_builder().tls_certs_only([trusted]).build().unwrap();
    let portal = Portal::sign_in_with(browser, host.portal_url.clone()).await;
    assert!(portal.cookie().starts_with("__Host-riser-"), "{}", portal.cookie());
    assert!(portal.page("/").await.contains("Riser is ready."));
    let in_the_clear = http_client().get(host.portal_url.replace("https:", "http:")).send().await;
    assert!(in_the_clear.is_err(), "{in_the_clear:?}");
}

#[tokio::test]
async fn an_unencrypted_portal_raises_a_problem_and_the_log_has_its_address() {
    let installation = installation();
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start_with(&[
        "--portal-listen",
        "0.0.0.0:0",
        "--portal-allow-http",
        "--portal-hostname",
        "riser.example",
    ]);
    let page = Portal::sign_in(&host).await.page("/").await;
    assert!(page.contains("Other machines reach this portal without encryption"), "{page}");
    let port = host.portal_url.rsplit(':').next().unwrap();
    let said = format!("from another machine: open http://riser.example:{port}");
    assert!(host.log().contains(&said), "{}", host.log());
    for (name, status) in
        [("riser.example", StatusCode::OK), ("evil.example", StatusCode::MISDIRECTED_REQUEST)]
    {
        let url = format!("http://127.0.0.1:{port}/login");
        let response = http_client().get(url).header(HOST, name).send().await.unwrap();
        assert_eq!(response.status(), status, "{name}");
    }
}

#[test]
fn on_this_machine_only_the_log_names_the_tunnel() {
    let installation = installation();
    let host = installation.start();
    let port = host.portal_url.rsplit(':').next().unwrap();
    let said = format!("from another machine: ssh -L {port}:127.0.0.1:{port} user@");
    assert!(host.log().contains(&said), "{}", host.log());
}
