//! The form of one connection: a stored one, or a new one.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use riser_domain::{Connection, ConnectionId};
use riser_runtime::{
    ConfigurationDraft, ConfigureError, ConnectionDescription, ConnectionDraft, FieldPath, Identity, Library,
};
use riser_store::SecretOrigin as StoredOrigin;
use serde::Deserialize;
use url::form_urlencoded;

use crate::form::{Form, NoFields, PathOf, QueryOf};
use crate::form_input::{FormInput, STATE};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::pages::processor::reasons;
use crate::parts::{
    ConnectionTest, FieldDescription, FieldKind, FormErrors, FormFields, Icon, SecretOrigin, add_settings,
    describe_settings, settings_of,
};
use crate::sessions::{Admin, SignedIn};
use crate::state::PortalState;

const NAME: &str = "name";
/// The value of the button that saves a secret that did not pass the test.
const UNTESTED: &str = "untested";

/// The form of a connection.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/connection.html")]
pub(crate) struct ConnectionPage {
    pub(crate) layout: PageLayout,
    pub(crate) title: String,
    pub(crate) kind: String,
    /// Where the form is sent.
    pub(crate) action: String,
    pub(crate) state: String,
    pub(crate) fields: FormFields,
    pub(crate) test: ConnectionTest,
    /// A new secret failed the test before it was saved, so the form offers to save it untested.
    pub(crate) has_untested_secret: bool,
    /// `None` for a new connection.
    pub(crate) stored: Option<StoredConnection>,
    /// Kinds to choose from, while none is chosen: address and name.
    pub(crate) kinds: Vec<(String, String)>,
    /// No plugin in use offers the kind, so the settings cannot be changed.
    pub(crate) is_library_missing: bool,
}

/// Facts about a stored connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredConnection {
    pub(crate) id: i64,
    /// The processors that use it: ids and names.
    pub(crate) used_by: Vec<(i64, String)>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct KindQuery {
    kind: Option<String>,
}

/// A connection that is being edited.
struct Editor<'a> {
    portal: &'a PortalState,
    kind: String,
    described: Option<ConnectionDescription>,
    stored: Option<Connection>,
    origins: Vec<StoredOrigin>,
}

/// `GET /connections/{id}`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
) -> Result<Page<ConnectionPage>, PageError> {
    let editor = Editor::of_stored(&portal, ConnectionId(id)).await?;
    let mut input = editor.stored_input();
    input.set(STATE, editor.state());
    Ok(Page(editor.page(signed_in, &input, &FormErrors::default())))
}

/// `POST /connections/{id}`
pub(crate) async fn save(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    Form(input): Form<FormInput>,
) -> Result<Response, PageError> {
    let editor = Editor::of_stored(&portal, ConnectionId(id)).await?;
    editor.save(signed_in, input).await
}

/// `GET /connections/add`
pub(crate) async fn show_new(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    QueryOf(query): QueryOf<KindQuery>,
) -> Result<Page<ConnectionPage>, PageError> {
    let kinds = kinds(&portal.runtime().libraries());
    let kind = match (query.kind, kinds.as_slice()) {
        (Some(kind), _) => Some(kind),
        (None, [only]) => Some(only.kind.clone()),
        (None, _) => None,
    };
    let Some(kind) = kind else { return Ok(Page(ConnectionPage::choose(&portal, signed_in, &kinds))) };
    let editor = Editor::of_new(&portal, &kind)?;
    let input = editor.new_input();
    Ok(Page(editor.page(signed_in, &input, &FormErrors::default())))
}

/// `POST /connections/add`
pub(crate) async fn add(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    QueryOf(query): QueryOf<KindQuery>,
    Form(input): Form<FormInput>,
) -> Result<Response, PageError> {
    let editor = Editor::of_new(&portal, &query.kind.unwrap_or_default())?;
    editor.save(signed_in, input).await
}

