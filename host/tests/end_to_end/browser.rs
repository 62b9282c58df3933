//! The portal in real Chromium: signing in, the overview, and a value that changes without a reload.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use riser_domain::ValueState;
use serde_json::{Value, json};

use crate::bms::{id_of, read_until, walk_until_there, write};
use crate::controller::http_client;
use crate::portal::{ADMIN, ADMIN_PASSWORD};
use crate::site::{Processors, Site};
use crate::waiting::until;

const REDUCTION: &str = "EVCE Zones/Z1/ZoneReduction";

/// A running `chromedriver`. Dropping it ends the process.
pub(crate) struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    pub(crate) fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let started = lines.map(Result::unwrap).find(|line| line.contains("started successfully on port "));
        let port = started.unwrap().rsplit(' ').next().unwrap().trim_end_matches('.').to_owned();
        Self { child, url: format!("http://127.0.0.1:{port}") }
    }

    pub(crate) async fn open(&self) -> Client {
        let options =
            json!({ "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1440,900"] });
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&self.url).await.unwrap()
    }

    /// Returns the errors in the browser's console since the last call, violations of the content security policy
    /// included.
    pub(crate) async fn console_errors(&self, page: &Client) -> Vec<String> {
        let session = page.session_id().await.unwrap().unwrap();
        let request = http_client()
            .post(format!("{}/session/{session}/se/log", self.url))
            .header("content-type", "application/json")
            .body(json!({ "type": "browser" }).to_string());
        let response = request.send().await.unwrap().error_for_status().unwrap();
        let log: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        let lines = log["value"].as_array().unwrap().iter();
        lines.filter(|line| line["level"] == "SEVERE").map(|line| line["message"].to_string()).collect()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn text_of(page: &Client, xpath: &str) -> Result<String, String> {
    let found = page.find(Locator::XPath(xpath)).await.map_err(|error| error.to_string())?;
    found.text().await.map_err(|error| error.to_string())
}

pub(crate) async fn text_until(page: &Client, xpath: &str, part: &str) {
    until(&format!("{xpath} with {part:?}"), async || match text_of(page, xpath).await {
        Ok(text) if text.contains(part) => Ok(()),
        other => Err(other),
    })
    .await;
}

/// Returns the text of an element as soon as it is there. A live update may replace it at the same moment.
pub(crate) async fn text_at(page: &Client, xpath: &str) -> String {
    until(xpath, async || text_of(page, xpath).await).await
}

/// Clicks an element, which a live update may replace at the same moment.
pub(crate) async fn click(page: &Client, xpath: &str) {
    until(xpath, async || page.find(Locator::XPath(xpath)).await?.click().await).await;
}

/// Clicks a link, which a live update may replace at the same moment.
pub(crate) async fn follow(page: &Client, link: &str) {
    until(link, async || page.find(Locator::LinkText(link)).await?.click().await).await;
}

pub(crate) async fn sign_in(page: &Client, url: &str, password: &str) {
    page.goto(url).await.unwrap();
    for (name, text) in [("user", ADMIN), ("password", password)] {
        let field = page.find(Locator::Css(&format!("input[name={name}]"))).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }
    page.find(Locator::Css("form button[type=submit]")).await.unwrap().click().await.unwrap();
}

#[tokio::test]
async fn a_person_signs_in_and_sees_a_set_point_arrive_without_reloading() {
    let site = Site::new("F1", Processors::SetupAndStatus);
    site.installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let (host, bms) = site.start();
    let tree = walk_until_there(&bms, REDUCTION).await;
    read_until(&bms, id_of(&tree, REDUCTION), "10", ValueState::Good).await;

    let driver = Driver::start();
    let page = driver.open().await;
    sign_in(&page, &host.portal_url, "not the password").await;
    text_until(&page, "//body", "User name and password do not match").await;
    sign_in(&page, &host.portal_url, ADMIN_PASSWORD).await;
    text_until(&page, "//h1", "Data is flowing").await;
    text_until(&page, "//li[contains(., 'EVCE Status')]", "Running").await;

    follow(&page, "Items").await;
    follow(&page, "EVCE Zones").await;
    follow(&page, "Z1").await;
    let row = "//tr[contains(., 'ZoneReduction') and not(contains(., 'ZoneReductionType')) \
               and not(contains(., 'ZoneReductionDescription'))]";
    text_until(&page, row, "10").await;
    // A reload would remove this mark.
    page.execute("window.notReloaded = true", Vec::new()).await.unwrap();
    write(&bms, id_of(&tree, REDUCTION), "55").await;
    text_until(&page, row, "55").await;
    assert_eq!(page.execute("return window.notReloaded", Vec::new()).await.unwrap(), json!(true));
    page.close().await.unwrap();
}
