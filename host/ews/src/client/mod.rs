//! A client of EWS 1.2: typed calls for the operations that our server supports. It works with other servers,
//! too.
//!
//! One login serves many calls: the client reuses a nonce with a rising count until the server asks for a new
//! one.

mod error;
mod read_response;
mod responses;
mod transport;
mod trust;

use std::fmt::Write;
use std::time::Duration;

use riser_domain::Timestamp;
use secrecy::SecretString;
use url::Url;

use crate::calendar_text::push_date_time;
use crate::contract::OperationName;
use crate::names;
use crate::xml::push_escaped;

pub use error::{ClientError, ItemError};
pub use responses::{
    ChildContainer, ContainerPage, ContainerResponse, HistoryFacts, HistoryPageResponse, HistoryResponse,
    ItemsResponse, ServiceInformation, SetResult, ValueFacts, ValueResponse, ValuesResponse,
};
use transport::Transport;

/// Address and login of an EWS server.
#[derive(Debug)]
pub struct ClientOptions {
    /// Address of the service, such as `http://127.0.0.1:51358/EcoStruxure/DataExchange`.
    pub url: Url,
    pub user_name: String,
    pub password: SecretString,
    /// Limit of one call, including the login.
    pub time_limit: Duration,
}

impl ClientOptions {
    /// Default limit of one call.
    pub const TIME_LIMIT: Duration = Duration::from_secs(15);
}

/// A client of one EWS server. Calls may run concurrently.
#[derive(Debug)]
pub struct EwsClient {
    transport: Transport,
}

impl EwsClient {
    /// Creates a client without connecting.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        Ok(Self { transport: Transport::new(options, None)? })
    }

    /// Creates a client that trusts only these certificates, in PEM: those of authorities, or the server's own,
    /// whatever its name.
    ///
    /// # Errors
    /// [`ClientError::Certificates`] when the text has no usable certificate, or TLS cannot be set up.
    pub fn trusting(options: ClientOptions, certificates_pem: &[u8]) -> Result<Self, ClientError> {
        Ok(Self { transport: Transport::new(options, Some(certificates_pem))? })
    }

    /// Returns the version, the operations and the identity of the server.
    pub async fn information(&self) -> Result<ServiceInformation, ClientError> {
        let request = RequestWriter::new(OperationName::GetWebServiceInformation, "");
        self.transport.call(request, |response| Ok(ServiceInformation::read(response))).await
    }

    /// Lists one page of the items in containers; no ids mean the root. `more_data_ref` selects a later page.
    pub async fn container_page(
        &self,
        ids: &[&str],
        more_data_ref: Option<&str>,
    ) -> Result<ContainerPage, ClientError> {
        let mut request = RequestWriter::new(OperationName::GetContainerItems, " metadata=\"false\"");
        request.ids("GetContainerItemsIds", ids);
        if let Some(more_data_ref) = more_data_ref {
            request.text.push_str("<GetContainerItemsParameter>");
            request.element("MoreDataRef", more_data_ref);
            request.text.push_str("</GetContainerItemsParameter>");
        }
        self.transport.call(request, ContainerPage::read).await
    }

    /// Lists all items in one container; an empty id means the root.
    pub async fn container(&self, id: &str) -> Result<ContainerResponse, ClientError> {
        let mut page = self.container_page(&[id], None).await?;
        let mut whole = page.containers.pop().ok_or_else(|| ClientError::item(page.errors.pop()))?;
        while let Some(more) = page.more_data_ref.take() {
            page = self.container_page(&[id], Some(&more)).await?;
            for part in page.containers.drain(..) {
                whole.append(part);
            }
        }
        Ok(whole)
    }

    /// Reads values and histories with all their properties.
    pub async fn items(&self, ids: &[&str]) -> Result<ItemsResponse, ClientError> {
        self.transport.call(RequestWriter::of_items(ids), ItemsResponse::read).await
    }

    /// Reads values with their states.
    pub async fn values(&self, ids: &[&str]) -> Result<ValuesResponse, ClientError> {
        self.transport.call(RequestWriter::of_values(ids), ValuesResponse::read).await
    }

    /// Writes set points, each as id and text. Returns one result for each, in the same order.
    pub async fn set_values(&self, writes: &[(&str, &str)]) -> Result<Vec<SetResult>, ClientError> {
        let mut request = RequestWriter::new(OperationName::SetValues, "");
        request.text.push_str("<SetValuesItems>");
        for (id, value) in writes {
            request.text.push_str("<ValueItem>");
            request.element("Id", id);
            request.element("Value", value);
            request.text.push_str("</ValueItem>");
        }
        request.text.push_str("</SetValuesItems>");
        self.transport.call(request, |response| Ok(responses::read_set_results(response))).await
    }

    /// Reads one page of a history. Without `from` it begins with the oldest sample, without `to` it ends
    /// now.
    pub async fn history_page(
        &self,
        id: &str,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        more_data_ref: Option<&str>,
    ) -> Result<HistoryPageResponse, ClientError> {
        let mut request = RequestWriter::new(OperationName::GetHistory, " metadata=\"false\"");
        request.text.push_str("<GetHistoryParameter>");
        request.element("Id", id);
        if let Some(more_data_ref) = more_data_ref {
            request.element("MoreDataRef", more_data_ref);
        }
        request.text.push_str("</GetHistoryParameter><GetHistoryFilter>");
        for (name, moment) in [("TimeFrom", from), ("TimeTo", to)] {
            if let Some(moment) = moment {
                let mut text = String::new();
                push_date_time(&mut text, moment);
                request.element(name, &text);
            }
        }
        request.text.push_str("</GetHistoryFilter>");
        self.transport.call(request, HistoryPageResponse::read).await
    }

    /// Reads all pages of a history in a range.
    pub async fn history(
        &self,
        id: &str,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<HistoryResponse, ClientError> {
        let mut page = self.history_page(id, from, to, None).await?;
        let mut whole = page.history;
        while let Some(more) = page.more_data_ref.take() {
            page = self.history_page(id, None, None, Some(&more)).await?;
            whole.samples.append(&mut page.history.samples);
        }
        Ok(whole)
    }
}

