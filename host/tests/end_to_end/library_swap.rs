//! A new version of a plugin replaces the old one while a run uses it. The new version is a copy of the example
//! with one path and one line changed.

use std::path::{Path, PathBuf};

use riser_domain::ValueState;

use crate::bms::{id_of, read, walk_until_there};
use crate::configuration::ConfigurationFile;
use crate::host::Installation;
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::programs;
use crate::waiting::until;

const SERVER: &str = "Example";
const FILE: &str = "libriser_example.so";

#[tokio::test]
async fn the_active_run_continues_and_the_next_one_has_the_new_version() {
    let installation = Installation::new(&[programs::library("riser-example")]);
    let file = ConfigurationFile::new().ews_server(SERVER);
    let file =
        file.processor("Counter", "riser.example/counter", SERVER, "settings = { step_every = \"100 ms\" }");
    installation.apply(file.text());
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let bms = host.bms(SERVER);
    let count = id_of(&walk_until_there(&bms, "Count").await, "Count").to_owned();
    let number = async || match read(&bms, &count).await {
        Ok((text, ValueState::Good)) => text.parse::<i64>().map_err(|error| error.to_string()),
        other => Err(format!("{other:?}")),
    };
    until("the first version counts", async || {
        number().await.and_then(|it| (it > 0).then_some(it).ok_or("0".into()))
    })
    .await;

    installation.drop_in(&version_2(installation.path()), FILE);
    until("the new version is loaded", async || {
        let log = host.log();
        if log.contains("plugin Example 0.2.0") { Ok(()) } else { Err(log) }
    })
    .await;
    let before = until("a number", number).await;
    assert!(before < 1_000_000, "the active run changed its library");
    until("the active run continues", async || match number().await {
        Ok(now) if now > before => Ok(()),
        other => Err(other),
    })
    .await;

    let portal = Portal::sign_in(&host).await;
    portal.press("stop", "Counter").await;
    until("the stop", async || {
        let page = portal.page("/").await;
        if page.contains("stopped by anna") { Ok(()) } else { Err(page) }
    })
    .await;
    portal.press("run", "Counter").await;
    until("a number of version 2", async || match number().await {
        Ok(now) if now >= 1_000_000 => Ok(()),
        other => Err(other),
    })
    .await;
}

/// Builds the example from a copy of its directory, counting from a million.
fn version_2(directory: &Path) -> PathBuf {
    programs::copied_example(directory, "copied-example", |source| {
        let line = "let mut number = settings.start;";
        assert!(source.contains(line));
        source.replace(line, "let mut number = settings.start + 1_000_000;")
    })
}
