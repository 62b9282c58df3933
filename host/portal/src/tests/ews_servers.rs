//! The pages of EWS servers.

use std::net::TcpListener;
use std::time::Duration;

use axum::http::StatusCode;
use riser_domain::{AccountRights, DigestAlgorithm, EwsServer, Role};
use riser_ews::client::{ClientOptions, EwsClient};

use crate::testing::fixture::TestResponse;
use crate::testing::{HOSTILE, TestPortal};

async fn admin() -> (TestPortal, String) {
    let portal = TestPortal::with(Role::Admin, true).await;
    let cookie = portal.sign_in("anna").await;
    (portal, cookie)
}

/// Returns the value of a hidden field.
fn hidden(page: &TestResponse, name: &str) -> String {
    let rest = page.body.split(&format!("name=\"{name}\" value=\"")).nth(1).expect(name);
    rest.split('"').next().unwrap().to_owned()
}

/// Sends the settings of a server with some fields changed, as a browser does.
async fn save(portal: &TestPortal, cookie: &str, changed: &[(&str, &str)]) -> TestResponse {
    let form = portal.get("/ews-servers/1/edit", cookie).await;
    let mut fields = vec![
        ("name", "EVCE Ews Server"),
        ("listen", "127.0.0.1:0"),
        ("path", EwsServer::DEFAULT_PATH),
        ("realm", "Riser"),
        ("public_url", ""),
        ("digest", "SHA-256"),
        ("page_size_items", "1000"),
        ("certificate", ""),
        ("key", ""),
    ];
    let state = hidden(&form, "state");
    let csrf = form.csrf();
    fields.extend([("state", state.as_str()), ("csrf", csrf.as_str())]);
    fields.retain(|(name, _)| changed.iter().all(|(other, _)| other != name));
    fields.extend_from_slice(changed);
    let sent = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    portal.post("/ews-servers/1/edit", cookie, &sent).await
}

/// Sends a form that has only the token and these fields.
async fn send(portal: &TestPortal, cookie: &str, path: &str, fields: &str) -> TestResponse {
    let token = portal.get("/account", cookie).await.csrf();
    portal.post(path, cookie, &format!("csrf={token}&{fields}")).await
}

