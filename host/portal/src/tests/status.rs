//! The pages of the status.

use axum::http::StatusCode;
use riser_domain::{ConfigurationId, Role, RunState, RunTrigger};
use riser_ews::client::{ClientOptions, EwsClient};
use riser_runtime::{AccountDraft, ConfigurationDraft, EwsServerDraft, Identity, SecretInput};

use crate::testing::TestPortal;

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_the_status_also_before_anything_runs() {
    let portal = TestPortal::without_configuration().await;
    let cookie = portal.sign_in("victor").await;
    for (path, text) in [
        ("/status", "No run is under way."),
        ("/status/active-endpoints", "control.sock"),
        ("/status/configuration-requests", "Add user victor"),
        ("/status/ews-server-requests", "No request yet."),
        ("/status/ews-server-requests?server=99&result=%3Cimg%3E", "No request yet."),
    ] {
        let page = portal.get(path, &cookie).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.body.contains(text) && !page.body.contains("<img"), "{path}: {}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_by_people_and_changes_are_listed_and_scheduled_runs_are_not() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    let (setup, store, now) = (ConfigurationId(1), &portal.store, portal.now());
    let by_hand = store.add_run(setup, &RunTrigger::Person("olga".to_owned()), now).await.unwrap();
    store.end_run(by_hand, RunState::Failed, "no library", now).await.unwrap();
    let at_start = store.add_run(setup, &RunTrigger::HostStart, now).await.unwrap();
    store.end_run(at_start, RunState::Succeeded, "", now).await.unwrap();
    let page = portal.get("/status/configuration-requests", &cookie).await.body;
    for text in
        ["Start EVCE Setup", "olga, by hand", "No library", "Add EWS server EVCE Ews Server", "Failed"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("The start of Riser") && !page.contains("<img"), "{page}");
    assert!(!page.contains(&format!("/runs/{}\"", at_start.0)), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_filtered_by_server_and_result() {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    portal.runtime.start().await.unwrap();
    let account = AccountDraft {
        identity: Identity::named("ebo"),
        password: Some(SecretInput::Value("a password".into())),
        ..AccountDraft::default()
    };
    let server = EwsServerDraft {
        identity: Identity::named("EVCE Ews Server"),
        accounts: vec![account],
        ..EwsServerDraft::default()
    };
    let draft = ConfigurationDraft { ews_servers: vec![server], ..ConfigurationDraft::default() };
    portal.runtime.configure(draft, riser_domain::Actor::CommandLine).await.unwrap();
    let url = portal.runtime.ews_servers()[0].address.clone();
    let client = |password: &str| {
        let time_limit = ClientOptions::TIME_LIMIT;
        let (user_name, password) = ("ebo".to_owned(), password.into());
        EwsClient::new(ClientOptions { url: url.parse().unwrap(), user_name, password, time_limit }).unwrap()
    };
    let reader = client("a password");
    reader.values(&["z2/r"]).await.unwrap();
    reader.values(&[]).await.unwrap_err();
    client("wrong").information().await.unwrap_err();

    let (ok, fault, refused) = ("</svg>OK<", "MISSING_ID_LIST", "Login refused");
    for (filter, shown, hidden) in [
        ("", vec![ok, fault, refused], vec![]),
        ("?server=1&result=ok", vec![ok], vec![fault, refused]),
        ("?server=1&result=failed", vec![fault], vec![ok, refused]),
        ("?result=refused", vec![refused], vec![ok, fault]),
        ("?server=2", vec![], vec![ok, fault, refused]),
    ] {
        let page = portal.get(&format!("/status/ews-server-requests{filter}"), &cookie).await.body;
        assert!(shown.iter().all(|text| page.contains(text)), "{filter}: {page}");
        assert!(!hidden.iter().any(|text| page.contains(text)), "{filter}: {page}");
    }
    let endpoints = portal.get("/status/active-endpoints", &cookie).await.body;
    assert!(endpoints.contains(&url) && endpoints.contains("href=\"/ews-servers/1\""), "{endpoints}");
    portal.runtime.shut_down().await;
}
