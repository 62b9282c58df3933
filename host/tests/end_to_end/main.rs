//! The whole product as its users meet it: the program, real plugins in worker processes, a charge
//! controller, and a BMS client. Nothing in here reaches behind a front door.

#![expect(clippy::unwrap_used, reason = "what fails in a test may panic")]

mod admission;
mod apply;
mod bms;
mod browser;
mod configuration;
mod control_socket;
mod controller;
mod credentials;
mod discovery;
mod f1_points;
mod histories;
mod host;
mod library_swap;
mod misbehaving_plugins;
mod portal;
mod portal_address;
mod programs;
mod set_points;
mod site;
mod start;
mod two_connections;
mod users;
mod waiting;
