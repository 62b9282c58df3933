//! An administrator adds the three EVCE processors in the browser, from an empty host to live values.

use std::net::TcpListener;
use std::time::Duration;

use fantoccini::{Client, Locator};
use riser_domain::ValueState;
use riser_ews::client::{ClientOptions, EwsClient};
use serde_json::Value;

use crate::bms::{id_of, read_until, walk_until_there};
use crate::browser::{Driver, click, sign_in, text_at, text_until};
use crate::controller::{Controller, LOGIN, PASSWORD};
use crate::host::{Host, Installation};
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
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
pub(crate) struct Person<'a> {
    driver: &'a Driver,
    pub(crate) page: Client,
}

impl<'a> Person<'a> {
    async fn signed_in(driver: &'a Driver, host: &Host) -> Self {
        Self::signed_in_at(driver, &host.portal_url).await
    }

    /// Signs in at an address, which may be that of a proxy.
    pub(crate) async fn signed_in_at(driver: &'a Driver, url: &str) -> Self {
        let page = driver.open().await;
        sign_in(&page, url, ADMIN_PASSWORD).await;
        Self { driver, page }
    }

    pub(crate) async fn heading(&self, text: &str) {
        text_until(&self.page, "//h1", text).await;
        self.page.execute(COUNT, Vec::new()).await.unwrap();
    }

