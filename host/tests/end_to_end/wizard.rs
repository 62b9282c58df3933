//! An administrator adds the three EVCE processors in the browser, from an empty host to live values.

use std::time::Duration;

use fantoccini::{Client, Locator};
use riser_domain::ValueState;
use riser_ews::client::{ClientOptions, EwsClient};
use serde_json::Value;

use crate::bms::{id_of, read_until, walk_until_there};
use crate::browser::{Driver, sign_in, text_until};
use crate::controller::{Controller, LOGIN, PASSWORD};
use crate::host::{Host, Installation};
use crate::portal::{ADMIN, ADMIN_PASSWORD};
use crate::programs;
use crate::site::EWS_SERVER;
use crate::waiting::until;

/// A generous limit for a page.
const PAGE_TIMEOUT: Duration = Duration::from_mins(1);
const MOST_CLICKS: u64 = 12;
const MOST_TYPED_FIELDS: u64 = 6;

/// Counts clicks and the fields that are typed into, over all pages of the tab.
const COUNT: &str = r#"
    if (!window.counts) {
        window.counts = true;
        const add = (key, value) => {
            const all = JSON.parse(sessionStorage[key] ?? "[]");
            sessionStorage[key] = JSON.stringify([...all, value]);
        };
        addEventListener("click", (e) => { if (e.isTrusted && e.detail > 0) add("clicks", e.target.textContent.trim()); }, true);
        addEventListener("input", (e) => add("typed", e.target.name), true);
    }
"#;
const COUNTS: &str = r#"
    const all = (key) => JSON.parse(sessionStorage[key] ?? "[]");
    return [all("clicks"), [...new Set(all("typed"))]];
"#;

/// A person at the wizard.
struct Person<'a> {
    driver: &'a Driver,
    page: Client,
}

impl<'a> Person<'a> {
    async fn signed_in(driver: &'a Driver, host: &Host) -> Self {
        let page = driver.open().await;
        sign_in(&page, &host.portal_url, ADMIN_PASSWORD).await;
        Self { driver, page }
    }

    async fn heading(&self, text: &str) {
        text_until(&self.page, "//h1", text).await;
        self.page.execute(COUNT, Vec::new()).await.unwrap();
    }

    /// Clicks on a button or a link that a person sees.
    async fn click(&self, label: &str) {
        let xpath =
            format!("//*[self::button[not(@aria-hidden)] or self::a][normalize-space(.) = '{label}']");
        let found = self.page.wait().at_most(PAGE_TIMEOUT).for_element(Locator::XPath(&xpath)).await;
        found.unwrap_or_else(|error| panic!("{label}: {error}")).click().await.unwrap();
    }

