//! EcoStruxure Web Services (EWS) 1.2: messages, HTTP Digest, server and client.
//!
//! A request travels bytes → `envelope` → `Operation` → `operations/…` → item source → text → bytes. An
//! operation is one file in `operations/`. Contract: `tests/reference/dataexchange-1.2.xsd`.
//!
//! **Invariant:** no SQL, no recursion over what a client sent, no entity of a document is resolved, and no
//! fault repeats what a client sent.

mod auth_header;
mod authenticator;
mod calendar_text;
pub mod client;
mod contract;
mod digest;
mod envelope;
mod fault;
mod more_data_ref;
mod names;
mod nonces;
mod operations;
mod plan_cache;
mod request_elements;
mod server;
mod signer;
mod source;
#[cfg(feature = "testing")]
pub mod testing;
mod value_text;
mod version;
mod wsdl;
mod xml;

pub use digest::Ha1;
pub use names::DATA_EXCHANGE as NAMESPACE;
pub use riser_http_server::{HttpLimits, TlsError, TlsFiles};
pub use server::{
    AccountStatistics, ClientRecord, EndpointStatistics, EwsEndpoint, Exchange, ListenCause, ListenError,
    Listener, ListenerOptions, ReadOperation, RequestOutcome, RequestRecord, Traffic, indent_xml,
};
pub use source::{
    AccountSource, ContainerView, DigestAccount, EwsAccount, HistoryPage, HistoryQuery, HistoryView,
    ItemMessage, ItemSource, ItemTree, ItemView, SetOutcome, SourceFault, SourceFuture, SystemFacts,
    ValueView, ValueWrite,
};
pub use value_text::{ValueTextError, parse_value, value_text};
