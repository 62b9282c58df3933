//! A set point write over EWS reaches the charge controller exactly once, also after an outage or a kill.

use std::process::Command;

use riser_domain::ValueState;
use riser_ews::client::EwsClient;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::bms::{Tree, id_of, read, read_until, walk_until_there, write};
use crate::controller::{Controller, Request};
use crate::host::{BMS, BMS_PASSWORD, Host};
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::programs::RISER;
use crate::site::{EWS_SERVER, Processors, Site};
use crate::waiting::until;

const REDUCTION: &str = "EVCE Zones/Z1/ZoneReduction";
const REDUCTION_PATH: &str = "/zones/1/external-reduction";

/// Starts a site and waits for the first poll. Returns the id of the reduction of zone Z1 as well.
async fn running_site() -> (Site, Host, EwsClient, String) {
    let site = Site::new("F1", Processors::SetupAndStatus);
    site.installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let (host, bms) = site.start();
    let tree: Tree = walk_until_there(&bms, REDUCTION).await;
    let reduction = id_of(&tree, REDUCTION).to_owned();
    let total = id_of(&tree, "EVCE Zones/SiteOverallActivePowerTotal").to_owned();
    read_until(&bms, &total, "0.133", ValueState::Good).await;
    (site, host, bms, reduction)
}

/// Returns the percentages of the writes that the controller received.
async fn percentages(controller: &Controller) -> Vec<Option<f64>> {
    controller.writes(REDUCTION_PATH).await.into_iter().map(|body| body["value"].as_f64()).collect()
}

async fn first_open_request(controller: &Controller, method: &str, after: i64) -> Request {
    until(&format!("an open {method} request"), async || {
        let requests = controller.requests(method, REDUCTION_PATH).await;
        let found = requests.iter().find(|request| request.status.is_none() && request.unix_ms >= after);
        found.cloned().ok_or(requests)
    })
    .await
}

/// Suspends processes.
fn freeze(processes: &[Pid]) {
    for process in processes {
        kill_process(*process, Signal::STOP).unwrap();
    }
}

#[tokio::test]
async fn a_write_is_confirmed_by_reading_the_controller() {
    let (site, host, bms, reduction) = running_site().await;
    write(&bms, &reduction, "25").await;
    read_until(&bms, &reduction, "25", ValueState::Good).await;
    assert_eq!(percentages(&site.controller).await, [Some(25.0)]);

    // The command line and the page show the same.
    let url = host.ews_url(EWS_SERVER);
    let shown = Command::new(RISER)
        .args(["ews", "get", url, "--user", BMS, &reduction])
        .env("RISER_EWS_PASSWORD", BMS_PASSWORD)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(shown.stdout).unwrap(), format!("{reduction}  25 %  Good\n"));
    let page = Portal::sign_in(&host).await.page("/").await;
    let row = page.split("ZoneReduction</a>").nth(1).expect("the set point is on the page");
    assert!(row.split("</li>").next().unwrap().contains("Confirmed"), "{row}");
}

#[tokio::test]
async fn a_reduction_and_its_validity_in_one_request_become_one_write() {
    let (site, _host, bms, reduction) = running_site().await;
    let tree: Tree = walk_until_there(&bms, REDUCTION).await;
    let validity = id_of(&tree, "EVCE Zones/Z1/ZoneValidity");
    let results =
        bms.set_values(&[(&reduction, "55"), (validity, "2035-06-01T12:00:00.000Z")]).await.unwrap();
    assert!(results.iter().all(|result| result.is_success), "{results:?}");
    read_until(&bms, &reduction, "55", ValueState::Good).await;
    read_until(&bms, validity, "2035-06-01T12:00:00.000Z", ValueState::Good).await;
    let whole = json!({ "type": "percentage", "value": 55.0, "validityMode": "absolute",
        "validity": "2035-06-01T12:00:00Z", "description": "external-reduction@bmsApi-1-Z1" });
    assert_eq!(site.controller.writes(REDUCTION_PATH).await, [whole]);
}

