//! The databases as a killed host leaves them.

use std::path::Path;

use anyhow::{Context as _, ensure};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

const DATABASES: [&str; 2] = ["riser.db", "history.db"];

/// Checks copies of all databases with their write-ahead logs. The originals are left to the next host. Returns their
/// names.
pub(super) async fn check_copy(data: &Path) -> anyhow::Result<[&'static str; 2]> {
    let scratch = tempfile::tempdir()?;
    for name in DATABASES {
        // The shared memory of the write-ahead log is not copied: SQLite makes it from the log.
        for suffix in ["", "-wal"] {
            let file = format!("{name}{suffix}");
            let from = data.join(&file);
            if from.exists() {
                std::fs::copy(from, scratch.path().join(file))?;
            }
        }
        check(&scratch.path().join(name)).await.with_context(|| name.to_owned())?;
    }
    for entry in std::fs::read_dir(data)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        ensure!(!name.ends_with(".quarantined"), "the host found a database damaged: {name}");
    }
    Ok(DATABASES)
}

async fn check(database: &Path) -> anyhow::Result<()> {
    let mut connection = SqliteConnectOptions::new().filename(database).connect().await?;
    let found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut connection).await?;
    ensure!(found == ["ok"], "integrity_check: {found:?}");
    let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await?;
    ensure!(broken.is_empty(), "foreign_key_check: {} rows", broken.len());
    Ok(connection.close().await?)
}
