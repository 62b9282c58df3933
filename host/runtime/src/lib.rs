//! The runtime: item store in memory, supervision of workers, schedules, runs, set points, EWS servers.
//!
//! **Invariant:** no plugin code runs here, and no lock is held while waiting for a worker.
//! **Invariant:** `GetValues`, `GetItems` and `GetContainerItems` read memory only. `GetHistory` reads the database.
//!
//! To add a service for plugins, write a call in `riser-plugin` and an arm in `supervisor/services.rs`. To add a
//! kind of schedule, see `host/calendar/src/rule/pattern.rs`.

mod changes;
mod clock_watch;
mod configuration;
mod connection_health;
mod connection_limiter;
mod ews_problem;
mod ews_servers;
mod ews_source;
mod form_drafts;
mod housekeeping;
mod items;
mod latest_writes;
mod libraries;
mod not_running;
mod outbox;
mod plugins;
mod problems;
mod reconfigure;
mod set_points;
mod site_power;
mod site_zone;
mod snapshots;
mod status;
mod store_failures;
mod supervisor;
mod system_clock;
#[cfg(test)]
mod testing;
mod zone_problems;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use riser_calendar::{MachineZone, Zone, ZoneDatabase};
use riser_domain::{
    Actor, Clock, ClockReading, ConfigurationId, EwsServerId, PointHandle, Problem, Reading, SetPointWrite,
    ValueState,
};
use riser_ews::{Exchange, ReadOperation};
use riser_secrets::Keyring;
use riser_store::{Configuration, NewAuditEntry, Site, Store, StoreError};
pub use riser_worker_host::{
    ClassDescription, ConnectionDescription, DryRunFailure, DryRunReport, KeptLibrary, LaunchOptions,
    LibraryDescription, Setting, SettingKind, SettingsSchema,
};
use riser_worker_host::{KeptLibraries, LaunchError, Launcher, LibraryCache, LibraryError, kill_orphans};
pub use riser_worker_protocol::messages::TestStage;
use tokio::sync::broadcast;
use tokio::task::JoinSet;

pub use changes::Change;
pub use configuration::{
    AccountDraft, CheckedDraft, ConfigurationChange, ConfigurationDraft, ConfigurationFile, ConfigureError,
    ConnectionDraft, EwsServerDraft, ExportScope, FieldError, FieldPath, FileError, Identity,
    OfflineConfiguration, PasswordError, Plan, PlanLine, ProcessorDraft, ScheduleDraft, SecretInput,
    SecretSources, SettingInput, SettingInputs, SiteDraft, UserDraft, check_draft, commit, export,
    hash_new_password,
};
pub use form_drafts::{FormDraftError, OpenFormDraft};
pub use items::{Found, PlacedPoints, ROOT_HANDLE, ServerTree, TreeNode};
pub use libraries::{Library, PluginFile};
pub use not_running::NotRunning;
pub use plugins::{
    CheckedUpload, InstalledPlugin, LibraryDifference, PluginError, PluginUpload, PluginUser, SettingChange,
};
pub use reconfigure::Configured;
pub use set_points::{PointWrite, WriteError, WriteRefusal};
pub use site_power::PowerValues;
pub use site_zone::{configured_zone, site_zone, site_zone_problem};
pub use status::{
    ConnectionStatus, EwsServerStatus, HostFacts, LastRun, LinkState, ProcessorState, ProcessorStatus,
    Progress, RaisedProblem, WorkerStatus,
};
pub use supervisor::{ReleaseRefusal, StartRefusal, StopRefusal, reply_in_dry_run};
pub use system_clock::SystemClock;
pub use zone_problems::zone_data_problems;

use changes::Changes;
pub use clock_watch::ClockConfirmation;
use clock_watch::ClockWatch;
use configuration::Configurations;
use connection_health::ConnectionHealth;
use connection_limiter::ConnectionLimiters;
use ews_servers::{EwsParts, EwsServers};
use ews_source::ItemParts;
use housekeeping::Housekeeping;
use items::ItemStore;
use libraries::Libraries;
use outbox::Outbox;
use plugins::PluginUploads;
use problems::Problems;
use reconfigure::{ChangeQueue, Phase};
use set_points::SetPoints;
use site_power::SitePower;
use site_zone::update_site_zone_problem;
use store_failures::StoreFailures;
use supervisor::{ProcessorRegistry, Supervisor, SupervisorParts};
use zone_problems::update_zone_data_problems;