    async fn type_into(&self, field: &str, text: &str) {
        let field = self.page.find(Locator::Id(&format!("f-{field}"))).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    async fn value_of(&self, field: &str) -> String {
        let field = self.page.find(Locator::Id(&format!("f-{field}"))).await.unwrap();
        field.prop("value").await.unwrap().unwrap_or_default()
    }

    async fn fill_in_connection(&self, controller: &Controller) {
        self.type_into("connection-settings-base_url", &controller.api_url).await;
        self.type_into("connection-settings-login", LOGIN).await;
        self.type_into("connection-settings-password", PASSWORD).await;
        // The port is fixed on a usual host.
        self.type_into("server-listen", "127.0.0.1:0").await;
    }
}

fn empty_host() -> (Controller, Installation, Host) {
    let controller = Controller::start("F1");
    let installation = Installation::new(&[programs::library("riser-evce")]);
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    (controller, installation, host)
}

#[tokio::test]
async fn an_administrator_adds_all_processors_and_sees_live_values_with_few_clicks() {
    let (controller, installation, host) = empty_host();
    let driver = Driver::start();
    let person = Person::signed_in(&driver, &host).await;

    person.heading("Nothing is set up yet").await;
    person.click("Add processor").await;
    person.heading("What should be added?").await;
    person.click("Continue").await;
    person.heading("How should it be called?").await;
    person.click("Continue").await;
    person.heading("How does Riser reach EcoStruxure EV Charging Expert?").await;
    person.fill_in_connection(&controller).await;
    person.click("Test the connection").await;
    let test = "//section[@id='test']";
    text_until(&person.page, test, "is not trusted").await;
    text_until(&person.page, test, &controller.certificate_sha256).await;
    person.click("Trust this certificate").await;
    text_until(&person.page, test, "The connection works.").await;
    person.click("Continue").await;
    person.heading("Details").await;
    person.click("Continue").await;
    person.heading("When should it run?").await;
    text_until(&person.page, "//section[@id='next-setup']", "UTC").await;
    person.click("Continue").await;
    person.heading("Ready to create 3 processors").await;
    let password = person.page.find(Locator::Id("bms-password")).await.unwrap().text().await.unwrap();
    person.click("Create 3 and start").await;
    text_until(&person.page, "//body", "EVCE Status").await;
    person.page.execute(COUNT, Vec::new()).await.unwrap();
    person.click("Items").await;
    let zones = "//*[@role='treeitem' and contains(., 'EVCE Zones')]";
    until("the tree", async || {
        person.page.refresh().await.map_err(|error| error.to_string())?;
        person.page.find(Locator::XPath(zones)).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    person.page.execute(COUNT, Vec::new()).await.unwrap();
    person.page.find(Locator::XPath(zones)).await.unwrap().click().await.unwrap();
    let zone = "//*[@role='treeitem' and contains(., 'Z1')]";
    let zone = person.page.wait().at_most(PAGE_TIMEOUT).for_element(Locator::XPath(zone)).await;
    zone.unwrap().click().await.unwrap();
    let row = "//tr[contains(., 'ZoneReduction') and contains(., 'Good')]";
    text_until(&person.page, row, "10").await;

    let counts = person.page.execute(COUNTS, Vec::new()).await.unwrap();
    let count = |index: usize| counts[index].as_array().unwrap().len() as u64;
    assert!((8..=MOST_CLICKS).contains(&count(0)), "{counts}");
    assert!((3..=MOST_TYPED_FIELDS).contains(&count(1)), "{counts}");

    // The password on the page is the one of the BMS.
    let status = installation.ask(&["status", "--json"]).text;
    let status: Value = serde_json::from_str(&status).unwrap();
    let server = status["ews_servers"].as_array().unwrap().iter().find(|it| it["name"] == EWS_SERVER);
    let bms = EwsClient::new(ClientOptions {
        url: server.unwrap()["url"].as_str().unwrap().parse().unwrap(),
        user_name: "bms".to_owned(),
        password: password.as_str().into(),
        time_limit: PAGE_TIMEOUT,
    })
    .unwrap();
    let tree = walk_until_there(&bms, "EVCE Zones/Z1/ZoneReduction").await;
    read_until(&bms, id_of(&tree, "EVCE Zones/Z1/ZoneReduction"), "10", ValueState::Good).await;

    let errors = person.driver.console_errors(&person.page).await;
    assert!(errors.is_empty(), "{errors:#?}");
    let planted = "document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>');";
    person.page.execute(planted, Vec::new()).await.unwrap();
    until("the planted violation", async || {
        let errors = person.driver.console_errors(&person.page).await.concat();
        if errors.contains("Content Security Policy") { Ok(()) } else { Err(errors) }
    })
    .await;
    person.page.close().await.unwrap();
    let audit = installation.ask(&["audit"]).text;
    assert!(audit.contains(ADMIN) && audit.contains("EVCE Logs") && !audit.contains(&password), "{audit}");
}

#[tokio::test]
async fn an_unfinished_addition_survives_going_back_a_new_session_and_a_restart() {
    let (controller, installation, host) = empty_host();
    let driver = Driver::start();
    let person = Person::signed_in(&driver, &host).await;
    person.click("Add processor").await;
    person.heading("What should be added?").await;
    person.click("Continue").await;
    person.heading("How should it be called?").await;
    person.type_into("processor-setup-name", "Discovery").await;
    person.click("Continue").await;
    person.heading("How does Riser reach").await;
    person.fill_in_connection(&controller).await;
    // Not complete: the certificate is not trusted. Going back keeps it all the same.
    person.click("Back").await;
    person.heading("How should it be called?").await;
    assert_eq!(person.value_of("processor-setup-name").await, "Discovery");
    person.click("Continue").await;
    person.heading("How does Riser reach").await;
    assert_eq!(person.value_of("connection-settings-base_url").await, controller.api_url);
    text_until(&person.page, "//body", "~ Encrypted ~").await;
    let page = person.page.source().await.unwrap();
    assert!(!page.contains(PASSWORD), "the page shows the password");
    let address = person.page.current_url().await.unwrap();

    // The session ends, and the form is sent.
    person.page.delete_all_cookies().await.unwrap();
    person.click("Continue").await;
    text_until(&person.page, "//h1", "Sign in").await;
    sign_in_here(&person.page).await;
    person.heading("How does Riser reach").await;
    assert_eq!(person.page.current_url().await.unwrap(), address);
    assert_eq!(person.value_of("connection-settings-login").await, LOGIN);
    person.page.close().await.unwrap();

    host.stop();
    let host = installation.start();
    let person = Person::signed_in(&driver, &host).await;
    person.click("Add processor").await;
    person.heading("What should be added?").await;
    person.click("Discovery, EVCE Status, EVCE Logs").await;
    person.heading("How should it be called?").await;
    person.click("Continue").await;
    person.heading("How does Riser reach").await;
    assert_eq!(person.value_of("connection-settings-base_url").await, controller.api_url);
    person.page.close().await.unwrap();
    host.stop();
}

/// Signs in on the login page that is open.
async fn sign_in_here(page: &Client) {
    for (name, text) in [("user", ADMIN), ("password", ADMIN_PASSWORD)] {
        page.find(Locator::Css(&format!("input[name={name}]"))).await.unwrap().send_keys(text).await.unwrap();
    }
    page.find(Locator::Css("form button[type=submit]")).await.unwrap().click().await.unwrap();
}
