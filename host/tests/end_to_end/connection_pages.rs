//! The pages of connections over a real controller: what Riser finds out by itself, and secrets that are replaced.

use crate::configuration::ConfigurationFile;
use crate::controller::{Controller, PASSWORD};
use crate::host::Installation;
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::processor_pages::{fields_of, page_with, with};
use crate::programs;
use crate::site::{Processors, Site, password_file};

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_password_is_tested_before_it_is_saved() {
    let site = Site::new("F1", Processors::SetupAndStatus);
    site.installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let (host, _bms) = site.start();
    let portal = Portal::sign_in(&host).await;
    let list = page_with(&portal, "/connections", " ms</td>").await;
    assert!(list.contains("<a href=\"/processors/1\">"), "{list}");

    let form = portal.page("/connections/1").await;
    assert!(form.contains("so it cannot be deleted"), "{form}");
    let fields = with(fields_of(&form), "settings.password", "not the password");
    let refused = portal.send("/connections/1", &fields).await.text().await.unwrap();
    for text in
        ["nothing is saved: the test below failed", "Save untested", "The connection does not work yet."]
    {
        assert!(refused.contains(text), "{text}: {refused}");
    }
    assert!(!refused.contains("not the password"), "{refused}");
    // The stored password is still the right one.
    let untouched = with(fields_of(&portal.page("/connections/1").await), "do", "test");
    let tested = portal.send("/connections/1", &untouched).await.text().await.unwrap();
    assert!(tested.contains("The connection works."), "{tested}");

    let empty = with(fields_of(&refused), "do", "untested");
    let missing = portal.send("/connections/1", &empty).await.text().await.unwrap();
    assert!(missing.contains("The new secret is missing"), "{missing}");
    let untested = with(fields.clone(), "do", "untested");
    let saved = portal.send("/connections/1", &untested).await;
    let location = saved.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(location, "/connections?saved=EVCE&untested=true");
    assert!(portal.page(&location).await.contains("its new secret did not pass a test"));

    let form = portal.page("/connections/1").await;
    let right = with(fields_of(&form), "settings.password", PASSWORD);
    let saved = portal.send("/connections/1", &right).await;
    assert_eq!(saved.headers()["location"], "/connections?saved=EVCE");
    host.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_nothing_uses_is_checked_without_a_login() {
    let controller = Controller::start("F1");
    let passwords = tempfile::tempdir().unwrap();
    let installation = Installation::new(&[programs::library("riser-evce")]);
    let password = password_file(&passwords).display().to_string();
    installation.apply(ConfigurationFile::new().connection("EVCE", &controller, &password).text());
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let portal = Portal::sign_in(&host).await;
    page_with(&portal, "/connections", "Reachable; not asked yet").await;
    assert!(controller.requests("POST", "/login").await.is_empty(), "the check logged in");
    host.stop();
}
