//! Processors changed in the portal, with real processes: each form takes effect in the running host.

use crate::configuration::ConfigurationFile;
use crate::host::Installation;
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::programs;
use crate::site::{Processors, Site};
use crate::waiting::until;

/// Returns the fields that a browser would send for the form of a page.
pub(crate) fn fields_of(page: &str) -> Vec<(String, String)> {
    let attribute = |tag: &str, name: &str| {
        let rest = tag.split_once(&format!("{name}=\""))?.1;
        Some(rest.split('"').next().unwrap().to_owned())
    };
    let mut fields = Vec::new();
    let form = page.split("<form class=\"narrow-form\"").nth(1).unwrap().split("</form>").next().unwrap();
    for tag in form.split('<').filter(|tag| tag.starts_with("input ")) {
        let is_box = tag.contains("type=\"checkbox\"") || tag.contains("type=\"radio\"");
        if let (Some(name), false) = (attribute(tag, " name"), is_box && !tag.contains(" checked")) {
            fields.push((name, attribute(tag, " value").unwrap_or_default()));
        }
    }
    for choice in form.split("<select ").skip(1) {
        let choice = choice.split("</select>").next().unwrap();
        if let Some(chosen) = choice.split("<option ").find(|option| option.contains(" selected")) {
            fields.push((attribute(choice, " name").unwrap(), attribute(chosen, "value").unwrap()));
        }
    }
    fields
}

pub(crate) fn with(mut fields: Vec<(String, String)>, name: &str, value: &str) -> Vec<(String, String)> {
    fields.retain(|(known, _)| known != name);
    fields.push((name.to_owned(), value.to_owned()));
    fields
}

/// Waits until a page contains a text, and returns the page.
pub(crate) async fn page_with(portal: &Portal, path: &str, text: &str) -> String {
    until(&format!("{text} on {path}"), async || {
        let page = portal.page(path).await;
        if page.contains(text) { Ok(page) } else { Err(page) }
    })
    .await
}