/// `POST /connections/{id}/delete`
pub(crate) async fn delete(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    _: Form<NoFields>,
) -> Result<Redirect, PageError> {
    let configuration = portal.runtime().configuration();
    let stored = configuration.connections.iter().find(|connection| connection.id == ConnectionId(id));
    let stored = stored.ok_or(PageError::NoSuchPage)?;
    let identity = Identity { remove: true, ..Identity::named(stored.name.clone()) };
    let draft = ConfigurationDraft {
        connections: vec![ConnectionDraft { identity, kind: None, settings: None }],
        ..ConfigurationDraft::default()
    };
    match portal.runtime().configure(draft, signed_in.actor()).await {
        Ok(_) => Ok(Redirect::to("/connections?deleted=true")),
        Err(error) => Err(PageError::Refused(reasons(&error))),
    }
}

/// Returns all kinds of connections that the plugins in use offer.
fn kinds(libraries: &[Library]) -> Vec<ConnectionDescription> {
    libraries.iter().flat_map(|library| library.description.connections.clone()).collect()
}

impl<'a> Editor<'a> {
    async fn of_stored(portal: &'a PortalState, id: ConnectionId) -> Result<Self, PageError> {
        let configuration = portal.runtime().configuration();
        let stored = configuration.connections.iter().find(|connection| connection.id == id);
        let stored = stored.ok_or(PageError::NoSuchPage)?.clone();
        let described = kinds(&portal.runtime().libraries()).into_iter().find(|it| it.kind == stored.kind);
        let origins = portal.runtime().store().connection_secret_origins(id).await?;
        Ok(Self { portal, kind: stored.kind.clone(), described, stored: Some(stored), origins })
    }

    fn of_new(portal: &'a PortalState, kind: &str) -> Result<Self, PageError> {
        let described = kinds(&portal.runtime().libraries()).into_iter().find(|it| it.kind == kind);
        let described = described.ok_or(PageError::NoSuchPage)?;
        Ok(Self {
            portal,
            kind: kind.to_owned(),
            described: Some(described),
            stored: None,
            origins: Vec::new(),
        })
    }

    fn stored_input(&self) -> FormInput {
        let mut input = FormInput::default();
        if let Some(stored) = &self.stored {
            input.set(NAME, &stored.name);
            if let Some(described) = &self.described {
                let values = serde_json::from_str(&stored.settings_json).unwrap_or_default();
                add_settings(&mut input, &described.settings, "", &values);
            }
        }
        input
    }

    /// Returns a text that changes whenever somebody stores the connection; empty for a new one.
    fn state(&self) -> String {
        let stored = self.stored.as_ref();
        stored
            .map_or_else(String::new, |stored| self.stored_input().state(&stored.secret_version.to_string()))
    }

    fn new_input(&self) -> FormInput {
        let configuration = self.portal.runtime().configuration();
        let is_taken = |name: &str| configuration.connections.iter().any(|known| known.name == name);
        let mut input = FormInput::default();
        input.set(NAME, free_name(&suggested_name(&self.kind), is_taken));
        input
    }

    fn descriptions(&self) -> Vec<FieldDescription> {
        let times = self.portal.times_of_page();
        let origin = |key: &str| {
            let origin = self.origins.iter().find(|origin| origin.key == key)?;
            Some(SecretOrigin { set_by: origin.set_by.clone(), age: times.age(origin.set_at) })
        };
        let name = FieldDescription::new(NAME, "Name", FieldKind::Text)
            .required()
            .help("Processors are connected by this name.")
            .more("name-of-a-connection");
        let settings = self.described.iter().flat_map(|it| describe_settings(&it.settings, "", &origin));
        std::iter::once(name).chain(settings).collect()
    }

