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
mod cars;
mod certificate;
mod charging_session;
mod clock;
mod control;
mod controller;
mod dialect;
mod faults;
mod field_change;
mod fixtures;
mod load_management;
mod meters;
mod options;
mod random;
mod request_log;
mod secrets;
mod server;
mod simulator;
mod site;
mod speed;
mod time_span;
mod topology;
mod world;

pub use clock::WallClock;
pub use dialect::{Dialect, UnknownDialect};
pub use fixtures::{Fixture, UnknownFixture};
pub use options::Options;
pub use simulator::{Simulator, StartError};
pub use speed::{InvalidSpeed, Speed};
pub use time_span::{InvalidTimeSpan, TimeSpan};
