//! A request about one item and its response, as a client of the server exchanges them, without a client.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use quick_xml::{Reader, Writer, events::Event};
use riser_domain::{AccountId, AccountRights};

use super::content_type::SoapContentType;
use super::endpoint::{EwsEndpoint, SoapMessage};
use crate::client::RequestWriter;
use crate::contract::OperationName;
use crate::fault::content_type_with;
use crate::source::EwsAccount;

/// None of the operations accesses a disk.
const DISK_DEADLINE: Duration = Duration::from_secs(1);
const INDENT_SPACES: usize = 2;

/// An operation that reads one item from memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOperation {
    GetContainerItems,
    GetItems,
    GetValues,
}

/// A request and its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    pub operation: &'static str,
    /// The header of the request.
    pub content_type: String,
    pub request: String,
    pub status: StatusCode,
    pub response: String,
}

impl ReadOperation {
    const fn name(self) -> OperationName {
        match self {
            Self::GetContainerItems => OperationName::GetContainerItems,
            Self::GetItems => OperationName::GetItems,
            Self::GetValues => OperationName::GetValues,
        }
    }

    fn request(self, id: &str) -> String {
        match self {
            Self::GetContainerItems => {
                let mut request = RequestWriter::new(self.name(), " metadata=\"false\"");
                request.ids("GetContainerItemsIds", &[id]);
                request.finish()
            }
            Self::GetItems => RequestWriter::of_items(&[id]).finish(),
            Self::GetValues => RequestWriter::of_values(&[id]).finish(),
        }
    }
}

impl EwsEndpoint {
    /// Returns a request for an item with the response to a client that may read. Nobody logs in, and the request is not
    /// counted.
    pub async fn exchange(&self, operation: ReadOperation, id: &str) -> Exchange {
        let request = operation.request(id);
        let reader = EwsAccount { id: AccountId(0), name: "".into(), rights: AccountRights::Read };
        let message = SoapMessage {
            body: Bytes::copy_from_slice(request.as_bytes()),
            content_type: SoapContentType::default(),
            soap_action: None,
        };
        let (response, _) = self.respond(message, &reader, DISK_DEADLINE).await;
        Exchange {
            operation: operation.name().as_str(),
            content_type: content_type_with(&operation.name().request_action()),
            request,
            status: response.status,
            response: response.envelope,
        }
    }
}

/// Returns a document with one element on each line, for people. Returns a text that is not XML unchanged.
pub fn indent_xml(document: &str) -> String {
    let mut reader = Reader::from_str(document);
    let mut writer = Writer::new_with_indent(Vec::with_capacity(document.len() * 2), b' ', INDENT_SPACES);
    loop {
        let written = match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(event) => writer.write_event(event).is_ok(),
            Err(_) => false,
        };
        if !written {
            return document.to_owned();
        }
    }
    String::from_utf8(writer.into_inner()).unwrap_or_else(|_| document.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use riser_calendar::Zone;
    use riser_domain::{DigestAlgorithm, EwsServer, EwsServerId, FakeClock, Timestamp, Value};

    use super::*;
    use crate::testing::{MemoryAccounts, MemorySource};

    fn endpoint() -> EwsEndpoint {
        let server = EwsServer {
            id: EwsServerId(1),
            name: "Test".to_owned(),
            listen: "127.0.0.1:0".to_owned(),
            path: EwsServer::DEFAULT_PATH.to_owned(),
            realm: "Riser".to_owned(),
            public_url: None,
            tls: None,
            page_size_items: EwsServer::DEFAULT_PAGE_SIZE_ITEMS,
            digest_order: vec![DigestAlgorithm::Sha256],
        };
        let clock = Arc::new(FakeClock::at(Timestamp::from_unix_ms(1_780_000_000_000)));
        let source = MemorySource::new(&server.name, clock.clone());
        source.add_folder("zone", "Zone <1>");
        source.add_value("a&b", "zone", Value::Double(10.5), None);
        let accounts = Arc::new(MemoryAccounts::new(&server.realm));
        EwsEndpoint::new(server, Arc::new(source), accounts, clock, Zone::utc())
    }

    #[tokio::test]
    async fn an_exchange_is_that_of_a_client_and_is_not_counted() {
        let endpoint = endpoint();
        let values = endpoint.exchange(ReadOperation::GetValues, "a&b").await;
        assert!(values.request.contains("<Id>a&amp;b</Id>"), "{}", values.request);
        assert!(
            values
                .response
                .contains("<ValueItem><Id>a&amp;b</Id><State>0</State><Value>10.5</Value></ValueItem>"),
            "{}",
            values.response
        );
        assert_eq!((values.status, values.operation), (StatusCode::OK, "GetValues"));
        assert!(values.content_type.starts_with("application/soap+xml"), "{}", values.content_type);
        let items = endpoint.exchange(ReadOperation::GetItems, "a&b").await.response;
        assert!(
            items.contains("<Type>Double</Type>") && items.contains("<Writeable>0</Writeable>"),
            "{items}"
        );
        let zone = endpoint.exchange(ReadOperation::GetContainerItems, "zone").await.response;
        assert!(zone.contains("<Name>Zone &lt;1&gt;</Name>"), "{zone}");
        let unknown = endpoint.exchange(ReadOperation::GetValues, "<x>").await.response;
        assert!(unknown.contains("<Id>&lt;x&gt;</Id><Message>INVALID_ID</Message>"), "{unknown}");
        assert_eq!(endpoint.statistics().requests, 0);
    }

    #[test]
    fn an_indented_document_keeps_its_texts() {
        let document = "<?xml version=\"1.0\"?><a><b>1 &lt; 2</b><c/></a>";
        assert_eq!(indent_xml(document), "<?xml version=\"1.0\"?>\n<a>\n  <b>1 &lt; 2</b>\n  <c/>\n</a>");
        assert_eq!(indent_xml("<a><b></a>"), "<a><b></a>");
    }
}
