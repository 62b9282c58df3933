//! Reads and writes XML: decodes bytes, parses a flat document within limits, escapes values.

mod document;
mod encoding;
mod escape;

pub(crate) use document::{Document, Element, Namespace};
pub(crate) use encoding::decode;
pub(crate) use escape::push_escaped;

/// The document violates SOAP or exceeds the limits. Clients get no details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum XmlError {
    #[error("the document is not well formed")]
    Malformed,
    #[error("the document has a DOCTYPE, a processing instruction or a custom entity")]
    Forbidden,
    #[error("the encoding is unknown or contradicts the header")]
    Encoding,
    #[error("the document exceeds the limit of {0}")]
    TooLarge(&'static str),
}
