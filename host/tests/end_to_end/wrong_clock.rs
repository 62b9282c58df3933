//! A clock that is set wrong and corrected, with real processes.

use riser_domain::{Timestamp, ValueState};

use crate::bms::{id_of, read_until, walk_until_there};
use crate::configuration::ConfigurationFile;
use crate::controller::Controller;
use crate::host::{Host, Installation};
use crate::programs;
use crate::shifted_clock::ShiftedClock;
use crate::site::{EWS_SERVER, Processors, Site, evce_processors, password_file};
use crate::waiting::until;

const POWER: &str = "EVCE Zones/SiteOverallActivePowerTotal";
const READINGS: &str = "EVCE Zones/Z1/EVSimu1/OverallConsumptionLogs/StationActiveEnergy-Readings";
const HOUR_S: i64 = 3_600;
const THREE_YEARS_S: i64 = 3 * 365 * 24 * HOUR_S;

async fn logged(host: &Host, text: &str) {
    until(text, async || if host.log().contains(text) { Ok(()) } else { Err(()) }).await;
}

/// Waits until `riser status` shows a text.
async fn status_shows(installation: &Installation, text: &str) {
    until(text, async || {
        let status = installation.ask(&["status"]).text;
        if status.contains(text) { Ok(()) } else { Err(status) }
    })
    .await;
}

#[tokio::test]
async fn an_hour_entered_wrongly_and_corrected_during_an_outage_keeps_nothing_waiting() {
    let site = Site::new("F1", Processors::SetupAndStatus);
    let clock = ShiftedClock::of(&site.installation);
    let host = site.installation.start_by(&clock);
    let bms = host.bms(EWS_SERVER);
    let tree = walk_until_there(&bms, POWER).await;
    let power = id_of(&tree, POWER);
    read_until(&bms, power, "0.133", ValueState::Good).await;

    clock.set(HOUR_S);
    logged(&host, "the clock was set ahead by 1 h 0 min").await;
    site.controller.go_down().await;
    status_shows(&site.installation, "not asked for now: it failed five times in a row").await;
    // The poll that follows the fifth failure learns it.
    read_until(&bms, power, "0.133", ValueState::Offline).await;

    clock.set(0);
    logged(&host, "the clock was set back by 1 h 0 min").await;
    site.controller.end_faults().await;
    let asked = site.controller.requests("GET", "/zones").await.len();
    read_until(&bms, power, "0.133", ValueState::Good).await;
    assert!(site.controller.requests("GET", "/zones").await.len() > asked);
    let problems = site.installation.ask(&["problems"]).text;
    assert!(!problems.contains("clock"), "{problems}");
}

#[tokio::test]
async fn a_start_three_years_ahead_removes_nothing_and_says_so() {
    let controller = Controller::start("F1");
    let passwords = tempfile::tempdir().unwrap();
    let installation = Installation::new(&[programs::library("riser-evce")]);
    let password = password_file(&passwords).display().to_string();
    let file = ConfigurationFile::new().ews_server(EWS_SERVER).connection("EVCE", &controller, &password);
    let file = evce_processors(file, "EVCE", EWS_SERVER, Processors::SetupAndStatus);
    let file = file.processor("EVCE Logs", "riser.evce/logs", EWS_SERVER, "connection = \"EVCE\"");
    installation.apply(file.text());
    let clock = ShiftedClock::of(&installation);
    let host = installation.start_by(&clock);
    let bms = host.bms(EWS_SERVER);
    let tree = walk_until_there(&bms, READINGS).await;
    let history = id_of(&tree, READINGS);
    let samples = async |bms: &riser_ews::client::EwsClient| {
        let end = Some(Timestamp::from_unix_ms(4_102_444_800_000));
        let page = bms.history(history, Some(Timestamp::EPOCH), end).await.map_err(|it| it.to_string())?;
        if page.samples.is_empty() { Err("no sample".to_owned()) } else { Ok(page.samples) }
    };
    let first = until("a sample", async || samples(&bms).await).await.remove(0);
    host.stop();
    let runs_before = installation.ask(&["runs"]).text;

    clock.set(THREE_YEARS_S);
    let host = installation.start_by(&clock);
    let bms = host.bms(EWS_SERVER);
    // By then the removal of old data at the start is over.
    read_until(&bms, id_of(&tree, POWER), "0.133", ValueState::Good).await;
    let problems = installation.ask(&["problems"]).text;
    assert!(problems.contains("the clock of this machine shows 20"), "{problems}");
    assert!(problems.contains("1095 d after 20") && problems.contains("riser clock confirm"), "{problems}");
    status_shows(&installation, "are not removed").await;
    assert_eq!(samples(&bms).await.unwrap()[0], first);
    let runs = installation.ask(&["runs"]).text;
    for run in runs_before.lines().filter(|line| line.contains("succeeded") || line.contains("interrupted")) {
        assert!(runs.contains(run), "{run} is not in\n{runs}");
    }

    let confirmed = installation.ask(&["clock", "confirm"]);
    assert!(
        confirmed.is_success && confirmed.text.contains("Riser accepts that it is 20"),
        "{}",
        confirmed.text
    );
    let problems = installation.ask(&["problems"]).text;
    assert!(!problems.contains("clock"), "{problems}");
    let again = installation.ask(&["clock", "confirm"]);
    assert!(again.is_success && again.text.starts_with("nothing to confirm: "), "{}", again.text);
    let audit = installation.ask(&["audit"]).text;
    assert_eq!(audit.matches("confirm").count(), 1, "{audit}");
}
