//! From an answer's bytes to its elements, and from elements to plain values.

use riser_domain::{Timestamp, ValueKind, ValueState};

use super::error::ClientError;
use crate::calendar_text::parse_date_time;
use crate::contract::OperationName;
use crate::xml::{Document, Element, Namespace, decode};

/// Hands the operation's answer in an envelope to `read`; a fault is an error.
pub(super) fn read_envelope<T>(
    body: &[u8],
    operation: OperationName,
    read: impl FnOnce(Element<'_>) -> Result<T, ClientError>,
) -> Result<T, ClientError> {
    let unreadable = |_| ClientError::BadAnswer("it is no XML");
    let text = decode(body, None).map_err(unreadable)?;
    let document = Document::read_answer(&text).map_err(unreadable)?;
    let content = document
        .root()
        .children()
        .find(|part| part.is(Namespace::Soap12, "Body"))
        .and_then(|body| body.children().next())
        .ok_or(ClientError::BadAnswer("it is no SOAP 1.2"))?;
    if content.is(Namespace::Soap12, "Fault") {
        return Err(ClientError::Fault(fault_reason(content)));
    }
    let is_answer = content.namespace() == Namespace::DataExchange
        && content.name().strip_prefix(operation.name()) == Some("Response");
    if is_answer { read(content) } else { Err(ClientError::BadAnswer("it is of another operation")) }
}

fn fault_reason(fault: Element<'_>) -> String {
    fault
        .children()
        .find(|part| part.is(Namespace::Soap12, "Reason"))
        .and_then(|reason| reason.children().next())
        .map_or_else(String::new, |text| text.text().trim().to_owned())
}

/// The elements at the end of a path of names.
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

/// The text of a child; empty when it is missing.
pub(super) fn text(parent: Element<'_>, name: &'static str) -> String {
    parent.children_named(name).next().map_or_else(String::new, |element| element.text().to_owned())
}

pub(super) fn flag(parent: Element<'_>, name: &'static str) -> bool {
    matches!(text(parent, name).trim(), "true" | "1")
}

pub(super) fn value_kind(item: Element<'_>) -> Result<ValueKind, ClientError> {
    ValueKind::from_name(&text(item, "Type")).ok_or(ClientError::BadAnswer("an item has an unknown type"))
}

pub(super) fn state(item: Element<'_>) -> Result<ValueState, ClientError> {
    text(item, "State")
        .trim()
        .parse()
        .ok()
        .and_then(ValueState::from_number)
        .ok_or(ClientError::BadAnswer("a value has an unknown state"))
}

pub(super) fn moment(item: Element<'_>, name: &'static str) -> Result<Timestamp, ClientError> {
    parse_date_time(text(item, name).trim(), chrono_tz::UTC)
        .ok_or(ClientError::BadAnswer("a time is not of the contract's form"))
}
