//! The records of EVCE Logs equal the values that the BMS read, over `GetHistory`.

use riser_domain::ValueState;

use crate::bms::{id_of, walk_until_there};
use crate::configuration::ConfigurationFile;
use crate::controller::Controller;
use crate::host::Installation;
use crate::programs;
use crate::site::{EWS_SERVER, Processors, evce_processors, password_file};
use crate::waiting::until;

const READINGS: &str = "EVCE Zones/Z1/EVSimu1/OverallConsumptionLogs/StationActiveEnergy-Readings";

#[tokio::test]
async fn the_first_value_is_recorded_at_once() {
    let controller = Controller::start("F1");
    let passwords = tempfile::tempdir().unwrap();
    let installation = Installation::new(&[programs::library("riser-evce")]);
    let file = ConfigurationFile::new().ews_server(EWS_SERVER).connection(
        "EVCE",
        &controller,
        &password_file(&passwords).display().to_string(),
    );
    let file = evce_processors(file, "EVCE", EWS_SERVER, Processors::SetupAndStatus);
    let file = file.processor("EVCE Logs", "riser.evce/logs", EWS_SERVER, "connection = \"EVCE\"");
    installation.apply(file.text());
    let host = installation.start();
    let bms = host.bms(EWS_SERVER);
    let tree = walk_until_there(&bms, READINGS).await;
    let first = until("a sample", async || {
        let history =
            bms.history(id_of(&tree, READINGS), None, None).await.map_err(|error| error.to_string())?;
        history.samples.into_iter().next().ok_or_else(|| "no sample".to_owned())
    })
    .await;
    assert_eq!((first.value.as_number(), first.state), (Some(12.345), ValueState::Good));
}
