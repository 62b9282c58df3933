//! One request and its response, with an independent digest implementation.

use digest_auth::{AuthContext, HttpMethod, WwwAuthenticateHeader};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, WWW_AUTHENTICATE};
use riser_ews::NAMESPACE;

use crate::contract_check::{CheckedExchange, Node, check};
use crate::site::{BMS, Site};

pub(crate) const SOAP_12: &str = "http://www.w3.org/2003/05/soap-envelope";

/// A request to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) body: Vec<u8>,
    pub(crate) content_type: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) account: (&'static str, &'static str),
}

impl Message {
    /// An element of the contract in an envelope; its namespace is added.
    pub(crate) fn of(element: &str) -> Self {
        Self::raw(envelope(element))
    }

    pub(crate) fn raw(body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            content_type: "application/soap+xml; charset=utf-8".to_owned(),
            headers: Vec::new(),
            account: BMS,
        }
    }

    pub(crate) fn with_content_type(mut self, content_type: &str) -> Self {
        content_type.clone_into(&mut self.content_type);
        self
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn by(mut self, account: (&'static str, &'static str)) -> Self {
        self.account = account;
        self
    }
}

/// `<GetValuesRequest version="1.2"/>` and the like in an envelope.
pub(crate) fn envelope(element: &str) -> String {
    let (name, rest) = element.split_at(element.find([' ', '/', '>']).unwrap());
    format!(
        "<s:Envelope xmlns:s=\"{SOAP_12}\"><s:Body>{name} xmlns=\"{NAMESPACE}\"{rest}</s:Body></s:Envelope>"
    )
}

/// A request that lists ids: `GetValues`, `GetItems` or `GetContainerItems`.
pub(crate) fn asking_for<'i>(operation: &str, ids: impl IntoIterator<Item = &'i str>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| format!("<Id>{id}</Id>")).collect();
    let ids = ids.concat();
    format!("<{operation}Request version=\"1.2\"><{operation}Ids>{ids}</{operation}Ids></{operation}Request>")
}

/// A response that passed the contract's check.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The raw bytes.
    pub(crate) body: String,
    pub(crate) content: Node,
}

impl Response {
    /// `None` for a response without a fault.
    pub(crate) fn fault(&self) -> Option<&str> {
        (self.content.name == "Fault").then(|| self.content.text("Reason/Text"))
    }

    /// The result of `read` on the content; `fault …` for a fault.
    pub(crate) fn outcome(&self, read: impl FnOnce(&Node) -> String) -> String {
        self.fault().map_or_else(|| read(&self.content), |fault| format!("fault {fault}"))
    }
}

impl Site {
    /// Sends an element of the contract with the account that may write.
    pub(crate) async fn ask(&self, element: &str) -> Response {
        self.exchange(Message::of(element)).await
    }

    /// Sends a request and checks the response.
    pub(crate) async fn exchange(&self, message: Message) -> Response {
        let response = self.send(&message).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.text().await.unwrap();
        let content_type = headers.get(CONTENT_TYPE).map_or("", |it| it.to_str().unwrap()).to_owned();
        let content = check(CheckedExchange {
            request: &message.body,
            status,
            content_type: &content_type,
            response: &body,
        });
        Response { status, headers, body, content }
    }

    /// Sends a request without checking the response.
    pub(crate) async fn send(&self, message: &Message) -> reqwest::Response {
        let authorization = self.authorization(message.account).await;
        let mut request = self
            .http
            .post(&self.url)
            .header(CONTENT_TYPE, &message.content_type)
            .header(AUTHORIZATION, authorization)
            .body(message.body.clone());
        for (name, value) in &message.headers {
            request = request.header(*name, value);
        }
        request.send().await.unwrap()
    }

    /// Returns the lines of a new challenge.
    pub(crate) async fn challenges(&self) -> Vec<String> {
        let response = self.http.post(&self.url).send().await.unwrap();
        assert_eq!(response.status(), 401);
        challenge_lines(&response)
    }

    /// Responds to the first challenge for a POST to this site.
    pub(crate) async fn authorization(&self, account: (&str, &str)) -> String {
        let mut challenge = WwwAuthenticateHeader::parse(&self.challenges().await[0]).unwrap();
        let context =
            AuthContext::new_with_method(account.0, account.1, &self.path, None::<&[u8]>, HttpMethod::POST);
        challenge.respond(&context).unwrap().to_header_string()
    }
}

pub(crate) fn challenge_lines(response: &reqwest::Response) -> Vec<String> {
    response
        .headers()
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .map(|line| line.to_str().unwrap().to_owned())
        .collect()
}
