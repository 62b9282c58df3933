//! The rules for all plugins, on the kit's host.

use evce_simulator::Options;
use riser_plugin_testing::{MemoryHost, RunEnd, check_processor};

use super::controller::Controller;
use crate::connection::EvceConnection;
use crate::logs::Logs;
use crate::setup::Setup;
use crate::status::Status;

/// Returns a host with a connection to a controller.
fn host(controller: &Controller) -> MemoryHost {
    MemoryHost::new().connection::<EvceConnection>(controller.connection())
}

#[test]
fn all_classes_follow_the_rules() {
    let controller = Controller::with_fixed_clock(Options::default());
    assert_eq!(check_processor(&host(&controller), || Setup), []);
    let host = host(&controller);
    assert_eq!(host.run(Setup), RunEnd::Succeeded);
    assert_eq!(check_processor(&host, || Status), []);
    assert_eq!(check_processor(&host, || Logs), []);
}