/// A request envelope under construction.
pub(crate) struct RequestWriter {
    operation: OperationName,
    text: String,
}

impl RequestWriter {
    pub(crate) fn of_items(ids: &[&str]) -> Self {
        let mut request = Self::new(OperationName::GetItems, " metadata=\"false\"");
        request.ids("GetItemsIds", ids);
        request
    }

    pub(crate) fn of_values(ids: &[&str]) -> Self {
        let mut request = Self::new(OperationName::GetValues, "");
        request.ids("GetValuesIds", ids);
        request
    }

    pub(crate) fn new(operation: OperationName, attributes: &str) -> Self {
        let mut this = Self { operation, text: String::with_capacity(512) };
        write!(
            this.text,
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"{}\"><s:Body>\
             <{}{} xmlns=\"{}\" version=\"1.2\"{attributes}>",
            names::SOAP_12,
            operation.as_str(),
            operation.request_suffix(),
            names::DATA_EXCHANGE,
        )
        .expect("a string takes any text");
        this
    }

    fn element(&mut self, name: &str, text: &str) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
        push_escaped(&mut self.text, text);
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }

    pub(crate) fn ids(&mut self, wrapper: &str, ids: &[&str]) {
        self.text.push('<');
        self.text.push_str(wrapper);
        self.text.push('>');
        for id in ids {
            self.element("Id", id);
        }
        self.text.push_str("</");
        self.text.push_str(wrapper);
        self.text.push('>');
    }

    pub(crate) fn finish(mut self) -> String {
        self.text.push_str("</");
        self.text.push_str(self.operation.as_str());
        self.text.push_str(self.operation.request_suffix());
        self.text.push_str("></s:Body></s:Envelope>");
        self.text
    }
}
