//! Communication with a running host: a Unix socket in the data directory, one request per connection.
//!
//! A new request is a variant of [`protocol::Request`], its reply, and an arm in `server.rs`. The commands do not
//! care whether a host runs: [`access::open`] gives them the host, or the data directory when no host uses it.
//!
//! **Invariant:** only the user of the host and root are served, and secrets in requests never reach a log.

pub(crate) mod access;
pub(crate) mod client;
mod framing;
mod moment;
mod not_running;
mod processors;
pub(crate) mod protocol;
pub(crate) mod server;
mod status_report;
pub(crate) mod stored;
mod time_zone_report;
mod words;

pub(crate) use moment::{Moment, with_local_times};
pub(crate) use riser_platform::ControlListener;
pub(crate) use time_zone_report::TimeZoneReport;
