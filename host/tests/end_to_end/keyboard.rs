//! The jobs of the people who use the portal, by keyboard alone: each control is reached with Tab, shows its focus and
//! is not covered, and Enter uses it.

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use serde_json::Value;

use crate::browser::{Driver, text_at, text_until};
use crate::controller::{Controller, LOGIN, PASSWORD};
use crate::host::Installation;
use crate::portal::{ADMIN, ADMIN_PASSWORD};
use crate::programs;
use crate::site::{Processors, Site};
use crate::waiting::until;

/// More controls than a page has.
const MOST_CONTROLS: usize = 250;
/// Returns the name of the focused control, and the rule that it breaks.
const FOCUSED: &str = r#"
    const e = document.activeElement;
    if (!e || e === document.body) return ["", ""];
    const name = (e.getAttribute("aria-label") ?? e.labels?.[0]?.textContent ?? e.textContent).replace(/\s+/g, " ").trim();
    const { outlineStyle, boxShadow } = getComputedStyle(e), box = e.getBoundingClientRect();
    if (outlineStyle === "none" && boxShadow === "none") return [name, "its focus is not visible"];
    const top = document.elementFromPoint(box.left + Math.min(box.width / 2, 40), box.top + Math.min(box.height / 2, 20));
    const isHidden = box.bottom < 0 || box.top > innerHeight || !top || !(e.contains(top) || top.contains(e) || top.closest("label")?.control === e);
    return [name, isHidden ? `something covers it: ${top?.outerHTML.slice(0, 100)}` : ""];
"#;

/// A person without a mouse.
struct Person {
    page: Client,
}

impl Person {
    async fn open(driver: &Driver, url: &str) -> Self {
        let page = driver.open().await;
        page.goto(url).await.unwrap();
        Self { page }
    }

    async fn sign_in(&self) {
        self.fill("User", ADMIN).await;
        self.fill("Password", ADMIN_PASSWORD).await;
        self.use_control("Sign in").await;
    }

    async fn heading(&self, text: &str) {
        text_until(&self.page, "//h1", text).await;
    }

    async fn press(&self, key: Key) {
        let key = char::from(key);
        let keys = KeyActions::new("keyboard".to_owned());
        let keys = keys.then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
        self.page.perform_actions(keys).await.unwrap();
    }

    /// Presses Tab until a control whose name begins with this has the focus.
    async fn tab_to(&self, name: &str) {
        let mut passed = Vec::new();
        for _ in 0..MOST_CONTROLS {
            let focused = self.page.execute(FOCUSED, Vec::new()).await.unwrap();
            let (found, broken) = (text(&focused[0]), text(&focused[1]));
            assert!(broken.is_empty(), "{found}: {broken}");
            if found.starts_with(name) {
                return;
            }
            passed.push(found);
            self.press(Key::Tab).await;
        }
        panic!("Tab does not reach \"{name}\"; passed: {passed:?}");
    }

    async fn use_control(&self, name: &str) {
        self.tab_to(name).await;
        self.press(Key::Enter).await;
    }

    /// Replaces the text of a field.
    async fn fill(&self, label: &str, text: &str) {
        self.tab_to(label).await;
        let field = self.page.active_element().await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn an_integrator_connects_a_controller_and_sees_live_values() {
    let controller = Controller::start("F1");
    let installation = Installation::new(&[programs::library("riser-evce")]);
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let driver = Driver::start();
    let person = Person::open(&driver, &host.portal_url).await;
    person.sign_in().await;
    person.heading("Nothing is set up yet").await;
    person.use_control("Add processor").await;
    person.heading("What should be added?").await;
    person.use_control("Continue").await;
    person.heading("How should it be called?").await;
    person.use_control("Continue").await;
    person.heading("How does Riser reach").await;
    person.fill("API URL", &controller.api_url).await;
    person.fill("Login", LOGIN).await;
    person.fill("Password", PASSWORD).await;
    // The port is fixed on a usual host.
    person.fill("Listen address", "127.0.0.1:0").await;
    person.use_control("Test the connection").await;
    text_until(&person.page, "//section[@id='test']", "is not trusted").await;
    person.use_control("Trust this certificate").await;
    text_until(&person.page, "//section[@id='test']", "The connection works.").await;
    person.use_control("Continue").await;
    person.heading("Details").await;
    person.use_control("Continue").await;
    person.heading("When should it run?").await;
    person.use_control("Continue").await;
    person.heading("Ready to create 3 processors").await;
    person.use_control("Create 3 and start").await;
    person.heading("Processors").await;
    text_until(&person.page, "//tr[contains(., 'EVCE Status')]", "Running").await;
    person.use_control("Overview").await;
    person.heading("Data arrives").await;
    person.page.close().await.unwrap();
}

#[tokio::test]
async fn an_operator_finds_the_broken_part_an_engineer_the_log_an_officer_the_audit_trail() {
    let site = Site::new("F1", Processors::SetupAndStatus);
    site.installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let (host, _) = site.start();
    let driver = Driver::start();
    let person = Person::open(&driver, &host.portal_url).await;
    person.sign_in().await;

    // The operator.
    site.controller.go_down().await;
    person.heading("does not respond").await;
    until("the problem", async || {
        // A live update may replace the bell at the same moment.
        let bell = person.page.find(Locator::Id("problem-count")).await.map_err(|error| error.to_string())?;
        let label = bell.attr("aria-label").await.map_err(|error| error.to_string())?.unwrap_or_default();
        if label == "Problems: none" { Err(label) } else { Ok(()) }
    })
    .await;
    person.use_control("Problems:").await;
    person.heading("Problems").await;
    text_until(&person.page, "//main", "What to do").await;

    // The service engineer.
    person.use_control("Processors").await;
    person.heading("Processors").await;
    person.use_control("EVCE Status").await;
    person.heading("EVCE Status").await;
    person.use_control("Runs").await;
    text_until(&person.page, "//nav[@class='tabs']/a[@aria-current]", "Runs").await;
    let run = text_at(&person.page, "//tbody//th//a").await;
    person.use_control(&run).await;
    text_until(&person.page, "//h2[@id='log-h']", "Log").await;
    person.tab_to("Download").await;

    // The officer.
    person.use_control("Audit").await;
    person.heading("Audit").await;
    text_until(&person.page, "//main", ADMIN).await;
    person.tab_to("CSV").await;
    person.use_control("About").await;
    person.heading("Riser").await;

    // The plugin author. The dialog in which a file is chosen belongs to the browser.
    person.use_control("Plugins").await;
    person.heading("Plugins").await;
    person.tab_to("Library file").await;
    let library = programs::library("riser-example");
    let field = person.page.active_element().await.unwrap();
    field.send_keys(library.to_str().unwrap()).await.unwrap();
    person.use_control("Upload and check").await;
    person.heading("Example").await;
    person.use_control("Install Example").await;
    text_until(&person.page, "//main", "is installed and in use").await;
    person.use_control("Processors").await;
    person.heading("Processors").await;
    person.use_control("Run now: EVCE Setup").await;
    text_until(&person.page, "//main", "EVCE Setup").await;
    person.page.close().await.unwrap();
}
