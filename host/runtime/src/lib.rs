//! The runtime: item store in memory, supervision of workers, schedules, runs, set points, EWS servers.
//!
//! **Invariant:** no plugin code runs here and no lock is held while a worker is waited for.
//! **Invariant:** reads over EWS never touch the database.
//!
//! A new service for plugins is a frame in `riser-worker` and an arm in `supervisor/services.rs`. A new kind of
//! schedule is a variant of `riser_domain::ScheduleRule`; nothing here knows the kinds.

mod changes;
mod configuration;
mod connection_limiter;
mod ews_servers;
mod ews_source;
mod housekeeping;
mod items;
mod latest_writes;
mod libraries;
mod outbox;
mod problems;
mod snapshots;
mod status;
mod supervisor;
mod system_clock;
#[cfg(test)]
mod testing;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use riser_domain::{
    Actor, Clock, ConfigurationId, EwsServerId, PointHandle, Problem, Reading, SetPointWrite, Timestamp,
};
use riser_secrets::Keyring;
use riser_store::{Store, StoreError};
pub use riser_worker::LaunchOptions;
use riser_worker::{LaunchError, Launcher, LibraryCache, LibraryError, kill_orphans};
use tokio::sync::broadcast;
use tokio::task::JoinSet;

pub use changes::Change;
pub use configuration::{
    AccountDraft, CheckedDraft, ConfigurationChange, ConfigurationDraft, ConfigurationFile, ConfigureError,
    ConnectionDraft, EwsServerDraft, ExportScope, FieldError, FieldPath, FileError, Identity,
    OfflineConfiguration, PasswordError, Plan, PlanLine, ProcessorDraft, ScheduleDraft, SecretInput,
    SecretSources, SettingInput, SettingInputs, UserDraft, check_draft, commit, export, hash_new_password,
};
pub use items::{ROOT_HANDLE, ServerTree, TreeNode};
pub use libraries::Library;
pub use outbox::{PointWrite, WriteError, WriteRefusal};
pub use status::{
    ConnectionStatus, EwsServerStatus, HostFacts, LastRun, LinkState, ProcessorState, ProcessorStatus,
    Progress, RaisedProblem,
};
pub use supervisor::{StartRefusal, StopRefusal};
pub use system_clock::SystemClock;

use changes::Changes;
use configuration::Configurations;
use connection_limiter::ConnectionLimiters;
use ews_servers::EwsServers;
use items::ItemStore;
use libraries::Libraries;
use outbox::Outbox;
use problems::Problems;
use supervisor::{Context, Directory};

/// Time the processors have to end when Riser ends; a little more than the workers' own grace.
const SHUT_DOWN_GRACE: Duration = Duration::from_secs(12);

/// What the runtime is made from.
#[derive(Debug)]
pub struct RuntimeParts {
    pub store: Store,
    pub keyring: Arc<Keyring>,
    pub clock: Arc<dyn Clock>,
    pub data_dir: PathBuf,
    pub plugin_dirs: Vec<PathBuf>,
    /// The program that is started as a worker.
    pub worker: LaunchOptions,
}

