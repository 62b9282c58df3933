//! `cargo xtask sqlx`: the metadata of the checked queries of riser-store, in `.sqlx`.
//!
//! The macros of sqlx write one file for each query when they see a real database: `DATABASE_URL` names it,
//! `SQLX_OFFLINE=false` makes them ask it, and `SQLX_OFFLINE_DIR` is where they write. The database is a
//! scratch one with the tables of both migration directories, whose names never repeat across the two. Every other
//! build reads `.sqlx` (`SQLX_OFFLINE` in `.cargo/config.toml`): a query that is not in there fails the build.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::workspace;

/// Query data by file name.
type QueryData = BTreeMap<OsString, Vec<u8>>;

/// Updates `.sqlx`.
pub(crate) fn write() -> anyhow::Result<()> {
    let current = ask_the_database()?;
    let directory = data_dir();
    std::fs::create_dir_all(&directory)?;
    for name in read_directory(&directory)?.keys().filter(|name| !current.contains_key(*name)) {
        std::fs::remove_file(directory.join(name))?;
    }
    for (name, data) in &current {
        std::fs::write(directory.join(name), data)?;
    }
    Ok(())
}

/// Fails if `.sqlx` does not match the present queries and migrations.
pub(crate) fn check_fresh() -> anyhow::Result<()> {
    let (kept, current) = (read_directory(&data_dir())?, ask_the_database()?);
    let stale = kept.iter().filter(|(name, data)| current.get(*name) != Some(*data)).count();
    let missing = current.keys().filter(|name| !kept.contains_key(*name)).count();
    ensure!(
        stale + missing == 0,
        ".sqlx is stale ({stale} files differ or are left over, {missing} are missing): run `cargo xtask sqlx`"
    );
    Ok(())
}

/// Compiles riser-store against a scratch database. Returns the output of its macros.
fn ask_the_database() -> anyhow::Result<QueryData> {
    let scratch = tempfile::tempdir()?;
    let database = scratch.path().join("scratch.db");
    make_database(&database)?;
    let written = scratch.path().join("queries");
    std::fs::create_dir(&written)?;
    // Cargo does not know that the macros have more to do than last time; a condition that is new each time
    // makes it compile the crate.
    let new_condition = format!("asked_for_query_data=\"{}\"", scratch.path().display());
    let status = workspace::cargo()
        .args(["rustc", "--quiet", "--package", "riser-store", "--lib", "--profile", "check", "--"])
        .args(["--cfg", &new_condition])
        .env("DATABASE_URL", format!("sqlite://{}", database.display()))
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", &written)
        .status()
        .context("cargo could not be started")?;
    if !status.success() {
        bail!("riser-store does not compile against a database made of the migrations");
    }
    read_directory(&written)
}

/// A database with the tables of both migration directories.
fn make_database(file: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let mut connection = options.connect().await?;
        for directory in ["riser", "history"] {
            for (name, sql) in read_directory(&workspace::root().join("migrations").join(directory))? {
                let sql = String::from_utf8(sql)?;
                sqlx::raw_sql(AssertSqlSafe(sql))
                    .execute(&mut connection)
                    .await
                    .with_context(|| format!("the migration {directory}/{} fails", name.display()))?;
            }
        }
        connection.close().await?;
        Ok(())
    })
}

fn read_directory(directory: &Path) -> anyhow::Result<QueryData> {
    if !directory.exists() {
        return Ok(QueryData::new());
    }
    std::fs::read_dir(directory)?
        .map(|entry| {
            let entry = entry?;
            Ok((entry.file_name(), std::fs::read(entry.path())?))
        })
        .collect()
}

fn data_dir() -> PathBuf {
    workspace::root().join(".sqlx")
}
