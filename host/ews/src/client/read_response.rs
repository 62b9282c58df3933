//! Parses a response into elements, and elements into plain values.

use riser_calendar::Zone;
use riser_domain::{Timestamp, ValueKind, ValueState};

use super::error::ClientError;
use crate::calendar_text::parse_date_time;
use crate::contract::OperationName;
use crate::xml::{Document, Element, Namespace, decode};

/// Passes the operation's response element to `read`. A fault becomes an error.
pub(super) fn read_envelope<T>(
    body: &[u8],
    operation: OperationName,
    read: impl FnOnce(Element<'_>) -> Result<T, ClientError>,
) -> Result<T, ClientError> {
    let unreadable = |_| ClientError::BadResponse("not XML");
    let text = decode(body, None).map_err(unreadable)?;
    let document = Document::read_response(&text).map_err(unreadable)?;
    let content = document
        .root()
        .children()
        .find(|part| part.is(Namespace::Soap12, "Body"))
        .and_then(|body| body.children().next())
        .ok_or(ClientError::BadResponse("not SOAP 1.2"))?;
    if content.is(Namespace::Soap12, "Fault") {
        return Err(ClientError::Fault(fault_reason(content)));
    }
    let is_response = content.namespace() == Namespace::DataExchange
        && content.name().strip_prefix(operation.as_str()) == Some("Response");
    if is_response { read(content) } else { Err(ClientError::BadResponse("it belongs to another operation")) }
}

fn fault_reason(fault: Element<'_>) -> String {
    fault
        .children()
        .find(|part| part.is(Namespace::Soap12, "Reason"))
        .and_then(|reason| reason.children().next())
        .map_or_else(String::new, |text| text.text().trim().to_owned())
}

/// Returns the elements at the end of a path of names.
pub(super) fn items_in<'d>(
    from: Element<'d>,
    path: &[&'static str],
) -> Box<dyn Iterator<Item = Element<'d>> + 'd> {
    let mut found: Box<dyn Iterator<Item = Element<'d>> + 'd> = Box::new(std::iter::once(from));
    for name in path {
        let name: &'static str = name;
        found = Box::new(found.flat_map(move |element| element.children_named(name)));
    }
    found
}

/// Returns the text of a child; empty if it is missing.
pub(super) fn text(parent: Element<'_>, name: &'static str) -> String {
    parent.children_named(name).next().map_or_else(String::new, |element| element.text().to_owned())
}

pub(super) fn flag(parent: Element<'_>, name: &'static str) -> bool {
    matches!(text(parent, name).trim(), "true" | "1")
}

pub(super) fn value_kind(item: Element<'_>) -> Result<ValueKind, ClientError> {
    text(item, "Type")
        .parse::<ValueKind>()
        .map_err(|_| ClientError::BadResponse("an item has an unknown type"))
}

pub(super) fn state(item: Element<'_>) -> Result<ValueState, ClientError> {
    text(item, "State")
        .trim()
        .parse()
        .ok()
        .and_then(ValueState::from_number)
        .ok_or(ClientError::BadResponse("a value has an unknown state"))
}

pub(super) fn moment(item: Element<'_>, name: &'static str) -> Result<Timestamp, ClientError> {
    parse_date_time(text(item, name).trim(), &Zone::utc())
        .ok_or(ClientError::BadResponse("a time has an invalid form"))
}
