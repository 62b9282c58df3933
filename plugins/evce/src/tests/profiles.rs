//! What a profile can say, as requests and responses: logins, pages, nesting, versions.

use std::path::PathBuf;

use riser_plugin_testing::{RunEnd, Stage};
use serde_json::{Value, json};

use super::host::TestHost;
use super::replay::Replay;

/// A controller that sends fixed responses, and a host with a connection that names a profile for it.
struct Controller {
    replay: Replay,
    profile: PathBuf,
}

/// A profile with a login that needs no call, and only ids.
const BASE: &str = r#"
extends = "none"
login.kind = "none"
read = { zones = "/zones", stations = "/stations", each_poll = ["zones", "stations"] }
zone.id = "/id"
station = { id = "/id", zone_id = "/zone", connectors = "/connectors" }
connector.number = "/id"
"#;

impl Controller {
    /// Serves these responses: method, path, status, headers, body.
    fn new(name: &str, profile: &str, responses: &[(&str, &str, u16, Value, Value)]) -> Self {
        let exchange = |(method, path, status, headers, body): &(&str, &str, u16, Value, Value)| json!({ "method": method, "path": path, "status": status, "headers": headers, "body": body });
        let exchanges: Vec<Value> = responses.iter().map(exchange).collect();
        let recording = serde_json::from_value(json!({ "exchanges": exchanges })).unwrap();
        let file = std::env::temp_dir().join(format!("riser-evce-{name}-{}.toml", std::process::id()));
        std::fs::write(&file, profile).unwrap();
        Self { replay: Replay::serve(recording), profile: file }
    }

    /// Tests the connection and returns the last stage.
    fn last_stage(&self) -> Stage {
        let connection = json!({
            "base_url": self.replay.base_url, "login": "bms", "password": "pass word", "allow_http": true,
            "profile": self.profile,
        });
        let (mut stages, end) = TestHost::new().test_connection(connection);
        let last = stages.pop().unwrap();
        assert_eq!(last.passed, end == RunEnd::Succeeded, "{end:?}");
        last
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.profile);
    }
}

fn get(path: &'static str, body: Value) -> (&'static str, &'static str, u16, Value, Value) {
    ("GET", path, 200, json!([]), body)
}

/// Checks that a login sends this in the requests for the lists, and returns all requests.
#[track_caller]
fn logs_in(
    name: &str,
    login: &str,
    responses: &[(&str, &str, u16, Value, Value)],
    sent: &str,
) -> Vec<String> {
    let profile = BASE.replace("login.kind = \"none\"", login);
    let (mut all, query) = (responses.to_vec(), sent.split_once('?').map(|(_, query)| query.to_owned()));
    let paths = ["/zones", "/stations"].map(|path| match &query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    });
    all.extend(paths.iter().map(|path| ("GET", path.as_str(), 200, json!([]), json!([]))));
    let controller = Controller::new(name, &profile, &all);
    let stage = controller.last_stage();
    assert!(stage.passed && stage.finding.starts_with("0 zones"), "{name}: {stage:?}");
    let requests = controller.replay.requests();
    let lists = requests.iter().filter(|it| it.contains("/zones") || it.contains("/stations"));
    assert!(lists.clone().count() >= 2);
    for request in lists {
        assert!(request.contains(sent), "{name}: {sent}\n{request}");
    }
    requests
}

#[test]
fn each_kind_of_login_sends_its_credentials() {
    let basic = "authorization: Basic Ym1zOnBhc3Mgd29yZA==\r\n";
    logs_in("basic", "login.kind = \"basic\"", &[], basic);
    logs_in("key", "login.kind = \"api_key\"", &[], "x-api-key: pass word\r\n");
    let login = "login = { kind = \"api_key\", header = \"Authorization\", scheme = \"Key\", key = \"{login}/{password}\" }";
    logs_in("key-scheme", login, &[], "authorization: Key bms/pass word\r\n");
    logs_in("key-query", "login = { kind = \"api_key\", parameter = \"key\" }", &[], "?key=pass+word");

    let token = ("POST", "/auth", 200, json!([]), json!({ "t": "abc", "life": 60 }));
    let login = "login = { kind = \"bearer\", path = \"/auth\", body = { user = { name = \"{login}\", pw = \"{password}\" } } }\n\
                 token = { token = \"/t\", life_s = \"/life\" }";
    let requests = logs_in("bearer", login, std::slice::from_ref(&token), "authorization: Bearer abc\r\n");
    let body = requests[0].split("\r\n\r\n").nth(1).unwrap();
    let sent: Value = serde_json::from_str(body).unwrap();
    assert_eq!(sent, json!({ "user": { "name": "bms", "pw": "pass word" } }));

    let login = "login = { kind = \"bearer\", path = \"/auth\", header = \"X-Token\", scheme = \"\", body.u = \"{login}\" }\n\
                 token.token = \"/t\"";
    logs_in("bearer-header", login, std::slice::from_ref(&token), "x-token: abc\r\n");

    let login = "login = { kind = \"oauth2_password\", path = \"/auth\" }\ntoken.token = \"/t\"";
    let requests = logs_in("oauth2", login, std::slice::from_ref(&token), "authorization: Bearer abc\r\n");
    let form = "application/x-www-form-urlencoded";
    assert!(requests[0].contains(form), "{}", requests[0]);
    assert!(
        requests[0].ends_with("\r\n\r\ngrant_type=password&username=bms&password=pass+word"),
        "{}",
        requests[0]
    );

    let set = json!([["set-cookie", "sid=abc; Path=/; HttpOnly"]]);
    let cookie = [("POST", "/auth", 303, set, json!(null)), ("DELETE", "/auth", 200, json!([]), json!(null))];
    let login = "login = { kind = \"cookie\", path = \"/auth\", format = \"form\", body.u = \"{login}\", logout = { method = \"DELETE\", path = \"/auth\" } }";
    let requests = logs_in("cookie", login, &cookie, "cookie: sid=abc\r\n");
    let logout = requests.last().unwrap();
    assert!(logout.starts_with("DELETE /api/auth ") && logout.contains("cookie: sid=abc"), "{logout}");
}

