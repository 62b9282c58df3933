//! The simulator through its front doors: the API over TLS and the control interface.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod availability;
mod client;
mod determinism;
mod dialects;
mod events;
mod faults;
mod limits;
mod login;
mod program;
mod reductions;
mod site_f1;
