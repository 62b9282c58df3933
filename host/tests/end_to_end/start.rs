//! Failed and incomplete starts: their messages, and that they lose no data.

use std::net::TcpListener;

use crate::configuration::ConfigurationFile;
use crate::host::Installation;
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::programs;
use crate::waiting::until;

fn example() -> Installation {
    Installation::new(&[programs::library("riser-example")])
}

#[test]
fn a_second_riser_on_one_directory_names_the_process_that_uses_it() {
    let installation = example();
    let host = installation.start();
    let refused = installation.run(&["serve", "--portal-listen", "127.0.0.1:0"]);
    let message = format!("another Riser, process {}, uses the directory", host.id());
    assert!(!refused.is_success && refused.text.contains(&message), "{}", refused.text);
    // The doctor does not report a running Riser or its own port as a fault.
    let doctor = installation.run(&["doctor", "--portal-listen", &host.portal_url.replace("http://", "")]);
    assert!(doctor.is_success && doctor.text.contains("Riser is running as process"), "{}", doctor.text);
    assert!(!doctor.text.contains("FAULT"), "{}", doctor.text);
}

#[test]
fn a_portal_port_in_use_is_refused_with_the_option_that_changes_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let installation = example();
    let refused = installation.run(&["serve", "--portal-listen", &address]);
    let message =
        format!("the portal cannot listen on {address}; choose another address with --portal-listen");
    assert!(!refused.is_success && refused.text.contains(&message), "{}", refused.text);
    let doctor = installation.run(&["doctor", "--portal-listen", &address]);
    assert!(!doctor.is_success && doctor.text.contains("FAULT  the portal cannot listen"), "{}", doctor.text);
}

#[tokio::test]
async fn an_ews_port_in_use_is_a_problem_until_it_is_free() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let installation = example();
    installation
        .apply(&ConfigurationFile::new().ews_server("Building").text().replace("127.0.0.1:0", &address));
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let portal = Portal::sign_in(&host).await;
    let page = portal.page("/").await;
    assert!(page.contains(&format!("End the program that uses {address}")), "{page}");
    drop(taken);
    until("the EWS server", async || match host.bms("Building").information().await {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    })
    .await;
}

#[test]
fn a_directory_that_cannot_be_written_is_refused_with_a_remedy() {
    let installation = example();
    std::fs::write(installation.data(), "a file where the directory should be").unwrap();
    let refused = installation.run(&["serve", "--portal-listen", "127.0.0.1:0"]);
    assert!(
        !refused.is_success && refused.text.contains("cannot be written; make it writable"),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn a_damaged_database_is_quarantined_and_never_deleted() {
    let installation = example();
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    std::fs::write(installation.data().join("history.db"), b"not a database").unwrap();
    let host = installation.start();
    let page = Portal::sign_in(&host).await.page("/").await;
    assert!(page.contains("History.db could not be used"), "{page}");
    let kept = std::fs::read_dir(installation.data())
        .unwrap()
        .flatten()
        .any(|entry| std::fs::read(entry.path()).is_ok_and(|bytes| bytes.starts_with(b"not a database")));
    assert!(kept, "the damaged file is gone");
}

#[tokio::test]
async fn a_wrong_key_file_raises_a_problem_with_the_data_key_and_loses_no_secret() {
    let installation = example();
    installation.apply(ConfigurationFile::new().ews_server("Building").text());
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let key_file = installation.data().with_extension("key");
    let right_key = std::fs::read(&key_file).unwrap();
    std::fs::remove_file(&key_file).unwrap();
    std::fs::write(&key_file, "00".repeat(32)).unwrap();
    let host = installation.start();
    let page = Portal::sign_in(&host).await.page("/").await;
    assert!(page.contains("does not open the data key"), "{page}");
    assert!(host.bms("Building").information().await.is_err(), "an account works without its password");
    host.stop();

    std::fs::remove_file(&key_file).unwrap();
    std::fs::write(&key_file, right_key).unwrap();
    let host = installation.start();
    host.bms("Building").information().await.unwrap();
}

#[tokio::test]
async fn a_missing_key_file_is_not_replaced_and_nothing_is_sealed_without_it() {
    let installation = example();
    let file = ConfigurationFile::new().ews_server("Building");
    installation.apply(file.text());
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let key_file = installation.data().with_extension("key");
    std::fs::remove_file(&key_file).unwrap();
    let host = installation.start();
    let page = Portal::sign_in(&host).await.page("/").await;
    assert!(page.contains("ut back the key file that belongs to this data directory"), "{page}");
    host.stop();
    let added = file.ews_server("Annex").text().to_owned();
    let refused = installation.try_apply(&added);
    assert!(!refused.is_success && refused.text.contains("key"), "{}", refused.text);
    assert!(!key_file.exists(), "a new key was created");
}

#[tokio::test]
async fn files_other_than_plugins_are_named_and_the_plugins_run() {
    let installation = example();
    installation.drop_in(std::path::Path::new("/lib/x86_64-linux-gnu/libm.so.6"), "libm.so");
    std::fs::write(installation.path().join("notes.so"), "not a library").unwrap();
    installation.drop_in(&installation.path().join("notes.so"), "notes.so");
    let file = ConfigurationFile::new().ews_server("Example");
    installation.apply(file.processor("Counter", "riser.example/counter", "Example", "").text());
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let page = Portal::sign_in(&host).await.page("/").await;
    assert!(
        page.contains("is a library but not a Riser plugin: remove it from the plugin directory"),
        "{page}"
    );
    assert!(page.contains("notes.so"), "{page}");
    crate::bms::walk_until_there(&host.bms("Example"), "Count").await;
}

#[test]
fn a_signal_stops_a_host_whose_standard_input_stays_open() {
    let host = example().start();
    host.interrupt();
}
