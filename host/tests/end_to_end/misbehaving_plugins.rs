//! Five misbehaving plugins next to live values: each has its exact reason, and nothing else is affected.

use std::time::Duration;

use crate::bms::walk_until_there;
use crate::configuration::ConfigurationFile;
use crate::controller::{Controller, PASSWORD};
use crate::host::{Installation, marked_processes};
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::programs;
use crate::site::{EWS_SERVER, Processors, evce_processors};
use crate::waiting::until;

/// Polling interval of EVCE Status, the shortest allowed.
const PERIOD: Duration = Duration::from_secs(5);
/// Less memory than by default, so that the leak meets its limit soon.
const LITTLE_MEMORY: &str = "memory_limit_mib = 64";

/// The processor of each case, its class, and a line in the host's log.
const CASES: [(&str, &str, &str); 5] = [
    ("Panic", "panic", "Panic: panicked: panicked as ordered at plugins/misbehaving/src/panic.rs:"),
    ("Segfault", "segfault", "Segfault: ended with signal 11 (segmentation fault)"),
    ("Loop", "endless-loop", "Loop: stopped by anna; did not stop within 10 s of being asked"),
    ("Leak", "memory-leak", "Leak: memory limit 64 MiB reached"),
    ("Orphan", "left-behind", "Orphan: it left a process behind, which was ended"),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_has_its_exact_reason_and_the_polls_of_the_neighbour_stay_in_time() {
    let controller = Controller::start("F1");
    let passwords = tempfile::tempdir().unwrap();
    let password_file = passwords.path().join("password");
    std::fs::write(&password_file, PASSWORD).unwrap();
    let libraries = [programs::library("riser-evce"), programs::library("riser-misbehaving")];
    let installation = Installation::new(&libraries);
    let file = ConfigurationFile::new().ews_server(EWS_SERVER).ews_server("Cases").connection(
        "EVCE",
        &controller,
        password_file.to_str().unwrap(),
    );
    let mut file = evce_processors(file, "EVCE", EWS_SERVER, Processors::SetupAndStatus);
    for (name, class, _) in CASES {
        let class = format!("riser.misbehaving/{class}");
        file = file.processor(name, &class, "Cases", &format!("runs_at_start = false\n{LITTLE_MEMORY}"));
    }
    installation.apply(file.text());
    installation.add_admin(ADMIN, ADMIN_PASSWORD);

    let host = installation.start();
    walk_until_there(&host.bms(EWS_SERVER), "EVCE Zones/SiteOverallActivePowerTotal").await;
    let marker = host.marker().await;
    let portal = Portal::sign_in(&host).await;
    for (name, _, _) in CASES {
        portal.press("run", name).await;
    }
    until("the endless loop", async || {
        let log = host.log();
        if log.contains("Loop: looping") { Ok(()) } else { Err(log) }
    })
    .await;
    portal.press("stop", "Loop").await;
    for (_, _, line) in CASES {
        until(line, async || {
            let log = host.log();
            if log.contains(line) { Ok(()) } else { Err(log) }
        })
        .await;
    }
    assert!(portal.page("/").await.contains("ended with signal 11 (segmentation fault)"));
    assert_polls_stayed_in_time(&controller).await;

    host.stop();
    assert_eq!(marked_processes(&marker), Vec::<i32>::new(), "a process was left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_problem_of_a_failed_run_remains_until_a_run_succeeds() {
    let installation = Installation::new(&[programs::library("riser-misbehaving")]);
    let class = "riser.misbehaving/needs-operator";
    let file = ConfigurationFile::new().ews_server("Cases").processor(
        "Gate",
        class,
        "Cases",
        "runs_at_start = true",
    );
    installation.apply(file.text());
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let portal = Portal::sign_in(&host).await;
    let remedy = "Open the barrier and start it again; its log: `riser log 1`";
    until("the problem with its remedy", async || {
        let page = portal.page("/").await;
        if page.contains(remedy) && page.contains("action=\"/processors/1/run\"") {
            Ok(())
        } else {
            Err(page)
        }
    })
    .await;
    portal.press("run", "Gate").await;
    until("the end of the problem", async || {
        let page = portal.page("/").await;
        if page.contains(remedy) { Err(page) } else { Ok(()) }
    })
    .await;
    host.stop();
}

async fn assert_polls_stayed_in_time(controller: &Controller) {
    // The first reading is Setup's; the rhythm begins with the first of Status.
    let polls: Vec<i64> =
        controller.requests("GET", "/stations").await.iter().skip(1).map(|request| request.unix_ms).collect();
    assert!(polls.len() > 2, "{polls:?}");
    let longest_ms = polls.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
    let limit_ms = i64::try_from(PERIOD.as_millis()).unwrap() * 3 / 2;
    assert!(longest_ms <= limit_ms, "{longest_ms} ms between two polls: {polls:?}");
}
