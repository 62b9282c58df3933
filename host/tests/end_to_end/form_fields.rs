//! Every text field of every form, filled with bad texts: the host refuses them or shows them harmlessly, and a refused
//! form keeps its fields.

use std::collections::{BTreeSet, VecDeque};

use serde::Deserialize;
use url::Url;

use crate::browser::{Driver, sign_in};
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::site::{Processors, Site};

/// Forms with text fields that the portal has at least; the test would find nothing on an error page.
const LEAST_FORMS: usize = 8;
const MARKUP: &str = "<img src=planted>";
/// A control character and one that turns the direction of a line.
const INVISIBLE: [char; 2] = ['\u{7}', '\u{202e}'];

/// Sends each form of the page once for each text field and bad text, all other fields as they are. Returns a line for
/// each response that breaks a rule, and the number of forms.
const FILL_IN: &str = r#"
    const [markup, done] = arguments, broken = [];
    const bad = { empty: "", long: "x".repeat(20000), markup: `${markup}"'&`, control: "a\u0007b\u0000c", bidirectional: "a\u202eb" };
    const typed = "input:not([type]), input[type=text], input[type=url], input[type=number], input[type=search], input[type=password], textarea";
    const forms = [...document.querySelectorAll("main form")].filter((f) => f.method === "post" && f.querySelector(typed));
    (async () => {
        for (const form of forms) {
            for (const field of form.querySelectorAll(typed)) {
                for (const [kind, text] of Object.entries(bad)) {
                    const data = new FormData(form, form.querySelector("button[type=submit]"));
                    data.set(field.name, text);
                    const address = form.getAttribute("action") || location.href;
                    const response = await fetch(address, { method: "POST", body: new URLSearchParams(data), redirect: "manual" });
                    const place = `${new URL(address, location.href).pathname} ${field.name} ${kind}`;
                    if (response.type === "opaqueredirect") continue;
                    const html = await response.text();
                    if (response.status >= 500 || ![200, 201, 400, 409, 413, 422, 429].includes(response.status)) broken.push(`${place}: status ${response.status}`);
                    if (html.includes(markup)) broken.push(`${place}: markup is not escaped`);
                    if (response.status !== 422) continue;
                    const page = new DOMParser().parseFromString(html, "text/html");
                    if (!page.querySelector("[aria-invalid], .error, [role=alert], .summary")) broken.push(`${place}: no error is shown`);
                    for (const other of form.querySelectorAll(typed)) {
                        const kept = page.querySelector(`[name="${CSS.escape(other.name)}"]`);
                        if (other === field || other.type === "password" || !other.value || kept?.value === other.value) continue;
                        broken.push(`${place}: ${other.name} is lost: "${kept?.value}" instead of "${other.value}"`);
                    }
                }
            }
        }
        return [broken, forms.length];
    })().then(done, (error) => done([[String(error)], 0]));
"#;

#[derive(Deserialize)]
struct Outcome(Vec<String>, usize);

#[tokio::test]
async fn bad_texts_in_any_field_are_refused_or_shown_harmlessly_and_lose_nothing() {
    let site = Site::new("F1", Processors::SetupAndStatus);
    site.installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let (host, _) = site.start();
    let portal = Portal::sign_in(&host).await;
    let driver = Driver::start();
    let page = driver.open().await;
    sign_in(&page, &host.portal_url, ADMIN_PASSWORD).await;

    let (mut broken, mut forms) = (Vec::new(), 0);
    for (address, html) in pages(&portal).await {
        if !html.contains("method=\"post\"") || !html.contains("class=\"in") {
            continue;
        }
        page.goto(&format!("{}{address}", host.portal_url)).await.unwrap();
        let outcome = page.execute_async(FILL_IN, vec![MARKUP.into()]).await.unwrap();
        let Outcome(of_page, count) = serde_json::from_value(outcome).unwrap();
        broken.extend(of_page);
        forms += count;
    }
    page.close().await.unwrap();
    assert!(forms >= LEAST_FORMS, "only {forms} forms");
    // The accepted texts are stored now: all pages show them harmlessly.
    for (address, html) in pages(&portal).await {
        if html.contains(MARKUP) {
            broken.push(format!("{address}: markup is not escaped"));
        }
        if html.contains(INVISIBLE) {
            broken.push(format!("{address}: contains an invisible character"));
        }
    }
    assert!(broken.is_empty(), "{} broken rules:\n{}", broken.len(), broken.join("\n"));
}

/// Follows links and returns the first page of each kind, with its address.
async fn pages(portal: &Portal) -> Vec<(String, String)> {
    let base = Url::parse("http://portal/").unwrap();
    let mut waiting = VecDeque::from([base.clone()]);
    let (mut seen, mut kinds, mut found) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    while let Some(address) = waiting.pop_front() {
        if !kinds.insert(kind_of(&address)) {
            continue;
        }
        let path = address.as_str().strip_prefix("http://portal").unwrap().to_owned();
        let response = portal.open(&path).await;
        if let Some(target) = response.headers().get("location") {
            waiting.push_front(address.join(target.to_str().unwrap()).unwrap());
            continue;
        }
        let html = response.error_for_status().unwrap().text().await.unwrap();
        for link in html.split("<a ").skip(1).filter_map(|rest| rest.split('>').next()) {
            let Some(target) = link.split("href=\"").nth(1).and_then(|rest| rest.split('"').next()) else {
                continue;
            };
            let mut target = address.join(&target.replace("&amp;", "&").replace("&#38;", "&")).unwrap();
            target.set_fragment(None);
            if target.host_str() == base.host_str() && !is_file(&target) && seen.insert(target.clone()) {
                waiting.push_back(target);
            }
        }
        found.push((path, html));
    }
    found
}

fn is_file(address: &Url) -> bool {
    address.path().rsplit('/').next().is_some_and(|name| name.contains('.'))
}

/// Returns the path without ids, and the names of the parameters.
fn kind_of(address: &Url) -> String {
    let path: String = address.path().chars().filter(|letter| !letter.is_ascii_digit()).collect();
    let names: BTreeSet<String> = address.query_pairs().map(|(name, _)| name.into_owned()).collect();
    format!("{path} {names:?}")
}
