//! The server: an accept loop over hyper with a deadline for every step that a client can delay.

mod body;
mod content_type;
mod endpoint;
mod guarded_stream;
mod gzip;
mod listener;
mod service;
mod statistics;

pub use endpoint::EwsEndpoint;
pub use listener::{ListenError, Listener, ListenerOptions};
pub use statistics::{AccountStatistics, EndpointStatistics};
