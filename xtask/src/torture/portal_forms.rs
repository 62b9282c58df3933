//! A browser that sends the forms of the portal: schedules, people, set points, processors and connections. It sends each
//! form as the page shows it, with one field changed.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN};
use riser_ews::client::EwsClient;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::ledger::Client;
use super::writers::{PAUSE, Shared, find_set_point, http_client, number_text, sign_in};
use crate::processes::Login;

/// The processor and the connection that are renamed, and the addresses of their forms.
pub(super) const RENAMED_PROCESSOR: &str = "EVCE Logs";
pub(super) const RENAMED_CONNECTION: &str = "EVCE";
const PROCESSOR_FORM: &str = "/processors/3/details";
const CONNECTION_FORM: &str = "/connections/1";
/// Reasons for which a right form may be refused: another client was faster, or the host was asked to stop.
const REFUSALS: [&str; 3] =
    ["changed the configuration meanwhile", "the configuration changed meanwhile", "Riser is stopping"];
/// The first EWS server.
const SERVER: u32 = 1;

pub(super) fn portal_schedule_name(number: u32) -> String {
    format!("Portal {number}")
}

pub(super) fn person_name(number: u32) -> String {
    format!("person-{number}")
}

/// A signed-in browser. Its requests return `None` once the host is gone or stops.
struct Browser {
    http: reqwest::Client,
    url: String,
    cookie: String,
}

/// The fields of a form as a page shows them.
#[derive(Debug, PartialEq, Eq)]
struct Form(Vec<(String, String)>);

