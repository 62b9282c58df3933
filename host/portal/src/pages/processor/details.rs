//! The tab Details: name, references, limits, and the settings that the class describes.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use riser_runtime::{Identity, ProcessorDraft};
use riser_store::SecretOrigin as StoredOrigin;

use super::change::{Edit, conflict, saved, store};
use super::{Done, Frame, Shown, Tab};
use crate::form::{Form, PathOf, QueryOf};
use crate::form_input::{FormInput, STATE};
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{
    FieldDescription, FieldKind, FormErrors, FormFields, Icon, SecretOrigin, add_settings, describe_settings,
    settings_of,
};
use crate::sessions::{Admin, SignedIn};
use crate::state::PortalState;

const NAME: &str = "name";
const CONNECTION: &str = "connection";
const EWS_SERVER: &str = "ews_server";
const MEMORY_LIMIT: &str = "memory_limit_mib";

/// The form of a processor's settings.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/processor/details.html")]
pub(crate) struct DetailsTab {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) action: String,
    pub(crate) state: String,
    pub(crate) fields: FormFields,
    pub(crate) is_library_missing: bool,
}

struct Details<'a> {
    shown: Shown<'a>,
    origins: Vec<StoredOrigin>,
}

/// `GET /processors/{id}/details`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    QueryOf(done): QueryOf<Done>,
) -> Result<Page<DetailsTab>, PageError> {
    let details = Details::find(&portal, id).await?;
    let stored = details.stored();
    Ok(Page(details.tab(signed_in, &stored, &FormErrors::default(), done.notice())))
}

/// `POST /processors/{id}/details`
pub(crate) async fn save(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    Form(input): Form<FormInput>,
) -> Result<Response, PageError> {
    let details = Details::find(&portal, id).await?;
    let errors = match details.save(&signed_in, &input).await? {
        Ok(has_changed) => return Ok(saved(&details.shown, Tab::Details, has_changed).into_response()),
        Err(errors) => errors,
    };
    Ok(Page(details.tab(signed_in, &input, &errors, None)).into_response())
}

impl<'a> Details<'a> {
    async fn find(portal: &'a PortalState, id: i64) -> Result<Self, PageError> {
        let shown = Shown::find(portal, id)?;
        let origins = portal.runtime().store().processor_secret_origins(shown.configuration.id).await?;
        Ok(Self { shown, origins })
    }

    /// Returns the stored values of the fields.
    fn stored(&self) -> FormInput {
        let Shown { configuration, whole, .. } = &self.shown;
        let connection = whole.connections.iter().find(|it| Some(it.id) == configuration.connection);
        let server = whole.ews_servers.iter().find(|it| it.id == configuration.ews_server);
        let mut input = FormInput::default();
        input.set(NAME, &configuration.name);
        if self.takes_connection() {
            input.set(CONNECTION, connection.map(|it| it.name.clone()).unwrap_or_default());
        }
        input.set(EWS_SERVER, server.map(|it| it.name.clone()).unwrap_or_default());
        input.set(MEMORY_LIMIT, configuration.memory_limit_mib.to_string());
        if let Some(class) = self.shown.class() {
            let values = serde_json::from_str(&configuration.settings_json).unwrap_or_default();
            add_settings(&mut input, &class.settings, "", &values);
        }
        input
    }

    /// Returns the state of the stored fields and secrets.
    fn state(&self) -> String {
        let secret = |it: &StoredOrigin| format!("{}\n{}\n", it.key, it.set_at);
        self.stored().state(&self.origins.iter().map(secret).collect::<String>())
    }

    fn takes_connection(&self) -> bool {
        self.shown.class().map_or(self.shown.configuration.connection.is_some(), |it| it.connection.is_some())
    }

