//! An open database file: one connection that writes, and a few that read.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, SqliteConnection, Transaction};

use crate::StoreError;

/// Longest wait for the connections to return to their pool.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// An open database file.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    /// Has exactly one connection, so there is only one writer at a time.
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    /// Set when the disk failed to make a commit durable. The content of the file is then unknown until it is
    /// opened again, so further writes are refused.
    writes_stopped: Arc<AtomicBool>,
    commits: Arc<AtomicU64>,
}

/// The number of commits since the file was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CommitCount(u64);

impl Database {
    pub(super) fn new(writer: SqlitePool, readers: SqlitePool) -> Self {
        Self { writer, readers, writes_stopped: Arc::default(), commits: Arc::default() }
    }

    pub(crate) fn read(&self) -> &SqlitePool {
        &self.readers
    }

    /// Returns the number of commits. What was read after an equal number is still in force.
    pub(crate) fn commits(&self) -> CommitCount {
        CommitCount(self.commits.load(Ordering::Acquire))
    }

    /// Waits for the writing connection and begins a transaction on it.
    pub(crate) async fn write(&self) -> Result<WriteTransaction, StoreError> {
        if self.writes_stopped.load(Ordering::Acquire) {
            return Err(StoreError::WritesStopped);
        }
        // IMMEDIATE takes the write lock now. A later upgrade from a read lock could fail half-way.
        let transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(WriteTransaction { transaction, database: self.clone() })
    }

    /// Closes the file, or leaves that to the end of the process: commits are durable either way, and a pool
    /// can wait for ever for a connection that was just returned.
    pub(crate) async fn close(&self) {
        let closed = async {
            self.readers.close().await;
            self.writer.close().await;
        };
        if tokio::time::timeout(CLOSE_TIMEOUT, closed).await.is_err() {
            tracing::warn!("a database was not closed in time; nothing is lost");
        }
    }
}

/// Changes that become durable together. Dropping the transaction undoes them.
#[derive(Debug)]
pub(crate) struct WriteTransaction {
    transaction: Transaction<'static, Sqlite>,
    database: Database,
}

impl WriteTransaction {
    /// Makes the changes durable. A caller that stops waiting does not stop the commit.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let Self { transaction, database } = self;
        // A separate task, because a commit that succeeds must be counted even if nobody waits for it any more.
        let committing = tokio::spawn(async move {
            let committed = transaction.commit().await.map_err(StoreError::from);
            database.commits.fetch_add(1, Ordering::Release);
            if let Err(StoreError::WritesStopped) = committed {
                database.writes_stopped.store(true, Ordering::Release);
            }
            committed
        });
        // The task ends early only with the process.
        committing.await.unwrap_or(Err(StoreError::WritesStopped))
    }
}

impl Deref for WriteTransaction {
    type Target = SqliteConnection;
    fn deref(&self) -> &SqliteConnection {
        &self.transaction
    }
}

impl DerefMut for WriteTransaction {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }
}

#[cfg(test)]
impl CommitCount {
    pub(crate) const fn of(count: u64) -> Self {
        Self(count)
    }
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

    use super::*;

    #[tokio::test]
    async fn writes_are_refused_after_the_disk_failed() {
        let directory = tempfile::tempdir().unwrap();
        let options =
            SqliteConnectOptions::new().filename(directory.path().join("x.db")).create_if_missing(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options);
        let database = Database::new(pool.clone(), pool);
        database.write().await.unwrap().commit().await.unwrap();
        database.writes_stopped.store(true, Ordering::Release);
        assert!(matches!(database.write().await, Err(StoreError::WritesStopped)));
    }
}