    fn page(&self, signed_in: SignedIn, input: &FormInput, errors: &FormErrors) -> ConnectionPage {
        let title = self.stored.as_ref().map_or("Add connection", |stored| stored.name.as_str()).to_owned();
        let action = self.action();
        ConnectionPage {
            title,
            test: ConnectionTest::not_tested(&action),
            kind: self.described.as_ref().map_or_else(|| self.kind.clone(), |it| it.name.clone()),
            action,
            state: input.text(STATE).to_owned(),
            fields: FormFields::new(&self.descriptions(), input, errors),
            has_untested_secret: false,
            stored: self
                .stored
                .as_ref()
                .map(|stored| StoredConnection { id: stored.id.0, used_by: self.used_by(stored.id) }),
            kinds: Vec::new(),
            is_library_missing: self.described.is_none(),
            layout: layout(self.portal, signed_in),
        }
    }

    fn used_by(&self, connection: ConnectionId) -> Vec<(i64, String)> {
        let configuration = self.portal.runtime().configuration();
        let users = configuration.processors.iter().filter(|it| it.connection == Some(connection));
        users.map(|processor| (processor.id.0, processor.name.clone())).collect()
    }

    /// Returns the names of the fields that replace secrets of a stored connection.
    fn new_secrets(&self, input: &FormInput) -> Vec<String> {
        let descriptions = self.descriptions();
        let is_secret = |name: &str| descriptions.iter().any(|field| field.has_secret(name));
        let given = input.fields().filter(|(name, value)| !value.is_empty() && is_secret(name));
        if self.stored.is_some() { given.map(|(name, _)| name.to_owned()).collect() } else { Vec::new() }
    }

    /// Tests a new secret before it is saved. Returns the form if it does not work; it does not contain the secret.
    async fn refuse_new_secrets(
        &self,
        signed_in: &SignedIn,
        input: &FormInput,
        secrets: Vec<String>,
    ) -> Option<ConnectionPage> {
        let Page(page) = self.test(signed_in.clone(), input).await;
        match page.test.passed {
            Some(true) => None,
            // The input has errors, so nothing was tested.
            None => Some(page),
            Some(false) => {
                let mut errors = FormErrors::default();
                for name in secrets {
                    errors.add(name, "nothing is saved: the test below failed. Enter it again");
                }
                let fields = FormFields::new(&self.descriptions(), input, &errors);
                Some(ConnectionPage { fields, has_untested_secret: true, ..page })
            }
        }
    }

    fn action(&self) -> String {
        match &self.stored {
            Some(stored) => format!("/connections/{}", stored.id.0),
            None => new_address(&self.kind),
        }
    }

    /// Returns the draft of the connection in the form.
    fn draft(&self, input: &FormInput) -> ConnectionDraft {
        let name = input.text(NAME).to_owned();
        let old_name = self.stored.as_ref().map(|stored| stored.name.clone());
        let secrets: Vec<String> = self.origins.iter().map(|origin| origin.key.clone()).collect();
        ConnectionDraft {
            kind: Some(self.kind.clone()),
            settings: self.described.as_ref().map(|it| settings_of(&it.settings, "", input, &secrets)),
            identity: Identity {
                renamed_from: old_name.filter(|old_name| *old_name != name),
                name,
                remove: false,
            },
        }
    }

    /// Tests the connection in the form, and returns the form with the result.
    async fn test(&self, signed_in: SignedIn, input: &FormInput) -> Page<ConnectionPage> {
        let action = self.action();
        let schema = self.described.as_ref().map(|described| &described.settings);
        let running = ConnectionTest::begin(self.portal, &signed_in, input);
        let form = (action.as_str(), schema, "");
        let tested = ConnectionTest::run(self.portal, running, &self.draft(input), form).await;
        Page(match tested {
            Ok(test) => ConnectionPage { test, ..self.page(signed_in, input, &FormErrors::default()) },
            Err(error) => self.page(signed_in, input, &errors_of(&error, input.text(NAME))),
        })
    }

