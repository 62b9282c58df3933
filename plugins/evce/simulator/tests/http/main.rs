//! The simulator through its front doors: the API over TLS and the control interface.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod availability;
mod client;
mod conservation;
mod determinism;
mod dialects;
mod events;
mod faults;
mod fixtures;
mod limits;
mod login;
mod pages;
mod program;
mod reductions;
mod response_faults;
mod rules;
mod scripts;
mod site_f1;
mod station_events;
mod tls;
mod write_faults;
