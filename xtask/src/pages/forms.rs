//! The responses to forms: errors at fields, and an uploaded plugin.

use std::path::Path;

use super::inspection::Inspection;
use crate::chromium::Tab;
use crate::workspace;

/// Pages whose forms are sent with all fields empty.
const FORMS: [(&str, &str); 5] = [
    ("connections-add", "/connections/add"),
    ("ews-servers-add", "/ews-servers/add"),
    ("schedules-add", "/schedules/add"),
    ("users-add", "/users"),
    ("account-password", "/account"),
];
/// Empties the first form with text fields and sends it.
const SEND_EMPTY: &str = r#"
    const typed = "input:not([type]), input[type=text], input[type=url], input[type=number], input[type=password]";
    const form = [...document.querySelectorAll("main form")].find((f) => f.method === "post" && f.querySelector(typed));
    if (!form) return false;
    for (const field of form.querySelectorAll(typed)) field.value = "";
    form.noValidate = true;
    form.dataset.sent = "true";
    form.requestSubmit(form.querySelector("button.primary") ?? undefined);
    return true;
"#;
const IS_RESPONSE: &str = "document.readyState === 'complete' && !document.querySelector('[data-sent]')";

/// Sends empty forms, a plugin and a file that is not one, and checks the responses.
pub(super) async fn inspect(
    inspection: &mut Inspection,
    tab: &Tab,
    state: &str,
    portal_url: &str,
    plugin: &Path,
) -> anyhow::Result<()> {
    for (name, path) in FORMS {
        tab.goto(&format!("{portal_url}{path}")).await?;
        if tab.run::<bool>(SEND_EMPTY).await? {
            tab.wait_until(IS_RESPONSE).await?;
            inspection.check_shown(tab, state, &format!("{name}-refused")).await?;
        }
    }
    let manifest = workspace::root().join("Cargo.toml");
    for (name, file) in [("plugins-upload", plugin), ("plugins-upload-refused", manifest.as_path())] {
        tab.goto(&format!("{portal_url}/plugins")).await?;
        tab.choose_file("input[type=file]", &std::path::absolute(file)?).await?;
        tab.run::<()>("document.querySelector('main').dataset.sent = 'true';").await?;
        tab.press_button("Upload and check").await?;
        tab.wait_until(IS_RESPONSE).await?;
        inspection.check_shown(tab, state, name).await?;
    }
    Ok(())
}
