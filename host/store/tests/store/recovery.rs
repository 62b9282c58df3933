use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Duration;

use riser_domain::{Clock as _, FakeClock, HistorySample, PointHandle, Timestamp, Value, ValueState};
use riser_store::{Fault, HistoryRange, Store, StoreError};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::fixture::{START, TestStore, ews_server};

/// Damages the `riser.db` of a used directory and starts again: the start succeeds and the file is quarantined.
async fn check(case: &str, expected: Fault, damage: impl AsyncFn(&Path)) {
    let test = TestStore::new().await;
    let mut changes = test.store.begin_configuration(&riser_domain::Actor::System, test.now()).await.unwrap();
    changes.add_ews_server(&ews_server("Main", 1)).await.unwrap();
    changes.commit().await.unwrap();
    test.store.close().await;
    let TestStore { store, clock, directory } = test;
    drop(store);
    let file = directory.path().join("riser.db");
    damage(&file).await;
    let damaged = std::fs::read(&file).ok();

    let (store, recovery) = Store::open(directory.path(), &clock).await.unwrap();
    let moved = &recovery.quarantined[0];
    assert_eq!((moved.file, moved.fault), ("riser.db", expected), "{case}");
    assert!(std::fs::read(&moved.to).ok() == damaged, "{case}: data is lost");
    assert!(recovery.is_new, "{case}");
    assert!(store.load_configuration().await.unwrap().ews_servers.is_empty(), "{case}");
    // Handles in the history belong to the items of the quarantined file.
    assert_eq!(recovery.quarantined[1].fault, Fault::OfAnotherInstallation, "{case}");
}

