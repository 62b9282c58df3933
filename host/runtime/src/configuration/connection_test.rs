//! Tests a connection with settings that need not be stored.

use std::time::Duration;

use riser_calendar::MachineZone;
use riser_secrets::Keyring;
use riser_store::Store;
use riser_worker_host::{ConnectionToTest, Launcher, test_connection};
use riser_worker_protocol::messages::TestStage;

use super::ConfigureError;
use super::configure::checked_draft;
use super::current::SecretTable;
use super::draft::{ConfigurationDraft, ConnectionDraft};
use super::field_path::{FieldError, FieldPath};
use super::migration::connection_schema;
use super::plugin_check::complete_settings;
use crate::libraries::Library;

/// The contract with plugins has the same limit.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Tests the connection of a draft, in a worker. Settings that the draft leaves out are those of the stored connection.
/// Returns whether it passed.
pub(crate) async fn test_draft(
    draft: &ConnectionDraft,
    (store, keyring): (&Store, &Keyring),
    (libraries, launcher): (&[Library], &Launcher),
    machine: &MachineZone,
    on_stage: impl FnMut(TestStage),
) -> Result<bool, ConfigureError> {
    let mut draft = draft.clone();
    draft.identity.remove = false;
    // Without settings, the stored ones would be taken as they are, whatever their version.
    draft.settings.get_or_insert_default();
    let path = FieldPath::default().object("connection", &draft.identity.name);
    let fault = |message: String| ConfigureError::Fields(vec![FieldError { path: path.clone(), message }]);
    if draft.kind.is_none() {
        let configuration = store.load_configuration().await?;
        let stored_name = draft.identity.renamed_from.as_ref().unwrap_or(&draft.identity.name);
        if configuration.connections.iter().all(|stored| stored.name != *stored_name) {
            let what = format!("there is no connection {stored_name:?}");
            return Err(fault(format!(
                "{what}; name a stored one, or give the kind and the settings of a new one"
            )));
        }
    }
    let draft = ConfigurationDraft { connections: vec![draft], ..ConfigurationDraft::default() };
    let access = (store, keyring);
    let (checked, current) = checked_draft(&draft, access, (libraries, Some(launcher)), machine).await?;
    let planned = checked.connections.first();
    let connection = planned.map(|planned| &planned.value);
    let library = connection.and_then(|connection| connection_schema(libraries, &connection.kind));
    let (Some(planned), Some(connection), Some((library, _))) = (planned, connection, library) else {
        return Err(fault("no plugin offers its kind; put its library into the plugin directory".to_owned()));
    };
    let stored = current.configuration.connections.iter().find(|it| it.id == connection.id);
    let secrets = current.secrets(SecretTable::Connections, stored.map(|stored| stored.id.0));
    let settings = complete_settings(&connection.settings_json, &planned.secrets, secrets)
        .map_err(|key| fault(format!("the stored {key} cannot be decrypted; give it again")))?;
    let to_test = ConnectionToTest {
        kind: connection.kind.clone(),
        instance: store.instance_id().to_owned(),
        settings: settings.into(),
        time_limit: TIME_LIMIT,
    };
    Ok(test_connection(launcher, &library.cached, to_test, on_stage).await?)
}
