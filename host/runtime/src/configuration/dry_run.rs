//! Runs a processor of a draft once, without storing the draft or the results of the run.

use std::time::Duration;

use riser_calendar::MachineZone;
use riser_secrets::Keyring;
use riser_store::Store;
use riser_worker_host::{DryRun, DryRunConnection, DryRunReport, Launcher, dry_run};

use super::ConfigureError;
use super::configure::checked_draft;
use super::current::SecretTable;
use super::draft::{ConfigurationDraft, ConnectionDraft, Identity};
use super::field_path::{FieldError, FieldPath};
use super::inputs::SettingInputs;
use super::plugin_check::complete_settings;
use crate::libraries::Library;
use crate::supervisor::reply_in_dry_run;

/// Lines of the log on the page.
const KEPT_LINES: usize = 20;

/// A person waits for it.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Runs the processor with this name in a worker.
///
/// # Errors
/// The errors of the draft, as when it is stored.
pub(crate) async fn dry_run_draft(
    draft: &ConfigurationDraft,
    processor: &str,
    (store, keyring): (&Store, &Keyring),
    (libraries, launcher): (&[Library], &Launcher),
    machine: &MachineZone,
) -> Result<DryRunReport, ConfigureError> {
    let path = FieldPath::default().object("processor", processor);
    let fault = |message: &str| {
        let message = message.to_owned();
        ConfigureError::Fields(vec![FieldError { path: path.clone(), message }])
    };
    let wanted = draft.processors.iter().find(|it| it.identity.name == processor);
    let connection = wanted.and_then(|wanted| wanted.connection.clone());
    let mut draft = draft.clone();
    // The secrets of a stored connection are only read for a draft of it.
    if let Some(name) = &connection
        && draft.connections.iter().all(|it| it.identity.name != *name)
    {
        let (identity, settings) = (Identity::named(name.clone()), Some(SettingInputs::default()));
        draft.connections.push(ConnectionDraft { identity, kind: None, settings });
    }
    let access = (store, keyring);
    let (checked, current) = checked_draft(&draft, access, (libraries, Some(launcher)), machine).await?;
    let planned = checked.processors.iter().map(|(planned, _)| planned);
    let planned = planned.into_iter().find(|planned| planned.value.name == processor);
    let planned = planned.ok_or_else(|| fault("the draft has no such processor"))?;
    let class = &planned.value.class;
    let library = libraries.iter().find(|library| library.description.id == class.plugin);
    let library = library.ok_or_else(|| fault("the library of its class is not loaded"))?;
    let stored = current.configuration.processors.iter().find(|it| it.id == planned.value.id);
    let secrets = current.secrets(SecretTable::Processors, stored.map(|stored| stored.id.0));
    let unreadable = |key: String| fault(&format!("the stored {key} cannot be decrypted; give it again"));
    let settings =
        complete_settings(&planned.value.settings_json, &planned.secrets, secrets).map_err(unreadable)?;
    let connection = checked.connections.iter().find(|it| Some(&it.value.name) == connection.as_ref());
    let connection = match connection {
        None => None,
        Some(planned) => {
            let stored = current.configuration.connections.iter().find(|it| it.id == planned.value.id);
            let secrets = current.secrets(SecretTable::Connections, stored.map(|stored| stored.id.0));
            let json = &planned.value.settings_json;
            let settings = complete_settings(json, &planned.secrets, secrets).map_err(unreadable)?;
            let (name, kind) = (planned.value.name.clone(), planned.value.kind.clone());
            Some(DryRunConnection { name, kind, settings: settings.into() })
        }
    };
    let run = DryRun {
        class: class.class.clone(),
        configuration: planned.value.name.clone(),
        instance: store.instance_id().to_owned(),
        settings: settings.into(),
        connection,
        memory_mib: planned.value.memory_limit_mib,
        time_limit: TIME_LIMIT,
        kept_lines: KEPT_LINES,
        reply: reply_in_dry_run,
    };
    Ok(dry_run(launcher, &library.cached, run).await?)
}