#[test]
fn a_login_without_token_or_cookie_is_explained_with_its_path() {
    let login = "login = { kind = \"bearer\", path = \"/auth\", body.u = \"{login}\" }\ntoken.token = [\"/t\", \"/token\"]";
    let profile = BASE.replace("login.kind = \"none\"", login);
    let response = ("POST", "/auth", 200, json!([]), json!({ "session": 1 }));
    let stage = Controller::new("no-token", &profile, &[response]).last_stage();
    assert!(stage.finding.contains("the login POST /auth has no token (looked at /t, /token)"), "{stage:?}");
}

/// Reads three zones from pages by this profile, and returns the requested paths.
#[track_caller]
fn pages(name: &str, paging: &str, responses: &[(&str, &str, u16, Value, Value)]) -> Vec<String> {
    let mut all = responses.to_vec();
    all.push(get("/stations", json!({ "data": [] })));
    let profile = format!(
        "{BASE}[list]\nitems = [\"/data\", \"\"]\nnext = \"/next\"\ntotal = \"/total\"\n[paging]\n{paging}\nlists = [\"zones\"]\n"
    );
    let controller = Controller::new(name, &profile, &all);
    let stage = controller.last_stage();
    assert!(stage.passed && stage.finding.starts_with("3 zones"), "{name}: {stage:?}");
    // The test of the credentials reads the list once, before the pages.
    let mut paths = controller.replay.paths();
    paths.remove(0);
    paths
}

#[test]
fn each_kind_of_paging_reads_all_pages() {
    let page = |ids: &[u32]| json!({ "data": ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>() });
    let link = |to: &str| json!([["link", format!("</other>; rel=\"prev\", <{to}>; rel=\"next\"")]]);
    let paths = pages(
        "link",
        "kind = \"link\"",
        &[
            ("GET", "/zones", 200, link("/api/zones?p=2"), page(&[1])),
            ("GET", "/zones?p=2", 200, link("?p=3"), page(&[2])),
            get("/zones?p=3", page(&[3])),
        ],
    );
    assert_eq!(paths, ["/zones", "/zones?p=2", "/zones?p=3", "/stations"]);

    let numbered = "kind = \"page\"\nsize_parameter = \"n\"\nsize = 2\nfirst_page = 0";
    let responses = [
        get("/zones?n=2&page=0", page(&[1, 2])),
        get("/zones?n=2&page=1", page(&[3])),
        get("/zones?n=2&page=2", page(&[])),
    ];
    assert_eq!(pages("empty", numbered, &responses).len(), 4);
    assert_eq!(pages("short", &format!("{numbered}\nuntil = \"short\""), &responses).len(), 3);

    let mut first = page(&[1, 2]);
    first["total"] = json!(3);
    let paths = pages(
        "offset",
        "kind = \"offset\"\noffset_parameter = \"skip\"\nuntil = \"total\"",
        &[get("/zones?skip=0", first), get("/zones?skip=2", page(&[3]))],
    );
    assert_eq!(paths, ["/zones?skip=0", "/zones?skip=2", "/stations"]);

    let with_next = |ids: &[u32], next: Value| {
        let mut page = page(ids);
        page["next"] = next;
        page
    };
    let paths = pages(
        "cursor",
        "kind = \"cursor\"\ncursor_parameter = \"after\"",
        &[
            get("/zones", with_next(&[1], json!("a b"))),
            get("/zones?after=a+b", with_next(&[2], json!("/api/zones?x=1"))),
            get("/zones?x=1", with_next(&[3], Value::Null)),
        ],
    );
    assert_eq!(paths, ["/zones", "/zones?after=a+b", "/zones?x=1", "/stations"]);
}

