//! Checks a draft against a store, and applies it to a data directory that no host uses.

use std::path::PathBuf;
use std::sync::Arc;

use riser_calendar::{MachineZone, machine_zone};
use riser_domain::{Actor, Clock};
use riser_secrets::Keyring;
use riser_store::Store;
use riser_worker_host::{LaunchOptions, Launcher, LibraryCache};
use riser_worker_protocol::messages::TestStage;

use super::ConfigureError;
use super::check::{self, Basis, CheckedDraft};
use super::commit::commit;
use super::connection_test::test_draft;
use super::current::Current;
use super::draft::{ConfigurationDraft, ConnectionDraft, Identity, ProcessorDraft};
use super::export::{ExportScope, export};
use super::field_path::FieldError;
use super::inputs::SettingInputs;
use super::migration::migrate;
use super::plan::Plan;
use super::plugin_check::{self, Scope};
use crate::changes::Changes;
use crate::libraries::{Libraries, Library};
use crate::problems::Problems;
use crate::site_zone::site_zone;

/// Checks a draft against the stored configuration and the plugins. Schedules without a zone take that of the site, and
/// a site without a zone takes that of the machine.
///
/// # Errors
/// [`ConfigureError::Fields`] with all errors; [`ConfigureError::Stale`] when the draft was made from
/// another version of the configuration.
pub async fn check_draft(
    draft: &ConfigurationDraft,
    access: (&Store, &Keyring),
    plugins: (&[Library], Option<&Launcher>),
    machine: &MachineZone,
) -> Result<CheckedDraft, ConfigureError> {
    Ok(checked_draft(draft, access, plugins, machine).await?.0)
}

/// Returns the errors in the stored settings of all connections and processors, whose plugins check them again: a file
/// that a setting names may have changed.
async fn check_stored(
    (store, keyring): (&Store, &Keyring),
    plugins: (&[Library], &Launcher),
    machine: &MachineZone,
) -> Result<Vec<FieldError>, ConfigureError> {
    let stored = store.load_configuration().await?;
    let identity = |name: &String| Identity::named(name.clone());
    // With settings that change nothing, stored ones of an older version are migrated.
    let unchanged = || Some(SettingInputs::default());
    let connection = |name| ConnectionDraft { identity: identity(name), kind: None, settings: unchanged() };
    let processor = |name| ProcessorDraft {
        identity: identity(name),
        settings: unchanged(),
        ..ProcessorDraft::default()
    };
    let draft = ConfigurationDraft {
        connections: stored.connections.iter().map(|it| connection(&it.name)).collect(),
        processors: stored.processors.iter().map(|it| processor(&it.name)).collect(),
        ..ConfigurationDraft::default()
    };
    let (libraries, launcher) = plugins;
    let plugins = (libraries, Some(launcher));
    match checked_in(&draft, (store, keyring), plugins, machine, Scope::Named).await {
        Ok(_) => Ok(Vec::new()),
        Err(ConfigureError::Fields(errors)) => Ok(errors),
        Err(error) => Err(error),
    }
}

/// Checks a draft, and returns the stored configuration as well.
pub(super) async fn checked_draft(
    draft: &ConfigurationDraft,
    access: (&Store, &Keyring),
    plugins: (&[Library], Option<&Launcher>),
    machine: &MachineZone,
) -> Result<(CheckedDraft, Current), ConfigureError> {
    checked_in(draft, access, plugins, machine, Scope::Changed).await
}

async fn checked_in(
    draft: &ConfigurationDraft,
    (store, keyring): (&Store, &Keyring),
    (libraries, launcher): (&[Library], Option<&Launcher>),
    machine: &MachineZone,
    scope: Scope,
) -> Result<(CheckedDraft, Current), ConfigureError> {
    let current = Current::load(store, keyring, draft).await?;
    if draft.base_version.is_some_and(|base| base != current.configuration.version) {
        return Err(ConfigureError::Stale);
    }
    let migrated = migrate(draft, &current, libraries, launcher).await?;
    let wanted_zone = draft.site.time_zone.as_ref().map(|name| name.parse());
    let site_zone = match wanted_zone {
        Some(Ok(zone)) => zone,
        // An empty name, or one that the check refuses.
        Some(Err(_)) => machine.zone.clone(),
        None => site_zone(&current.configuration.site, machine),
    };
    let basis = Basis { current: &current, libraries, migrated: &migrated, site_zone: &site_zone };
    let (checked, mut errors) = check::check(draft, &basis);
    if let Some(launcher) = launcher {
        errors.extend(plugin_check::check(&checked, &current, scope, (libraries, launcher)).await?);
    }
    if errors.is_empty() { Ok((checked, current)) } else { Err(ConfigureError::Fields(errors)) }
}

/// The configuration of a data directory that no host uses.
#[derive(Debug)]
pub struct OfflineConfiguration<'a> {
    pub store: &'a Store,
    pub keyring: &'a Keyring,
    pub clock: Arc<dyn Clock>,
    pub plugin_directories: Vec<PathBuf>,
    /// The program of worker processes.
    pub worker: LaunchOptions,
}

impl OfflineConfiguration<'_> {
    /// Returns the difference that a draft would make.
    pub async fn plan(&self, draft: &ConfigurationDraft) -> Result<Plan, ConfigureError> {
        Ok(self.check(draft).await?.plan())
    }

    /// Checks a draft and stores it. Returns the changes.
    pub async fn configure(&self, draft: &ConfigurationDraft, actor: &Actor) -> Result<Plan, ConfigureError> {
        let checked = self.check(draft).await?;
        let plan = checked.plan();
        commit(checked, (self.store, self.keyring), (actor, self.clock.now())).await?;
        Ok(plan)
    }

    /// Returns the configuration as a file.
    pub async fn export(&self, scope: ExportScope) -> Result<String, ConfigureError> {
        Ok(export(&self.store.load_configuration().await?, scope))
    }

    /// Tests a connection, as [`Runtime::test_connection`](crate::Runtime::test_connection) does.
    pub async fn test_connection(
        &self,
        draft: &ConnectionDraft,
        on_stage: impl FnMut(TestStage),
    ) -> Result<bool, ConfigureError> {
        let (libraries, launcher) = self.plugins().await?;
        let access = (self.store, self.keyring);
        test_draft(draft, access, (&libraries, &launcher), &machine_zone(), on_stage).await
    }

    /// Returns the errors in the stored settings of all connections and processors.
    pub async fn check_stored(&self) -> Result<Vec<FieldError>, ConfigureError> {
        let (libraries, launcher) = self.plugins().await?;
        check_stored((self.store, self.keyring), (&libraries, &launcher), &machine_zone()).await
    }

    async fn check(&self, draft: &ConfigurationDraft) -> Result<CheckedDraft, ConfigureError> {
        let access = (self.store, self.keyring);
        let machine = machine_zone();
        if draft.connections.is_empty() && draft.processors.is_empty() {
            return check_draft(draft, access, (&[], None), &machine).await;
        }
        let (libraries, launcher) = self.plugins().await?;
        check_draft(draft, access, (&libraries, Some(&launcher)), &machine).await
    }

    async fn plugins(&self) -> Result<(Vec<Library>, Launcher), ConfigureError> {
        let launcher = Launcher::start(self.worker.clone())?;
        let cache = LibraryCache::open(self.store.directory())?;
        let libraries = Libraries::new(self.plugin_directories.clone(), cache);
        // A library that cannot be used is logged; a draft that needs it finds it missing.
        libraries.scan(&launcher, &Problems::new(Arc::clone(&self.clock), Changes::new())).await;
        Ok((libraries.list(), launcher))
    }
}