/// The parts of a runtime.
#[derive(Debug)]
pub struct RuntimeParts {
    pub store: Store,
    pub keyring: Arc<Keyring>,
    pub clock: Arc<dyn Clock>,
    pub data_dir: PathBuf,
    pub plugin_dirs: Vec<PathBuf>,
    /// The program of worker processes.
    pub worker: LaunchOptions,
    /// Its zone applies while the site has none.
    pub machine_zone: MachineZone,
}

/// Why the runtime could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    #[error("the stored data could not be read")]
    Store(#[from] StoreError),
    #[error("worker processes cannot be started")]
    Launch(#[from] LaunchError),
    #[error("the directory for copies of plugin libraries cannot be used")]
    Library(#[from] LibraryError),
    #[error("the threads that serve EWS cannot be started")]
    ServingThreads(#[source] std::io::Error),
}

/// A running Riser without its pages. Clones are handles of the same runtime.
#[derive(Clone, Debug)]
pub struct Runtime {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Arc<dyn Clock>,
    clock_watch: Arc<ClockWatch>,
    store: Store,
    keyring: Arc<Keyring>,
    launcher: Launcher,
    failures: StoreFailures,
    configurations: Arc<Configurations>,
    items: Arc<ItemStore>,
    changes: Changes,
    limiters: Arc<ConnectionLimiters>,
    health: Arc<ConnectionHealth>,
    problems: Arc<Problems>,
    libraries: Arc<Libraries>,
    uploads: PluginUploads,
    kept_libraries: KeptLibraries,
    outbox: Arc<Outbox>,
    set_points: Arc<SetPoints>,
    processors: Arc<ProcessorRegistry>,
    supervisor: Supervisor,
    ews: Arc<EwsServers>,
    site_power: Arc<SitePower>,
    housekeeping: Arc<Housekeeping>,
    housekeeping_tasks: Mutex<JoinSet<()>>,
    changing: ChangeQueue,
    data_dir: PathBuf,
    machine_zone: MachineZone,
    started: ClockReading,
    /// EWS servers listen and processors run.
    is_started: AtomicBool,
}

impl Runtime {
    /// Loads the stored trees, last values and open set points. Nothing runs and nothing listens yet.
    #[expect(clippy::too_many_lines, reason = "connects all parts of the runtime")]
    pub async fn load(parts: RuntimeParts) -> Result<Self, RuntimeError> {
        let RuntimeParts { store, keyring, clock, data_dir, plugin_dirs, worker, machine_zone } = parts;
        let instance = worker.instance.clone();
        let ended = kill_orphans(&instance);
        if ended > 0 {
            tracing::warn!("killed processes that an earlier Riser left behind: {ended}");
        }
        let changes = Changes::new();
        let problems = Arc::new(Problems::new(Arc::clone(&clock), changes.clone()));
        let clock_watch = ClockWatch::load(store.clone(), Arc::clone(&clock), Arc::clone(&problems)).await?;
        let clock_watch = Arc::new(clock_watch);
        let failures = StoreFailures::new(Arc::clone(&problems));
        let limiters = Arc::new(ConnectionLimiters::new(Arc::clone(&clock), changes.clone()));
        let libraries = Arc::new(Libraries::new(plugin_dirs, LibraryCache::open(&data_dir)?));
        let uploads = PluginUploads::open(&data_dir)?;
        let launcher = Launcher::start(worker)?;
        let configurations = Arc::new(Configurations::load(&store).await?);
        let items = Arc::new(ItemStore::load(store.clone(), Arc::clone(&clock), changes.clone()).await?);
        // Later than the configuration: reading it finds damaged zones.
        update_zone_data_problems(&problems, ZoneDatabase::current(), clock.now());
        let configured = configurations.now();
        update_site_zone_problem(&problems, &configured.site, &machine_zone);
        items.configure(&configured.ews_servers, &configured.connections).await;
        let outbox =
            Outbox::load(store.clone(), Arc::clone(&clock), Arc::clone(&items), changes.clone()).await?;
        let outbox = Arc::new(outbox);
        let processors = Arc::<ProcessorRegistry>::default();
        let set_points = Arc::new(SetPoints {
            clock: Arc::clone(&clock),
            items: Arc::clone(&items),
            configurations: Arc::clone(&configurations),
            outbox: Arc::clone(&outbox),
            processors: Arc::clone(&processors),
        });
        let ews = EwsServers::new(EwsParts {
            clock: Arc::clone(&clock),
            configurations: Arc::clone(&configurations),
            keyring: Arc::clone(&keyring),
            problems: Arc::clone(&problems),
            machine_zone: machine_zone.clone(),
            items: Arc::new(ItemParts {
                store: store.clone(),
                failures: failures.clone(),
                items: Arc::clone(&items),
                set_points: Arc::clone(&set_points),
                instance: instance.clone(),
            }),
        });
        let ews = Arc::new(ews.map_err(RuntimeError::ServingThreads)?);
        let site_power = Arc::new(SitePower::new(Arc::clone(&clock), store.clone(), Arc::clone(&items)));
        let health = Arc::new(ConnectionHealth {
            clock: Arc::clone(&clock),
            changes: changes.clone(),
            problems: Arc::clone(&problems),
            configurations: Arc::clone(&configurations),
            limiters: Arc::clone(&limiters),
            libraries: Arc::clone(&libraries),
            found: Mutex::default(),
        });
        let housekeeping = Arc::new(Housekeeping {
            clock: Arc::clone(&clock),
            clock_watch: Arc::clone(&clock_watch),
            store: store.clone(),
            failures: failures.clone(),
            items: Arc::clone(&items),
            outbox: Arc::clone(&outbox),
            libraries: Arc::clone(&libraries),
            launcher: launcher.clone(),
            problems: Arc::clone(&problems),
            ews: Arc::clone(&ews),
            site_power: Arc::clone(&site_power),
            health: Arc::clone(&health),
        });
        let supervisor = Supervisor::new(SupervisorParts {
            clock: Arc::clone(&clock),
            clock_watch: Arc::clone(&clock_watch),
            store: store.clone(),
            failures: failures.clone(),
            keyring: Arc::clone(&keyring),
            configurations: Arc::clone(&configurations),
            items: Arc::clone(&items),
            changes: changes.clone(),
            limiters: Arc::clone(&limiters),
            problems: Arc::clone(&problems),
            outbox: Arc::clone(&outbox),
            libraries: Arc::clone(&libraries),
            launcher: launcher.clone(),
            instance,
            processors: Arc::clone(&processors),
        });
        let started = clock.read();
        let inner = Inner {
            clock,
            clock_watch,
            store,
            keyring,
            launcher,
            failures,
            configurations,
            items,
            changes,
            limiters,
            health,
            problems,
            libraries,
            uploads,
            kept_libraries: KeptLibraries::new(&data_dir),
            outbox,
            set_points,
            processors,
            supervisor,
            ews,
            site_power,
            housekeeping,
            housekeeping_tasks: Mutex::default(),
            changing: ChangeQueue::default(),
            data_dir,
            machine_zone,
            started,
            is_started: AtomicBool::new(false),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Opens the EWS servers, finds the plugins, starts the processors.
    pub async fn start(&self) -> Result<(), RuntimeError> {
        let inner = &self.inner;
        let mut phase = inner.changing.phase().await;
        inner.ews.align().await;
        inner.housekeeping.find_libraries().await;
        inner.supervisor.start().await?;
        let mut tasks = inner.housekeeping_tasks.lock();
        *tasks = inner.housekeeping.start();
        *phase = Phase::Started;
        inner.is_started.store(true, Ordering::Release);
        Ok(())
    }

    /// Stops the runs and saves the last values. EWS clients can read until the end.
    pub async fn shut_down(&self) {
        let inner = &self.inner;
        inner.is_started.store(false, Ordering::Release);
        *inner.changing.phase().await = Phase::Ended;
        inner.supervisor.shut_down().await;
        let mut tasks = std::mem::take(&mut *inner.housekeeping_tasks.lock());
        tasks.shutdown().await;
        inner.ews.close().await;
        inner.housekeeping.save().await;
    }

    /// Returns whether EWS servers listen and processors run.
    pub fn is_started(&self) -> bool {
        self.inner.is_started.load(Ordering::Acquire)
    }

    /// Returns a feed of the changes from now on.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.inner.changes.follow()
    }

    /// Returns the tree of an EWS server; an empty one for an unknown server.
    pub fn items(&self, server: EwsServerId) -> Arc<ServerTree> {
        self.inner.items.server(server)
    }

    /// Returns the served readings of these points; `None` for an unknown handle.
    pub fn readings(&self, handles: &[PointHandle]) -> Vec<Option<Reading>> {
        self.inner.items.readings(handles)
    }

    /// Returns a request for an item with the response of its EWS server, as the BMS gets it; `None` for an unknown
    /// server.
    pub async fn ews_exchange(
        &self,
        server: EwsServerId,
        operation: ReadOperation,
        id: &str,
    ) -> Option<Exchange> {
        self.inner.ews.exchange(server, operation, id).await
    }

    /// Visits the served states of points in their order, without their values. Unknown handles are skipped.
    pub fn visit_states(&self, handles: &[PointHandle], visit: impl FnMut(usize, ValueState)) {
        self.inner.items.visit_states(handles, visit);
    }

    /// Returns the values that the overview charts. Their samples are stored by the handles of the values.
    pub fn site_power(&self) -> Vec<PowerValues> {
        self.inner.site_power.values()
    }

    /// Returns the newest set point write of a point.
    pub fn latest_write(&self, point: PointHandle) -> Option<SetPointWrite> {
        self.inner.outbox.newest_of(point)
    }

    /// Returns the newest set point writes of all points, newest first.
    pub fn recent_writes(&self, count: usize) -> Vec<SetPointWrite> {
        self.inner.outbox.recent(count)
    }

    /// Writes set points for an actor. Returns a result for each, in their order.
    pub async fn write_set_points(
        &self,
        server: EwsServerId,
        actor: Actor,
        writes: Vec<PointWrite>,
    ) -> Result<Vec<Result<(), WriteRefusal>>, WriteError> {
        self.inner.set_points.write(server, actor, writes).await
    }

    /// Starts a processor configuration for a person.
    pub async fn start_by_hand(
        &self,
        configuration: ConfigurationId,
        person: &Actor,
    ) -> Result<(), StartRefusal> {
        self.inner.processors.start_by_hand(configuration, person).await
    }

    /// Stops a processor configuration for a person.
    pub async fn stop_by_hand(
        &self,
        configuration: ConfigurationId,
        person: &Actor,
    ) -> Result<(), StopRefusal> {
        self.inner.processors.stop_by_hand(configuration, person).await?;
        let name = self
            .inner
            .configurations
            .now()
            .processors
            .iter()
            .find(|it| it.id == configuration)
            .map(|it| it.name.clone());
        let entry = NewAuditEntry {
            action: "stop",
            subject: "processor",
            subject_name: name.as_deref().unwrap_or_default(),
            detail: "stopped by hand",
        };
        if let Err(error) = self.inner.store.record_audit(person, self.inner.clock.now(), entry).await {
            self.inner.failures.report("a stop could not be recorded in the audit trail", &error);
        }
        Ok(())
    }

    /// Ends the quarantine of a processor configuration for a person. It starts again.
    pub async fn release(
        &self,
        configuration: ConfigurationId,
        person: &Actor,
    ) -> Result<(), ReleaseRefusal> {
        self.inner.processors.release(configuration, person).await
    }

    /// Accepts an implausible clock of the machine as it is set now, for a person who has checked it.
    pub async fn confirm_clock(&self, person: &Actor) -> Result<ClockConfirmation, StoreError> {
        self.inner.clock_watch.confirm(person).await
    }

    /// Raises a problem of Riser itself. Returns whether it is new.
    pub fn raise_problem(&self, problem: Problem) -> bool {
        self.inner.problems.raise(None, "Riser", problem)
    }

    /// Ends a problem of Riser itself.
    pub fn clear_problem(&self, code: &str) {
        self.inner.problems.clear(None, code);
    }

    /// Returns the store, for pages that read data outside the runtime.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Returns the zone of local times and of schedules without one.
    pub fn zone(&self) -> Zone {
        site_zone(&self.inner.configurations.now().site, &self.inner.machine_zone)
    }

    /// Returns the site as configured.
    pub fn site(&self) -> Site {
        self.inner.configurations.now().site.clone()
    }

    /// Returns the zone of the machine, with the setting that names it.
    pub fn machine_zone(&self) -> &MachineZone {
        &self.inner.machine_zone
    }

    /// Returns the configuration in force.
    pub fn configuration(&self) -> Arc<Configuration> {
        self.inner.configurations.now()
    }

    /// The wall clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }
}
