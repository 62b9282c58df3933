//! The classes against the simulated controller, on the kit's host in memory with a fixed clock. The
//! tests of the host use real workers and a real EWS client.

mod connection;
mod controller;
mod dialects;
mod faults;
mod foreign_api;
mod formula_oracle;
mod host;
mod layouts;
mod logs;
mod probe;
mod profiles;
mod replay;
mod rules;
mod set_points;
mod setup_report;
mod status;

use std::time::Duration;

use riser_plugin::Processor;
use serde_json::{Value, json};

use controller::Controller;
use host::{Running, TestHost};

use crate::setup::Setup;
use crate::status::Status;

/// A controller and a host with a connection to it.
struct Site {
    controller: Controller,
    host: TestHost,
}

impl Site {
    /// Site F1, Setup done.
    fn set_up() -> Self {
        let site = Self::new(evce_simulator::Options::default());
        site.run(Setup, json!({})).ended_well();
        site
    }

    fn new(options: evce_simulator::Options) -> Self {
        Self { controller: Controller::with_fixed_clock(options), host: TestHost::new() }
    }

    /// Site F1 with more stations of these kinds in zone 1, their ids from 2 on. Setup is done.
    fn with_stations(templates: &[&str]) -> Self {
        let site = Self::new(evce_simulator::Options::default());
        for template in templates {
            site.controller.apply_event(&json!({ "kind": "add_station", "zone": 1, "template": template }));
        }
        site.run(Setup, json!({})).ended_well();
        site
    }

    fn run<P: Processor>(&self, processor: P, settings: Value) -> Running {
        self.host.run(processor, settings, self.controller.connection())
    }

    /// Another client of the controller, with this user.
    fn other_client(&self, login: &str) -> (TestHost, Running) {
        let other = TestHost::new();
        let mut connection = self.controller.connection();
        connection["login"] = json!(login);
        other.run(Setup, json!({}), connection.clone()).ended_well();
        let status = other.run(Status, json!({}), connection);
        (other, status)
    }

    /// Starts Status and waits for its first poll.
    fn status(&self) -> Running {
        self.run(Status, json!({}))
    }

    /// Moves both clocks in steps of 15 s, the polling interval of Status.
    fn pass(&self, span: Duration) {
        for _ in 0..span.as_secs() / 15 {
            self.controller.advance("15s");
            self.host.advance(Duration::from_secs(15));
        }
    }
}
