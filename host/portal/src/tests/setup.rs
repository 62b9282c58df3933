//! The first run.

use std::net::TcpListener;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use riser_domain::{Actor, Role};
use url::form_urlencoded::Serializer;

use crate::testing::fixture::{SETUP_CODE, form};
use crate::testing::{HOSTILE, TestPortal};

const PASSWORD: &str = "a long password";

/// Returns the fields of the form, with some of them replaced.
fn fields(changes: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("code", SETUP_CODE),
        ("name", "anna"),
        ("password", PASSWORD),
        ("password_again", PASSWORD),
        ("kept_password", ""),
        ("site_name", "Office Park North"),
        ("time_zone", "Europe/Lisbon"),
        ("adds_ews_server", "true"),
        ("ews_name", "EVCE Ews Server"),
        ("ews_listen", "127.0.0.1:0"),
        ("ews_path", "/EcoStruxure/DataExchange"),
        ("ews_realm", "Riser"),
        ("ews_account", "bms"),
    ];
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

async fn set_up(portal: &TestPortal, changes: &[(&str, &str)]) -> crate::testing::fixture::TestResponse {
    portal.post("/setup", "", &fields(changes)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_installation_leads_from_every_page_to_the_set_up() {
    let portal = TestPortal::new_installation().await;
    let login = portal.get("/items", "").await;
    assert_eq!((login.status, login.header("location")), (StatusCode::SEE_OTHER, "/login?next=%2Fitems"));
    let setup = portal.get("/login?next=%2Fitems", "").await;
    assert_eq!((setup.status, setup.header("location")), (StatusCode::SEE_OTHER, "/setup"));
    let page = portal.get("/setup", "").await;
    assert_eq!(page.status, StatusCode::OK);
    for text in [
        "value=\"EVCE Ews Server\"",
        "value=\"127.0.0.1:51358\"",
        "value=\"/EcoStruxure/DataExchange\"",
        "<option selected>Europe/Paris</option>",
        "value=\"bms\"",
    ] {
        assert!(page.body.contains(text), "{text}");
    }
    assert!(!page.body.contains(SETUP_CODE));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_set_up_creates_administrator_site_and_ews_server_in_one_change() {
    let portal = TestPortal::new_installation().await;
    let done = set_up(&portal, &[]).await;
    assert_eq!(done.status, StatusCode::CREATED, "{}", done.body);
    let password = done.body.split("<dt>Password</dt><dd class=\"copy\"><code>").nth(1).unwrap();
    assert_eq!(password.split('<').next().unwrap().len(), 24);
    assert!(!done.body.contains(PASSWORD));
    // The administrator is signed in.
    let overview = portal.get("/", &done.cookie()).await;
    assert_eq!(overview.status, StatusCode::OK);
    assert!(overview.body.contains("Office Park North") && overview.body.contains("anna, signed in"));

    let anna = portal.store.find_user("anna").await.unwrap().unwrap();
    assert_eq!(anna.role, Role::Admin);
    let configuration = portal.store.load_configuration().await.unwrap();
    assert_eq!(configuration.version, 1);
    assert_eq!(configuration.site.name.as_deref(), Some("Office Park North"));
    assert_eq!(portal.runtime.zone().name(), "Europe/Lisbon");
    let server = &configuration.ews_servers[0];
    assert_eq!((server.name.as_str(), server.realm.as_str()), ("EVCE Ews Server", "Riser"));
    assert!(configuration.accounts[0].name == "bms" && configuration.accounts[0].password.is_some());
    let audit = portal.store.list_audit(20).await.unwrap();
    let changes = audit.iter().filter(|entry| entry.action != "login" && entry.subject != "data key");
    assert!(changes.clone().count() >= 4, "{audit:?}");
    for entry in changes {
        assert_eq!(entry.actor, Actor::Person("anna".to_owned()), "{entry:?}");
        assert!(!entry.detail.contains(PASSWORD));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_ews_server_the_administrator_goes_on_at_once() {
    let portal = TestPortal::new_installation().await;
    let without = fields(&[("site_name", "")]).replace("&adds_ews_server=true", "");
    let done = portal.post("/setup", "", &without).await;
    assert_eq!(
        (done.status, done.header("location")),
        (StatusCode::SEE_OTHER, "/processors/add"),
        "{}",
        done.body
    );
    assert_eq!(portal.get("/", &done.cookie()).await.status, StatusCode::OK);
    let configuration = portal.store.load_configuration().await.unwrap();
    assert!(configuration.ews_servers.is_empty() && configuration.site.name.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn afterwards_the_set_up_is_as_unknown_as_any_other_address() {
    let portal = TestPortal::new_installation().await;
    let file = portal.store.directory().join("setup-code");
    assert!(file.exists());
    let cookie = set_up(&portal, &[]).await.cookie();
    assert!(!file.exists());
    for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::HEAD] {
        for session in ["", &cookie] {
            let mut responses = Vec::new();
            for path in ["/setup", "/nowhere"] {
                let mut request = form(path, session).body(Body::from(fields(&[]))).unwrap();
                *request.method_mut() = method.clone();
                responses.push(portal.send(request).await);
            }
            assert_eq!(responses[0].status, StatusCode::NOT_FOUND, "{method}");
            assert_eq!(responses[0].body, responses[1].body, "{method}");
        }
    }
    assert_eq!(portal.get("/login", "").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_of_the_command_line_ends_the_first_run() {
    let portal = TestPortal::new_installation().await;
    let user =
        riser_store::NewUser { name: "olga".to_owned(), role: Role::Admin, password_hash: "x".to_owned() };
    portal.store.add_user(&user, &Actor::CommandLine, portal.runtime.clock().now()).await.unwrap();
    assert_eq!(set_up(&portal, &[]).await.status, StatusCode::NOT_FOUND);
    assert!(!portal.store.directory().join("setup-code").exists());
    assert_eq!(portal.store.list_users().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_code_nothing_is_created_and_guessing_is_slowed_down() {
    let portal = TestPortal::new_installation().await;
    let mut statuses = Vec::new();
    for _ in 0..11 {
        let refused = set_up(&portal, &[("code", "aaaa-aaaa")]).await;
        statuses.push(refused.status);
    }
    assert_eq!(statuses[0], StatusCode::FORBIDDEN);
    assert_eq!(statuses[10], StatusCode::TOO_MANY_REQUESTS);
    let right_too_soon = set_up(&portal, &[]).await;
    assert_eq!(right_too_soon.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(right_too_soon.body.contains("Try again in 2 s"), "{}", right_too_soon.body);
    assert!(portal.store.list_users().await.unwrap().is_empty());
    portal.clock.advance(Duration::from_secs(2));
    assert_eq!(set_up(&portal, &[]).await.status, StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_typed_survives_an_error_and_no_page_contains_the_password() {
    let portal = TestPortal::new_installation().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut page = set_up(
        &portal,
        &[("code", "wrong"), ("site_name", HOSTILE), ("time_zone", "Europe/Pari"), ("ews_listen", &address)],
    )
    .await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    for round in 0..2 {
        let body = &page.body;
        assert!(!body.contains(PASSWORD) && !body.contains("<img"), "{body}");
        for text in ["value=\"anna\"", "onerror", "<option selected>Europe/Pari</option>", &address] {
            assert!(body.contains(text), "{round}: {text}");
        }
        let kept = body.split("name=\"kept_password\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(kept.len(), 32, "{body}");
        let changes = [
            ("kept_password", kept),
            ("password", ""),
            ("password_again", ""),
            ("site_name", HOSTILE),
            ("time_zone", "Europe/Pari"),
            ("ews_listen", &address),
        ];
        let next = set_up(&portal, &changes).await;
        assert_eq!(next.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(next.body.contains("did you mean Europe/Paris"), "{}", next.body);
        assert!(next.body.contains("cannot be used: Address already in use"), "{}", next.body);
        page = next;
    }
    let kept = page.body.split("name=\"kept_password\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let changes = [("kept_password", kept), ("password", ""), ("password_again", ""), ("site_name", HOSTILE)];
    let done = set_up(&portal, &changes).await;
    assert_eq!(done.status, StatusCode::CREATED, "{}", done.body);
    assert!(!done.body.contains("<img"));
    portal.log_in("anna", PASSWORD, "").await.cookie();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_field_is_named() {
    let portal = TestPortal::new_installation().await;
    for (changes, field, message) in [
        (&[("name", "")][..], "name", "A name is needed"),
        (&[("name", "a\u{202e}b")], "name", "without invisible characters"),
        (&[("password", "short"), ("password_again", "short")], "password", "too short"),
        (&[("password", ""), ("password_again", "")], "password", "Choose a password"),
        (&[("password_again", "another one")], "password", "The two passwords differ"),
        (&[("site_name", &"x".repeat(500))], "site_name", "at most 200 bytes"),
        (&[("time_zone", "Mars/Base")], "time_zone", "unknown time zone"),
        (&[("ews_name", "")], "ews_name", "A name is needed"),
        (&[("ews_listen", "here")], "ews_listen", "takes an address and a port"),
        (&[("ews_path", "x")], "ews_path", "takes the path of the service"),
        (&[("ews_realm", "\"")], "ews_realm", "takes one line"),
        (&[("ews_account", "a:b")], "ews_account", "contains no colon"),
    ] {
        let page = set_up(&portal, changes).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{changes:?}");
        let error = page.body.split(&format!("id=\"{field}-error\"")).nth(1);
        let error = error.unwrap_or_else(|| panic!("no error of {field} for {changes:?}"));
        let error = error.split("</p>").next().unwrap();
        assert!(error.to_lowercase().contains(&message.to_lowercase()), "{changes:?}: {error}");
        assert!(page.body.contains("One thing to correct"), "{changes:?}");
    }
    let response = portal.post("/setup", "", "name=a&name=b").await;
    assert_eq!(response.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(portal.store.list_users().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_people_who_finish_at_once_one_becomes_the_administrator() {
    let portal = TestPortal::new_installation().await;
    let (one, other) =
        tokio::join!(set_up(&portal, &[("name", "anna")]), set_up(&portal, &[("name", "olga")]));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert!(statuses == [201, 409] || statuses == [201, 404], "{statuses:?}");
    assert_eq!(portal.store.list_users().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_cannot_send_the_form() {
    let portal = TestPortal::new_installation().await;
    let mut request = form("/setup", "").body(Body::from(fields(&[]))).unwrap();
    request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(portal.send(request).await.status, StatusCode::FORBIDDEN);
    let request = Request::get("/setup").header("host", "evil.example").body(Body::empty()).unwrap();
    assert_eq!(portal.send(request).await.status, StatusCode::MISDIRECTED_REQUEST);
    assert!(portal.store.list_users().await.unwrap().is_empty());
}