fn shown_password(page: &TestResponse) -> String {
    let rest = page.body.split("<div class=\"copy\"><code>").nth(1).expect("a new password");
    rest.split('<').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_changed_and_audited() {
    let (portal, cookie) = admin().await;
    let saved = save(
        &portal,
        &cookie,
        &[
            ("name", "North"),
            ("path", "/north"),
            ("realm", "North site"),
            ("public_url", "http://bms.example/north"),
            ("digest", "SHA-256 MD5"),
            ("page_size_items", "250"),
        ],
    )
    .await;
    assert_eq!(saved.header("location"), "/ews-servers/1?saved=yes", "{}", saved.body);
    let whole = portal.runtime.configuration();
    let server = &whole.ews_servers[0];
    assert_eq!(
        (server.name.as_str(), server.path.as_str(), server.page_size_items),
        ("North", "/north", 250)
    );
    assert_eq!(server.digest_order, [DigestAlgorithm::Sha256, DigestAlgorithm::Md5]);
    let page = portal.get("/ews-servers/1?saved=yes", &cookie).await.body;
    for text in ["Saved and in use.", "http://bms.example/north", "North site", "SHA-256, then MD5", "250"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let audit = portal.store.list_audit(1).await.unwrap();
    assert_eq!((audit[0].actor.to_string().as_str(), audit[0].subject.as_str()), ("anna", "EWS server"));
    let same = portal.get("/ews-servers?saved=%3Cimg%3E", &cookie).await;
    assert!(same.status == StatusCode::OK && !same.body.contains("<img"));
}

#[tokio::test(flavor = "multi_thread")]
async fn input_that_cannot_be_used_is_refused_at_its_field_and_kept() {
    let (portal, cookie) = admin().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let long = format!("/{}", "x".repeat(600));
    for (field, value, message) in [
        ("name", "", "A name is needed"),
        ("name", "a\u{202e}b", "without invisible"),
        ("listen", "", "takes an address and a port"),
        ("listen", "bms.example", "takes an address and a port"),
        ("listen", taken.as_str(), "cannot be listened on"),
        ("path", "no slash", "takes the path of the service"),
        ("path", "/a/../b", "takes the path of the service"),
        ("path", long.as_str(), "at most 500 characters"),
        ("realm", "a \"realm\"", "without quotes"),
        ("realm", "one, two", "commas"),
        ("realm", "", "plain characters"),
        ("public_url", "ftp://x", "takes the address"),
        ("public_url", "http://a\u{202e}b", "takes the address"),
        ("page_size_items", "99", "takes 100 or more"),
        ("page_size_items", "many", "is not a whole number"),
        ("digest", "SHA-1", "takes a list of"),
        ("certificate", "relative.pem", "takes the absolute path"),
        ("certificate", "/nowhere/certificate.pem", "needs key"),
        ("key", HOSTILE, "takes the absolute path"),
    ] {
        let refused = save(&portal, &cookie, &[(field, value)]).await;
        assert_eq!(refused.status, StatusCode::OK, "{field}={value}");
        let at = if message == "needs key" { "key" } else { field };
        let id = format!("id=\"f-{at}-error\"");
        assert!(
            refused.body.contains(&id) && refused.body.contains(message),
            "{field}={value}: {}",
            refused.body
        );
        assert!(!refused.body.contains("<img"), "{field}");
        if field != "digest" && value != HOSTILE {
            let kept = format!("value=\"{}\"", value.replace('"', "&#34;"));
            assert!(refused.body.contains(&kept), "{kept}: {}", refused.body);
        }
    }
    let files = [("certificate", "/nowhere/certificate.pem"), ("key", "/nowhere/key.pem")];
    let refused = save(&portal, &cookie, &files).await;
    assert!(refused.body.contains("id=\"f-certificate-error\""), "{}", refused.body);
    assert_eq!(portal.runtime.configuration().ews_servers[0].path, EwsServer::DEFAULT_PATH);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_somebody_else_is_shown_and_not_overwritten_unseen() {
    let (portal, cookie) = admin().await;
    assert_eq!(save(&portal, &cookie, &[("path", "/theirs")]).await.status, StatusCode::SEE_OTHER);
    let refused = save(&portal, &cookie, &[("state", "earlier"), ("path", "/ours")]).await;
    for text in ["Somebody else changed this EWS server", "now &#34;/theirs&#34;", "value=\"/ours\""] {
        assert!(refused.body.contains(text), "{text}: {}", refused.body);
    }
    let state = hidden(&refused, "state");
    let saved = save(&portal, &cookie, &[("state", &state), ("path", "/ours")]).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let same = save(&portal, &cookie, &[("path", "/ours")]).await;
    assert_eq!(same.header("location"), "/ews-servers/1?saved=same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_added_with_an_account_that_logs_in_and_is_deleted_unless_it_is_used() {
    let (portal, cookie) = admin().await;
    portal.runtime.start().await.unwrap();
    let form = portal.get("/ews-servers/add", &cookie).await.body;
    assert!(form.contains("value=\"/EcoStruxure/DataExchange2\""), "{form}");
    let fields = "listen=127.0.0.1:0&path=/second&realm=Second&digest=MD5+SHA-256";
    let taken = send(&portal, &cookie, "/ews-servers/add", &format!("name=EVCE+Ews+Server&{fields}")).await;
    assert!(taken.body.contains("is the name of another EWS server"), "{}", taken.body);
    let added = send(&portal, &cookie, "/ews-servers/add", &format!("name=Second&{fields}")).await;
    assert_eq!(added.header("location"), "/ews-servers/2/accounts?saved=added", "{}", added.body);
    let twin = send(&portal, &cookie, "/ews-servers/add", &format!("name=Twin&{fields}")).await;
    assert!(twin.body.contains("id=\"f-path-error\""), "{}", twin.body);

    let account = send(&portal, &cookie, "/ews-servers/2/accounts", "name=ebo&rights=read").await;
    assert_eq!(account.status, StatusCode::CREATED, "{}", account.body);
    let password = shown_password(&account);
    assert!(!portal.get("/ews-servers/2/accounts", &cookie).await.body.contains(&password));
    let servers = portal.runtime.ews_servers();
    let url = &servers.iter().find(|server| server.name == "Second").unwrap().address;
    let client = |password: &str| {
        EwsClient::new(ClientOptions {
            url: url.parse().unwrap(),
            user_name: "ebo".to_owned(),
            password: password.into(),
            time_limit: ClientOptions::TIME_LIMIT,
        })
        .unwrap()
    };
    client(&password).container("").await.unwrap();
    client("wrong").container("").await.unwrap_err();
    let page = portal.get("/ews-servers/2", &cookie).await.body;
    for text in
        ["GetContainerItems", "Login refused", "127.0.0.1", "1 request, the last from", "/second</code>"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains(&password) && !page.contains("wrong"), "{page}");
    let list = portal.get("/ews-servers", &cookie).await.body;
    assert!(list.contains("EVCE Ews Server") && list.contains("/second"), "{list}");

    let used = portal.get("/ews-servers/1/delete", &cookie).await.body;
    assert!(
        used.contains("<a href=\"/processors/1/details\">EVCE Setup</a>") && !used.contains("<img"),
        "{used}"
    );
    let refused = send(&portal, &cookie, "/ews-servers/1/delete", "").await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    assert!(
        portal.get("/ews-servers/2/delete", &cookie).await.body.contains("Its accounts are deleted: ebo.")
    );
    let deleted = send(&portal, &cookie, "/ews-servers/2/delete", "").await;
    assert_eq!(deleted.header("location"), "/ews-servers?deleted=true", "{}", deleted.body);
    assert_eq!(portal.get("/ews-servers/2", &cookie).await.status, StatusCode::NOT_FOUND);
    portal.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_get_other_rights_and_passwords_and_are_removed() {
    let (portal, cookie) = admin().await;
    let accounts = "/ews-servers/1/accounts";
    assert_eq!(send(&portal, &cookie, accounts, "name=ebo&rights=read").await.status, StatusCode::CREATED);
    portal.clock.advance(Duration::from_secs(1));
    for (name, message) in [
        ("ebo", "There is already an account ebo"),
        ("a%3Ab", "contains no colon"),
        ("", "A name is needed"),
        ("a%E2%80%AEb", "without invisible characters"),
        (&"x".repeat(300), "at most 200 bytes"),
    ] {
        let refused = send(&portal, &cookie, accounts, &format!("name={name}&rights=read-write")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(refused.body.contains(message), "{name}: {}", refused.body);
        assert!(refused.body.contains("value=\"read-write\" checked"), "{}", refused.body);
    }
    let page = portal.get("/ews-servers/1/accounts", &cookie).await.body;
    let account =
        page.split("/ews-servers/1/accounts/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let one = format!("{accounts}/{account}");
    let rights = send(&portal, &cookie, &format!("{one}/rights"), "rights=read-write").await;
    assert_eq!(rights.header("location"), format!("{one}?saved=yes"), "{}", rights.body);
    let stored = || portal.runtime.configuration().accounts[0].clone();
    assert_eq!(stored().rights, AccountRights::ReadWrite);
    let before = stored().password;
    let reset = send(&portal, &cookie, &format!("{one}/password"), "").await;
    assert!(reset.body.contains("The password of ebo is shown only now"), "{}", reset.body);
    assert_ne!(stored().password, before);
    for (path, fields) in [("rights", "rights=everything"), ("rights", "")] {
        let refused = send(&portal, &cookie, &format!("{one}/{path}"), fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields}");
    }
    let removed = send(&portal, &cookie, &format!("{one}/remove"), "").await;
    assert_eq!(removed.header("location"), "/ews-servers/1/accounts?saved=removed", "{}", removed.body);
    assert!(portal.runtime.configuration().accounts.is_empty());
    assert_eq!(portal.get(&one, &cookie).await.status, StatusCode::NOT_FOUND);
    let audit = portal.store.list_audit(10).await.unwrap();
    let actions: Vec<&str> =
        audit.iter().filter(|it| it.subject == "EWS account").map(|it| it.action.as_str()).collect();
    assert_eq!(actions.first().zip(actions.last()), Some((&"remove", &"add")), "{actions:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_change_servers_and_everybody_sees_them() {
    let portal = TestPortal::with(Role::Operator, true).await;
    let cookie = portal.sign_in("anna").await;
    for path in ["/ews-servers", "/ews-servers/1"] {
        let page = portal.get(path, &cookie).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(
            !page.body.contains("/ews-servers/1/edit") && !page.body.contains("/ews-servers/add"),
            "{path}"
        );
    }
    for path in [
        "/ews-servers/add",
        "/ews-servers/1/edit",
        "/ews-servers/1/delete",
        "/ews-servers/1/accounts",
        "/ews-servers/1/accounts/1",
    ] {
        assert_eq!(portal.get(path, &cookie).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let refused = send(&portal, &cookie, "/ews-servers/1/accounts", "name=x&rights=read").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(portal.get("/ews-servers/9", &cookie).await.status, StatusCode::NOT_FOUND);
    assert_eq!(portal.get("/ews-servers/x", &cookie).await.status, StatusCode::NOT_FOUND);
}
