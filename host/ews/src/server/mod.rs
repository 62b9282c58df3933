//! The server: EWS servers by path, on a listener of `riser-http-server`.

mod body;
mod content_type;
mod endpoint;
mod exchange;
mod gzip;
mod listener;
mod service;
mod statistics;
mod traffic;

pub use endpoint::EwsEndpoint;
pub use exchange::{Exchange, ReadOperation, indent_xml};
pub use listener::{ListenCause, ListenError, Listener, ListenerOptions};
pub use statistics::{AccountStatistics, EndpointStatistics};
pub use traffic::{ClientRecord, RequestOutcome, RequestRecord, Traffic};
