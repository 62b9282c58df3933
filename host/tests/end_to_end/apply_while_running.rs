//! `riser apply` while `riser serve` serves a whole site: the changes act, and a BMS of another EWS server sees none.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use riser_domain::ValueState;
use riser_ews::client::EwsClient;
use serde_json::Value;

use crate::bms::{Item, Tree, id_of, read, walk_until_there};
use crate::configuration::ConfigurationFile;
use crate::controller::Controller;
use crate::host::{BMS, BMS_PASSWORD, BMS_PASSWORD_VARIABLE, Installation};
use crate::programs;
use crate::running_host::client_of;
use crate::site::{EWS_SERVER, Processors, evce_processors, password_file};
use crate::waiting::until;

const A_STATUS_POINT: &str = "EVCE Zones/SiteOverallActivePowerTotal";
/// Values in one request of the BMS.
const IDS_IN_A_REQUEST: usize = 200;

/// Site F2 on one EWS server, a counter and a scheduled processor on another.
fn begin(controller: &Controller, passwords: &tempfile::TempDir) -> Installation {
    let libraries = ["riser-evce", "riser-example", "riser-misbehaving"].map(programs::library);
    let installation = Installation::new(&libraries);
    let site = ConfigurationFile::new().ews_server(EWS_SERVER).connection(
        "EVCE",
        controller,
        &password_file(passwords).display().to_string(),
    );
    let site = evce_processors(site, "EVCE", EWS_SERVER, Processors::SetupAndStatus);
    installation.apply(site.text());
    let annex = ConfigurationFile::new()
        .ews_server("Annex")
        .processor("Counter", "riser.example/counter", "Annex", "")
        .processor(
            "Hourly Work",
            "riser.misbehaving/needs-operator",
            "Annex",
            "runs_at_start = false\nschedule = \"Hourly\"",
        );
    let annex = annex.text().replace("127.0.0.1:0", "127.0.0.2:0");
    let schedule = "[[schedule]]\nname = \"Hourly\"\nrule = \"every 1 h; from 2100-01-01T00:00:00Z\"\n";
    installation.apply(&format!("{annex}{schedule}"));
    installation
}

fn changes() -> String {
    format!(
        r#"
[[ews_server]]
name = "Annex"
listen = "127.0.0.3:0"
  [[ews_server.account]]
  name = "guest"
  rights = "read"
  password = {{ env = "{BMS_PASSWORD_VARIABLE}" }}

[[schedule]]
name = "Hourly"
rule = "every 1 h; from 2100-01-01T00:05:00Z"

[[processor]]
name = "Counter"
active = false
"#
    )
}

fn status(installation: &Installation) -> Value {
    let said = installation.ask(&["status", "--json"]);
    assert!(said.is_success, "{}", said.text);
    serde_json::from_str(&said.text).unwrap()
}

/// The entry with this name in a list of a status report.
fn named(status: &Value, list: &str, name: &str) -> Value {
    status[list].as_array().unwrap().iter().find(|entry| entry["name"] == name).unwrap().clone()
}

/// Reads values one request after the other until the end. Returns the number of requests.
async fn read_all_the_time(bms: EwsClient, tree: Tree, is_over: Arc<AtomicBool>) -> usize {
    let ids: Vec<&str> = tree
        .values()
        .filter_map(|(id, item)| matches!(item, Item::Value(_)).then_some(id.as_str()))
        .take(IDS_IN_A_REQUEST)
        .collect();
    let mut requests = 0;
    while !is_over.load(Ordering::Relaxed) {
        let response = bms.values(&ids).await.unwrap();
        assert!(response.errors.is_empty(), "{:?}", response.errors);
        assert_eq!(response.values.len(), ids.len());
        requests += 1;
    }
    requests
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_applied_while_riser_serves_acts_and_no_client_of_another_server_sees_an_error() {
    let controller = Controller::start("F2");
    let passwords = tempfile::tempdir().unwrap();
    let installation = begin(&controller, &passwords);
    let host = installation.start();
    let tree = walk_until_there(&host.bms(EWS_SERVER), A_STATUS_POINT).await;
    let annex = host.bms("Annex");
    let count = id_of(&walk_until_there(&annex, "Count").await, "Count").to_owned();
    let before = until("the runs of both long-running processors", async || {
        let status = status(&installation);
        let is_running = |name| named(&status, "processors", name)["state"] == "running";
        if is_running("Counter") && is_running("EVCE Status") { Ok(status) } else { Err(status) }
    })
    .await;
    let is_over = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn(read_all_the_time(host.bms(EWS_SERVER), tree, Arc::clone(&is_over)));

    let planned = installation.try_plan(&changes());
    assert!(planned.is_success && !planned.text.contains("nothing to change"), "{}", planned.text);
    let unchanged = named(&status(&installation), "ews_servers", "Annex");
    assert_eq!(unchanged["url"], named(&before, "ews_servers", "Annex")["url"]);
    let applied = installation.try_apply(&changes());
    assert!(applied.is_success && !applied.text.contains("not in effect yet"), "{}", applied.text);

    let after = until("the effects", async || {
        let status = status(&installation);
        let is_disabled = named(&status, "processors", "Counter")["state"] == "disabled";
        let next_run = named(&status, "processors", "Hourly Work")["next_run_at"].clone();
        if is_disabled && next_run == "2100-01-01T00:05:00.000Z" { Ok(status) } else { Err(status) }
    })
    .await;
    let url = named(&after, "ews_servers", "Annex")["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("http://127.0.0.3:"), "{url}");
    for (user, password) in [("guest", BMS_PASSWORD), (BMS, BMS_PASSWORD)] {
        let (_, state) = read(&client_of(&url, user, password), &count).await.unwrap();
        assert_ne!(state, ValueState::Good);
    }
    assert!(annex.information().await.is_err(), "the old address is still served");
    for name in ["EVCE Setup", "EVCE Status"] {
        let run = |status| named(status, "processors", name)["last_run"]["run"].clone();
        assert_eq!(run(&after), run(&before), "{name} was started again");
    }
    is_over.store(true, Ordering::Relaxed);
    assert!(reading.await.unwrap() > 0);

    let planned = installation.try_plan(&changes());
    assert!(planned.text.starts_with("nothing to change"), "{}", planned.text);
    let exported = installation.ask(&["export", "--with-disabled"]);
    assert!(exported.is_success, "{}", exported.text);
    let planned = plan_of_standard_input(&installation, &exported.text);
    assert!(planned.starts_with("nothing to change"), "{planned}");
    host.stop();
}

/// `riser plan /dev/stdin`, as the end of a pipe.
fn plan_of_standard_input(installation: &Installation, file: &str) -> String {
    let mut plan = installation.spawn_with_input(&["plan", "/dev/stdin"]);
    plan.stdin.take().unwrap().write_all(file.as_bytes()).unwrap();
    let output = plan.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
