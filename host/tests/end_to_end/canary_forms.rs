//! Sends secrets with the forms of the portal, right and wrong: the wizard, connections, people and the own account. The
//! responses are for the scan of `canary`.

use reqwest::StatusCode;

use crate::controller::{Controller, LOGIN};
use crate::portal::Portal;

/// Typed into an addition that stays unfinished.
pub(crate) const DRAFTED: &str = "Drafted+Kanari/vogel=4715&<e>";
/// Replaces the password of a connection.
pub(crate) const EDITED: &str = "Edited+Kanari/vogel=4716&<e>";
/// The new password of a person.
pub(crate) const CHANGED: &str = "Changed+Kanari/vogel=4717&<e>";
/// Typed where it is refused.
pub(crate) const REFUSED: &str = "Refused+Kanari/vogel=4718&<e>";

type Seen = Vec<(String, Vec<u8>)>;

/// Returns the value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let value = page.split(&format!("name=\"{name}\" value=\"")).nth(1);
    value.and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
}

/// Opens a page, sends its form, and keeps headers and body of the response.
async fn send(
    portal: &Portal,
    page: &str,
    action: &str,
    fields: &[(&str, &str)],
    seen: &mut Seen,
) -> (StatusCode, String) {
    let form = portal.page(page).await;
    let state = hidden(&form, "state");
    let response = portal.post_fields(action, &form, &[fields, &[("state", &state)]].concat()).await;
    let status = response.status();
    let location = response.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
    seen.push((format!("headers of the form {action}"), format!("{:?}", response.headers()).into_bytes()));
    let body = response.text().await.unwrap();
    seen.push((format!("the response to the form {action}"), body.clone().into_bytes()));
    seen.push((format!("the page {page} before it was sent"), form.into_bytes()));
    seen.push((format!("the page {page} afterwards"), portal.page(page).await.into_bytes()));
    (status, location.unwrap_or(body))
}

/// Sends secrets with every form that an administrator has for them.
pub(crate) async fn send_secrets(portal: &Portal, controller: &Controller, seen: &mut Seen) {
    wizard(portal, controller, seen).await;
    connections(portal, controller, seen).await;
    // A name is not secret. A secret that is typed there by mistake is refused, or stored as a name.
    let people = [("name", ""), ("role", "viewer"), ("password", REFUSED)];
    let (status, page) = send(portal, "/users", "/users", &people, seen).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{page}");
}

/// Sends wrong and right passwords of a person who is signed in.
pub(crate) async fn change_password(portal: &Portal, current: &str, seen: &mut Seen) {
    for (fields, is_right) in [
        ([("current", REFUSED), ("password", CHANGED), ("again", CHANGED)], false),
        ([("current", current), ("password", CHANGED), ("again", REFUSED)], false),
        ([("current", current), ("password", "short"), ("again", "short")], false),
        ([("current", current), ("password", CHANGED), ("again", CHANGED)], true),
    ] {
        let (status, page) = send(portal, "/account", "/account/password", &fields, seen).await;
        assert_eq!(status.is_redirection(), is_right, "{page}");
    }
}

async fn wizard(portal: &Portal, controller: &Controller, seen: &mut Seen) {
    let add = "/processors/add?library=riser.evce";
    let (_, name) = send(portal, add, add, &[("class", "*")], seen).await;
    let draft = name.strip_suffix("/name").unwrap_or_else(|| panic!("{name}"));
    let step = format!("{draft}/connection");
    for (password, url, button) in [
        (REFUSED, "no address", "next"),
        (DRAFTED, &controller.api_url, "test"),
        (DRAFTED, &controller.api_url, "next"),
    ] {
        let fields = [
            ("connection.name", "Drafted"),
            ("connection.settings.base_url", url),
            ("connection.settings.login", LOGIN),
            ("connection.settings.password", password),
            ("server.name", "Drafted"),
            ("server.listen", "127.0.0.1:0"),
            ("server.path", "/Drafted"),
            ("server.realm", "Riser"),
            ("server.account.name", "bms"),
            ("do", button),
        ];
        send(portal, &step, &step, &fields, seen).await;
    }
    assert!(portal.page(&step).await.contains("~ Encrypted ~"), "the draft has no password");
}

async fn connections(portal: &Portal, controller: &Controller, seen: &mut Seen) {
    let pin = controller.certificate_sha256.as_str();
    let add = "/connections/add?kind=riser.evce%2Fevce";
    for (name, password, url, is_right) in [
        ("Second", REFUSED, "no address", false),
        ("", REFUSED, controller.api_url.as_str(), false),
        ("Second", EDITED, controller.api_url.as_str(), true),
    ] {
        let fields = [
            ("name", name),
            ("settings.base_url", url),
            ("settings.login", LOGIN),
            ("settings.password", password),
            ("settings.certificate_sha256", pin),
        ];
        let (status, page) = send(portal, add, add, &fields, seen).await;
        assert_eq!(status.is_redirection(), is_right, "{page}");
    }
    // The second connection, which no processor uses.
    let edit = "/connections/2";
    // The controller refuses the new password, so it is saved only without the test.
    for (url, button, is_right) in [
        ("no address", "untested", false),
        (controller.api_url.as_str(), "save", false),
        (controller.api_url.as_str(), "untested", true),
    ] {
        let fields = [
            ("name", "Second"),
            ("settings.base_url", url),
            ("settings.login", LOGIN),
            ("settings.password", EDITED),
            ("settings.certificate_sha256", pin),
            ("do", button),
        ];
        let (status, page) = send(portal, edit, edit, &fields, seen).await;
        assert_eq!(status.is_redirection(), is_right, "{page}");
    }
}