#[tokio::test]
async fn a_write_during_an_outage_is_served_as_requested_and_sent_afterwards() {
    let (site, _host, bms, reduction) = running_site().await;
    let tree: Tree = walk_until_there(&bms, REDUCTION).await;
    let total = id_of(&tree, "EVCE Zones/SiteOverallActivePowerTotal");
    site.controller.go_down().await;
    write(&bms, &reduction, "30").await;
    read_until(&bms, &reduction, "30", ValueState::Uncertain).await;
    // Live values are Offline once the outage has lasted longer than `offline_after`.
    read_until(&bms, total, "0.133", ValueState::Offline).await;
    assert_eq!(read(&bms, &reduction).await.unwrap().0, "30");
    assert!(percentages(&site.controller).await.is_empty());
    site.controller.end_faults().await;
    read_until(&bms, &reduction, "30", ValueState::Good).await;
    assert_eq!(percentages(&site.controller).await, [Some(30.0)]);
}

#[tokio::test]
async fn a_kill_between_the_commit_and_the_worker_loses_no_write() {
    let (site, host, bms, reduction) = running_site().await;
    freeze(&host.workers());
    write(&bms, &reduction, "35").await;
    host.kill();
    assert!(percentages(&site.controller).await.is_empty());

    let (_host, bms) = site.start();
    read_until(&bms, &reduction, "35", ValueState::Good).await;
    assert_eq!(percentages(&site.controller).await, [Some(35.0)]);
}

#[tokio::test]
async fn a_kill_between_the_put_and_its_confirmation_sends_nothing_twice() {
    let (site, host, bms, reduction) = running_site().await;
    // The first GET shows the old value; the second one would confirm the write.
    let fault = json!({ "kind": "latency", "latency": "600s", "method": "GET", "path": REDUCTION_PATH,
                        "skip": 1 });
    site.controller.fault(fault).await;
    write(&bms, &reduction, "40").await;
    until("the write", async || {
        let percentages = percentages(&site.controller).await;
        if percentages == [Some(40.0)] { Ok(()) } else { Err(percentages) }
    })
    .await;
    let written_at = site.controller.requests("PUT", REDUCTION_PATH).await[0].unix_ms;
    first_open_request(&site.controller, "GET", written_at).await;
    host.kill();
    site.controller.end_faults().await;

    let (_host, bms) = site.start();
    read_until(&bms, &reduction, "40", ValueState::Good).await;
    assert_eq!(percentages(&site.controller).await, [Some(40.0)]);
}

#[tokio::test]
async fn a_zone_that_the_controller_fails_to_write_delays_no_other_and_is_a_problem() {
    let (site, _host, bms, reduction) = running_site().await;
    let tree: Tree = walk_until_there(&bms, REDUCTION).await;
    let failing = id_of(&tree, "EVCE Zones/Z2/ZoneReduction");
    let fault = json!({ "kind": "500", "method": "PUT", "path": "/zones/2/external-reduction" });
    site.controller.fault(fault).await;
    write(&bms, failing, "20").await;
    write(&bms, &reduction, "45").await;
    read_until(&bms, &reduction, "45", ValueState::Good).await;
    let problems = until("a problem with zone 2", async || {
        let problems = site.installation.ask(&["problems"]).text;
        if problems.contains("zone 2") { Ok(problems) } else { Err(problems) }
    })
    .await;
    assert!(problems.contains("fails to write to zone 2") && problems.contains("500"), "{problems}");
    assert_eq!(read(&bms, failing).await.unwrap(), ("20".to_owned(), ValueState::Uncertain));
    site.controller.end_faults().await;
    read_until(&bms, failing, "20", ValueState::Good).await;
    until("no problem", async || match site.installation.ask(&["problems"]).text {
        problems if problems == "none\n" => Ok(()),
        problems => Err(problems),
    })
    .await;
}
