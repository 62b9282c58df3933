use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use riser_domain::{Clock, RunId, Timestamp};
use riser_platform::{DirectoryLock, LockError, create_private_dir_all};

use crate::StoreError;
use crate::audit::AuditEntry;
use crate::database::Database;
use crate::database_file::{DatabaseFile, HISTORY, OpenFault, Opened, RISER};
use crate::login_sessions::{LoginSession, TokenHash};
use crate::outbox::GroupCommit;
use crate::read_cache::ReadCache;
use crate::recovery::{Fault, Recovery, quarantine, quarantined_files, rename_database};

/// The first version of SQLite without the fault in the reset of the write-ahead log.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);
/// Attempts to open a file. If a new file is damaged as well, the disk is the cause.
const ATTEMPTS: usize = 3;

/// The store of one data directory. Clones share it. Dropping the last clone releases the directory for another
/// process.
#[derive(Clone)]
pub struct Store {
    parts: Arc<Parts>,
}

struct Parts {
    riser: Database,
    history: Database,
    instance_id: String,
    directory: PathBuf,
    accept_queue: GroupCommit,
    caches: Caches,
    _lock: DirectoryLock,
}

/// What requests read again and again.
#[derive(Debug, Default)]
pub(crate) struct Caches {
    pub(crate) sessions: ReadCache<TokenHash, LoginSession>,
    pub(crate) latest_changes: ReadCache<u32, Vec<AuditEntry>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("directory", &self.parts.directory).finish_non_exhaustive()
    }
}

/// Creates the directory if it is missing, and locks it. It is private: it contains secrets and recorded data.
fn lock(directory: &Path) -> Result<DirectoryLock, StoreError> {
    let unwritable = |source| StoreError::Unwritable { directory: directory.to_owned(), source };
    create_private_dir_all(directory).map_err(unwritable)?;
    DirectoryLock::acquire(directory).map_err(|error| match error {
        LockError::Held { pid } => StoreError::Locked {
            pid: pid.unwrap_or_else(|| "unknown".to_owned()),
            directory: directory.to_owned(),
        },
        LockError::Io(source) => unwritable(source),
    })
}

impl Store {
    /// Locks the directory, opens both files and ends the runs that the last process left open.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::Unwritable`], [`StoreError::NewerVersion`],
    /// [`StoreError::OldSqlite`]. An unusable file is not an error; see [`Recovery`].
    pub async fn open(directory: &Path, clock: &dyn Clock) -> Result<(Self, Recovery), StoreError> {
        let lock = lock(directory)?;
        let now = clock.now();
        let mut recovery = Recovery::default();
        let riser = open_file(&RISER, directory, now, &mut recovery).await?;
        refuse_old_sqlite(&riser).await?;
        let (instance_id, is_new) = crate::instance::adopt(&riser, now).await?;
        recovery.is_new = is_new;
        let history = open_history(directory, &instance_id, now, &mut recovery).await?;
        recovery.interrupted_runs = interrupt_runs(&riser, now).await?;
        let accept_queue = GroupCommit::default();
        let parts = Parts {
            riser,
            history,
            instance_id,
            directory: directory.to_owned(),
            accept_queue,
            caches: Caches::default(),
            _lock: lock,
        };
        Ok((Self { parts: Arc::new(parts) }, recovery))
    }

    /// Returns the id of this installation: 32 hexadecimal digits, assigned once.
    pub fn instance_id(&self) -> &str {
        &self.parts.instance_id
    }

    pub fn directory(&self) -> &Path {
        &self.parts.directory
    }

    /// Waits for active transactions and closes both files. Later calls fail.
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

    pub(crate) fn caches(&self) -> &Caches {
        &self.parts.caches
    }

    pub(crate) fn accept_queue(&self) -> &GroupCommit {
        &self.parts.accept_queue
    }
}

async fn open_file(
    file: &'static DatabaseFile,
    directory: &Path,
    now: Timestamp,
    recovery: &mut Recovery,
) -> Result<Database, StoreError> {
    let mut last_fault = None;
    for _ in 0..ATTEMPTS {
        match open_once(file, directory).await {
            Ok(Opened { database, is_checked }) => {
                if !is_checked {
                    recovery.partly_checked.push(file.name);
                }
                return Ok(database);
            }
            Err(OpenFault::Refuse(error)) => return Err(error),
            Err(OpenFault::Quarantine(fault)) => {
                recovery.quarantined.push(quarantine(directory, file.name, fault, now)?);
                last_fault = Some(fault);
            }
        }
    }
    let source = std::io::Error::other(last_fault.map_or_else(String::new, |fault| fault.to_string()));
    Err(StoreError::Unwritable { directory: directory.to_owned(), source })
}

async fn open_once(file: &'static DatabaseFile, directory: &Path) -> Result<Opened, OpenFault> {
    if !file.is_there(directory)? {
        file.create(directory).await?;
    }
    file.open(directory).await
}

/// Opens the history. Quarantines the file of another installation, because its handles mean other items.
async fn open_history(
    directory: &Path,
    instance_id: &str,
    now: Timestamp,
    recovery: &mut Recovery,
) -> Result<Database, StoreError> {
    let history = open_file(&HISTORY, directory, now, recovery).await?;
    if crate::instance::claim_history(&history, instance_id).await? {
        return Ok(history);
    }
    history.close().await;
    recovery.quarantined.push(quarantine(directory, HISTORY.name, Fault::OfAnotherInstallation, now)?);
    if let Some(history) = take_back_history(directory, instance_id, recovery).await? {
        return Ok(history);
    }
    let history = open_file(&HISTORY, directory, now, recovery).await?;
    crate::instance::claim_history(&history, instance_id).await?;
    Ok(history)
}

/// Uses the newest quarantined history of this installation again, whose `riser.db` was restored from a backup.
async fn take_back_history(
    directory: &Path,
    instance_id: &str,
    recovery: &mut Recovery,
) -> Result<Option<Database>, StoreError> {
    let place = HISTORY.path(directory);
    for quarantined in quarantined_files(directory, HISTORY.name)? {
        rename_database(&quarantined, &place)?;
        // One that is damaged stays in quarantine.
        if let Ok(true) = HISTORY.is_there(directory)
            && let Ok(Opened { database, is_checked }) = HISTORY.open(directory).await
        {
            if crate::instance::claim_history(&database, instance_id).await? {
                if !is_checked {
                    recovery.partly_checked.push(HISTORY.name);
                }
                recovery.history_taken_back = Some(quarantined);
                return Ok(Some(database));
            }
            database.close().await;
        }
        rename_database(&place, &quarantined)?;
    }
    Ok(None)
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
