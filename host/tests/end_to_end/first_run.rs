//! The first run: the set-up code, and the site that the set-up makes.

use std::os::unix::fs::PermissionsExt as _;

use reqwest::StatusCode;
use reqwest::header::{ORIGIN, SET_COOKIE};

use crate::controller::http_client;
use crate::host::{Host, Installation};
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::running_host::client_of;

/// Returns the code of this start, from its file.
fn code_of(installation: &Installation) -> String {
    let file = installation.data().join("setup-code");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::read_to_string(file).unwrap().trim().to_owned()
}

/// Sends the set-up form.
async fn set_up(host: &Host, code: &str) -> reqwest::Response {
    let url = &host.portal_url;
    let password = ADMIN_PASSWORD.replace(' ', "+");
    let form = format!(
        "code={code}&name={ADMIN}&password={password}&password_again={password}&site_name=Office+Park+North\
         &time_zone=Europe/Lisbon&adds_ews_server=true&ews_name=EVCE+Ews+Server&ews_listen=127.0.0.1:0\
         &ews_path=/EcoStruxure/DataExchange&ews_realm=Riser&ews_account=bms"
    );
    let request = http_client().post(format!("{url}/setup")).header(ORIGIN, url);
    request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.unwrap()
}

/// Returns the value that the last page of the set-up shows beside this label.
fn shown<'a>(page: &'a str, label: &str) -> &'a str {
    let rest = page.split(&format!("<dt>{label}</dt><dd class=\"copy\"><code>")).nth(1);
    rest.unwrap_or_else(|| panic!("no {label} in {page}")).split('<').next().unwrap()
}

#[tokio::test]
async fn the_code_of_the_log_makes_an_administrator_and_a_server_that_the_bms_can_log_in_to() {
    let installation = Installation::new(&[]);
    let host = installation.start();
    let code = code_of(&installation);
    assert!(host.log().contains(&code), "{}", host.log());
    assert!(host.log().contains(&format!("{}/setup", host.portal_url)), "{}", host.log());

    let done = set_up(&host, &code).await;
    assert_eq!(done.status(), StatusCode::CREATED);
    assert!(done.headers().contains_key(SET_COOKIE));
    let page = done.text().await.unwrap();
    let bms = client_of(shown(&page, "Address"), shown(&page, "User name"), shown(&page, "Password"));
    bms.information().await.unwrap();

    assert!(!installation.data().join("setup-code").exists());
    assert_eq!(set_up(&host, &code).await.status(), StatusCode::NOT_FOUND);
    let page = Portal::sign_in(&host).await.page("/").await;
    assert!(page.contains("Office Park North"), "{page}");
    let status = installation.ask(&["status"]).text;
    assert!(status.contains("\nTime zone Europe/Lisbon from the settings of the site; "), "{status}");
    let exported = installation.ask(&["export"]).text;
    for part in [
        "[site]\nname = \"Office Park North\"\ntime_zone = \"Europe/Lisbon\"\n",
        "[[schedule]]\nname = \"Every 15 Minutes\"\nrule = \"every 15 min\"\n",
    ] {
        assert!(exported.contains(part), "{exported}");
    }
    host.stop();
    let host = installation.start();
    assert!(!installation.data().join("setup-code").exists());
    Portal::sign_in(&host).await;
}

#[tokio::test]
async fn each_start_has_its_own_code_until_the_set_up_is_done() {
    let installation = Installation::new(&[]);
    let host = installation.start();
    let first = code_of(&installation);
    host.kill();
    let host = installation.start();
    let second = code_of(&installation);
    assert_ne!(first, second);
    assert_eq!(set_up(&host, &first).await.status(), StatusCode::FORBIDDEN);
    host.stop();
    assert!(!installation.data().join("setup-code").exists());
    let host = installation.start();
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    // The command line has created the administrator, so no code is right any more.
    let code = code_of(&installation);
    assert_eq!(set_up(&host, &code).await.status(), StatusCode::NOT_FOUND);
    assert!(!installation.data().join("setup-code").exists());
    Portal::sign_in(&host).await;
}

#[test]
fn a_rule_without_a_zone_takes_that_of_the_site_whether_riser_runs_or_not() {
    let installation = Installation::new(&[]);
    installation.apply("[site]\ntime_zone = \"Asia/Tokyo\"\n");
    let next = || installation.ask(&["schedule", "next", "0 9 * * *", "-n", "1"]).text;
    let expected = "0 9 * * *; zone Asia/Tokyo\nTime zone Asia/Tokyo from the settings of the site";
    assert!(next().starts_with(expected), "{}", next());
    let host = installation.start();
    assert!(next().starts_with(&format!("{expected} of the running Riser")), "{}", next());
    host.stop();
    let doctor = installation.run(&["doctor", "--portal-listen", "127.0.0.1:0"]).text;
    assert!(doctor.contains("ok     the time zone is Asia/Tokyo from the settings of the site"), "{doctor}");
}
