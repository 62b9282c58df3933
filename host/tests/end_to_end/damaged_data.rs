//! Starts on damaged databases and broken configurations. In each case the portal is up and says what happened, every file
//! is kept, and there is a way back.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use reqwest::StatusCode;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::configuration::ConfigurationFile;
use crate::controller::http_client_builder;
use crate::host::{Host, Installation};
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::programs;
use crate::waiting::until;

const SERVER: &str = "Building";
const RISER: &str = "riser.db";
const PAGE_BYTES: u64 = 4_096;
/// A name, the damage, and a part of the reason that Riser names.
type Damage = (&'static str, fn(&Path), &'static str);

/// Damages at random places. Their seed is fixed.
const RANDOM_DAMAGES: u64 = 25;

/// An installation with a person, an EWS server and a processor, and a copy of its data.
struct Used {
    installation: Installation,
    backup: PathBuf,
}

impl Used {
    fn new() -> Self {
        let installation = Installation::new(&[programs::library("riser-example")]);
        let file = ConfigurationFile::new().ews_server(SERVER);
        installation.apply(file.processor("Counter", "riser.example/counter", SERVER, "").text());
        installation.add_admin(ADMIN, ADMIN_PASSWORD);
        installation.start().stop();
        let backup = installation.path().join("backup");
        std::fs::create_dir(&backup).unwrap();
        for (name, path) in files_in(&installation.data()) {
            std::fs::copy(path, backup.join(name)).unwrap();
        }
        Self { installation, backup }
    }

    fn file(&self) -> PathBuf {
        self.installation.data().join(RISER)
    }

    /// Restores the data as it was before the damage.
    fn restore(&self) {
        std::fs::remove_dir_all(self.installation.data()).unwrap();
        std::fs::create_dir(self.installation.data()).unwrap();
        for (name, path) in files_in(&self.backup) {
            std::fs::copy(path, self.installation.data().join(name)).unwrap();
        }
    }

    /// Starts Riser on the damaged data and returns the page for a person who is not signed in.
    async fn start(&self) -> (Host, StatusCode, String) {
        let host = self.installation.start_on_any_data().await;
        let http = http_client_builder().build().unwrap();
        let alive = http.get(format!("{}/healthz", host.portal_url)).send().await.unwrap();
        assert_eq!(alive.status(), StatusCode::OK);
        let page = http.get(format!("{}/login", host.portal_url)).send().await.unwrap();
        let page = match page.headers().get("location") {
            Some(next) => {
                let next = format!("{}{}", host.portal_url, next.to_str().unwrap());
                http.get(next).send().await.unwrap()
            }
            None => page,
        };
        let status = page.status();
        (host, status, page.text().await.unwrap())
    }
}

fn files_in(directory: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path)).collect()
}

