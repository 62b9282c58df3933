//! EWS over HTTPS: the certificate is part of the configuration and changes while Riser runs.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use riser_ews::client::{ClientOptions, EwsClient};
use riser_runtime::LinkState;

use crate::bms::walk_until_there;
use crate::configuration::ConfigurationFile;
use crate::controller::http_client_builder;
use crate::host::{BMS, BMS_PASSWORD, Installation};
use crate::programs;
use crate::running_host::{RunningHost, client_of};
use crate::waiting::until;

/// A self-signed certificate and its key.
struct Certificate {
    file: PathBuf,
    key: PathBuf,
    pem: String,
}

impl Certificate {
    fn new(installation: &Installation, name: &str) -> Self {
        Self::with(installation, name, &["localhost", "127.0.0.1"], IsCa::NoCa)
    }

    /// Makes one as `openssl req -x509` does: it is an authority.
    fn of_openssl(installation: &Installation, name: &str) -> Self {
        let is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self::with(installation, name, &["building.example"], is_ca)
    }

    fn with(installation: &Installation, name: &str, names: &[&str], is_ca: IsCa) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.is_ca = is_ca;
        let signing_key = KeyPair::generate().unwrap();
        let cert = params.self_signed(&signing_key).unwrap();
        let path = |kind: &str| installation.path().join(format!("{name}-{kind}.pem"));
        let (file, key, pem) = (path("certificate"), path("key"), cert.pem());
        std::fs::write(&file, &pem).unwrap();
        std::fs::write(&key, signing_key.serialize_pem()).unwrap();
        Self { file, key, pem }
    }

    /// The keys of an EWS server that uses it.
    fn keys(&self) -> String {
        format!("certificate = \"{}\"\nkey = \"{}\"", self.file.display(), self.key.display())
    }

    /// A BMS that trusts this certificate only.
    fn client(&self, url: &str) -> EwsClient {
        let options = ClientOptions {
            url: url.parse().unwrap(),
            user_name: BMS.to_owned(),
            password: BMS_PASSWORD.into(),
            time_limit: ClientOptions::TIME_LIMIT,
        };
        EwsClient::trusting(options, self.pem.as_bytes()).unwrap()
    }
}

fn installation() -> Installation {
    Installation::new(&[programs::library("riser-example")])
}