    /// Clicks on a button or a link that a person sees.
    pub(crate) async fn click(&self, label: &str) {
        let xpath =
            format!("//*[self::button[not(@aria-hidden)] or self::a][normalize-space(.) = '{label}']");
        click(&self.page, &xpath).await;
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

    /// Goes through the wizard from its first step, and creates the three EVCE processors. Returns the password of the BMS.
    pub(crate) async fn add_all_processors(&self, controller: &Controller) -> String {
        self.heading("What should be added?").await;
        self.click("Continue").await;
        self.heading("How should it be called?").await;
        self.click("Continue").await;
        self.heading("How does Riser reach EcoStruxure EV Charging Expert?").await;
        self.fill_in_connection(controller).await;
        self.click("Test the connection").await;
        let test = "//section[@id='test']";
        text_until(&self.page, test, "is not trusted").await;
        text_until(&self.page, test, &controller.certificate_sha256).await;
        self.click("Trust this certificate").await;
        text_until(&self.page, test, "The connection works.").await;
        self.click("Continue").await;
        self.heading("Details").await;
        self.click("Continue").await;
        self.heading("When should it run?").await;
        text_until(&self.page, "//section[@id='next-setup']", "UTC").await;
        self.click("Continue").await;
        self.heading("Ready to create 3 processors").await;
        let password = text_at(&self.page, "//*[@id='bms-password']").await;
        self.click("Create 3 and start").await;
        password
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

    text_until(&person.page, "//h1", "Nothing is set up yet").await;
    person.click("Processors").await;
    person.heading("Processors").await;
    person.click("Add processor").await;
    let password = person.add_all_processors(&controller).await;
    person.heading("Processors").await;
    text_until(&person.page, "//tr[contains(., 'EVCE Status')]", "Running").await;
    person.click("Items").await;
    let zones = "//*[@role='treeitem' and contains(., 'EVCE Zones')]";
    until("the tree", async || {
        person.page.refresh().await.map_err(|error| error.to_string())?;
        person.page.find(Locator::XPath(zones)).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    person.page.execute(COUNT, Vec::new()).await.unwrap();
    click(&person.page, zones).await;
    click(&person.page, "//*[@role='treeitem' and contains(., 'Z1')]").await;
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
    person.type_into("connection-name", "North").await;
    person.page.delete_all_cookies().await.unwrap();
    person.click("Continue").await;
    text_until(&person.page, "//h1", "Sign in").await;
    sign_in_here(&person.page).await;
    person.heading("How does Riser reach").await;
    assert_eq!(person.page.current_url().await.unwrap(), address);
    assert_eq!(person.value_of("connection-settings-login").await, LOGIN);
    // What was not saved yet is back, too.
    assert_eq!(person.value_of("connection-name").await, "North");
    text_until(&person.page, "//form//p[@role='status']", "Your input is back").await;
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

/// A text that is dangerous if a page does not escape it.
const MARKUP: &str = "<img src=x onerror=alert(1)>\"'";
const STEP: &str = "/processors/add/";

/// Begins an addition of all processors. Returns the address of the draft.
async fn begin(portal: &Portal) -> String {
    let page = portal.page("/processors/add").await;
    let response = portal.post_fields("/processors/add", &page, &[("class", "*")]).await;
    let name = response.headers()["location"].to_str().unwrap().to_owned();
    assert!(name.starts_with(STEP) && name.ends_with("/name"), "{name}");
    name.strip_suffix("/name").unwrap().to_owned()
}

/// Sends a step. Returns the address of the next one, or the page with the errors.
async fn send(portal: &Portal, step: &str, fields: &[(&str, &str)]) -> Result<String, String> {
    let page = portal.page(step).await;
    let response = portal.post_fields(step, &page, fields).await;
    match response.headers().get("location") {
        Some(next) => Ok(next.to_str().unwrap().to_owned()),
        None => Err(response.text().await.unwrap()),
    }
}

#[tokio::test]
async fn bad_input_is_refused_at_its_field_and_kept() {
    let (controller, _installation, host) = empty_host();
    let portal = Portal::sign_in(&host).await;
    let draft = begin(&portal).await;
    let long = "x".repeat(5_000);
    for bad in ["", " ", MARKUP, "a\u{0}b", "a\u{202e}b", "two\nlines", &long] {
        let is_name = bad == MARKUP;
        let step = format!("{draft}/name");
        let names = [
            ("processor.setup.name", bad),
            ("processor.status.name", "EVCE Status"),
            ("processor.logs.name", "EVCE Logs"),
        ];
        let sent = send(&portal, &step, &names).await;
        // Markup is a name like any other; the rest is none.
        assert_eq!(sent.is_ok(), is_name, "{bad:?}");
        let page = portal.page(&step).await;
        assert!(!page.contains("<img"), "{bad:?}");
        if let Err(page) = sent {
            assert!(page.contains("id=\"f-processor-setup-name-error\""), "{bad:?}: {page}");
        }
        let step = format!("{draft}/connection");
        for field in ["connection.settings.base_url", "server.listen", "server.path"] {
            let good = [
                ("connection.name", "EVCE"),
                ("connection.settings.base_url", controller.api_url.as_str()),
                ("connection.settings.login", LOGIN),
                ("connection.settings.password", PASSWORD),
                ("server.name", "Main"),
                ("server.listen", "127.0.0.1:0"),
                ("server.path", "/EcoStruxure/DataExchange"),
                ("server.realm", "Riser"),
                ("server.account.name", "bms"),
            ];
            let fields: Vec<_> = good
                .into_iter()
                .map(|(name, value)| (name, if name == field { bad } else { value }))
                .collect();
            let id = format!("id=\"f-{}-error\"", field.replace('.', "-"));
            let sent = send(&portal, &step, &fields).await;
            let Err(page) = sent else { panic!("{field} {bad:?}: {sent:?}") };
            assert!(page.contains(&id) && !page.contains("<img"), "{field} {bad:?}: {page}");
            assert!(!page.contains(PASSWORD), "{field} {bad:?}");
        }
    }
    for (kind, field, value) in [
        ("every", "every", "0 s"),
        ("every", "every", MARKUP),
        ("weekly", "weekly_times", "25:00"),
        ("monthly", "dates", &*"1,".repeat(5_000)),
        ("cron", "cron", "0 6 31 2 *"),
    ] {
        let named = |field: &str| format!("processor.setup.new_schedule.{field}");
        let fields = [
            ("processor.setup.schedule", ""),
            (&named("name"), MARKUP),
            (&named("kind"), kind),
            (&named("day_mon"), "true"),
            (&named("monthly_times"), "06:00"),
            (&named(field), value),
        ];
        let page = send(&portal, &format!("{draft}/when"), &fields).await.unwrap_err();
        let id = format!("id=\"f-processor-setup-new_schedule-{field}-error\"");
        assert!(page.contains(&id), "{kind} {value}: {page}");
        assert!(!page.contains("<img"), "{kind} {value}");
    }
    host.stop();
}

#[tokio::test]
async fn the_stages_of_a_connection_test_are_shown_while_it_runs() {
    let (_controller, _installation, host) = empty_host();
    let draft = begin(&Portal::sign_in(&host).await).await;
    // Connections are accepted by the operating system, and nothing responds.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/api/v2", silent.local_addr().unwrap());
    let driver = Driver::start();
    let person = Person::signed_in(&driver, &host).await;
    person.page.goto(&format!("{}{draft}/connection", host.portal_url.trim_end_matches('/'))).await.unwrap();
    person.heading("How does Riser reach").await;
    person.type_into("connection-settings-base_url", &url).await;
    person.type_into("connection-settings-login", LOGIN).await;
    person.type_into("connection-settings-password", PASSWORD).await;
    person.click("Test the connection").await;
    let stages = "//*[@id='running-stages']";
    text_until(&person.page, stages, "Encryption").await;
    text_until(&person.page, stages, "running").await;
    text_until(&person.page, "//section[@id='test']", "No result within 10 s").await;
    assert!(person.page.find(Locator::Css("#running-stages li")).await.is_err(), "the test has ended");
    let errors = driver.console_errors(&person.page).await;
    assert!(errors.is_empty(), "{errors:#?}");
    person.page.close().await.unwrap();
    host.stop();
}

/// Returns the fields of the step Connection.
fn connection_fields<'a>(controller: &'a Controller, password: &'a str) -> [(&'static str, &'a str); 10] {
    [
        ("connection.name", "EVCE"),
        ("connection.settings.base_url", controller.api_url.as_str()),
        ("connection.settings.login", LOGIN),
        ("connection.settings.password", password),
        ("connection.settings.certificate_sha256", controller.certificate_sha256.as_str()),
        ("server.name", "Main"),
        ("server.listen", "127.0.0.1:0"),
        ("server.path", "/EcoStruxure/DataExchange"),
        ("server.realm", "Riser"),
        ("server.account.name", "bms"),
    ]
}

#[tokio::test]
async fn a_dry_run_shows_the_items_that_would_be_created_and_stores_nothing() {
    let (controller, _installation, host) = empty_host();
    let portal = Portal::sign_in(&host).await;
    let draft = begin(&portal).await;
    let connection = format!("{draft}/connection");
    let next = send(&portal, &connection, &connection_fields(&controller, PASSWORD)).await;
    assert_eq!(next, Ok(format!("{draft}/details")));
    let review = format!("{draft}/review");
    let page = portal.page(&review).await;
    assert!(page.contains("Dry run of EVCE Setup") && page.contains("Start the dry run"), "{page}");

    let tried = send(&portal, &review, &[("do", "dry-run")]).await.unwrap_err();
    for text in ["Succeeded", " would be created: ", " of them writable, ", "EVCE Zones / ", "Run again"] {
        assert!(tried.contains(text), "{text} is not in {tried}");
    }
    assert!(!tried.contains(PASSWORD), "{tried}");
    assert!(portal.page("/items").await.contains("No items yet"));
    assert!(portal.page("/processors").await.contains("No processor"));

    // A controller that refuses the password is a result, too.
    let wrong = send(&portal, &connection, &connection_fields(&controller, "wrong")).await;
    assert_eq!(wrong, Ok(format!("{draft}/details")));
    let refused = send(&portal, &review, &[("do", "dry-run")]).await.unwrap_err();
    assert!(refused.contains("refused login and password."), "{refused}");
    assert!(refused.contains("Failed") && !refused.contains("items would be created"), "{refused}");
    host.stop();
}

#[tokio::test]
async fn two_unfinished_additions_do_not_overwrite_each_other() {
    let (controller, installation, host) = empty_host();
    let portal = Portal::sign_in(&host).await;
    let (first, second) = (begin(&portal).await, begin(&portal).await);
    for draft in [&first, &second] {
        let fields = connection_fields(&controller, PASSWORD);
        let next = send(&portal, &format!("{draft}/connection"), &fields).await;
        assert_eq!(next, Ok(format!("{draft}/details")));
    }
    let created = send(&portal, &format!("{first}/review"), &[("do", "create")]).await;
    assert_eq!(created.as_deref(), Ok("/processors?added=true"));
    let refused = send(&portal, &format!("{second}/review"), &[("do", "start")]).await.unwrap_err();
    assert!(refused.contains("&#34;EVCE Setup&#34; is taken"), "{refused}");
    assert!(refused.contains(&format!("href=\"{second}/name\"")), "{refused}");
    let names = [
        ("processor.setup.name", "Second Setup"),
        ("processor.status.name", "Second Status"),
        ("processor.logs.name", "Second Logs"),
    ];
    assert_eq!(send(&portal, &format!("{second}/name"), &names).await, Ok(format!("{second}/connection")));
    let existing = [("connection.choice", "EVCE"), ("server.choice", "Main")];
    assert_eq!(
        send(&portal, &format!("{second}/connection"), &existing).await,
        Ok(format!("{second}/details"))
    );
    let created = send(&portal, &format!("{second}/review"), &[("do", "create")]).await;
    assert_eq!(created.as_deref(), Ok("/processors?added=true"));

    // A library that is gone keeps the drafts.
    let third = begin(&portal).await;
    host.stop();
    std::fs::remove_dir_all(installation.plugins()).unwrap();
    let host = installation.start();
    let portal = Portal::sign_in(&host).await;
    let page = portal.page("/processors/add").await;
    assert!(page.contains("No library is loaded") && page.contains(&third), "{page}");
    let step = portal.open(&format!("{third}/name")).await;
    assert_eq!(step.status(), reqwest::StatusCode::CONFLICT);
    assert!(step.text().await.unwrap().contains("is no longer loaded; the unfinished addition is kept"));
    host.stop();
}