/// Why the runtime could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    #[error("what was stored could not be read")]
    Store(#[from] StoreError),
    #[error("worker processes cannot be started")]
    Launch(#[from] LaunchError),
    #[error("the directory for copies of plugin libraries cannot be used")]
    Library(#[from] LibraryError),
}

/// A running Riser without its pages. Cloning gives another handle of the same.
#[derive(Clone, Debug)]
pub struct Runtime {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    context: Arc<Context>,
    ews: Arc<EwsServers>,
    tasks: Mutex<JoinSet<()>>,
    data_dir: PathBuf,
    started_at: Timestamp,
}

impl Runtime {
    /// Loads what is stored: trees, last values, open set points. Nothing runs and nothing listens yet.
    pub async fn load(parts: RuntimeParts) -> Result<Self, RuntimeError> {
        let RuntimeParts { store, keyring, clock, data_dir, plugin_dirs, worker } = parts;
        let instance = worker.instance.clone();
        let ended = kill_orphans(&instance);
        if ended > 0 {
            tracing::warn!("{ended} processes that an earlier Riser left behind were ended");
        }
        let changes = Changes::new();
        let configurations = Arc::new(Configurations::load(&store).await?);
        let items = Arc::new(ItemStore::load(store.clone(), Arc::clone(&clock), changes.clone()).await?);
        let configured = configurations.now();
        items.configure(&configured.ews_servers, &configured.connections).await;
        let outbox = Outbox::load(
            store.clone(),
            Arc::clone(&clock),
            Arc::clone(&items),
            Arc::clone(&configurations),
            changes.clone(),
        )
        .await?;
        let started_at = clock.now();
        let context = Context {
            limiters: ConnectionLimiters::new(Arc::clone(&clock), changes.clone()),
            problems: Problems::new(Arc::clone(&clock), changes.clone()),
            libraries: Libraries::new(plugin_dirs, LibraryCache::open(&data_dir)?),
            launcher: Launcher::start(worker)?,
            outbox: Arc::new(outbox),
            directory: OnceLock::new(),
            no_tasks_yet: Directory::default(),
            clock,
            store,
            keyring,
            configurations,
            items,
            changes,
            instance,
        };
        Ok(Self {
            inner: Arc::new(Inner {
                context: Arc::new(context),
                ews: Arc::default(),
                tasks: Mutex::default(),
                data_dir,
                started_at,
            }),
        })
    }

    /// Opens the EWS servers, finds the plugins, starts the processors.
    pub async fn start(&self) -> Result<(), RuntimeError> {
        let context = &self.inner.context;
        self.inner.ews.open_missing(context).await;
        context.libraries.scan(&context.launcher, &context.problems).await;
        let mut tasks = supervisor::start(context).await?;
        housekeeping::start(context, &self.inner.ews, &mut tasks);
        *self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner) = tasks;
        Ok(())
    }

    /// Ends the runs and saves what is known. EWS reads are answered until the end.
    pub async fn shut_down(&self) {
        let context = &self.inner.context;
        context.directory().shut_down().await;
        let deadline = tokio::time::Instant::now() + SHUT_DOWN_GRACE;
        while context.directory().running() > 0 && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut tasks = std::mem::take(&mut *self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
        self.inner.ews.close().await;
        housekeeping::save(context).await;
    }

    /// A feed of what changes from now on.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.inner.context.changes.follow()
    }

    /// The tree of an EWS server; an empty one for a server that is not known.
    pub fn items(&self, server: EwsServerId) -> Arc<ServerTree> {
        self.inner.context.items.server(server)
    }

    /// What is served now for these points; `None` for what is no point.
    pub fn readings(&self, handles: &[PointHandle]) -> Vec<Option<Reading>> {
        self.inner.context.items.readings(handles)
    }

    /// The newest set point written to a point.
    pub fn latest_write(&self, point: PointHandle) -> Option<SetPointWrite> {
        self.inner.context.outbox.newest_of(point)
    }

    /// The newest set points of all points, newest first.
    pub fn recent_writes(&self, count: usize) -> Vec<SetPointWrite> {
        self.inner.context.outbox.recent(count)
    }

    /// Starts a processor configuration for a person.
    pub async fn start_by_hand(
        &self,
        configuration: ConfigurationId,
        person: &Actor,
    ) -> Result<(), StartRefusal> {
        self.inner.context.directory().start_by_hand(configuration, person).await
    }

    /// Stops a processor configuration for a person.
    pub async fn stop_by_hand(
        &self,
        configuration: ConfigurationId,
        person: &Actor,
    ) -> Result<(), StopRefusal> {
        self.inner.context.directory().stop_by_hand(configuration, person).await
    }

    /// Raises a problem of Riser itself.
    pub fn raise_problem(&self, problem: Problem) {
        self.inner.context.problems.raise(None, "Riser", problem);
    }

    /// The store, for pages that read what the runtime does not keep.
    pub fn store(&self) -> &Store {
        &self.inner.context.store
    }

    /// The wall clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.context.clock
    }
}
