//! Opens the two database files.
//!
//! Pragmas and the queries for the schema version are plain text here: the checked macros need a schema that
//! is known, and the schema of a file is unknown before it is opened.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use riser_platform::{create_private_file, sync_directory};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use crate::StoreError;
use crate::database::Database;
use crate::recovery::Fault;

/// The properties of one of the two files.
#[derive(Debug)]
pub(crate) struct DatabaseFile {
    pub(crate) name: &'static str,
    /// Marks the file as Riser's (sqlite.org, "Database File Format", section 1.3.14).
    application_id: i32,
    migrator: &'static Migrator,
    synchronous: SqliteSynchronous,
    page_size_bytes: u32,
    made_by_query: &'static str,
}

/// Configuration, secrets, runs, set points, audit: durable before it is acknowledged.
pub(crate) static RISER: DatabaseFile = DatabaseFile {
    name: "riser.db",
    application_id: i32::from_be_bytes(*b"Risr"),
    migrator: &RISER_MIGRATIONS,
    synchronous: SqliteSynchronous::Full,
    page_size_bytes: 4096,
    made_by_query: "SELECT riser_version FROM instance",
};

/// Samples, last values, run logs: a crash loses nothing, a power cut loses the last few seconds.
pub(crate) static HISTORY: DatabaseFile = DatabaseFile {
    name: "history.db",
    application_id: i32::from_be_bytes(*b"Rish"),
    migrator: &HISTORY_MIGRATIONS,
    synchronous: SqliteSynchronous::Normal,
    // Large pages halve the cost of flushing sorted samples (docs/adr/0011).
    page_size_bytes: 8192,
    made_by_query: "SELECT riser_version FROM history_of",
};

static RISER_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/riser");
static HISTORY_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/history");

/// The first bytes of an SQLite file.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// Length of the header up to the end of the application id.
const HEADER_BYTES: usize = 72;
/// Longest search for damage at a start. The rest of a larger file stays unchecked.
const CHECK_BUDGET: Duration = Duration::from_secs(2);
/// Longest wait of a caller for a connection; then the database is reported as busy.
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(30);
const READERS: u32 = 4;
const READER_IDLE: Duration = Duration::from_mins(1);
/// Size to which the write-ahead log is truncated after a large transaction.
const JOURNAL_SIZE_LIMIT_BYTES: &str = "67108864";

/// The reason that a file cannot be opened.
#[derive(Debug)]
pub(crate) enum OpenFault {
    /// The file is quarantined and a new one created.
    Quarantine(Fault),
    /// The file stays unchanged and the start is refused.
    Refuse(StoreError),
}

impl From<sqlx::Error> for OpenFault {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl From<StoreError> for OpenFault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::DamagedFile(_) => Self::Quarantine(Fault::Damaged),
            other => Self::Refuse(other),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) database: Database,
    /// Whether the whole file was checked for damage.
    pub(crate) is_checked: bool,
}

impl DatabaseFile {
    pub(crate) fn path(&self, directory: &Path) -> PathBuf {
        directory.join(self.name)
    }