/// Sends forms in turn, each with a unique number, until the host is gone.
pub(super) async fn send_forms_often(
    shared: Arc<Shared>,
    portal_url: String,
    admin: Login,
    bms: Arc<EwsClient>,
) -> anyhow::Result<()> {
    let http = http_client()?;
    let token = match shared.ledger.any_session() {
        Some(token) => token,
        None => match sign_in(&http, &portal_url, &admin).await? {
            Some(token) => token,
            None => return Ok(()),
        },
    };
    let port = portal_url.rsplit(':').next().unwrap_or_default();
    let browser = Browser { cookie: format!("riser-{port}={token}"), http, url: portal_url };
    while !shared.is_stopping() {
        let client = shared.ledger.next_form();
        let number = shared.ledger.begin(client);
        let sent = match client {
            Client::PortalSchedule => {
                let name = portal_schedule_name(number);
                let every = format!("{number} s");
                browser
                    .change("/schedules/add", &[("name", &name), ("kind", "every"), ("every", &every)])
                    .await?
            }
            Client::PortalUser => {
                let name = person_name(number);
                browser.send("/users", "/users", &[("name", &name), ("role", "viewer")]).await?
            }
            Client::PortalProcessor => {
                let name = format!("{RENAMED_PROCESSOR} {number}");
                browser.change(PROCESSOR_FORM, &[("name", &name)]).await?
            }
            Client::PortalConnection => {
                let name = format!("{RENAMED_CONNECTION} {number}");
                browser.change(CONNECTION_FORM, &[("name", &name)]).await?
            }
            _ => {
                let Some(item) = find_set_point(&shared, &bms).await else { return Ok(()) };
                let item: String = byte_serialize(item.as_bytes()).collect();
                let path = format!("/items/write?server={SERVER}&item={item}");
                let value = number_text(number);
                browser.send(&path, &path, &[("value", &value), ("confirmed", "true")]).await?
            }
        };
        match sent {
            Some(true) => shared.ledger.acknowledge(client, number),
            Some(false) => {}
            None => return Ok(()),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

impl Browser {
    /// Sends the form of a page to the address of the page, with some fields changed.
    async fn change(&self, page: &str, changes: &[(&str, &str)]) -> anyhow::Result<Option<bool>> {
        self.send(page, page, changes).await
    }

    /// Sends a form of a page, with some fields changed. Returns whether the portal accepted it.
    async fn send(&self, page: &str, action: &str, changes: &[(&str, &str)]) -> anyhow::Result<Option<bool>> {
        let Some((_, html)) = self.responded(self.http.get(format!("{}{page}", self.url))).await? else {
            return Ok(None);
        };
        let mut form = Form::of_page(&html, action).with_context(|| format!("{page} has no form: {html}"))?;
        for (name, value) in changes {
            form.set(name, value);
        }
        let request = self.http.post(format!("{}{action}", self.url)).header(ORIGIN, &self.url);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.body());
        let Some((is_accepted, page_text)) = self.responded(request).await? else { return Ok(None) };
        let is_expected = REFUSALS.iter().any(|reason| page_text.contains(reason));
        ensure!(is_accepted || is_expected, "the portal refuses the form of {page}: {page_text}");
        Ok(Some(is_accepted))
    }

    /// Returns whether a changing request was accepted, and the page; `None` once the host is gone or stops.
    async fn responded(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Option<(bool, String)>> {
        let Ok(response) = request.header(COOKIE, &self.cookie).send().await else { return Ok(None) };
        let status = response.status();
        if status.is_server_error() {
            return Ok(None);
        }
        let leads_to_login =
            response.headers().get(LOCATION).is_some_and(|to| to.as_bytes().starts_with(b"/login"));
        ensure!(!leads_to_login, "a session that was acknowledged is gone");
        let is_accepted = status.is_redirection() || status == StatusCode::CREATED;
        Ok(response.text().await.ok().map(|page| (is_accepted, page)))
    }
}

impl Form {
    /// Reads the fields of the form that is sent to an address.
    fn of_page(html: &str, action: &str) -> Option<Self> {
        let action = action.replace('&', "&#38;");
        let begin = html.find(&format!("action=\"{action}\""))?;
        let (form, _) = html[begin..].split_once("</form>")?;
        let mut fields = Vec::new();
        let mut select = None;
        for tag in form.split('<').skip(1) {
            let (tag, text) = tag.split_once('>')?;
            let attribute = |name: &str| {
                let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
                Some(unescaped(rest.split('"').next()?))
            };
            let has_choice = matches!(attribute("type").as_deref(), Some("checkbox" | "radio"));
            match (tag.split(' ').next()?, attribute("name")) {
                ("input", Some(name)) if !has_choice || tag.contains(" checked") => {
                    fields.push((name, attribute("value").unwrap_or_default()));
                }
                ("textarea", Some(name)) => fields.push((name, unescaped(text.trim_start_matches('\n')))),
                ("select", name) => select = name,
                ("option", _) if tag.contains(" selected") => {
                    let value = attribute("value").unwrap_or_else(|| unescaped(text));
                    fields.extend(select.take().map(|name| (name, value)));
                }
                _ => {}
            }
        }
        Some(Self(fields))
    }

    fn set(&mut self, name: &str, value: &str) {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), value.to_owned()));
    }

    fn body(&self) -> String {
        Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

/// Returns the text of HTML in which the portal escaped characters.
fn unescaped(html: &str) -> String {
    let escapes = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
    escapes.iter().fold(html.to_owned(), |text, (escape, character)| text.replace(escape, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_a_browser_sends_it() {
        let html = r#"<form action="/other"><input name="x" value="1"></form>
            <form method="post" action="/a?b=1&#38;c=2"><input class="in" name="name" value="A &#34;B&#34;">
            <input type="hidden" name="on" value="false"><input type="checkbox" name="on" value="true" checked>
            <input type="radio" name="kind" value="one"><input type="radio" name="kind" value="two" checked>
            <select id="s" name="choice"><option value="1">One</option><option value="2" selected>Two</option></select>
            <select name="none"><option value="1">One</option></select>
            <textarea name="lines">
a
b</textarea><button name="do" value="preview">Show</button></form>"#;
        let mut form = Form::of_page(html, "/a?b=1&c=2").unwrap();
        form.set("name", "C");
        let expected = [
            ("on", "false"),
            ("on", "true"),
            ("kind", "two"),
            ("choice", "2"),
            ("lines", "a\nb"),
            ("name", "C"),
        ];
        assert_eq!(form.0, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(Form::of_page(html, "/nowhere"), None);
    }
}