fn counter() -> ConfigurationFile {
    ConfigurationFile::new().ews_server("Main").processor("Counter", "riser.example/counter", "Main", "")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bms_reads_over_https_and_the_certificate_changes_while_riser_runs() {
    let installation = installation();
    let (first, second) = (Certificate::new(&installation, "1"), Certificate::new(&installation, "2"));
    installation.apply(counter().text());
    let host = RunningHost::start(&installation).await;
    let plain = host.server("Main").address;
    assert!(plain.starts_with("http://"), "{plain}");

    assert_eq!(host.change_server("Main", &first.keys()).await, []);
    let address = host.server("Main").address;
    assert_eq!(address, plain.replace("http://", "https://"), "it keeps its port");
    walk_until_there(&first.client(&address), "Count").await;
    assert!(client_of(&plain, BMS, BMS_PASSWORD).information().await.is_err(), "plain HTTP is off");
    assert!(second.client(&address).information().await.is_err(), "a client checks the certificate");

    assert_eq!(host.change_server("Main", &second.keys()).await, []);
    second.client(&address).information().await.unwrap();
    assert!(first.client(&address).information().await.is_err());

    assert_eq!(host.change_server("Main", "certificate = \"\"\nkey = \"\"").await, []);
    assert_eq!(host.server("Main").address, plain);
    client_of(&plain, BMS, BMS_PASSWORD).information().await.unwrap();
    host.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn renewed_files_are_served_without_a_restart_and_broken_ones_keep_the_certificate() {
    let installation = installation();
    let first = Certificate::new(&installation, "1");
    installation.add_admin("anna", "a password of anna");
    installation.apply(&counter().text().replacen("path =", &format!("{}\npath =", first.keys()), 1));
    let [file, key] = [&first.file, &first.key].map(|path| path.to_str().unwrap());
    let portal = ["--portal-listen", "127.0.0.1:0", "--portal-certificate", file, "--portal-key", key];
    let host = installation.start_with(&portal);
    let works = async |certificate: &Certificate| {
        let trusted = reqwest::Certificate::from_pem(certificate.pem.as_bytes()).unwrap();
        let browser = http_client_builder().tls_certs_only([trusted]).build().unwrap();
        let portal = browser.get(&host.portal_url).send().await.map(drop).map_err(|error| error.to_string());
        let bms = certificate.client(host.ews_url("Main")).information().await;
        portal.and(bms.map(drop).map_err(|error| error.to_string()))
    };
    works(&first).await.unwrap();

    // A tool that renews writes one file after the other.
    std::fs::write(&first.file, "broken").unwrap();
    let problems = until("both problems", async || {
        let problems = installation.ask(&["problems"]).text;
        let both =
            ["EWS server Main cannot use its certificate", "the portal cannot use its renewed certificate"];
        if both.iter().all(|problem| problems.contains(problem)) { Ok(problems) } else { Err(problems) }
    });
    let problems = problems.await;
    assert!(problems.contains("correct the files") && problems.contains(file), "{problems}");
    works(&first).await.unwrap();

    let second = Certificate::new(&installation, "1");
    until("the renewed certificate", async || works(&second).await).await;
    assert!(works(&first).await.is_err());
    until("the end of the problems", async || {
        let problems = installation.ask(&["problems"]).text;
        if problems.contains("certificate") { Err(problems) } else { Ok(()) }
    })
    .await;
    host.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_certificate_is_lost_stays_closed_after_a_start_until_it_is_back() {
    let installation = installation();
    let certificate = Certificate::new(&installation, "1");
    installation.apply(&counter().text().replacen("path =", &format!("{}\npath =", certificate.keys()), 1));
    std::fs::remove_file(&certificate.file).unwrap();
    let host = RunningHost::start(&installation).await;
    assert_eq!(host.server("Main").state, LinkState::Down);
    let problems = host.runtime.problems();
    let [raised] = &problems[..] else { panic!("{problems:?}") };
    let file = certificate.file.display().to_string();
    assert!(raised.problem.what.contains("cannot use its certificate"), "{raised:?}");
    assert!(raised.problem.what.contains(&file), "{raised:?}");
    assert!(raised.problem.remedy.contains("correct the files"), "{raised:?}");

    std::fs::write(&certificate.file, &certificate.pem).unwrap();
    assert_eq!(host.change_server("Main", "realm = \"Other\"").await, []);
    certificate.client(&host.server("Main").address).information().await.unwrap();
    assert_eq!(host.runtime.problems().len(), 0);
    host.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_loses_its_certificate_is_served_as_before_until_it_can_move() {
    let installation = installation();
    let certificate = Certificate::new(&installation, "1");
    installation.apply(&counter().text().replacen("path =", &format!("{}\npath =", certificate.keys()), 1));
    let host = RunningHost::start(&installation).await;
    let before = host.server("Main").address;
    std::fs::remove_file(&certificate.key).unwrap();
    let problems = host.change_server("Main", "listen = \"127.0.0.1:1\"").await;
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert!(problem.what.contains("the key cannot be read from"), "{problem:?}");
    assert!(problem.effect.contains("still served at https://127.0.0.1:"), "{problem:?}");
    assert_eq!(host.server("Main").state, LinkState::Degraded);
    certificate.client(&before).information().await.unwrap();
    host.runtime.shut_down().await;
}

#[test]
fn the_command_line_reads_over_https_with_the_certificate_of_the_server() {
    let installation = installation();
    let certificate = Certificate::new(&installation, "1");
    installation.apply(&counter().text().replacen("path =", &format!("{}\npath =", certificate.keys()), 1));
    let host = installation.start();
    let url = host.ews_url("Main");
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    let password = installation.path().join("ews-password");
    std::fs::write(&password, BMS_PASSWORD).unwrap();
    let password = password.to_str().unwrap();
    let browse = ["ews", "browse", url, "--user", BMS, "--password-file", password];
    let trusted =
        installation.run_bare(&[&browse[..], &["--ca-file", certificate.file.to_str().unwrap()]].concat());
    assert!(trusted.is_success && trusted.text.contains("Main  Server"), "{}", trusted.text);
    let other = Certificate::new(&installation, "2").file;
    for arguments in [vec![], vec!["--ca-file", other.to_str().unwrap()]] {
        let unknown = installation.run_bare(&[&browse[..], &arguments].concat());
        assert!(!unknown.is_success && unknown.text.contains("is not trusted ("), "{}", unknown.text);
        assert!(unknown.text.contains("name a PEM file with it"), "{}", unknown.text);
    }
    let wrong = installation.run_bare(&[&browse[..], &["--ca-file", password]].concat());
    assert!(!wrong.is_success && wrong.text.contains("no certificate in PEM"), "{}", wrong.text);
    assert!(!wrong.text.contains(BMS_PASSWORD), "{}", wrong.text);
    let exported = installation.run(&["export"]).text;
    assert!(exported.contains(&format!("certificate = {:?}", certificate.file)), "{exported}");
    host.stop();
}

#[test]
fn the_command_line_accepts_a_certificate_as_openssl_makes_it() {
    let installation = installation();
    let certificate = Certificate::of_openssl(&installation, "1");
    installation.apply(&counter().text().replacen("path =", &format!("{}\npath =", certificate.keys()), 1));
    let host = installation.start();
    let password = installation.path().join("ews-password");
    std::fs::write(&password, BMS_PASSWORD).unwrap();
    let (password, file) = (password.to_str().unwrap(), certificate.file.to_str().unwrap());
    let arguments = [
        "ews",
        "browse",
        host.ews_url("Main"),
        "--user",
        BMS,
        "--password-file",
        password,
        "--ca-file",
        file,
    ];
    let trusted = installation.run_bare(&arguments);
    assert!(trusted.is_success && trusted.text.contains("Main  Server"), "{}", trusted.text);
    host.stop();
}

#[test]
fn unusable_files_are_refused_with_their_line_and_their_name() {
    let installation = installation();
    let (first, second) = (Certificate::new(&installation, "1"), Certificate::new(&installation, "2"));
    let refusal = |certificate: &std::path::Path, key: &std::path::Path| {
        let keys = format!("certificate = {certificate:?}\nkey = {key:?}\npath =");
        let refused = installation.try_apply(&counter().text().replacen("path =", &keys, 1));
        assert!(!refused.is_success, "{}", refused.text);
        refused.text
    };
    let mixed = refusal(&first.file, &second.key);
    assert!(mixed.contains(":5:") && mixed.contains("do not belong together"), "{mixed}");
    let missing = refusal(&installation.path().join("none.pem"), &first.key);
    assert!(missing.contains(":4:") && missing.contains("none.pem"), "{missing}");
    let swapped = refusal(&first.key, &first.file);
    assert!(swapped.contains("a certificate cannot be read from"), "{swapped}");
    let directory = refusal(&first.file, installation.path());
    assert!(directory.contains("the key cannot be read from"), "{directory}");
    assert!(!directory.contains("PRIVATE KEY"), "{directory}");
}
