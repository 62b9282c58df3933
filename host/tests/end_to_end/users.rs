//! `riser user`: who may log in to the portal.

use std::io::Write as _;

use reqwest::StatusCode;
use reqwest::header::{ACCEPT, COOKIE, ORIGIN};

use crate::controller::http_client;
use crate::host::{Host, Installation};
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};

const NEW_PASSWORD: &str = "another password";

async fn log_in(host: &Host, password: &str) -> StatusCode {
    let url = &host.portal_url;
    let form = format!("user={ADMIN}&password={}", password.replace(' ', "+"));
    let request = http_client().post(format!("{url}/login")).header(ORIGIN, url);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    request.send().await.unwrap().status()
}

/// Returns the overview for this token. The name of its cookie contains the port.
async fn overview(host: &Host, token: &str) -> StatusCode {
    let port = host.portal_url.rsplit(':').next().unwrap();
    let cookie = format!("riser-{port}={token}");
    // A page would lead to the login.
    let request =
        http_client().get(&host.portal_url).header(COOKIE, cookie).header(ACCEPT, "application/json");
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one_and_ends_the_sessions() {
    let installation = Installation::new(&[]);
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let portal = Portal::sign_in(&host).await;
    let token = portal.cookie().split_once('=').unwrap().1;
    host.stop();
    let host = installation.start();
    assert_eq!(overview(&host, token).await, StatusCode::OK, "a session outlives a restart");
    host.stop();

    let reset = installation.user(&["reset", ADMIN], NEW_PASSWORD);
    assert!(reset.is_success && reset.text.contains("logged out everywhere"), "{}", reset.text);
    let host = installation.start();
    assert_eq!(overview(&host, token).await, StatusCode::UNAUTHORIZED);
    assert_eq!(log_in(&host, ADMIN_PASSWORD).await, StatusCode::UNAUTHORIZED);
    assert_eq!(log_in(&host, NEW_PASSWORD).await, StatusCode::SEE_OTHER);
}

#[test]
fn people_are_listed_with_their_roles() {
    let installation = Installation::new(&[]);
    installation.apply("");
    let nobody = installation.user(&["list"], "");
    assert!(nobody.is_success && nobody.text.contains("riser user add"), "{}", nobody.text);
    for (name, role) in [("victor", "viewer"), ("olga", "operator"), ("anna", "admin")] {
        let added = installation.user(&["add", name, "--role", role], ADMIN_PASSWORD);
        assert_eq!(added.text, format!("{name} may log in as {role}\n"));
    }
    let listed = installation.user(&["list"], "").text;
    assert_eq!(listed, "anna\tadmin\nolga\toperator\nvictor\tviewer\n");
}

#[test]
fn the_data_directory_may_be_named_behind_the_action() {
    let installation = Installation::new(&[]);
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let elsewhere = installation.path().join("elsewhere");
    let listed = installation.run_bare(&["user", "list", "--data-dir", elsewhere.to_str().unwrap()]);
    let said = format!("there is no Riser data in {}", elsewhere.display());
    assert!(listed.exit_code == Some(1) && listed.text.contains(&said), "{}", listed.text);
    assert!(!elsewhere.exists(), "a command that reads made a data directory");
}

#[test]
fn refusals_name_the_remedy_and_add_no_user() {
    let installation = Installation::new(&[]);
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    for (arguments, password, said) in [
        (["add", "victor", "--role", "viewer"].as_slice(), "short", "it needs 10 characters"),
        (&["add", "victor", "--role", "viewer"], "", "it needs 10 characters"),
        (&["add", ADMIN, "--role", "viewer"], ADMIN_PASSWORD, "see `riser user list`"),
        (&["reset", "victor"], ADMIN_PASSWORD, "see `riser user list`"),
        (&["add", "", "--role", "viewer"], ADMIN_PASSWORD, "a name is needed"),
        (&["add", " victor", "--role", "viewer"], ADMIN_PASSWORD, "cannot be a user name"),
        (&["add", "v\u{1b}[31m", "--role", "viewer"], ADMIN_PASSWORD, "cannot be a user name"),
        (&["add", "v\u{202e}", "--role", "viewer"], ADMIN_PASSWORD, "cannot be a user name"),
    ] {
        let refused = installation.user(arguments, password);
        assert_eq!(refused.exit_code, Some(1), "{arguments:?}: {}", refused.text);
        assert!(refused.text.contains(said), "{arguments:?}: {}", refused.text);
        assert!(!refused.text.contains(['\u{1b}', '\u{202e}']), "{:?}", refused.text);
    }
    let unknown = installation.user(&["add", "victor", "--role", "boss"], ADMIN_PASSWORD);
    assert_eq!(unknown.exit_code, Some(2), "{}", unknown.text);
    assert!(unknown.text.contains("viewer, operator, admin"), "{}", unknown.text);
    assert_eq!(installation.user(&["list"], "").text, format!("{ADMIN}\tadmin\n"));
}

#[test]
fn a_person_gets_another_role_and_name_and_is_removed() {
    let installation = Installation::new(&[]);
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let added = installation.user(&["add", "victor", "--role", "viewer"], ADMIN_PASSWORD);
    assert!(added.is_success, "{}", added.text);
    for (arguments, said) in [
        (
            ["role", "victor", "operator"].as_slice(),
            "victor has the role operator and was logged out everywhere\n",
        ),
        (&["role", "victor", "operator"], "nothing changed\n"),
        (&["rename", "victor", "vic"], "victor logs in as vic from now on\n"),
    ] {
        let changed = installation.user(arguments, "");
        assert_eq!((changed.text.as_str(), changed.is_success), (said, true));
    }
    assert_eq!(installation.user(&["list"], "").text, format!("{ADMIN}\tadmin\nvic\toperator\n"));
    for (arguments, said) in [
        (["rename", "vic", ADMIN].as_slice(), "is taken by another user"),
        (&["rename", "victor", "v"], "there is no user victor"),
        (&["remove", "victor"], "there is no user victor"),
        (&["role", "victor", "admin"], "there is no user victor"),
    ] {
        let refused = installation.user(arguments, "");
        assert!(refused.exit_code == Some(1) && refused.text.contains(said), "{}", refused.text);
    }
    let removed = installation.user(&["remove", "vic"], "");
    assert_eq!(removed.text, "vic was removed and logged out everywhere\n");
    assert_eq!(installation.user(&["list"], "").text, format!("{ADMIN}\tadmin\n"));
}

#[tokio::test]
async fn a_user_who_is_added_while_riser_runs_can_log_in_at_once() {
    let installation = Installation::new(&[]);
    let host = installation.start();
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let token = Portal::sign_in(&host).await.cookie().split_once('=').unwrap().1.to_owned();
    assert_eq!(overview(&host, &token).await, StatusCode::OK);
    installation.add_admin("olga", ADMIN_PASSWORD);
    let removed = installation.user(&["remove", ADMIN], "");
    assert!(removed.is_success, "{}", removed.text);
    assert_eq!(overview(&host, &token).await, StatusCode::UNAUTHORIZED);
    host.stop();
}

#[test]
fn the_last_admin_keeps_the_role_until_there_is_another() {
    let installation = Installation::new(&[]);
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    installation.user(&["add", "victor", "--role", "viewer"], ADMIN_PASSWORD);
    for arguments in [&["remove", ADMIN][..], &["role", ADMIN, "operator"]] {
        let refused = installation.user(arguments, "");
        assert_eq!(refused.exit_code, Some(1), "{}", refused.text);
        assert!(
            refused.text.contains("is the last admin") && refused.text.contains("add another admin first")
        );
    }
    assert_eq!(installation.user(&["list"], "").text, format!("{ADMIN}\tadmin\nvictor\tviewer\n"));
    assert!(installation.user(&["role", "victor", "admin"], "").is_success);
    assert!(installation.user(&["role", ADMIN, "operator"], "").is_success);
}

/// Adds one name with a different role in each of many processes. Returns the role that was said to be added.
fn add_at_once(installation: &Installation) -> String {
    let roles = ["viewer", "operator", "admin"];
    let mut clients: Vec<_> = (0..9)
        .map(|number| installation.spawn_with_input(&["user", "add", "anna", "--role", roles[number % 3]]))
        .collect();
    for client in &mut clients {
        // A refusal may precede reading the line.
        let _ = writeln!(client.stdin.take().unwrap(), "{ADMIN_PASSWORD}");
    }
    let mut added = Vec::new();
    for client in clients {
        let output = client.wait_with_output().unwrap();
        let (said, refusal) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        match said.strip_prefix("anna may log in as ") {
            Some(role) => added.push(role.trim().to_owned()),
            None => assert!(refusal.contains("there is already a user anna"), "{said}{refusal}"),
        }
    }
    assert_eq!(added.len(), 1, "{added:?}");
    added.remove(0)
}

#[test]
fn of_many_who_add_one_name_at_once_one_succeeds() {
    let installation = Installation::new(&[]);
    let host = installation.start();
    let role = add_at_once(&installation);
    host.stop();
    assert_eq!(installation.user(&["list"], "").text, format!("anna\t{role}\n"));
    let without_host = Installation::new(&[]);
    let role = add_at_once(&without_host);
    assert_eq!(without_host.user(&["list"], "").text, format!("anna\t{role}\n"));
}