fn overwrite(file: &Path, at: u64, bytes: &[u8]) {
    let mut file = OpenOptions::new().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

fn length(file: &Path) -> u64 {
    std::fs::metadata(file).unwrap().len()
}

/// Executes SQL on a database that no Riser uses.
async fn sql(file: &Path, statements: &str) {
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Overwrites the root page of an index, which has the type 10 or 2 in its first byte.
fn damage_an_index(file: &Path) {
    let mut bytes = Vec::new();
    File::open(file).unwrap().read_to_end(&mut bytes).unwrap();
    let size = usize::try_from(PAGE_BYTES).unwrap();
    let pages = bytes.chunks(size).enumerate().skip(1);
    let (number, _) = pages.into_iter().find(|(_, page)| matches!(page[0], 10 | 2)).unwrap();
    overwrite(file, number as u64 * PAGE_BYTES, &[0xA5; 4_096]);
}

#[tokio::test]
async fn an_unusable_database_is_kept_and_the_set_up_page_says_what_happened() {
    let used = Used::new();
    let file = used.file();
    let damages: [Damage; 8] = [
        ("zero bytes", |file| std::fs::write(file, "").unwrap(), "it was empty"),
        (
            "half of it",
            |file| OpenOptions::new().write(true).open(file).unwrap().set_len(length(file) / 2).unwrap(),
            "it was damaged",
        ),
        ("a byte of the header", |file| overwrite(file, 3, b"X"), "it was not a database of Riser"),
        ("another application id", |file| overwrite(file, 68, b"Rish"), "it was not a database of Riser"),
        ("a page of noise", |file| overwrite(file, 5 * PAGE_BYTES, &[0xA5; 4_096]), "it was damaged"),
        ("an index", damage_an_index, "it was damaged"),
        (
            "a directory",
            |file| {
                std::fs::remove_file(file).unwrap();
                std::fs::create_dir(file).unwrap();
            },
            "it was not a file",
        ),
        (
            "a link to nowhere",
            |file| {
                std::fs::remove_file(file).unwrap();
                std::os::unix::fs::symlink("nowhere", file).unwrap();
            },
            "it was not a file",
        ),
    ];
    for (case, damage, reason) in damages {
        damage(&file);
        let damaged = std::fs::read(&file).ok();
        let (host, status, page) = used.start().await;
        assert_eq!(status, StatusCode::OK, "{case}");
        for text in [&format!("Riser.db could not be used: {reason}"), "Restore a backup", ".quarantined"] {
            assert!(page.contains(text), "{case}: {text}: {page}");
        }
        let quarantined = format!("{} could not be used: {reason}", RISER);
        assert!(host.log().contains(&quarantined), "{case}: {}", host.log());
        host.stop();
        let mut entries = std::fs::read_dir(used.installation.data()).unwrap().map(|entry| entry.unwrap());
        let kept = entries.find(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("riser.db.") && name.ends_with(".quarantined")
        });
        let kept = kept.unwrap_or_else(|| panic!("{case}: no file is kept")).path();
        assert!(std::fs::read(&kept).ok() == damaged, "{case}: the kept file has changed");
        assert_works_again(&used).await;
    }
}

/// Restores the backup and checks that everything is there.
async fn assert_works_again(used: &Used) {
    used.restore();
    let host = used.installation.start();
    let page = Portal::sign_in(&host).await.page("/").await;
    assert!(page.contains("Counter") && !page.contains("could not be used"), "{page}");
    host.bms(SERVER).information().await.unwrap();
    host.stop();
    used.restore();
}

#[tokio::test]
async fn data_that_cannot_be_opened_is_left_alone_and_the_only_page_says_why() {
    let used = Used::new();
    sql(
        &used.file(),
        "UPDATE instance SET riser_version = '9.8.7';
         INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'of the future', 1, x'00', 0)",
    )
    .await;
    let before = std::fs::read(used.file()).unwrap();
    let (host, status, page) = used.start().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    for text in [
        "Riser could not start",
        "was written by Riser 9.8.7 (schema 99)",
        "install Riser 9.8.7 or later",
        "nobody can sign in",
        "start Riser again",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(
        host.log().contains("Riser could not start: riser.db was written by Riser 9.8.7"),
        "{}",
        host.log()
    );
    let ready = http_client_builder().build().unwrap().get(format!("{}/readyz", host.portal_url)).send();
    assert_eq!(ready.await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(host.stop_with_code(), Some(1));
    assert!(std::fs::read(used.file()).unwrap() == before, "the file was changed");
    assert_works_again(&used).await;

    // The rows of a table have a value that no release writes.
    sql(
        &used.file(),
        "PRAGMA ignore_check_constraints = ON; UPDATE processor_configurations SET memory_limit_mib = -1",
    )
    .await;
    let (host, status, page) = used.start().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{page}");
    assert!(page.contains("Riser could not start") && page.contains("restore a backup"), "{page}");
    drop(host);
    assert_works_again(&used).await;
}

#[tokio::test]
async fn a_write_ahead_log_that_is_cut_noise_or_another_ones_does_not_keep_riser_from_starting() {
    let used = Used::new();
    let other = Used::new();
    let host = other.installation.start();
    other.installation.apply("[[schedule]]\nname = \"Other\"\nrule = \"every 1 h\"\n");
    host.kill();
    let wal = used.installation.data().join("riser.db-wal");
    let others = std::fs::read(other.installation.data().join("riser.db-wal")).unwrap();
    let host = used.installation.start();
    used.installation.apply("[[schedule]]\nname = \"Own\"\nrule = \"every 1 h\"\n");
    host.kill();
    let own = std::fs::read(&wal).unwrap();
    for (case, log) in [
        ("cut", own[..own.len() / 2].to_vec()),
        ("noise", vec![0x5A; 40_000]),
        ("of another installation", others),
    ] {
        used.restore();
        std::fs::write(&wal, log).unwrap();
        let (host, status, page) = used.start().await;
        assert!(status == StatusCode::OK || page.contains("Riser could not start"), "{case}: {page}");
        drop(host);
    }
    assert_works_again(&used).await;
}

#[tokio::test]
async fn wherever_a_byte_changes_the_portal_is_up() {
    let used = Used::new();
    let file = used.file();
    let mut seed = 4_711_u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed >> 33
    };
    let mut outcomes = [0; 3];
    for number in 0..RANDOM_DAMAGES {
        let at = next() % length(&file);
        let noise: Vec<u8> =
            (0..if number % 2 == 0 { 1 } else { 64 }).map(|_| next().to_le_bytes()[0]).collect();
        overwrite(&file, at.min(length(&file) - 64), &noise);
        let (host, status, page) = used.start().await;
        let outcome = match status {
            StatusCode::OK if page.contains("could not be used") => 0,
            StatusCode::OK => 1,
            _ => {
                assert!(page.contains("Riser could not start"), "{at} {noise:?}: {page}");
                2
            }
        };
        outcomes[outcome] += 1;
        drop(host);
        used.restore();
    }
    // The damages are not all of one kind.
    assert!(outcomes[0] > 0 && outcomes[1] > 0, "{outcomes:?}");
}

#[tokio::test]
async fn a_broken_configuration_stops_its_processor_alone_and_riser_says_why() {
    let used = Used::new();
    let library = used.installation.plugins().join("libriser_example.so");
    let kept = std::fs::read(&library).unwrap();
    let nothing: fn(&Path) = |_| {};
    let lost: fn(&Path) = |library| std::fs::remove_file(library).unwrap();
    let foreign: fn(&Path) = |library| {
        std::fs::remove_file(library).unwrap();
        std::fs::copy("/lib/x86_64-linux-gnu/libm.so.6", library).unwrap();
    };
    for (case, settings, change, said) in [
        // As a later version of the plugin may have written it.
        ("an unknown setting", r#"{"colour":"red"}"#, nothing, "running"),
        ("a setting of another type", r#"{"step_every":[1]}"#, nothing, "step_every"),
        ("a missing library", "{}", lost, "riser.example"),
        ("a library of something else", "{}", foreign, "not a Riser plugin"),
    ] {
        used.restore();
        let update = format!("UPDATE processor_configurations SET settings_json = '{settings}'");
        sql(&used.file(), &update).await;
        std::fs::write(&library, &kept).unwrap();
        // The copies of libraries are gone with the data directory, as on a new machine.
        change(&library);
        let host = used.installation.start();
        until(case, async || {
            let status = used.installation.ask(&["status"]).text;
            if status.contains(said) { Ok(()) } else { Err(status) }
        })
        .await;
        Portal::sign_in(&host).await.page("/").await;
        host.bms(SERVER).information().await.unwrap();
        host.stop();
    }
}
