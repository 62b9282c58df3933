use std::path::PathBuf;

/// An error of the store. Callers handle each variant differently.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has locked the directory.
    #[error(
        "another Riser, process {pid}, uses the directory {directory}; stop it, or choose another directory with --data-dir"
    )]
    Locked {
        /// The id of that process, from the lock file.
        pid: String,
        directory: PathBuf,
    },
    /// The directory cannot be created or written.
    #[error(
        "the directory {directory} cannot be written; make it writable for this user, or choose another with --data-dir"
    )]
    Unwritable { directory: PathBuf, source: std::io::Error },
    /// A database file cannot be read, as one of another user.
    #[error("{} cannot be read; give it to the user of this Riser", path.display())]
    UnreadableFile { path: PathBuf, source: std::io::Error },
    /// The database was written by a later release.
    #[error(
        "{file} was written by Riser {made_by} (schema {found}) and this Riser knows schema {known}; \
         install Riser {made_by} or later, or restore an older backup"
    )]
    NewerVersion {
        file: &'static str,
        /// The release that wrote the file.
        made_by: String,
        /// The schema version of the file.
        found: i64,
        /// The newest schema version of this release.
        known: i64,
    },
    /// The linked SQLite has a known fault.
    #[error("SQLite {found} can damage databases in WAL mode; build Riser with SQLite 3.51.3 or later")]
    OldSqlite { found: String },
    /// The disk is full. Nothing was written; writing works again once there is space.
    #[error("the disk is full and nothing was stored; free some space and try again")]
    Full(#[source] sqlx::Error),
    /// The database stayed locked for too long. A retry may succeed.
    #[error("the database is busy and nothing was stored; try again")]
    Busy(#[source] sqlx::Error),
    /// A stored value has no valid meaning in its column.
    #[error(
        "damaged data in table {table}, column {column}, row {row}; restore a backup of the data directory"
    )]
    Damaged {
        table: &'static str,
        column: &'static str,
        /// The key of the row.
        row: String,
    },
    /// The database file is damaged.
    #[error(
        "a database file is damaged; restart Riser, which quarantines the file and starts with a new one"
    )]
    DamagedFile(#[source] sqlx::Error),
    /// The disk failed to make a commit durable. Writes are refused until the next start.
    #[error(
        "the disk failed during a write, and Riser stores nothing more; check the disk, then restart Riser"
    )]
    WritesStopped,
    /// The name is already in use.
    #[error("{0} with this name exists already; choose another")]
    Taken(&'static str),
    /// Another configuration was committed after the one that the change is based on.
    #[error("the configuration changed meanwhile; read it again and repeat the change")]
    Stale,
    /// The object to remove is in use, or an object that it refers to does not exist.
    #[error("{0} is in use, or refers to an object that does not exist; remove the reference first")]
    InUse(&'static str),
    /// The row to change does not exist.
    #[error("{0} no longer exists; another change may have removed it")]
    Gone(&'static str),
    /// The state of a processor would exceed its limit.
    #[error(
        "the state of a processor exceeds 1 MiB in total and nothing was stored; remove keys that are no longer needed"
    )]
    PluginStateFull,
    /// A migration failed.
    #[error("the schema of {file} cannot be updated; restore a backup of the data directory")]
    Migration { file: &'static str, source: sqlx::migrate::MigrateError },
    /// A call to the operating system failed.
    #[error("a file of the data directory cannot be used; check its permissions and the disk")]
    Io(#[from] std::io::Error),
    /// Any other error of SQLite or its driver.
    #[error("the database failed; check the disk, then restart Riser")]
    Database(#[source] sqlx::Error),
}

/// SQLite's primary result codes that callers distinguish (sqlite.org, "Result and Error Codes").
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const NOT_A_DATABASE: i32 = 26;
    /// Extended code: the disk failed to make data durable.
    pub(super) const IO_FSYNC: i32 = 1034;
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy(error);
        }
        match sqlite_code(&error) {
            Some(code::IO_FSYNC) => Self::WritesStopped,
            Some(code) => match code & 0xff {
                code::FULL => Self::Full(error),
                code::BUSY | code::LOCKED => Self::Busy(error),
                code::CORRUPT | code::NOT_A_DATABASE => Self::DamagedFile(error),
                _ => Self::Database(error),
            },
            None => Self::Database(error),
        }
    }
}

impl StoreError {
    /// Converts a violated constraint into an error that names its object.
    pub(crate) fn about(what: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |error| match &error {
            sqlx::Error::Database(fault) if fault.is_unique_violation() => Self::Taken(what),
            sqlx::Error::Database(fault) if fault.is_foreign_key_violation() => Self::InUse(what),
            _ => Self::from(error),
        }
    }

    pub(crate) fn damaged(table: &'static str, column: &'static str, row: &impl ToString) -> Self {
        Self::Damaged { table, column, row: row.to_string() }
    }
}

/// Returns SQLite's extended result code.
fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    let sqlx::Error::Database(fault) = error else { return None };
    fault.code()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
    use sqlx::{ConnectOptions as _, SqliteConnection};

    use super::*;

    async fn connect(file: &std::path::Path) -> SqliteConnection {
        SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(Duration::ZERO)
            .connect()
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_full_disk_and_a_busy_file_are_different_errors() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("x.db");
        let mut one = connect(&file).await;
        sqlx::raw_sql("CREATE TABLE t (x BLOB); PRAGMA max_page_count = 10").execute(&mut one).await.unwrap();
        let full = sqlx::raw_sql("INSERT INTO t VALUES (zeroblob(100000))").execute(&mut one).await;
        assert!(matches!(StoreError::from(full.unwrap_err()), StoreError::Full(_)));

        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut one).await.unwrap();
        let mut other = connect(&file).await;
        let busy = sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await;
        assert!(matches!(StoreError::from(busy.unwrap_err()), StoreError::Busy(_)));
    }
}
