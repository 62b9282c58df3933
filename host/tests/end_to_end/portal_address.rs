//! Access to the portal: from this machine, over TLS, and without encryption only with `--portal-allow-http`.

use std::path::PathBuf;

use reqwest::StatusCode;
use reqwest::header::HOST;

use crate::configuration::ConfigurationFile;
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
fn a_public_address_without_encryption_is_refused_at_start() {
    let installation = installation();
    let refused = installation.run(&["serve", "--portal-listen", "0.0.0.0:0"]);
    assert!(!refused.is_success, "{}", refused.text);
    for remedy in ["--portal-certificate", "--portal-key", "127.0.0.1", "--portal-allow-http"] {
        assert!(refused.text.contains(remedy), "{}", refused.text);
    }
    assert!(!installation.data().exists(), "{}", refused.text);
}

#[tokio::test]
async fn with_an_unusable_certificate_the_portal_is_for_this_machine_and_says_why() {
    let installation = installation();
    installation.apply(ConfigurationFile::new().ews_server("Building").text());
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let (certificate, key, _) = certificate_and_key(&installation);
    let missing = installation.path().join("missing.pem");
    for (listen, certificate, key, message) in [
        ("127.0.0.1:0", &missing, &key, "missing.pem"),
        ("0.0.0.0:0", &key, &key, "a certificate cannot be read from"),
        ("127.0.0.1:0", &certificate, &certificate, "the key cannot be read from"),
    ] {
        let [certificate, key] = [certificate, key].map(|path| path.to_str().unwrap());
        let host = installation.start_with(&[
            "--portal-listen",
            listen,
            "--portal-certificate",
            certificate,
            "--portal-key",
            key,
        ]);
        assert!(host.portal_url.starts_with("http://127.0.0.1:"), "{}", host.portal_url);
        let page = Portal::sign_in(&host).await.page("/problems").await;
        for text in ["The portal cannot use its certificate", message, "on this machine only", "SSH tunnel"] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(host.log().contains("from another machine: ssh -L"), "{}", host.log());
        host.bms("Building").information().await.unwrap();
        host.stop();
    }
}

#[tokio::test]
async fn a_session_over_tls_is_not_available_without_encryption() {
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
    let unencrypted = http_client().get(host.portal_url.replace("https:", "http:")).send().await;
    assert!(unencrypted.is_err(), "{unencrypted:?}");
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
    let problems = installation.ask(&["problems"]).text;
    assert!(problems.contains("other machines reach this portal without encryption"), "{problems}");
    let status = installation.ask(&["status"]).text;
    assert!(status.contains("other machines reach this portal without encryption"), "{status}");
    let port = host.portal_url.rsplit(':').next().unwrap();
    let hint = format!("from another machine: open http://riser.example:{port}");
    assert!(host.log().contains(&hint), "{}", host.log());
    for (name, status) in
        [("riser.example", StatusCode::OK), ("evil.example", StatusCode::MISDIRECTED_REQUEST)]
    {
        let url = format!("http://127.0.0.1:{port}/login");
        let response = http_client().get(url).header(HOST, name).send().await.unwrap();
        assert_eq!(response.status(), status, "{name}");
    }
}

#[test]
fn the_log_of_a_local_portal_names_the_ssh_tunnel() {
    let installation = installation();
    let host = installation.start();
    let port = host.portal_url.rsplit(':').next().unwrap();
    let hint = format!("from another machine: ssh -L {port}:127.0.0.1:{port} user@");
    assert!(host.log().contains(&hint), "{}", host.log());
}
