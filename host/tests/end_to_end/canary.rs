//! Secrets appear nowhere outside the two files that hold them: the encrypted columns of the database and the key.
//! Each secret is a canary, and a scan searches for it in many forms in everything that the product writes or sends.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;
use reqwest::header::{CONTENT_TYPE, COOKIE, ORIGIN};
use riser_ews::client::{ClientOptions, EwsClient};

use crate::bms::{id_of, walk_until_there, write};
use crate::canary_forms::{CHANGED, DRAFTED, EDITED, REFUSED, change_password, send_secrets};
use crate::controller::{Controller, LOGIN, http_client};
use crate::host::{Host, Installation};
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::programs;
use crate::site::EWS_SERVER;
use crate::waiting::until;

/// One canary for each place that takes a secret. Their characters differ in every encoding.
const BMS: &str = "Bms+Kanari/vogel=4711&<e>";
const EVCE: &str = "Evce+Kanari/vogel=4712&<e>";
const TOKEN: &str = "Token+Kanari/vogel=4713&<e>";
const PERSON: &str = "Person+Kanari/vogel=4714&<e>";
const CANARIES: [&str; 8] = [BMS, EVCE, TOKEN, PERSON, DRAFTED, EDITED, CHANGED, REFUSED];

/// Pages that are read at most.
const MOST_PAGES: usize = 400;

/// A form of a secret, and its name for people.
struct Form {
    name: String,
    bytes: Vec<u8>,
}

/// Looks for secrets in all their forms.
struct Scan(Vec<Form>);

impl Scan {
    fn new(secrets: &[&str]) -> Self {
        Self(secrets.iter().flat_map(|secret| forms(secret)).collect())
    }

    /// Returns the first form that is in the bytes.
    fn find(&self, bytes: &[u8]) -> Option<&Form> {
        self.0.iter().find(|form| memmem::find(bytes, &form.bytes).is_some())
    }

    fn assert_clean(&self, source: &str, bytes: &[u8]) {
        if let Some(form) = self.find(bytes) {
            panic!("{source} contains {}", form.name);
        }
    }
}

