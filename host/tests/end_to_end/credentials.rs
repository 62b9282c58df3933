//! A wrong password: Riser does not repeat the login, and the administrator sees the remedy.

use riser_domain::ValueState;

use crate::bms::{id_of, read_until, walk_until_there};
use crate::configuration::ConfigurationFile;
use crate::controller::Controller;
use crate::host::Installation;
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::programs;
use crate::site::{EWS_SERVER, Processors, evce_processors, password_file};
use crate::waiting::until;

const WRONG_PASSWORD: &str = "a password that is not the controller's";
const TOTAL: &str = "EVCE Zones/SiteOverallActivePowerTotal";

#[tokio::test]
async fn a_wrong_password_of_three_processors_causes_one_login_and_a_remedy_on_the_page() {
    let controller = Controller::start("F1");
    let passwords = tempfile::tempdir().unwrap();
    let password_file = password_file(&passwords);
    let installation = Installation::new(&[programs::library("riser-evce")]);
    let file = ConfigurationFile::new().ews_server(EWS_SERVER).connection(
        "EVCE",
        &controller,
        password_file.to_str().unwrap(),
    );
    let file = evce_processors(file, "EVCE", EWS_SERVER, Processors::SetupAndStatus);
    let file = file.processor("EVCE Logs", "riser.evce/logs", EWS_SERVER, "connection = \"EVCE\"");
    installation.apply(file.text());
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let tree = walk_until_there(&host.bms(EWS_SERVER), TOTAL).await;
    read_until(&host.bms(EWS_SERVER), id_of(&tree, TOTAL), "0.133", ValueState::Good).await;
    host.stop();
    let logins_before = controller.requests("POST", "/login").await.len();

    std::fs::write(&password_file, WRONG_PASSWORD).unwrap();
    installation.apply(file.text());
    let host = installation.start();
    let portal = Portal::sign_in(&host).await;
    let page = until("the problem on the overview", async || {
        let page = portal.page("/").await;
        if page.contains("refused login and password") { Ok(page) } else { Err(page) }
    })
    .await;
    assert!(page.contains("Enter login and password"), "{page}");
    read_until(&host.bms(EWS_SERVER), id_of(&tree, TOTAL), "0.133", ValueState::Offline).await;
    // Another attempt by a person must not make the controller lock the account.
    until("EVCE Setup can be started", async || {
        let row = portal.row("EVCE Setup").await;
        if row.contains("aria-label=\"Run now: EVCE Setup\"") {
            return Ok(());
        }
        // A run that met the limiter first is retried after a while; a stop ends that wait.
        if row.contains("Retrying") {
            portal.press("stop", "EVCE Setup").await;
        }
        Err(row)
    })
    .await;
    portal.press("run", "EVCE Setup").await;
    until("the refusal of the connection limiter", async || {
        let log = host.log();
        if log.contains("left alone for now") { Ok(()) } else { Err(log) }
    })
    .await;
    assert_eq!(controller.requests("POST", "/login").await.len() - logins_before, 1);
    assert!(!host.log().contains(WRONG_PASSWORD), "a password is in the log");
}