fn overwrite(file: &Path, at: u64, bytes: &[u8]) {
    let mut file = std::fs::OpenOptions::new().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

#[tokio::test]
async fn an_unusable_file_is_quarantined_and_the_start_succeeds() {
    check("zero bytes", Fault::Empty, async |file| std::fs::write(file, "").unwrap()).await;
    check("no database", Fault::Foreign, async |file| std::fs::write(file, "hello").unwrap()).await;
    check("a header byte", Fault::Foreign, async |file| overwrite(file, 0, b"X")).await;
    check("a directory", Fault::NoFile, async |file| {
        std::fs::remove_file(file).unwrap();
        std::fs::create_dir(file).unwrap();
    })
    .await;
    check("truncated", Fault::Damaged, async |file| {
        let length = std::fs::metadata(file).unwrap().len();
        std::fs::OpenOptions::new().write(true).open(file).unwrap().set_len(length / 2).unwrap();
    })
    .await;
    for page in [1, 5, 9, 20] {
        check("a page of noise", Fault::Damaged, async |file| overwrite(file, page * 4096, &[0xA5; 4096]))
            .await;
    }
    check("another program's database", Fault::Foreign, async |file| {
        std::fs::remove_file(file).unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let mut connection = options.pragma("application_id", "1").connect().await.unwrap();
        sqlx::raw_sql("CREATE TABLE theirs (x)").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    })
    .await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_dangling_link_is_quarantined() {
    check("a dangling link", Fault::NoFile, async |file| {
        std::fs::remove_file(file).unwrap();
        std::os::unix::fs::symlink("nowhere", file).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_write_ahead_log_of_noise_is_ignored() {
    let test = TestStore::new().await;
    test.store.close().await;
    let TestStore { store, clock, directory } = test;
    drop(store);
    std::fs::write(directory.path().join("riser.db-wal"), vec![0x5A; 40_000]).unwrap();
    let (_store, recovery) = Store::open(directory.path(), &clock).await.unwrap();
    assert!(recovery.quarantined.is_empty());
    assert!(!recovery.is_new);
}

#[tokio::test]
async fn only_a_damaged_history_is_quarantined() {
    let test = TestStore::new().await;
    let instance = test.store.instance_id().to_owned();
    test.store.close().await;
    let TestStore { store, clock, directory } = test;
    drop(store);
    std::fs::write(directory.path().join("history.db"), "noise").unwrap();
    let (store, recovery) = Store::open(directory.path(), &clock).await.unwrap();
    assert_eq!(recovery.quarantined.len(), 1);
    assert_eq!(recovery.quarantined[0].file, "history.db");
    assert_eq!(store.instance_id(), instance);
}

#[tokio::test]
async fn the_history_of_another_installation_is_quarantined() {
    let (ours, theirs) = (TestStore::new().await, TestStore::new().await);
    assert_ne!(ours.store.instance_id(), theirs.store.instance_id());
    ours.store.close().await;
    theirs.store.close().await;
    let TestStore { store, clock, directory } = ours;
    drop(store);
    std::fs::copy(theirs.directory.path().join("history.db"), directory.path().join("history.db")).unwrap();
    let (_store, recovery) = Store::open(directory.path(), &clock).await.unwrap();
    assert_eq!(recovery.quarantined[0].fault, Fault::OfAnotherInstallation);
    assert_eq!(recovery.quarantined.len(), 1);
}

#[tokio::test]
async fn a_restored_database_gets_its_history_back() {
    let test = TestStore::new().await;
    let point = PointHandle(1);
    let sample = HistorySample { value: Value::Long(7), state: ValueState::Good, time: START };
    test.store.journal_samples(&[(point, sample.clone())]).await.unwrap();
    test.store.flush_journal(START.plus(Duration::from_hours(1))).await.unwrap();
    test.store.close().await;
    let TestStore { store, clock, directory } = test;
    drop(store);
    let (file, backup) = (directory.path().join("riser.db"), directory.path().join("backup"));
    std::fs::copy(&file, &backup).unwrap();
    std::fs::write(&file, "noise").unwrap();
    // Several starts with the damaged file.
    for _ in 0..2 {
        clock.advance(Duration::from_secs(1));
        let (store, _) = Store::open(directory.path(), &clock).await.unwrap();
        store.close().await;
        drop(store);
        std::fs::write(&file, "noise").unwrap();
    }

    std::fs::copy(&backup, &file).unwrap();
    let (store, recovery) = Store::open(directory.path(), &clock).await.unwrap();
    let taken_back = recovery.history_taken_back.unwrap();
    assert!(!taken_back.exists(), "{taken_back:?}");
    assert_eq!(recovery.quarantined.len(), 1);
    let all = HistoryRange { from: Timestamp::EPOCH, to: clock.now(), after: None, limit: 9 };
    assert_eq!(store.read_history(point, all).await.unwrap(), [sample]);
}

#[tokio::test]
async fn a_database_of_a_later_release_is_refused_and_kept() {
    let test = TestStore::new().await;
    test.store.close().await;
    let TestStore { store, clock, directory } = test;
    drop(store);
    let file = directory.path().join("riser.db");
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
    sqlx::raw_sql(
        "UPDATE instance SET riser_version = '9.8.7';
         INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'of the future', 1, x'00', 0)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();

    let refusal = Store::open(directory.path(), &clock).await.unwrap_err();
    assert!(matches!(refusal, StoreError::NewerVersion { found: 99, .. }), "{refusal}");
    assert!(refusal.to_string().contains("was written by Riser 9.8.7 (schema 99)"), "{refusal}");
    assert!(file.exists());
}

#[tokio::test]
async fn a_directory_in_use_is_refused_with_its_process_id() {
    let test = TestStore::new().await;
    let refusal = Store::open(test.directory.path(), &test.clock).await.unwrap_err().to_string();
    assert!(refusal.contains(&format!("another Riser, process {}", std::process::id())), "{refusal}");
}

#[tokio::test]
async fn a_file_in_place_of_the_directory_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("data");
    std::fs::write(&file, "").unwrap();
    let refusal = Store::open(&file, &FakeClock::at(START)).await.unwrap_err();
    assert!(matches!(refusal, StoreError::Unwritable { .. }), "{refusal}");
    assert!(refusal.to_string().contains("--data-dir"), "{refusal}");
}

#[cfg(unix)]
#[tokio::test]
async fn other_users_of_the_machine_cannot_read_the_directory_or_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("data");
    let (_store, _) = Store::open(&directory, &FakeClock::at(START)).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&directory.join("riser.db")), 0o600);
    assert_eq!(mode(&directory.join("riser.db-wal")), 0o600);
}

#[tokio::test]
async fn the_installation_keeps_its_id() {
    let test = TestStore::new().await;
    let id = test.store.instance_id().to_owned();
    assert_eq!(id.len(), 32);
    let (test, recovery) = test.start_again().await;
    assert_eq!(test.store.instance_id(), id);
    assert_eq!(recovery, riser_store::Recovery::default());
}