/// Returns a secret as it is, in HTML, as a part of a URL, in hexadecimal, base64 and UTF-16.
fn forms(secret: &str) -> Vec<Form> {
    let percent = |upper: bool| {
        secret.bytes().fold(String::new(), |text, byte| match byte {
            byte if byte.is_ascii_alphanumeric() => text + &char::from(byte).to_string(),
            byte if upper => text + &format!("%{byte:02X}"),
            byte => text + &format!("%{byte:02x}"),
        })
    };
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let html_numbers = secret.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;");
    let mut all = vec![
        ("plain", secret.as_bytes().to_vec()),
        ("HTML", html.into_bytes()),
        ("HTML with numbers", html_numbers.into_bytes()),
        ("URL", percent(true).into_bytes()),
        ("URL in lower case", percent(false).into_bytes()),
        ("hexadecimal", hex::encode(secret).into_bytes()),
        ("hexadecimal in upper case", hex::encode_upper(secret).into_bytes()),
        ("UTF-16, little endian", secret.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("UTF-16, big endian", secret.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    ];
    for before in 0..3 {
        // The characters at both ends also encode the bytes beside the secret.
        let shifted = [vec![0; before], secret.as_bytes().to_vec()].concat();
        let inner = |text: String| {
            let end = shifted.len() * 8 / 6;
            text.as_bytes()[(before * 8).div_ceil(6)..end].to_vec()
        };
        all.push(("base64", inner(STANDARD_NO_PAD.encode(&shifted))));
        all.push(("base64 for URLs", inner(URL_SAFE_NO_PAD.encode(&shifted))));
    }
    all.into_iter().map(|(name, bytes)| Form { name: format!("{secret:?} in {name}"), bytes }).collect()
}

#[test]
fn the_scan_finds_each_form_wherever_it_lies() {
    for secret in CANARIES {
        let scan = Scan::new(&[secret]);
        assert!(scan.find(b"nothing of that kind").is_none());
        for before in 0..7 {
            let plain =
                [b"prefix of a text"[..before].to_vec(), secret.into(), b" and more".to_vec()].concat();
            let text = String::from_utf8(plain.clone()).unwrap();
            let planted: [(&str, Vec<u8>); 8] = [
                ("plain", plain.clone()),
                ("base64", STANDARD_NO_PAD.encode(&plain).into_bytes()),
                ("base64 for URLs", URL_SAFE_NO_PAD.encode(&plain).into_bytes()),
                ("hexadecimal", hex::encode(&plain).into_bytes()),
                ("UTF-16 LE", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
                ("UTF-16 BE", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
                ("form", form_field("x", &text).into_bytes()),
                ("HTML", text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").into_bytes()),
            ];
            for (name, bytes) in planted {
                assert!(scan.find(&bytes).is_some(), "{secret:?} as {name} after {before} bytes");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_appears_anywhere_and_a_planted_one_is_found() {
    let controller = Controller::start_with_password("F1", EVCE);
    let secrets = tempfile::tempdir().unwrap();
    let file = |name: &str, secret: &str| {
        let file = secrets.path().join(name);
        std::fs::write(&file, secret).unwrap();
        file.display().to_string()
    };
    let files = [file("bms", BMS), file("evce", EVCE), file("token", TOKEN)];
    let libraries = ["riser-evce", "riser-misbehaving"].map(programs::library);
    let installation = Installation::new(&libraries);
    let scan = Scan::new(&CANARIES);
    let mut seen = Vec::new();

    let wrong = installation.try_apply(&configuration(&controller, &files).replace("login = ", "logim = "));
    assert!(!wrong.is_success);
    seen.push(("a refused configuration".to_owned(), wrong.text.into_bytes()));
    let inline = format!("password = \"{EVCE}\"");
    let wrong = installation.try_apply(&configuration(&controller, &files).replace(
        &format!("password = {{ file = \"{}\" }}, certificate", files[1]),
        &format!("{inline}, certificate"),
    ));
    assert!(!wrong.is_success);
    seen.push(("a secret in the configuration file".to_owned(), wrong.text.into_bytes()));
    installation.apply(&configuration(&controller, &files));
    // The refused files of this test are not the product's.
    std::fs::remove_file(installation.path().join("site.toml")).unwrap();
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    installation.add_admin("kari", PERSON);

    let host = installation.start();
    let bms = EwsClient::new(ClientOptions {
        url: host.ews_url(EWS_SERVER).parse().unwrap(),
        user_name: "bms".to_owned(),
        password: BMS.into(),
        time_limit: Duration::from_secs(30),
    })
    .unwrap();
    let tree = walk_until_there(&bms, "EVCE Zones/SiteOverallActivePowerTotal").await;
    seen.push(("the tree over EWS".to_owned(), format!("{tree:?}").into_bytes()));
    let zone = tree.keys().find(|path| path.ends_with("/ZoneReduction")).unwrap();
    write(&bms, id_of(&tree, zone), "12.5").await;
    until("the run of Keeper", async || {
        let runs = installation.ask(&["runs", "Keeper"]).text;
        if runs.contains("succeeded") { Ok(()) } else { Err(runs) }
    })
    .await;

    let portal = Portal::sign_in(&host).await;
    sign_in_with_canaries(&host, &mut seen).await;
    send_secrets(&portal, &controller, &mut seen).await;
    let kari = Portal::sign_in_as(&host, "kari", PERSON).await;
    change_password(&kari, PERSON, &mut seen).await;
    Portal::sign_in_as(&host, "kari", CHANGED).await;
    soap_faults(&host, &mut seen).await;
    processes(&host, &mut seen);
    commands(&installation, &mut seen);
    pages(&host, &portal, &mut seen).await;
    let open_files = files_of(&installation);
    assert!(open_files.iter().any(|(name, _)| name.ends_with("riser.db-wal")));
    seen.extend(open_files);
    let root_key = std::fs::read_to_string(installation.path().join("data.key")).unwrap();
    let key_scan = Scan::new(&[root_key.trim()]);
    for (source, bytes) in &seen {
        scan.assert_clean(source, bytes);
        if !source.ends_with("data.key") {
            key_scan.assert_clean(source, bytes);
        }
    }

    // A plugin that writes its secret to its log plants one in every place that shows a log.
    let planted = installation.ask(&["run", "Logger"]);
    assert!(planted.is_success, "{}", planted.text);
    until("the planted secret in the data directory and the log", async || {
        let found = files_of(&installation);
        let found: Vec<_> = found.iter().filter(|(_, bytes)| scan.find(bytes).is_some()).collect();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        let is_in = |part: &str| names.iter().any(|name| name.contains(part));
        if is_in(".db") && is_in("/log") { Ok(()) } else { Err(format!("{names:?}")) }
    })
    .await;
    host.stop();
}

fn configuration(controller: &Controller, [bms, evce, token]: &[String; 3]) -> String {
    let (url, pin) = (&controller.api_url, &controller.certificate_sha256);
    let mut text = format!(
        r#"[[ews_server]]
name = "{EWS_SERVER}"
listen = "127.0.0.1:0"
path = "/EcoStruxure/DataExchange"
realm = "Riser"
[[ews_server.account]]
name = "bms"
rights = "read-write"
password = {{ file = "{bms}" }}

[[connection]]
name = "EVCE"
kind = "riser.evce/evce"
settings = {{ base_url = "{url}", login = "{LOGIN}", password = {{ file = "{evce}" }}, certificate_sha256 = "{pin}" }}
"#
    );
    let processors = [
        ("EVCE Setup", "riser.evce/setup", "connection = \"EVCE\"", "{ }"),
        ("EVCE Status", "riser.evce/status", "connection = \"EVCE\"", "{ interval = \"5 s\" }"),
    ];
    for (name, class, more, settings) in processors {
        writeln!(
            text,
            "\n[[processor]]\nname = \"{name}\"\nclass = \"{class}\"\news_server = \"{EWS_SERVER}\"\n\
             runs_at_start = true\n{more}\nsettings = {settings}"
        )
        .unwrap();
    }
    for (name, starts, logs) in [("Keeper", true, false), ("Logger", false, true)] {
        let server = if logs { "Annex" } else { EWS_SERVER };
        writeln!(
            text,
            "\n[[processor]]\nname = \"{name}\"\nclass = \"riser.misbehaving/logs-secret\"\n\
             ews_server = \"{server}\"\nruns_at_start = {starts}\n\
             settings = {{ token = {{ file = \"{token}\" }}, logs = {logs} }}"
        )
        .unwrap();
    }
    text + "\n[[ews_server]]\nname = \"Annex\"\nlisten = \"127.0.0.1:0\"\npath = \"/Annex\"\nrealm = \"Riser\"\n"
}

/// Sends secrets to the login page: a right password, and passwords of somebody else.
async fn sign_in_with_canaries(host: &Host, seen: &mut Vec<(String, Vec<u8>)>) {
    let url = &host.portal_url;
    for (user, password) in [("kari", PERSON), ("kari", TOKEN), ("nobody", PERSON)] {
        let form = format!("{}&{}", form_field("user", user), form_field("password", password));
        let request = http_client().post(format!("{url}/login")).header(ORIGIN, url);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        let response = request.send().await.unwrap();
        assert_eq!(response.status().is_redirection(), (user, password) == ("kari", PERSON));
        let headers = format!("{:?}", response.headers());
        seen.push((format!("the login of {user}"), headers.into_bytes()));
        seen.push((format!("the login page for {user}"), response.bytes().await.unwrap().to_vec()));
    }
}

fn form_field(name: &str, value: &str) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair(name, value);
    form.finish()
}

/// Sends requests that are refused: without a login, and with a secret where none belongs.
async fn soap_faults(host: &Host, seen: &mut Vec<(String, Vec<u8>)>) {
    for body in ["", "<a>", &format!("<Id>{}</Id>", form_field("x", BMS).len())] {
        let request = http_client().post(host.ews_url(EWS_SERVER)).body(body.to_owned());
        let response = request.header(CONTENT_TYPE, "application/soap+xml").send().await.unwrap();
        seen.push(("headers of EWS".to_owned(), format!("{:?}", response.headers()).into_bytes()));
        seen.push(("a response of EWS".to_owned(), response.bytes().await.unwrap().to_vec()));
    }
    let wsdl = http_client().get(format!("{}?wsdl", host.ews_url(EWS_SERVER))).send().await.unwrap();
    seen.push(("the WSDL".to_owned(), wsdl.bytes().await.unwrap().to_vec()));
}

/// Reads command line and environment of host and workers.
fn processes(host: &Host, seen: &mut Vec<(String, Vec<u8>)>) {
    let workers = host.workers();
    assert!(!workers.is_empty());
    let workers = workers.iter().map(|worker| worker.as_raw_nonzero().get().unsigned_abs());
    for process in workers.chain([host.id()]) {
        for file in ["cmdline", "environ"] {
            let path = format!("/proc/{process}/{file}");
            // A worker may have ended meanwhile.
            if let Ok(bytes) = std::fs::read(&path) {
                seen.push((path, bytes));
            }
        }
    }
}

/// Runs all commands that print something about the host.
fn commands(installation: &Installation, seen: &mut Vec<(String, Vec<u8>)>) {
    let plain: [&[&str]; 8] = [
        &["status"],
        &["status", "--json"],
        &["problems"],
        &["runs", "-n", "100"],
        &["audit", "-n", "1000"],
        &["audit", "-n", "1000", "--json"],
        &["export"],
        &["user", "list"],
    ];
    for arguments in plain {
        let printed = installation.ask(arguments);
        assert!(printed.is_success, "{arguments:?}: {}", printed.text);
        seen.push((format!("riser {}", arguments.join(" ")), printed.text.into_bytes()));
    }
    for run in 1..=20 {
        let log = installation.ask(&["log", &run.to_string()]);
        seen.push((format!("riser log {run}"), log.text.into_bytes()));
    }
    for arguments in [&["connection", "test", "EVCE", "--json"][..], &["doctor"]] {
        let printed = installation.run(arguments);
        seen.push((format!("riser {}", arguments.join(" ")), printed.text.into_bytes()));
    }
}

/// Reads all pages that can be reached by links.
async fn pages(host: &Host, portal: &Portal, seen: &mut Vec<(String, Vec<u8>)>) {
    let mut known = BTreeSet::from(["/".to_owned()]);
    let mut open = vec!["/".to_owned()];
    let http = http_client();
    let mut read = 0;
    while let Some(path) = open.pop() {
        read += 1;
        assert!(read <= MOST_PAGES, "the portal has more pages than {MOST_PAGES}");
        let request = http.get(format!("{}{path}", host.portal_url)).header(COOKIE, portal.cookie());
        let response = request.send().await.unwrap();
        let is_html = response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        let bytes = response.bytes().await.unwrap().to_vec();
        if is_html {
            let text = String::from_utf8_lossy(&bytes);
            for link in text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let link = link.split('#').next().unwrap().replace("&amp;", "&");
                // One page of items is enough: all show the same kinds of text.
                let is_page = link.starts_with('/')
                    && !link.starts_with("/static")
                    && (!link.starts_with("/items")
                        || known.iter().filter(|it| it.starts_with("/items")).count() < 60);
                if is_page && known.insert(link.clone()) {
                    open.push(link);
                }
            }
        }
        seen.push((format!("page {path}"), bytes));
    }
    assert!(known.len() > 5, "{known:?}");
}

/// Reads all files of an installation but its plugins.
fn files_of(installation: &Installation) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut open = vec![installation.path().to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).unwrap().flatten() {
            let path: PathBuf = entry.path();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && !is_of_libraries(&path) {
                open.push(path);
            } else if kind.is_file() {
                let mut bytes = Vec::new();
                // A file may be removed meanwhile.
                if std::fs::File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes)).is_ok() {
                    files.push((path.display().to_string(), bytes));
                }
            }
        }
    }
    files
}

fn is_of_libraries(path: &Path) -> bool {
    path.ends_with("plugins") || path.ends_with("libraries")
}
