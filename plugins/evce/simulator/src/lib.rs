//! Simulates an EVCE charge controller: its REST API over TLS, cars that arrive and charge, and a control
//! interface for tests.
//!
//! No public description of the real API is known; `api` speaks three invented dialects. This crate
//! shares no code with the plugin that reads the API, so that one mistake cannot hide in both.
//!
//! Two clocks run here: the controller's (dates, tokens, validities) is wall time, the cars' may run faster.
//! All that moves is computed from the seed and the cars' clock alone.

mod api;
mod auth;
mod availability_change;
mod cars;
mod certificate;
mod charge_curve;
mod charging_session;
mod clock;
mod control;
mod controller;
mod dialect;
mod document_change;
mod events;
mod fault_kind;
mod faults;
mod field_change;
mod fixture_scripts;
mod fixtures;
mod late_writes;
mod load_management;
mod meters;
mod options;
mod profiles;
mod random;
mod request_log;
mod rules;
mod schedule;
mod script;
mod secrets;
mod server;
mod simulator;
mod site;
mod site_plan;
mod speed;
mod time_span;
mod topology;
mod world;

pub use clock::WallClock;
pub use dialect::{Dialect, UnknownDialect};
pub use fixtures::{Fixture, UnknownFixture};
pub use options::Options;
pub use script::{InvalidScript, Script};
pub use simulator::{Simulator, StartError};
pub use site_plan::{InvalidSitePlan, SitePlan};
pub use speed::{InvalidSpeed, Speed};
pub use time_span::{InvalidTimeSpan, TimeSpan};