    /// Whether the file exists and is Riser's, judging by its header alone.
    pub(crate) fn is_there(&self, directory: &Path) -> Result<bool, OpenFault> {
        let path = self.path(directory);
        let metadata = match std::fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                // A dangling link also occupies the path.
                let is_there = path.symlink_metadata().is_ok();
                return if is_there { Err(OpenFault::Quarantine(Fault::NoFile)) } else { Ok(false) };
            }
            Err(source) => return Err(OpenFault::Refuse(StoreError::UnreadableFile { path, source })),
        };
        if !metadata.is_file() {
            return Err(OpenFault::Quarantine(Fault::NoFile));
        }
        if metadata.len() == 0 {
            return Err(OpenFault::Quarantine(Fault::Empty));
        }
        let mut header = [0_u8; HEADER_BYTES];
        let unreadable =
            |source| OpenFault::Refuse(StoreError::UnreadableFile { path: path.clone(), source });
        let mut file = std::fs::File::open(&path).map_err(unreadable)?;
        let is_whole = std::io::Read::read_exact(&mut file, &mut header).is_ok();
        // Read from the header, because opening a foreign file with these settings would change it.
        let is_ours = header.starts_with(MAGIC) && header.ends_with(&self.application_id.to_be_bytes());
        if is_whole && is_ours { Ok(true) } else { Err(OpenFault::Quarantine(Fault::Foreign)) }
    }

    /// Creates an empty file and marks it as Riser's before it has any other content.
    pub(crate) async fn create(&self, directory: &Path) -> Result<(), OpenFault> {
        let path = self.path(directory);
        create_private_file(&path).map_err(|error| unwritable(directory, error))?;
        let connection = SqliteConnectOptions::new()
            .filename(&path)
            .page_size(self.page_size_bytes)
            .pragma("application_id", self.application_id.to_string())
            .connect()
            .await?;
        connection.close().await?;
        sync_directory(directory).map_err(|error| unwritable(directory, error))
    }

    /// Opens the file, checks it for damage and runs the missing migrations.
    pub(crate) async fn open(&self, directory: &Path) -> Result<Opened, OpenFault> {
        let options = self.options(directory);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(WAIT_FOR_CONNECTION)
            .connect_with(options.clone())
            .await?;
        match self.prepare(&writer).await {
            Ok(is_checked) => {
                let readers = SqlitePoolOptions::new()
                    .max_connections(READERS)
                    .idle_timeout(READER_IDLE)
                    .test_before_acquire(false)
                    .acquire_timeout(WAIT_FOR_CONNECTION)
                    .connect_lazy_with(options.pragma("query_only", "ON"));
                Ok(Opened { database: Database::new(writer, readers), is_checked })
            }
            Err(fault) => {
                writer.close().await;
                Err(fault)
            }
        }
    }

    fn options(&self, directory: &Path) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(self.path(directory))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(self.synchronous)
            .foreign_keys(true)
            .pragma("trusted_schema", "OFF")
            .pragma("cell_size_check", "ON")
            .pragma("journal_size_limit", JOURNAL_SIZE_LIMIT_BYTES)
    }

    async fn prepare(&self, writer: &SqlitePool) -> Result<bool, OpenFault> {
        let mut connection = writer.acquire().await?;
        let is_checked = check(&mut connection).await?;
        self.refuse_newer(&mut connection).await?;
        self.migrator.run(&mut *connection).await.map_err(|source| match source {
            sqlx::migrate::MigrateError::Execute(error)
            | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => OpenFault::from(error),
            source => OpenFault::Refuse(StoreError::Migration { file: self.name, source }),
        })?;
        Ok(is_checked)
    }

    async fn refuse_newer(&self, connection: &mut SqliteConnection) -> Result<(), OpenFault> {
        let has_schema: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')")
                .fetch_one(&mut *connection)
                .await?;
        if !has_schema {
            return Ok(());
        }
        let found: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(&mut *connection)
            .await?;
        let known = self.migrator.iter().map(|migration| migration.version).max().unwrap_or(0);
        let Some(found) = found.filter(|found| *found > known) else { return Ok(()) };
        let made_by: Option<String> =
            sqlx::query_scalar(self.made_by_query).fetch_optional(&mut *connection).await.unwrap_or(None);
        let made_by = made_by.unwrap_or_else(|| "of a later release".to_owned());
        Err(OpenFault::Refuse(StoreError::NewerVersion { file: self.name, made_by, found, known }))
    }
}

fn unwritable(directory: &Path, source: std::io::Error) -> OpenFault {
    OpenFault::Refuse(StoreError::Unwritable { directory: directory.to_owned(), source })
}

/// Checks for damage within [`CHECK_BUDGET`]. Returns whether the check was complete.
async fn check(connection: &mut SqliteConnection) -> Result<bool, OpenFault> {
    let deadline = Instant::now() + CHECK_BUDGET;
    connection.lock_handle().await?.set_progress_handler(10_000, move || Instant::now() < deadline);
    let found = sqlx::query_scalar::<_, String>("PRAGMA quick_check(1)").fetch_one(&mut *connection).await;
    connection.lock_handle().await?.remove_progress_handler();
    match found {
        Ok(found) if found == "ok" => Ok(true),
        Ok(_) => Err(OpenFault::Quarantine(Fault::Damaged)),
        Err(sqlx::Error::Database(fault)) if fault.code().as_deref() == Some("9") => Ok(false),
        Err(error) => Err(error.into()),
    }
}
