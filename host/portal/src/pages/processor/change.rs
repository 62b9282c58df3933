//! Changes of a processor's configuration by a form: conflicts, and the draft that brings an earlier version back.

use axum::response::Redirect;
use riser_domain::ProcessorConfiguration;
use riser_runtime::{ConfigurationDraft, ConfigureError, FieldPath, Identity, ProcessorDraft, SettingInput};

use super::{Shown, Tab};
use crate::form_input::{FormInput, STATE};
use crate::pages::error::PageError;
use crate::parts::{FieldDescription, FormErrors, add_settings, capitalised, settings_of};
use crate::sessions::SignedIn;
use crate::state::PortalState;

/// A form as it was sent, and the stored values of its fields.
pub(super) struct Edit<'a> {
    pub(super) fields: &'a [FieldDescription],
    pub(super) stored: &'a FormInput,
    pub(super) input: &'a FormInput,
}

/// Stores a change by the form of a tab, unless somebody else changed its fields after it was drawn. Returns the
/// redirect to the tab, or the errors of the form.
pub(super) async fn submit(
    shown: &Shown<'_>,
    signed_in: &SignedIn,
    (tab, edit): (Tab, Edit<'_>),
    draft: ProcessorDraft,
) -> Result<Result<Redirect, FormErrors>, PageError> {
    if edit.input.text(STATE) != edit.stored.state("") {
        return Ok(Err(conflict(shown, &edit).await?));
    }
    Ok(store(shown, signed_in, draft).await.map(|has_changed| saved(shown, tab, has_changed)))
}

/// Leads to a tab after a change.
pub(super) fn saved(shown: &Shown<'_>, tab: Tab, has_changed: bool) -> Redirect {
    Redirect::to(&format!("{}?saved={}", shown.address(tab), if has_changed { "yes" } else { "same" }))
}

/// Returns the errors of a form whose fields somebody else changed after it was drawn: who and when, and at each field
/// the value that is stored now.
pub(super) async fn conflict(shown: &Shown<'_>, edit: &Edit<'_>) -> Result<FormErrors, PageError> {
    let versions = shown.portal.runtime().store().list_processor_versions(shown.configuration.id).await?;
    let who = versions.first().map_or_else(
        || "somebody else changed this processor meanwhile".to_owned(),
        |latest| format!("{} changed this processor at {}", latest.actor, shown.times.words(latest.at)),
    );
    let mut errors = FormErrors::default();
    errors.add("", format!("{who}. Your input is below; save again to replace theirs"));
    errors.add_changed(edit.fields, edit.stored, edit.input);
    Ok(errors)
}

/// Stores a change of the processor. Returns whether anything changed.
pub(super) async fn store(
    shown: &Shown<'_>,
    signed_in: &SignedIn,
    processor: ProcessorDraft,
) -> Result<bool, FormErrors> {
    let path = FieldPath::default().object("processor", &processor.identity.name);
    let draft = ConfigurationDraft {
        base_version: Some(shown.whole.version),
        processors: vec![processor],
        ..ConfigurationDraft::default()
    };
    match shown.portal.runtime().configure(draft, signed_in.actor()).await {
        Ok(configured) => Ok(!configured.plan.lines.is_empty()),
        Err(error) => Err(FormErrors::of_draft(&error, &[(path, String::new())])),
    }
}

/// Returns the draft that gives a processor the settings, references and flags of a version. Its name, its secrets and
/// whether it is enabled stay. A processor that was removed comes back disabled.
pub(crate) fn restore_draft(
    portal: &PortalState,
    version: &ProcessorConfiguration,
    current: Option<&ProcessorConfiguration>,
) -> ProcessorDraft {
    let whole = portal.runtime().configuration();
    let connection = whole.connections.iter().find(|it| Some(it.id) == version.connection);
    let server = whole.ews_servers.iter().find(|it| it.id == version.ews_server);
    let schedule = whole.schedules.iter().find(|it| Some(it.id) == version.schedule);
    let flags = version.flags;
    let values: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&version.settings_json).unwrap_or_default();
    let libraries = portal.runtime().libraries();
    let library = libraries.iter().find(|it| it.description.id == version.class.plugin);
    let settings = match library.and_then(|it| it.description.class(&version.class.class)) {
        Some(class) => {
            let mut input = FormInput::default();
            add_settings(&mut input, &class.settings, "", &values);
            let secrets = current.map(|it| it.secret_keys.clone()).unwrap_or_default();
            settings_of(&class.settings, "", &input, &secrets)
        }
        None => values.into_iter().map(|(key, value)| (key, SettingInput::Plain(value))).collect(),
    };
    ProcessorDraft {
        identity: Identity::named(current.unwrap_or(version).name.clone()),
        class: Some(version.class.to_string()),
        connection: connection.map(|it| it.name.clone()),
        ews_server: server.map(|it| it.name.clone()),
        schedule: Some(schedule.map(|it| it.name.clone()).unwrap_or_default()),
        active: current.is_none().then_some(false),
        runs_at_start: Some(flags.runs_at_start),
        runs_on_schedule: Some(flags.runs_on_schedule),
        manually_startable: Some(flags.manually_startable),
        manually_stoppable: Some(flags.manually_stoppable),
        memory_limit_mib: Some(version.memory_limit_mib),
        settings: Some(settings),
    }
}

/// Returns the reasons why a draft was refused, as one text.
pub(crate) fn reasons(error: &ConfigureError) -> String {
    match error {
        ConfigureError::Fields(errors) => {
            let errors: Vec<String> = errors.iter().map(|error| capitalised(&error.message)).collect();
            errors.join(". ")
        }
        other => other.to_string(),
    }
}