#[test]
fn a_key_in_a_link_is_neither_repeated_nor_logged() {
    let link = json!([["link", "</api/zones?key=pass+word&p=2>; rel=next"]]);
    let responses = [
        ("GET", "/zones?key=pass+word", 200, link, json!([{ "id": 1 }])),
        get("/zones?p=2&key=pass+word", json!([{ "id": 2 }])),
        get("/stations?key=pass+word", json!([{ "id": 5, "zone": 9 }])),
    ];
    let login = "login = { kind = \"api_key\", parameter = \"key\" }";
    let profile = BASE.replace("login.kind = \"none\"", login);
    let stage = Controller::new("key-link", &profile, &responses).last_stage();
    assert!(stage.passed && stage.finding.starts_with("2 zones"), "{stage:?}");
}

#[test]
fn connectors_without_a_known_station_are_reported() {
    let profile = BASE
        .replace(
            "each_poll = [\"zones\", \"stations\"]",
            "connectors = \"/plugs\", each_poll = [\"zones\", \"stations\", \"connectors\"]",
        )
        .replace("connector.number", "connector.station_id = \"/station\"\nconnector.number");
    let plugs = json!([{ "id": 1, "station": 5 }, { "id": 1, "station": 6 }, { "id": 1 }]);
    let responses = [
        get("/zones", json!([{ "id": 1 }])),
        get("/stations", json!([{ "id": 5, "zone": 1 }])),
        get("/plugs", plugs),
    ];
    let controller = Controller::new("strangers", &profile, &responses);
    let host = TestHost::new();
    let connection = json!({
        "base_url": controller.replay.base_url, "login": "", "password": "", "allow_http": true,
        "profile": controller.profile,
    });
    host.run(crate::setup::Setup, json!({}), connection).ended_well();
    assert_eq!(
        host.logged("skipped"),
        [
            "skipped: connectors of the unknown station 6",
            "skipped: 1 connector without a readable station_id"
        ]
    );
}

#[test]
fn pages_that_lead_nowhere_make_the_whole_list_unusable() {
    let zones = json!([{ "id": 1 }]);
    let link = |to: &str| json!([["link", format!("<{to}>; rel=next")]]);
    let finding = |name: &str, responses: &[(&str, &str, u16, Value, Value)]| {
        let controller = Controller::new(name, BASE, responses);
        let stage = controller.last_stage();
        assert!(!stage.passed, "{name}");
        stage.finding
    };
    let itself = finding("itself", &[("GET", "/zones", 200, link("/api/zones"), zones.clone())]);
    assert!(itself.contains("the list /zones has no end"), "{itself}");
    let foreign = finding("foreign", &[("GET", "/zones", 200, link("https://a.example/z"), zones.clone())]);
    assert!(foreign.contains("outside the API"), "{foreign}");
    let failing = finding("failing", &[("GET", "/zones", 200, link("?p=2"), zones)]);
    assert!(failing.contains("HTTP status 404"), "{failing}");
}

#[test]
fn stations_and_connectors_may_be_nested_in_their_zones() {
    let profile = r#"
extends = "none"
login.kind = "none"
read = { zones = "/tree", each_poll = ["zones"] }
list.items = "/site/zones"
zone = { id = "/id", stations = "/stations" }
station = { id = "/id", connectors = "/plugs" }
connector.number = "/nr"
"#;
    let tree = json!({ "site": { "zones": [
        { "id": "a", "stations": [{ "id": 1, "plugs": [{ "nr": 1 }, { "nr": 2 }] }, { "id": 2, "plugs": [] }] },
        { "id": "b", "stations": [{ "id": 3, "plugs": [{ "nr": 1 }] }] },
    ] } });
    let stage = Controller::new("nested", profile, &[get("/tree", tree)]).last_stage();
    assert_eq!(stage.finding, "2 zones, 3 stations, 3 connectors");
}

#[test]
fn the_version_rule_accepts_the_versions_of_the_profile() {
    let version = |rule: &str| {
        let profile = format!("{BASE}[api]\n{rule}\n[version]\napi_version = \"/v\"\n")
            .replace("read = { ", "read = { version = \"/v\", ");
        let responses =
            [get("/v", json!({ "v": "7.10" })), get("/zones", json!([])), get("/stations", json!([]))];
        let controller = Controller::new("version", &profile, &responses);
        let connection = json!({
            "base_url": controller.replay.base_url, "login": "", "password": "", "allow_http": true,
            "profile": controller.profile,
        });
        TestHost::new().test_connection(connection).0.swap_remove(3).finding
    };
    for supported in ["supported = [\"6\", \"7\"]", "supported = [\"7.10\"]", "supported = []"] {
        assert_eq!(version(supported), "API version 7.10", "{supported}");
    }
    for unsupported in ["supported = [\"6\"]", "supported = [\"7.1\"]"] {
        assert!(version(unsupported).contains("7.10 is not supported"), "{unsupported}");
    }
}
