//! An HTTP/1 listener with a deadline for everything that a client can delay.
//!
//! [`HttpListener`] accepts connections, with or without TLS, and passes each request to an [`HttpService`].
//! [`HttpLimits`] holds all deadlines and the number of connections (docs/adr/0040).
//!
//! **Invariant:** no routing and no content. The portal and EWS decide what a request means.

mod deadline_stream;
mod limits;
mod listener;
mod request_body;
mod service;
mod tls;

pub use limits::HttpLimits;
pub use listener::{HttpListener, OpenConnections};
pub use request_body::{RequestBody, RequestBodyError};
pub use service::{ConnectionAddrs, HttpService};
pub use tls::{ReadTlsFiles, TlsError, TlsFiles};
pub use tokio_rustls::TlsAcceptor;
