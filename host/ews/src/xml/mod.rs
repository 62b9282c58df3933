//! Reading and writing of XML: bytes to text, text to a flat document within limits, values to escaped text.

mod document;
mod encoding;
mod escape;

pub(crate) use document::{Document, Element, Namespace};
pub(crate) use encoding::decode;
pub(crate) use escape::push_escaped;

/// The document is not what SOAP allows, or is larger than the limits allow. Clients learn no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum XmlError {
    #[error("the document is not well formed")]
    Malformed,
    #[error("the document has a DOCTYPE, a processing instruction or an entity of its own")]
    Forbidden,
    #[error("the document's encoding is unknown, or differs from what its header says")]
    Encoding,
    #[error("the document exceeds the limit of {0}")]
    TooLarge(&'static str),
}