    /// Stores or tests the input, as the button says.
    async fn save(self, signed_in: SignedIn, mut input: FormInput) -> Result<Response, PageError> {
        let pin = input.text("pin").to_owned();
        if !pin.is_empty() {
            input.set(ConnectionTest::pin_field(""), pin.as_str());
        }
        if !pin.is_empty() || input.text("do") == "test" {
            return Ok(self.test(signed_in, &input).await.into_response());
        }
        let configuration = self.portal.runtime().configuration();
        let name = input.text(NAME).to_owned();
        let mut errors = FormErrors::default();
        let old_name = self.stored.as_ref().map(|stored| stored.name.clone());
        if old_name.as_ref() != Some(&name) && configuration.connections.iter().any(|it| it.name == name) {
            errors.add(NAME, format!("{name:?} is the name of another connection; choose another one"));
        }
        let state = self.state();
        if self.stored.is_some() && input.text(STATE) != state {
            self.add_conflicts(&input, &mut errors);
            input.set(STATE, state);
        }
        if input.text("do") == UNTESTED && self.new_secrets(&input).is_empty() {
            errors.add("", "the new secret is missing: forms do not keep secrets, so enter it again");
        }
        if errors.is_empty() {
            let draft = ConfigurationDraft {
                base_version: Some(configuration.version),
                connections: vec![self.draft(&input)],
                ..ConfigurationDraft::default()
            };
            let secrets = self.new_secrets(&input);
            let is_untested = !secrets.is_empty() && input.text("do") == UNTESTED;
            if !is_untested
                && !secrets.is_empty()
                && let Some(refused) = self.refuse_new_secrets(&signed_in, &input, secrets).await
            {
                return Ok(Page(refused).into_response());
            }
            match self.portal.runtime().configure(draft, signed_in.actor()).await {
                Ok(_) => {
                    let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
                    let untested = if is_untested { "&untested=true" } else { "" };
                    let list = format!("/connections?saved={name}{untested}");
                    return Ok(Redirect::to(&list).into_response());
                }
                Err(error) => errors = errors_of(&error, &name),
            }
        }
        Ok(Page(self.page(signed_in, &input, &errors)).into_response())
    }

    /// Adds an error for each field that somebody else changed after the form was drawn.
    fn add_conflicts(&self, input: &FormInput, errors: &mut FormErrors) {
        errors.add(
            "",
            "somebody else changed this connection meanwhile. Your input is below; send it again to replace theirs",
        );
        errors.add_changed(&self.descriptions(), &self.stored_input(), input);
    }
}

impl ConnectionPage {
    fn choose(portal: &PortalState, signed_in: SignedIn, kinds: &[ConnectionDescription]) -> Self {
        Self {
            title: "Add connection".to_owned(),
            kind: String::new(),
            action: String::new(),
            state: String::new(),
            fields: FormFields::default(),
            test: ConnectionTest::default(),
            has_untested_secret: false,
            stored: None,
            kinds: kinds.iter().map(|it| (new_address(&it.kind), it.name.clone())).collect(),
            is_library_missing: kinds.is_empty(),
            layout: layout(portal, signed_in),
        }
    }

    fn is_form(&self) -> bool {
        !self.action.is_empty()
    }
}

fn layout(portal: &PortalState, signed_in: SignedIn) -> PageLayout {
    let times = portal.times_of_page();
    PageLayout::new(
        MenuEntry::Connections,
        &portal.site_name(),
        signed_in.context,
        &portal.system_status(),
        &times,
    )
}

/// Returns the errors of the connection with this name by its fields.
fn errors_of(error: &ConfigureError, name: &str) -> FormErrors {
    let path = FieldPath::default().object("connection", name);
    FormErrors::of_draft(error, &[(path, String::new())])
}

fn new_address(kind: &str) -> String {
    format!("/connections/add?kind={}", form_urlencoded::byte_serialize(kind.as_bytes()).collect::<String>())
}

/// Returns `EVCE` for `riser.evce/evce`.
pub(crate) fn suggested_name(kind: &str) -> String {
    kind.rsplit('/').next().unwrap_or_default().to_uppercase()
}

/// Returns the name, with a number if it is taken.
pub(crate) fn free_name(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number| format!("{name} {number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
}
