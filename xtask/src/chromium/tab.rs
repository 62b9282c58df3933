//! A tab of the browser.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fantoccini::{Client, Locator};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::commands::{BrowserLog, DevTools};
use crate::processes::Login;

/// A generous limit for a page.
const PAGE_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// The height of the visible part of a page, in CSS pixels.
const HEIGHT_PX: u32 = 900;

/// The colours of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
}

/// A tab, and its browser.
pub(crate) struct Tab {
    client: Client,
}

impl Theme {
    pub(crate) const ALL: [Self; 2] = [Self::Light, Self::Dark];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Tab {
    pub(super) const fn new(client: Client) -> Self {
        Self { client }
    }

    pub(crate) async fn close(self) -> anyhow::Result<()> {
        Ok(self.client.close().await?)
    }

    /// Opens an address and waits until the page is loaded.
    pub(crate) async fn goto(&self, address: &str) -> anyhow::Result<()> {
        self.client.goto(address).await.with_context(|| format!("{address} cannot be opened"))
    }

    /// Returns the address of the page.
    pub(crate) async fn address(&self) -> anyhow::Result<url::Url> {
        Ok(self.client.current_url().await?)
    }

    /// Signs in on the login page of a portal.
    pub(crate) async fn sign_in(&self, portal_url: &str, login: &Login) -> anyhow::Result<()> {
        self.goto(&format!("{portal_url}/login")).await?;
        self.fill("input[name=user]", login.user).await?;
        self.fill("input[name=password]", &login.password).await?;
        self.press("form button[type=submit]").await?;
        self.wait_until("!location.pathname.endsWith('/login')").await.context("the portal refuses the login")
    }

    /// Replaces the text of a field.
    pub(crate) async fn fill(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        let field = self.client.find(Locator::Css(selector)).await.with_context(|| selector.to_owned())?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// Clicks on the first element with this selector.
    pub(crate) async fn press(&self, selector: &str) -> anyhow::Result<()> {
        let found = self.client.find(Locator::Css(selector)).await.with_context(|| selector.to_owned())?;
        Ok(found.click().await?)
    }

    /// Clicks on the button with this text, and returns whether there is one.
    pub(crate) async fn press_button(&self, label: &str) -> anyhow::Result<bool> {
        let xpath = format!("//main//button[not(@aria-hidden)][normalize-space(.) = '{label}']");
        let found = self.client.find_all(Locator::XPath(&xpath)).await?;
        let Some(button) = found.into_iter().next() else { return Ok(false) };
        button.click().await?;
        Ok(true)
    }

    /// Runs the body of a function in the page and returns its result.
    pub(crate) async fn run<T: DeserializeOwned>(&self, body: &str) -> anyhow::Result<T> {
        Ok(serde_json::from_value(self.client.execute(body, Vec::new()).await?)?)
    }

    /// Runs the body of a function that calls its last argument with the result.
    pub(crate) async fn run_async<T: DeserializeOwned>(&self, body: &str) -> anyhow::Result<T> {
        Ok(serde_json::from_value(self.client.execute_async(body, Vec::new()).await?)?)
    }

    /// Runs a script at the begin of every page that is opened from now on.
    pub(crate) async fn run_in_every_page(&self, script: &str) -> anyhow::Result<()> {
        let parameters = json!({ "source": script });
        self.dev_tools("Page.addScriptToEvaluateOnNewDocument", parameters).await.map(drop)
    }

    /// Waits until an expression is true in the page.
    pub(crate) async fn wait_until(&self, expression: &str) -> anyhow::Result<()> {
        let begin = Instant::now();
        while !self.run::<bool>(&format!("return Boolean({expression});")).await? {
            ensure!(begin.elapsed() < PAGE_TIMEOUT, "this never came true on the page: {expression}");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// Stores the theme for the next pages of a portal, as its button does.
    pub(crate) async fn set_theme(&self, address: &str, theme: Theme) -> anyhow::Result<()> {
        let cookie = json!({ "name": "riser-theme", "value": theme.as_str(), "url": address, "path": "/" });
        self.dev_tools("Network.setCookie", cookie).await.map(drop)
    }

    /// Shows the present page in this theme.
    pub(crate) async fn show_theme(&self, theme: Theme) -> anyhow::Result<()> {
        let script = format!("document.documentElement.dataset.theme = '{}';", theme.as_str());
        self.run::<Value>(&script).await.map(drop)
    }

    /// Chooses a file in the field with this selector.
    pub(crate) async fn choose_file(&self, selector: &str, file: &Path) -> anyhow::Result<()> {
        let field = self.client.find(Locator::Css(selector)).await.with_context(|| selector.to_owned())?;
        Ok(field.send_keys(&file.display().to_string()).await?)
    }

    /// Sets the width of the page in CSS pixels.
    pub(crate) async fn set_width(&self, width_px: u32) -> anyhow::Result<()> {
        let size = json!({ "width": width_px, "height": HEIGHT_PX, "deviceScaleFactor": 1, "mobile": false });
        self.dev_tools("Emulation.setDeviceMetricsOverride", size).await.map(drop)
    }

    /// Returns a picture of the whole page as PNG.
    pub(crate) async fn screenshot(&self) -> anyhow::Result<Vec<u8>> {
        let parameters = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.dev_tools("Page.captureScreenshot", parameters).await?;
        let data = picture["data"].as_str().context("Chromium returned no picture")?;
        Ok(BASE64_STANDARD.decode(data)?)
    }

    /// Returns the errors in the console since the last call, violations of the content security policy included.
    pub(crate) async fn console_errors(&self) -> anyhow::Result<Vec<String>> {
        let log = self.client.issue_cmd(BrowserLog).await?;
        let lines = log.as_array().context("Chromium returned no log")?.iter();
        Ok(lines.filter(|line| line["level"] == "SEVERE").map(|line| line["message"].to_string()).collect())
    }

    async fn dev_tools(&self, method: &'static str, parameters: Value) -> anyhow::Result<Value> {
        Ok(self.client.issue_cmd(DevTools { method, parameters }).await?)
    }
}
