//! An HTTP client that uses the portal as a browser does.

use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use url::form_urlencoded::Serializer;

use crate::controller::http_client;
use crate::host::Host;

pub(crate) const ADMIN: &str = "anna";
pub(crate) const ADMIN_PASSWORD: &str = "a password of the portal";

/// A client with a login session.
pub(crate) struct Portal {
    http: reqwest::Client,
    url: String,
    cookie: String,
}

impl Portal {
    pub(crate) async fn sign_in(host: &Host) -> Self {
        Self::sign_in_with(http_client(), host.portal_url.clone()).await
    }

    /// Signs in as another person.
    pub(crate) async fn sign_in_as(host: &Host, user: &str, password: &str) -> Self {
        Self::log_in(http_client(), host.portal_url.clone(), user, password).await
    }

    /// Signs in with a separate client and address.
    pub(crate) async fn sign_in_with(http: reqwest::Client, url: String) -> Self {
        Self::log_in(http, url, ADMIN, ADMIN_PASSWORD).await
    }

    async fn log_in(http: reqwest::Client, url: String, user: &str, password: &str) -> Self {
        let login = [("user", user), ("password", password)];
        let response = http
            .post(format!("{url}/login"))
            .header(ORIGIN, &url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Serializer::new(String::new()).extend_pairs(login).finish())
            .send()
            .await
            .unwrap();
        assert_eq!(response.headers().get(LOCATION).unwrap(), "/", "{}", response.status());
        let set_cookie = response.headers()[SET_COOKIE].to_str().unwrap();
        assert_eq!(set_cookie.contains("; Secure"), url.starts_with("https:"), "{set_cookie}");
        let cookie = set_cookie.split(';').next().unwrap().to_owned();
        Self { http, url, cookie }
    }

    /// Returns the session cookie.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// Returns the text of a page.
    pub(crate) async fn page(&self, path: &str) -> String {
        self.open(path).await.error_for_status().unwrap().text().await.unwrap()
    }

    /// Returns the response for a page.
    pub(crate) async fn open(&self, path: &str) -> reqwest::Response {
        let request = self.http.get(format!("{}{path}", self.url)).header(COOKIE, &self.cookie);
        request.send().await.unwrap()
    }

    /// Returns the row of a processor on the overview.
    pub(crate) async fn row(&self, processor: &str) -> String {
        let page = self.page("/").await;
        let row = page
            .split("<li id=\"processor-")
            .skip(1)
            .find(|row| row.contains(&format!("<b>{processor}</b>")));
        row.unwrap_or_else(|| panic!("no processor {processor} on {page}")).to_owned()
    }

    /// Presses the button of a processor on the overview: `run` or `stop`.
    pub(crate) async fn press(&self, verb: &str, processor: &str) {
        let row = self.row(processor).await;
        let action = row.split("action=\"").map(|rest| rest.split('"').next().unwrap());
        let action =
            action.into_iter().find(|action| action.ends_with(verb)).unwrap_or_else(|| panic!("{row}"));
        let response = self.post(action, &row).await;
        assert!(
            response.status().is_redirection(),
            "{}: {}",
            response.status(),
            response.text().await.unwrap()
        );
    }

    /// Sends a request that the page offers no button for. Returns the refusal.
    pub(crate) async fn refused(&self, verb: &str, processor: u32) -> String {
        let page = self.page("/").await;
        let response = self.post(&format!("/processors/{processor}/{verb}"), &page).await;
        assert_eq!(response.status(), reqwest::StatusCode::CONFLICT);
        response.text().await.unwrap()
    }

    /// Reads an event stream until an event contains a text, and returns the event.
    pub(crate) async fn event_with(&self, path: &str, text: &str) -> String {
        let request = self.http.get(format!("{}{path}", self.url)).header(COOKIE, &self.cookie);
        let mut response = request.send().await.unwrap().error_for_status().unwrap();
        let mut read = String::new();
        while let Some(chunk) = response.chunk().await.unwrap() {
            read.push_str(&String::from_utf8_lossy(&chunk));
            while let Some((event, rest)) = read.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                if event.contains(text) {
                    return event;
                }
                read = rest;
            }
        }
        panic!("{path} ended without {text}");
    }

    /// Sends fields to an address with the token of the session.
    pub(crate) async fn send(&self, action: &str, fields: &[(String, String)]) -> reqwest::Response {
        let page = self.page("/").await;
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .filter(|(name, _)| *name != "csrf")
            .collect();
        self.post_fields(action, &page, &fields).await
    }

    /// Sends a form with the token of the session and a file.
    pub(crate) async fn upload(&self, action: &str, name: &str, bytes: &[u8]) -> reqwest::Response {
        let page = self.page("/").await;
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let part = "--a-boundary\r\ncontent-disposition: form-data; name=";
        let mut body = format!("{part}\"csrf\"\r\n\r\n{csrf}\r\n{part}\"file\"; filename=\"{name}\"\r\n\r\n")
            .into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--a-boundary--\r\n");
        self.http
            .post(format!("{}{action}", self.url))
            .header(COOKIE, &self.cookie)
            .header(ORIGIN, &self.url)
            .header("content-type", "multipart/form-data; boundary=a-boundary")
            .body(body)
            .send()
            .await
            .unwrap()
    }

    /// Sends a form with the token of a page.
    async fn post(&self, action: &str, page: &str) -> reqwest::Response {
        self.post_fields(action, page, &[]).await
    }

    /// Sends a form with fields and the token of a page.
    pub(crate) async fn post_fields(
        &self,
        action: &str,
        page: &str,
        fields: &[(&str, &str)],
    ) -> reqwest::Response {
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let body = Serializer::new(format!("csrf={csrf}")).extend_pairs(fields).finish();
        self.http
            .post(format!("{}{action}", self.url))
            .header(COOKIE, &self.cookie)
            .header(ORIGIN, &self.url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap()
    }
}