/// Returns the number of the run that the head of a processor's page names.
async fn run_of(portal: &Portal, processor: u32) -> String {
    let page = page_with(portal, &format!("/processors/{processor}"), "id=\"head-run\"").await;
    let before = page.split("\" id=\"head-run\"").next().unwrap();
    before.rsplit("/runs/").next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_saved_in_the_portal_restart_the_run_and_an_earlier_version_comes_back() {
    let site = Site::new("F1", Processors::SetupAndStatus);
    site.installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let (host, _bms) = site.start();
    let portal = Portal::sign_in(&host).await;
    let list = page_with(&portal, "/processors", "EVCE Status").await;
    let status: u32 = ["1", "2"]
        .into_iter()
        .find(|id| {
            list.contains(&format!("href=\"/processors/{id}\" id=\"processor-line-{id}-name\">EVCE Status<"))
        })
        .unwrap()
        .parse()
        .unwrap();
    page_with(&portal, &format!("/processors/{status}"), "Running").await;
    let first = run_of(&portal, status).await;
    page_with(&portal, &format!("/processors/{status}/items"), "Its class publishes").await;

    let details = format!("/processors/{status}/details");
    let fields = fields_of(&portal.page(&details).await);
    assert!(fields.iter().any(|(name, value)| name == "settings.interval" && value == "5 s"), "{fields:?}");
    let too_short = with(fields.clone(), "settings.interval", "1 ms");
    let refused = portal.send(&details, &too_short).await;
    assert!(refused.text().await.unwrap().contains("id=\"f-settings-interval-error\""));
    let saved = portal.send(&details, &with(fields, "settings.interval", "7 s")).await;
    assert!(saved.status().is_redirection(), "{}", saved.text().await.unwrap());

    let ended = page_with(&portal, &format!("/runs/{first}"), "Cancelled after").await;
    assert!(ended.contains("Stopped because its configuration changed."), "{ended}");
    page_with(&portal, &format!("/processors/{status}"), "Running").await;
    let second = run_of(&portal, status).await;
    assert_ne!(first, second);
    let attempts = portal.page(&format!("/runs/{second}")).await;
    assert!(attempts.contains(&format!("href=\"/runs/{first}\"")), "{attempts}");

    let history = format!("/processors/{status}/history");
    let page = portal.page(&history).await;
    assert!(page.contains("<del>5 s</del>") && page.contains("<ins>7 s</ins>"), "{page}");
    let restored = portal
        .send(&history, &[("version".to_owned(), "1".to_owned()), ("newest".to_owned(), "2".to_owned())])
        .await;
    assert!(restored.status().is_redirection(), "{}", restored.text().await.unwrap());
    let fields = fields_of(&portal.page(&details).await);
    assert!(fields.iter().any(|(name, value)| name == "settings.interval" && value == "5 s"), "{fields:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_is_run_followed_deleted_and_restored_in_the_portal() {
    let site = Site::new("F1", Processors::SetupAlone);
    site.installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let (host, _bms) = site.start();
    let portal = Portal::sign_in(&host).await;
    page_with(&portal, "/processors/1", "Succeeded").await;
    let run = run_of(&portal, 1).await;
    let page = page_with(&portal, &format!("/runs/{run}"), "Succeeded in").await;
    assert!(page.contains("riser.evce/setup") && page.contains("Run again"), "{page}");
    let text = portal.page(&format!("/runs/{run}/log.txt")).await;
    assert!(text.starts_with(&format!("Run {run} of EVCE Setup (riser.evce/setup): succeeded")), "{text}");
    assert!(text.lines().count() > 1, "{text}");

    let next = [("next".to_owned(), "/processors/1/latest-run".to_owned())];
    let again = portal.send("/processors/1/run", &next).await;
    assert_eq!(again.headers()["location"], "/processors/1/latest-run");
    let next = run_of(&portal, 1).await;
    assert_ne!(run, next);
    page_with(&portal, &format!("/runs/{next}"), "Succeeded in").await;
    assert!(portal.page("/processors/1/runs").await.contains(&format!("href=\"/runs/{next}\"")));

    let deleted = portal.send("/processors/1/delete", &[]).await;
    assert_eq!(deleted.headers()["location"], "/processors");
    let list = portal.page("/processors").await;
    assert!(list.contains("No processor yet") && list.contains("Deleted in the last 30 days"), "{list}");
    let restored = portal.send("/processors/removed/1/restore", &[]).await;
    assert_eq!(restored.headers()["location"], "/processors/2?saved=restored");
    page_with(&portal, "/processors/2", "It is disabled.").await;
    portal.send("/processors/2/enable", &[]).await;
    portal.send("/processors/2/run", &[]).await;
    page_with(&portal, "/processors/2", "Succeeded").await;
    assert!(!portal.page("/processors").await.contains("Deleted in the last 30 days"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_run_grows_on_its_page_and_names_the_lines_left_out() {
    let installation = Installation::new(&[programs::library("riser-misbehaving")]);
    let file = ConfigurationFile::new().ews_server("Cases");
    let class = "riser.misbehaving/floods-log";
    let file = file.processor("Flood", class, "Cases", "runs_at_start = false");
    installation.apply(file.text());
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let portal = Portal::sign_in(&host).await;
    let next = [("next".to_owned(), "/processors/1/latest-run".to_owned())];
    assert!(portal.send("/processors/1/run", &next).await.status().is_redirection());
    let run = run_of(&portal, 1).await;
    // Behind the first line, lines arrive by themselves.
    let page = page_with(&portal, &format!("/runs/{run}"), "id=\"l").await;
    let events = page.split("data-events=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let first = events.split("after=").next().unwrap().to_owned() + "after=1";
    let event = portal.event_with(&first, "\"append\":true").await;
    assert!(event.contains("again") && !event.contains("id=\\\"l1\\\""), "{event}");

    // As many lines as a run may write in a minute; the next ones are counted.
    let page = page_with(&portal, &format!("/runs/{run}"), ">All 2000<").await;
    assert!(page.contains("Cancel run"), "{page}");
    let stopped = portal.send("/processors/1/stop", &[("next".to_owned(), format!("/runs/{run}"))]).await;
    assert_eq!(stopped.headers()["location"], format!("/runs/{run}").as_str());
    let page = page_with(&portal, &format!("/runs/{run}"), "Cancelled after").await;
    assert!(page.contains("Stopped by anna"), "{page}");
    assert!(page.contains("more lines left out"), "{page}");
}