    fn fields(&self) -> Vec<FieldDescription> {
        let Shown { whole, times, .. } = &self.shown;
        let choices = |names: Vec<&String>| {
            FieldKind::Choice(names.into_iter().map(|name| (name.clone(), name.clone())).collect())
        };
        let kind = self.shown.class().and_then(|class| class.connection.as_ref());
        let fits = |it: &&riser_domain::Connection| kind.is_none_or(|kind| it.kind == *kind);
        let connections = whole.connections.iter().filter(fits).map(|it| &it.name).collect();
        let mut fields =
            vec![FieldDescription::new(NAME, "Name", FieldKind::Text).required().more("name-and-connection")];
        if self.takes_connection() {
            fields.push(
                FieldDescription::new(CONNECTION, "Connection", choices(connections))
                    .required()
                    .help("Address and login of the system that it reads and writes.")
                    .more("name-and-connection"),
            );
        }
        let servers = whole.ews_servers.iter().map(|it| &it.name).collect();
        fields.push(
            FieldDescription::new(EWS_SERVER, "EWS server", choices(servers))
                .required()
                .help("The BMS reads its items there.")
                .more("name-and-connection"),
        );
        let origin = |key: &str| {
            let origin = self.origins.iter().find(|origin| origin.key == key)?;
            Some(SecretOrigin { set_by: origin.set_by.clone(), age: times.age(origin.set_at) })
        };
        if let Some(class) = self.shown.class() {
            fields.extend(describe_settings(&class.settings, "", &origin));
        }
        fields.push(
            FieldDescription::new(MEMORY_LIMIT, "Memory limit", FieldKind::WholeNumber)
                .unit("MiB")
                .help("A run that needs more is ended.")
                .more("memory-limit")
                .group("Limits"),
        );
        fields
    }

    fn tab(
        &self,
        signed_in: SignedIn,
        input: &FormInput,
        errors: &FormErrors,
        notice: Option<&'static str>,
    ) -> DetailsTab {
        DetailsTab {
            frame: self.shown.frame(Tab::Details, &signed_in.context.user, notice),
            action: self.shown.address(Tab::Details),
            state: self.state(),
            fields: FormFields::new(&self.fields(), input, errors),
            is_library_missing: self.shown.class().is_none(),
            layout: self.shown.layout(signed_in),
        }
    }

    async fn save(
        &self,
        signed_in: &SignedIn,
        input: &FormInput,
    ) -> Result<Result<bool, FormErrors>, PageError> {
        if input.text(STATE) != self.state() {
            let edit = Edit { fields: &self.fields(), stored: &self.stored(), input };
            return Ok(Err(conflict(&self.shown, &edit).await?));
        }
        let Shown { configuration, whole, .. } = &self.shown;
        let (name, old_name) = (input.text(NAME), &configuration.name);
        let mut errors = FormErrors::default();
        if name != old_name && whole.processors.iter().any(|it| it.name == name) {
            errors.add(NAME, format!("{name:?} is the name of another processor; choose another one"));
        }
        let memory_limit_mib = match input.text(MEMORY_LIMIT) {
            "" => None,
            text => match text.parse() {
                Ok(limit) => Some(limit),
                Err(_) => {
                    errors.add(MEMORY_LIMIT, "takes a whole number of MiB");
                    None
                }
            },
        };
        if !errors.is_empty() {
            return Ok(Err(errors));
        }
        let given = |field: &str| Some(input.text(field).to_owned()).filter(|text| !text.is_empty());
        let secrets: Vec<String> = self.origins.iter().map(|origin| origin.key.clone()).collect();
        let settings = self.shown.class().map(|it| settings_of(&it.settings, "", input, &secrets));
        let draft = ProcessorDraft {
            identity: Identity {
                name: name.to_owned(),
                renamed_from: (name != old_name).then(|| old_name.clone()),
                remove: false,
            },
            connection: given(CONNECTION),
            ews_server: given(EWS_SERVER),
            memory_limit_mib,
            settings,
            ..ProcessorDraft::default()
        };
        Ok(store(&self.shown, signed_in, draft).await)
    }
}
