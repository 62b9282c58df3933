use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use riser_domain::{Clock, RunId, Timestamp};

use crate::StoreError;
use crate::database::Database;
use crate::database_file::{DatabaseFile, HISTORY, OpenFault, Opened, RISER};
use crate::folder_lock::FolderLock;
use crate::outbox::AcceptQueue;
use crate::recovery::{Fault, Recovery, move_aside};

/// The first SQLite without the fault in the reset of the write-ahead log.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);
/// A file is replaced once; when the new one is bad, too, the disk is.
const ATTEMPTS: usize = 3;

/// The store of one data folder. Clones share it; the folder is free for another process when the last one is
/// dropped.
#[derive(Clone)]
pub struct Store {
    parts: Arc<Parts>,
}

struct Parts {
    riser: Database,
    history: Database,
    instance_id: String,
    folder: PathBuf,
    accept_queue: AcceptQueue,
    _lock: FolderLock,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("folder", &self.parts.folder).finish_non_exhaustive()
    }
}

impl Store {
    /// Takes the folder, opens both files and puts right what the end of the last process left.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::Unwritable`], [`StoreError::NewerVersion`],
    /// [`StoreError::OldSqlite`]; a file that cannot be used is no error, see [`Recovery`].
    pub async fn open(folder: &Path, clock: &dyn Clock) -> Result<(Self, Recovery), StoreError> {
        let lock = FolderLock::take(folder)?;
        let now = clock.now();
        let mut recovery = Recovery::default();
        let riser = open_file(&RISER, folder, now, &mut recovery).await?;
        refuse_old_sqlite(&riser).await?;
        let (instance_id, is_new) = crate::instance::take_up(&riser, now).await?;
        recovery.is_new = is_new;
        let history = open_history(folder, &instance_id, now, &mut recovery).await?;
        recovery.interrupted_runs = interrupt_runs(&riser, now).await?;
        let accept_queue = AcceptQueue::default();
        let parts =
            Parts { riser, history, instance_id, folder: folder.to_owned(), accept_queue, _lock: lock };
        Ok((Self { parts: Arc::new(parts) }, recovery))
    }

    /// Identifies this installation: 32 hexadecimal digits, made once.
    pub fn instance_id(&self) -> &str {
        &self.parts.instance_id
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.parts.folder
    }

    /// Waits for what is under way and closes both files. Later calls fail.
    pub async fn close(&self) {
        self.parts.riser.close().await;
        self.parts.history.close().await;
    }

    pub(crate) fn riser(&self) -> &Database {
        &self.parts.riser
    }

    pub(crate) fn history(&self) -> &Database {
        &self.parts.history
    }

    pub(crate) fn accept_queue(&self) -> &AcceptQueue {
        &self.parts.accept_queue
    }
}

async fn open_file(
    file: &'static DatabaseFile,
    folder: &Path,
    now: Timestamp,
    recovery: &mut Recovery,
) -> Result<Database, StoreError> {
    let mut last_fault = None;
    for _ in 0..ATTEMPTS {
        match open_once(file, folder).await {
            Ok(Opened { database, is_checked }) => {
                if !is_checked {
                    recovery.partly_checked.push(file.name);
                }
                return Ok(database);
            }
            Err(OpenFault::Refuse(error)) => return Err(error),
            Err(OpenFault::MoveAside(fault)) => {
                recovery.moved_aside.push(move_aside(folder, file.name, fault, now)?);
                last_fault = Some(fault);
            }
        }
    }
    let source = std::io::Error::other(last_fault.map_or_else(String::new, |fault| fault.to_string()));
    Err(StoreError::Unwritable { folder: folder.to_owned(), source })
}

async fn open_once(file: &'static DatabaseFile, folder: &Path) -> Result<Opened, OpenFault> {
    if !file.is_there(folder)? {
        file.create(folder).await?;
    }
    file.open(folder).await
}

/// Handles in the history mean items of one installation; a file of another one is not ours to use.
async fn open_history(
    folder: &Path,
    instance_id: &str,
    now: Timestamp,
    recovery: &mut Recovery,
) -> Result<Database, StoreError> {
    let history = open_file(&HISTORY, folder, now, recovery).await?;
    if crate::instance::claim_history(&history, instance_id).await? {
        return Ok(history);
    }
    history.close().await;
    recovery.moved_aside.push(move_aside(folder, HISTORY.name, Fault::OfAnotherInstallation, now)?);
    let history = open_file(&HISTORY, folder, now, recovery).await?;
    crate::instance::claim_history(&history, instance_id).await?;
    Ok(history)
}

async fn refuse_old_sqlite(database: &Database) -> Result<(), StoreError> {
    let found = sqlx::query_scalar!(r#"SELECT sqlite_version() AS "version!: String""#)
        .fetch_one(database.read())
        .await?;
    let mut numbers = found.split('.').map(|part| part.parse().unwrap_or(0));
    let mut number = || numbers.next().unwrap_or(0);
    if (number(), number(), number()) < OLDEST_SQLITE {
        return Err(StoreError::OldSqlite { found });
    }
    Ok(())
}

async fn interrupt_runs(riser: &Database, now: Timestamp) -> Result<Vec<RunId>, StoreError> {
    let mut transaction = riser.write().await?;
    let now_ms = now.unix_ms();
    let runs = sqlx::query_scalar!(
        "UPDATE runs SET state = 'interrupted', reason = 'the host ended before the run did', ended_at = ?
         WHERE state IN ('waiting', 'running') RETURNING id",
        now_ms
    )
    .fetch_all(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(runs.into_iter().map(RunId).collect())
}
