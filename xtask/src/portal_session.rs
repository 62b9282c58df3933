//! A login session of the portal over HTTP, as a browser has it.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::header::{CONTENT_TYPE, COOKIE, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use url::Url;

use crate::processes::Login;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// A session.
pub(crate) struct PortalSession {
    http: reqwest::Client,
    base: Url,
    cookie: String,
}

impl PortalSession {
    pub(crate) async fn sign_in(portal_url: &str, login: &Login) -> anyhow::Result<Self> {
        // The process may have chosen a provider already; any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder =
            reqwest::Client::builder().no_proxy().no_gzip().redirect(Policy::none()).timeout(REQUEST_TIMEOUT);
        let http = builder.build()?;
        let base = Url::parse(portal_url)?;
        let request = http.post(base.join("/login")?).header(ORIGIN, portal_url);
        let fields = format!("user={}&password={}", login.user, login.password);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(fields);
        let response = request.send().await?;
        ensure!(response.status().is_redirection(), "the portal refuses the login: {}", response.status());
        let cookie = response.headers().get(SET_COOKIE).context("the portal sets no cookie")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(Self { http, base, cookie })
    }

    /// Returns the address of the portal.
    pub(crate) const fn base(&self) -> &Url {
        &self.base
    }

    /// Prepares a request of the session.
    pub(crate) fn request(&self, address: Url) -> reqwest::RequestBuilder {
        self.http.get(address).header(COOKIE, &self.cookie)
    }

    /// Requests an address; redirects are not followed.
    pub(crate) async fn get(&self, address: Url) -> anyhow::Result<reqwest::Response> {
        Ok(self.request(address).send().await?)
    }
}
