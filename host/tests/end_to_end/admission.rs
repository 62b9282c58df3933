//! Conditions for a run: switches, schedule, and the required class.

use crate::bms::walk_until_there;
use crate::configuration::ConfigurationFile;
use crate::controller::Controller;
use crate::host::Installation;
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::programs;
use crate::site::{EWS_SERVER, password_file};
use crate::waiting::until;

/// A class that runs until it is stopped, and one that ends by itself.
const COUNTER: &str = "riser.example/counter";
const ENDS: &str = "riser.misbehaving/needs-operator";

/// Processors in the order of the file, which determines their ids, with their switches.
const SWITCHED: [(&str, &str, &str); 6] = [
    ("Off", COUNTER, "active = false"),
    ("Not by hand", COUNTER, "runs_at_start = false\nmanually_startable = false"),
    ("Unstoppable", COUNTER, "manually_stoppable = false"),
    ("By hand", COUNTER, "runs_at_start = false"),
    ("By schedule", ENDS, "runs_at_start = false\nschedule = \"Often\""),
    ("Schedule ignored", ENDS, "runs_at_start = false\nruns_on_schedule = false\nschedule = \"Often\""),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_switch_of_a_processor_has_its_effect() {
    let installation =
        Installation::new(&[programs::library("riser-example"), programs::library("riser-misbehaving")]);
    let mut file = ConfigurationFile::new();
    for (name, class, switches) in SWITCHED {
        file = file.ews_server(name).processor(name, class, name, switches);
    }
    installation.apply(&format!("{}[[schedule]]\nname = \"Often\"\nrule = \"every 1 s\"\n", file.text()));
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let portal = Portal::sign_in(&host).await;

    row_with(&portal, "Unstoppable", "Running").await;
    row_with(&portal, "By schedule", "Succeeded").await;
    row_with(&portal, "Off", "Disabled, so it never runs").await;
    for idle in ["Not by hand", "By hand", "Schedule ignored"] {
        row_with(&portal, idle, "Runs only when started by hand").await;
    }
    assert!(portal.refused("run", 1).await.contains("It is disabled"));
    assert!(portal.refused("run", 2).await.contains("It may not be started by hand"));
    assert!(portal.refused("run", 3).await.contains("It is already running"));
    assert!(portal.refused("stop", 3).await.contains("It may not be stopped by hand"));
    assert!(portal.refused("stop", 4).await.contains("It is not running"));
    row_with(&portal, "Unstoppable", "Running").await;

    portal.press("run", "By hand").await;
    row_with(&portal, "By hand", "Running").await;
    portal.press("stop", "By hand").await;
    row_with(&portal, "By hand", "stopped by anna").await;
    host.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_processor_names_its_required_class_and_runs_after_its_success() {
    let controller = Controller::start("F1");
    let passwords = tempfile::tempdir().unwrap();
    let password = password_file(&passwords).display().to_string();
    let installation = Installation::new(&[programs::library("riser-evce")]);
    let file = ConfigurationFile::new()
        .ews_server(EWS_SERVER)
        .connection("EVCE", &controller, &password)
        .processor(
            "EVCE Setup",
            "riser.evce/setup",
            EWS_SERVER,
            "connection = \"EVCE\"\nruns_at_start = false",
        )
        .processor("EVCE Status", "riser.evce/status", EWS_SERVER, "connection = \"EVCE\"");
    installation.apply(file.text());
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let portal = Portal::sign_in(&host).await;

    let waits = "Waiting for EVCE Setup, which has never succeeded";
    row_with(&portal, "EVCE Status", waits).await;
    assert!(portal.refused("run", 2).await.contains(waits));
    // The button of the waiting row starts the required class.
    portal.press("run", "EVCE Status").await;
    walk_until_there(&host.bms(EWS_SERVER), "EVCE Zones/SiteOverallActivePowerTotal").await;
    row_with(&portal, "EVCE Status", "Running").await;
    host.stop();
}

async fn row_with(portal: &Portal, processor: &str, text: &str) {
    until(&format!("{processor}: {text}"), async || {
        let row = portal.row(processor).await;
        if row.contains(text) { Ok(()) } else { Err(row) }
    })
    .await;
}
