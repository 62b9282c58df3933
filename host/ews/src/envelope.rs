//! Reads and writes the SOAP 1.2 envelope around an operation.

use crate::contract::{FaultName, OperationName};
use crate::fault::Fault;
use crate::names;
use crate::version::RequestVersion;
use crate::xml::{Document, Element, Namespace, push_escaped};

/// A role that no node has: such a header never addresses us.
const ROLE_NONE: &str = "http://www.w3.org/2003/05/soap-envelope/role/none";

/// The operation in an envelope.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SoapRequest<'d> {
    pub(crate) operation: OperationName,
    pub(crate) version: RequestVersion,
    /// The operation's element.
    pub(crate) element: Element<'d>,
}

impl<'d> SoapRequest<'d> {
    /// Finds the operation in an envelope.
    pub(crate) fn read(document: &'d Document<'d>) -> Result<Self, Fault> {
        let root = document.root();
        if root.is(Namespace::Soap11, "Envelope") {
            return Err(Fault::VersionMismatch);
        }
        if !root.is(Namespace::Soap12, "Envelope") {
            return Err(Fault::Unreadable);
        }
        let headers = root.children().filter(|it| it.is(Namespace::Soap12, "Header"));
        if headers.flat_map(Element::children).any(must_be_understood) {
            return Err(Fault::MustUnderstand);
        }
        let mut bodies = root.children().filter(|it| it.is(Namespace::Soap12, "Body"));
        let (Some(body), None) = (bodies.next(), bodies.next()) else { return Err(Fault::Unreadable) };
        let mut elements = body.children();
        let (Some(element), None) = (elements.next(), elements.next()) else { return Err(Fault::Unreadable) };
        if element.namespace() != Namespace::DataExchange {
            return Err(Fault::Unreadable);
        }
        let operation = OperationName::of_request_element(element.name())
            .ok_or(Fault::Contract { operation: None, name: FaultName::OperationNotSupported })?;
        Ok(Self { operation, version: RequestVersion::parse(element.attribute("version")), element })
    }
}

fn must_be_understood(header: Element<'_>) -> bool {
    let is_ours = header.attribute_in(Namespace::Soap12, "role") != Some(ROLE_NONE);
    is_ours && matches!(header.attribute_in(Namespace::Soap12, "mustUnderstand"), Some("true" | "1"))
}

/// A response under construction. Element names are the contract's; texts are escaped.
#[derive(Debug)]
pub(crate) struct ResponseWriter {
    text: String,
    operation: OperationName,
}

impl ResponseWriter {
    /// Opens envelope, body and the operation's response element.
    pub(crate) fn new(operation: OperationName, version: RequestVersion) -> Self {
        let mut text = String::with_capacity(1024);
        text.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"");
        text.push_str(names::SOAP_12);
        text.push_str("\"><s:Body><");
        text.push_str(operation.as_str());
        text.push_str("Response xmlns=\"");
        text.push_str(names::DATA_EXCHANGE);
        // The contract gives SetValuesResponse no version.
        if let Some(version) = version.response_version()
            && operation != OperationName::SetValues
        {
            text.push_str("\" version=\"");
            text.push_str(version);
        }
        text.push_str("\">");
        Self { text, operation }
    }

    /// The text so far, for writers that append several elements at once.
    pub(crate) fn text_mut(&mut self) -> &mut String {
        &mut self.text
    }

    pub(crate) fn open(&mut self, name: &str) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
    }

    pub(crate) fn close(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }

    /// An element with a text.
    pub(crate) fn element(&mut self, name: &str, text: &str) {
        self.open(name);
        push_escaped(&mut self.text, text);
        self.close(name);
    }

    /// An element whose content `write` appends.
    pub(crate) fn element_with(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        self.open(name);
        write(&mut self.text);
        self.close(name);
    }

    /// Closes the elements that `new` opened.
    pub(crate) fn finish(mut self) -> String {
        self.close_operation();
        self.text
    }

    fn close_operation(&mut self) {
        self.text.push_str("</");
        self.text.push_str(self.operation.as_str());
        self.text.push_str("Response></s:Body></s:Envelope>");
    }
}
