use std::path::PathBuf;

/// Why the store could not do what it was asked; variants by what the caller does differently.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the directory.
    #[error(
        "another Riser, process {pid}, uses the directory {directory}; stop it, or start this one with another --data-dir"
    )]
    Locked {
        /// The process that holds it, as it wrote into the lock file.
        pid: String,
        /// The directory.
        directory: PathBuf,
    },
    /// The directory cannot be made or written.
    #[error(
        "the directory {directory} cannot be written; make it writable for this user, or choose another with --data-dir"
    )]
    Unwritable {
        /// The directory.
        directory: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The database was written by a later release.
    #[error(
        "{file} was written by Riser {made_by} (schema {found}) and this Riser knows schema {known}; \
         install Riser {made_by} or later, or restore an older backup"
    )]
    NewerVersion {
        /// The database file.
        file: &'static str,
        /// The release that wrote it.
        made_by: String,
        /// Its schema.
        found: i64,
        /// The newest schema of this release.
        known: i64,
    },
    /// The SQLite that was linked has a known fault.
    #[error("SQLite {found} can damage databases in WAL mode; build Riser with SQLite 3.51.3 or later")]
    OldSqlite {
        /// The version that was linked.
        found: String,
    },
    /// The disk is full; nothing was written, and it works again once there is room.
    #[error("the disk is full; nothing was stored")]
    Full(#[source] sqlx::Error),
    /// The database stayed locked for too long; trying again helps.
    #[error("the database is busy; nothing was stored")]
    Busy(#[source] sqlx::Error),
    /// A stored value cannot be what it should be.
    #[error("damaged data in table {table}, column {column}, row {row}")]
    Damaged {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        row: String,
    },
    /// The database file itself is damaged.
    #[error("a database file is damaged; start Riser again, which quarantines it and says where to")]
    DamagedFile(#[source] sqlx::Error),
    /// The disk refused to make a commit durable: nothing more is written until the next start.
    #[error("the disk failed while storing; Riser stores nothing more until it is started again")]
    WritesStopped,
    /// The name, or the address and path, is taken.
    #[error("there is already {0} with this name")]
    Taken(&'static str),
    /// Somebody else committed a configuration since the one that a change was made from.
    #[error("the configuration changed meanwhile; read it again and repeat the change")]
    Stale,
    /// What should be removed is used by something else, or what is referred to is not there.
    #[error("{0} is used by something else, or refers to something that is not there")]
    InUse(&'static str),
    /// The row to be changed is not there.
    #[error("{0} is not there any more")]
    Gone(&'static str),
    /// A processor's state would pass its limit.
    #[error("the state of a processor may have 1 MiB in all; nothing was stored")]
    PluginStateFull,
    /// The schema could not be brought up to date.
    #[error("the schema of {file} could not be brought up to date")]
    Migration {
        /// The database file.
        file: &'static str,
        /// What failed.
        source: sqlx::migrate::MigrateError,
    },
    /// The operating system failed.
    #[error("a file of the data directory could not be used")]
    Io(#[from] std::io::Error),
    /// Anything else that SQLite or its driver said.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
}

/// SQLite's primary result codes that callers tell apart (sqlite.org, "Result and Error Codes").
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const NOT_A_DATABASE: i32 = 26;
    /// An extended code: the disk failed to make data durable.
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
    /// Names what a broken rule of the schema was about.
    pub(crate) fn about(what: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |error| match &error {
            sqlx::Error::Database(fault) if fault.is_unique_violation() => Self::Taken(what),
            sqlx::Error::Database(fault) if fault.is_foreign_key_violation() => Self::InUse(what),
            _ => Self::from(error),
        }
    }

    /// Names the stored value that cannot be what it should be.
    pub(crate) fn damaged(table: &'static str, column: &'static str, row: &impl ToString) -> Self {
        Self::Damaged { table, column, row: row.to_string() }
    }
}

/// SQLite's extended result code.
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
    async fn a_full_disk_and_a_busy_file_are_told_apart() {
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
