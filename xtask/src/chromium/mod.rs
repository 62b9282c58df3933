//! Headless Chromium with tabs of any size, through chromedriver.

mod commands;
mod tab;

use std::process::Stdio;

use anyhow::Context as _;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

pub(crate) use tab::{Tab, Theme};

/// The start of the line in which chromedriver names its port.
const READY: &str = "started successfully on port ";

/// A running `chromedriver`. Dropping it ends the process, and the browsers with it.
pub(crate) struct Chromium {
    _child: Child,
    url: String,
}

impl Chromium {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("chromedriver is missing; `cargo xtask test` installs it")?;
        let mut lines = BufReader::new(child.stdout.take().context("its output is not piped")?).lines();
        let port = loop {
            let line = lines.next_line().await?.context("chromedriver did not start")?;
            if let Some((_, port)) = line.rsplit_once(READY) {
                break port.trim_end_matches('.').to_owned();
            }
        };
        Ok(Self { _child: child, url: format!("http://127.0.0.1:{port}") })
    }

    /// Opens a separate browser with one tab.
    pub(crate) async fn open(&self) -> anyhow::Result<Tab> {
        let arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1440,900"];
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".to_owned(), json!({ "args": arguments }));
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        let client: Client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.url)
            .await
            .context("Chromium could not be started")?;
        Ok(Tab::new(client))
    }
}
