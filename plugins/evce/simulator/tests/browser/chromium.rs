//! Headless Chromium through `chromedriver`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// A generous limit for a page that never shows it.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

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
            .expect("chromedriver is installed");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let started = lines.map(Result::unwrap).find(|line| line.contains("started successfully on port "));
        let port = started.unwrap().rsplit(' ').next().unwrap().trim_end_matches('.').to_owned();
        Self { child, url: format!("http://127.0.0.1:{port}") }
    }

    pub(crate) async fn open(&self, address: &str, extra: &[&str]) -> Client {
        let mut arguments = vec!["--headless=new", "--no-sandbox", "--disable-gpu"];
        arguments.extend(extra);
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".to_owned(), json!({ "args": arguments }));
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let page = builder.capabilities(capabilities).connect(&self.url).await.unwrap();
        page.goto(address).await.unwrap();
        find(&page, "//body[@data-ready]").await;
        page
    }

    /// Returns the errors in the console, violations of the content security policy included.
    pub(crate) async fn console_errors(&self, page: &Client) -> Vec<String> {
        let session = page.session_id().await.unwrap().unwrap();
        let client = reqwest::Client::builder().build().unwrap();
        let request = client
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

/// Waits until an element is there.
pub(crate) async fn find(page: &Client, xpath: &str) -> fantoccini::elements::Element {
    let deadline = Instant::now() + LONGEST_WAIT;
    loop {
        match page.find(Locator::XPath(xpath)).await {
            Ok(found) => return found,
            Err(error) => assert!(Instant::now() < deadline, "{xpath} is not there: {error}"),
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

pub(crate) async fn click(page: &Client, xpath: &str) {
    find(page, xpath).await.click().await.unwrap();
}
