//! Data for the tests of this crate: a portal over a real runtime, and examples of every page.

mod connection_examples;
mod ews_server_examples;
pub(crate) mod examples;
pub(crate) mod fixture;
mod help_examples;
mod item_examples;
mod log_examples;
pub(crate) mod people_examples;
mod plugin_examples;
mod processor_examples;
mod status_examples;
mod wizard_examples;

pub(crate) use fixture::TestPortal;

/// A name that is dangerous if a template does not escape it.
pub(crate) const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'&{{7*7}}</script>";
