//! An unfinished addition of processors: the fields of all steps, and the draft of the configuration they make.

use std::sync::Arc;

use riser_calendar::ScheduleRule;
use riser_domain::{RunMode, Timestamp};
use riser_runtime::{
    AccountDraft, ClassDescription, ConfigurationDraft, ConnectionDescription, ConnectionDraft,
    EwsServerDraft, FieldPath, FormDraftError, Identity, LibraryDescription, ProcessorDraft, ScheduleDraft,
    SecretInput,
};
use riser_secrets::random_password;
use riser_store::Configuration;
use secrecy::{ExposeSecret as _, SecretString};

use super::step::{MEMORY_LIMIT, Step};
use crate::form_input::FormInput;
use crate::pages::connection::{free_name, suggested_name};
use crate::pages::error::PageError;
use crate::parts::{ConnectionTest, FormErrors, settings_of};
use crate::running_tests::RunningTest;
use crate::schedule_form::{self, KIND};
use crate::sessions::SignedIn;
use crate::state::PortalState;

/// The field with the plugin's id.
pub(super) const LIBRARY: &str = "library";
/// The field with the class, or [`ALL_CLASSES`].
pub(super) const CLASS: &str = "class";
pub(super) const ALL_CLASSES: &str = "*";
/// The field with the name of an existing connection; empty for a new one.
pub(super) const CONNECTION: &str = "connection.choice";
/// The field with the name of an existing EWS server; empty for a new one.
pub(super) const SERVER: &str = "server.choice";
/// The choice of a schedule for none. A name has no space at its end.
pub(super) const NO_SCHEDULE: &str = "none ";
/// Begins the names of the fields of a new schedule, after the prefix of its class.
pub(super) const NEW_SCHEDULE: &str = "new_schedule.";
/// The account of a new EWS server.
pub(super) const ACCOUNT: &str = "bms";

/// A stored draft with the configuration and the library that it is about.
#[derive(Debug)]
pub(super) struct Wizard<'a> {
    pub(super) portal: &'a PortalState,
    pub(super) id: i64,
    pub(super) input: FormInput,
    pub(super) changed_at: Timestamp,
    pub(super) configuration: Arc<Configuration>,
    pub(super) library: Arc<LibraryDescription>,
    /// The chosen classes.
    pub(super) classes: Vec<ClassDescription>,
}

/// Returns the prefix of the fields of a class.
pub(super) fn prefix_of(class: &ClassDescription) -> String {
    format!("processor.{}.", class.id)
}

/// Returns whether all classes of a library can be added at once: there is more than one, and at most one connection
/// serves them all.
pub(super) fn can_add_all(library: &LibraryDescription) -> bool {
    let mut kinds: Vec<&String> =
        library.classes.iter().filter_map(|class| class.connection.as_ref()).collect();
    kinds.dedup();
    library.classes.len() > 1 && kinds.len() <= 1
}

/// Returns the chosen classes in the order of the library; empty if the library has no such class.
pub(super) fn chosen_classes(library: &LibraryDescription, choice: &str) -> Vec<ClassDescription> {
    let is_all = choice == ALL_CLASSES && can_add_all(library);
    library.classes.iter().filter(|class| is_all || class.id == choice).cloned().collect()
}

pub(super) fn library(portal: &PortalState, id: &str) -> Option<Arc<LibraryDescription>> {
    let libraries = portal.runtime().libraries();
    libraries.into_iter().map(|library| library.description).find(|library| library.id == id)
}

/// Stores the input of a draft.
pub(super) async fn store(
    portal: &PortalState,
    signed_in: &SignedIn,
    id: Option<i64>,
    (title, input): (&str, &FormInput),
) -> Result<i64, PageError> {
    let json = serde_json::to_string(input).map_err(|_| PageError::Broken)?;
    let saved =
        portal.runtime().save_form_draft(signed_in.user, id, (title, &SecretString::from(json))).await;
    saved.map_err(|error| match error {
        FormDraftError::Store(error) => error.into(),
        error @ (FormDraftError::Secret(_) | FormDraftError::Random(_)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a draft was not stored");
            PageError::Refused(error.to_string())
        }
    })
}

impl<'a> Wizard<'a> {
    pub(super) async fn load(
        portal: &'a PortalState,
        signed_in: &SignedIn,
        id: i64,
    ) -> Result<Self, PageError> {
        let drafts = portal.runtime().form_drafts(signed_in.user).await?;
        let draft = drafts.into_iter().find(|draft| draft.id == id).ok_or(PageError::NoSuchPage)?;
        let input: FormInput =
            serde_json::from_str(draft.input.expose_secret()).map_err(|_| PageError::NoSuchPage)?;
        let plugin = input.text(LIBRARY);
        let library = library(portal, plugin).ok_or_else(|| {
            PageError::Refused(format!(
                "the library of the plugin {plugin} is no longer loaded; the unfinished addition is kept"
            ))
        })?;
        let classes = chosen_classes(&library, input.text(CLASS));
        let configuration = portal.runtime().configuration();
        let mut wizard =
            Self { portal, id, input, changed_at: draft.changed_at, configuration, library, classes };
        wizard.fill_in();
        Ok(wizard)
    }

    pub(super) async fn save(&self, signed_in: &SignedIn) -> Result<(), PageError> {
        store(self.portal, signed_in, Some(self.id), (&self.title(), &self.input)).await.map(drop)
    }

    /// Returns the names of the processors.
    pub(super) fn title(&self) -> String {
        let names: Vec<&str> =
            self.classes.iter().map(|class| self.input.text(&format!("{}name", prefix_of(class)))).collect();
        names.join(", ")
    }

    /// Returns the kind of connection that the classes need.
    pub(super) fn connection_kind(&self) -> Option<&ConnectionDescription> {
        let kind = self.classes.iter().find_map(|class| class.connection.as_ref())?;
        self.library.connection(kind)
    }

    /// Returns the names of the existing connections of that kind.
    pub(super) fn connections(&self) -> Vec<&str> {
        let Some(described) = self.connection_kind() else { return Vec::new() };
        let fits = |kind: &str| kind == described.kind;
        self.configuration.connections.iter().filter(|it| fits(&it.kind)).map(|it| it.name.as_str()).collect()
    }

    pub(super) fn servers(&self) -> Vec<&str> {
        self.configuration.ews_servers.iter().map(|server| server.name.as_str()).collect()
    }

    pub(super) fn schedules(&self) -> Vec<&str> {
        self.configuration.schedules.iter().map(|schedule| schedule.name.as_str()).collect()
    }

    pub(super) fn has_new_connection(&self) -> bool {
        self.connection_kind().is_some() && !self.connections().contains(&self.input.text(CONNECTION))
    }

    pub(super) fn has_new_server(&self) -> bool {
        !self.servers().contains(&self.input.text(SERVER))
    }

    /// Fills in what most people choose.
    fn fill_in(&mut self) {
        for class in self.classes.clone() {
            let prefix = prefix_of(&class);
            let is_taken = |name: &str| self.configuration.processors.iter().any(|known| known.name == name);
            let name = free_name(&class.name, is_taken);
            self.input.set_if_missing(format!("{prefix}name"), name);
            for flag in
                ["active", "runs_at_start", "runs_on_schedule", "manually_startable", "manually_stoppable"]
            {
                self.input.set_if_missing(format!("{prefix}{flag}"), "true");
            }
            if class.mode == RunMode::Scheduled {
                let first = self.schedules().first().copied().unwrap_or_default().to_owned();
                self.input.set_if_missing(format!("{prefix}schedule"), first);
                let is_taken = |name: &str| self.schedules().contains(&name);
                let name = free_name(&format!("{} schedule", class.name), is_taken);
                self.input.set_if_missing(format!("{prefix}new_schedule.name"), name);
                // A day that is not ticked has no field, so the fields are filled in together.
                let rule = format!("{prefix}{NEW_SCHEDULE}");
                if self.input.get(&format!("{rule}{KIND}")).is_none() {
                    for (field, value) in schedule_form::input_of_new().iter() {
                        self.input.set(format!("{rule}{field}"), value);
                    }
                }
            }
        }
        if let Some(kind) = self.connection_kind().map(|described| described.kind.clone()) {
            let first = self.connections().first().copied().unwrap_or_default().to_owned();
            let is_taken = |name: &str| self.configuration.connections.iter().any(|known| known.name == name);
            let name = free_name(&suggested_name(&kind), is_taken);
            self.input.set_if_missing(CONNECTION, first);
            self.input.set_if_missing("connection.name", name);
        }
        let first = self.servers().first().copied().unwrap_or_default().to_owned();
        let is_taken = |name: &str| self.servers().contains(&name);
        let name = free_name("EVCE Ews Server", is_taken);
        self.input.set_if_missing(SERVER, first);
        self.input.set_if_missing("server.name", name);
        self.input.set_if_missing("server.listen", "127.0.0.1:51358");
        self.input.set_if_missing("server.path", riser_domain::EwsServer::DEFAULT_PATH);
        self.input.set_if_missing("server.realm", "Riser");
        self.input.set_if_missing("server.account.name", ACCOUNT);
        self.input.set_if_missing("server.account.password", "");
    }

    /// Generates the password of the new EWS account, if none was typed.
    pub(super) fn generate_password(&mut self) -> Result<(), PageError> {
        if self.has_new_server() && self.input.get("server.account.password").is_none_or(str::is_empty) {
            let password = random_password().map_err(|error| {
                tracing::error!(error = &error as &dyn std::error::Error, "no password was generated");
                PageError::Broken
            })?;
            self.input.set("server.account.password", password.expose_secret());
        }
        Ok(())
    }

    /// Returns the draft of the configuration.
    pub(super) fn draft(&self) -> ConfigurationDraft {
        let mut draft = ConfigurationDraft {
            base_version: Some(self.configuration.version),
            ..ConfigurationDraft::default()
        };
        let (is_new_connection, is_new_server) = (self.has_new_connection(), self.has_new_server());
        let connection = self.connection_name();
        let server = self.server_name();
        if is_new_connection {
            draft.connections.push(self.connection_draft());
        }
        if is_new_server {
            draft.ews_servers.push(self.server_draft());
        }
        for class in &self.classes {
            let prefix = prefix_of(class);
            let text = |field: &str| self.input.text(&format!("{prefix}{field}")).to_owned();
            let flag = |field: &str| Some(self.input.is_on(&format!("{prefix}{field}")));
            let is_scheduled = class.mode == RunMode::Scheduled;
            let new_schedule = self.new_schedule(class);
            let schedule = match &new_schedule {
                Some(schedule) => schedule.identity.name.clone(),
                None if self.has_no_schedule(class) => String::new(),
                None => text("schedule"),
            };
            let is_known = |it: &ScheduleDraft| {
                new_schedule
                    .as_ref()
                    .is_some_and(|new| it.identity.name == new.identity.name && it.rule == new.rule)
            };
            if let Some(schedule) = new_schedule.clone()
                && !draft.schedules.iter().any(is_known)
            {
                draft.schedules.push(schedule);
            }
            draft.processors.push(ProcessorDraft {
                identity: Identity::named(text("name")),
                class: Some(format!("{}/{}", self.library.id, class.id)),
                connection: class.connection.as_ref().map(|_| connection.clone()),
                ews_server: Some(server.clone()),
                schedule: is_scheduled.then_some(schedule),
                active: flag("active"),
                runs_at_start: flag("runs_at_start"),
                runs_on_schedule: if is_scheduled { flag("runs_on_schedule") } else { None },
                manually_startable: flag("manually_startable"),
                manually_stoppable: flag("manually_stoppable"),
                memory_limit_mib: text(MEMORY_LIMIT).parse().ok(),
                settings: Some(settings_of(&class.settings, &prefix, &self.input, &[])),
            });
        }
        draft
    }

    /// Returns the draft of the connection; without settings for an existing one.
    fn connection_draft(&self) -> ConnectionDraft {
        let described = self.connection_kind().filter(|_| self.has_new_connection());
        ConnectionDraft {
            identity: Identity::named(self.connection_name()),
            kind: described.map(|described| described.kind.clone()),
            settings: described.map(|it| settings_of(&it.settings, "connection.", &self.input, &[])),
        }
    }

    /// Tests the connection as it is in the form. Returns the errors of its fields if it cannot be tested.
    pub(super) async fn test_connection(&self, running: RunningTest) -> (FormErrors, Option<ConnectionTest>) {
        let action = Step::Connection.address(self.id);
        let schema = self.connection_kind().map(|described| &described.settings);
        let form = (action.as_str(), schema, "connection.");
        match ConnectionTest::run(self.portal, running, &self.connection_draft(), form).await {
            Ok(tested) => (FormErrors::default(), Some(tested)),
            Err(error) => (FormErrors::of_draft(&error, &self.objects()), None),
        }
    }

    pub(super) fn connection_name(&self) -> String {
        let field = if self.has_new_connection() { "connection.name" } else { CONNECTION };
        self.input.text(field).to_owned()
    }

    pub(super) fn server_name(&self) -> String {
        let field = if self.has_new_server() { "server.name" } else { SERVER };
        self.input.text(field).to_owned()
    }

    /// Returns the schedule that is to be created for a class.
    pub(super) fn new_schedule(&self, class: &ClassDescription) -> Option<ScheduleDraft> {
        let prefix = prefix_of(class);
        let choice = self.input.get(&format!("{prefix}schedule")).unwrap_or_default();
        let is_new = class.mode == RunMode::Scheduled && choice.is_empty();
        is_new.then(|| ScheduleDraft {
            identity: Identity::named(self.input.text(&format!("{prefix}new_schedule.name"))),
            rule: self.new_rule(class).ok().map(|rule| rule.to_string()),
        })
    }

    /// Returns the rule of the schedule that is to be created for a class.
    ///
    /// # Errors
    /// The errors of the fields, without their prefix.
    pub(super) fn new_rule(&self, class: &ClassDescription) -> Result<ScheduleRule, FormErrors> {
        let fields = self.input.below(&format!("{}{NEW_SCHEDULE}", prefix_of(class)));
        schedule_form::rule_of(&fields, &self.portal.runtime().zone())
    }

    fn has_no_schedule(&self, class: &ClassDescription) -> bool {
        self.input.get(&format!("{}schedule", prefix_of(class))) == Some(NO_SCHEDULE)
    }

    fn server_draft(&self) -> EwsServerDraft {
        let text = |field: &str| Some(self.input.text(field).to_owned());
        let password = self.input.get("server.account.password").unwrap_or_default();
        EwsServerDraft {
            identity: Identity::named(self.server_name()),
            listen: text("server.listen"),
            path: text("server.path"),
            realm: text("server.realm"),
            accounts: vec![AccountDraft {
                identity: Identity::named(self.input.text("server.account.name")),
                rights: Some("read-write".to_owned()),
                password: (!password.is_empty()).then(|| SecretInput::Value(password.into())),
            }],
            ..EwsServerDraft::default()
        }
    }

    /// Returns the objects of the draft, with the prefixes of their fields.
    pub(super) fn objects(&self) -> Vec<(FieldPath, String)> {
        let path = FieldPath::default();
        let server = path.object("ews_server", &self.server_name());
        let account = server.object("account", self.input.text("server.account.name"));
        let connection = path.object("connection", &self.connection_name());
        let mut objects = vec![
            (account, "server.account.".to_owned()),
            (server, "server.".to_owned()),
            (connection, "connection.".to_owned()),
        ];
        for class in &self.classes {
            let prefix = prefix_of(class);
            let name = self.input.text(&format!("{prefix}name"));
            objects.push((path.object("processor", name), prefix.clone()));
            if let Some(schedule) = self.new_schedule(class) {
                let schedule = path.object("schedule", &schedule.identity.name);
                objects.push((schedule, format!("{prefix}new_schedule.")));
            }
        }
        objects
    }

    /// Checks the draft. Returns the lines of the plan, or all errors by their fields.
    pub(super) async fn check(&self) -> Result<Vec<String>, FormErrors> {
        let mut errors = self.own_errors();
        // Without a rule that can be used, the draft has none, and the fields of the rule say why.
        let is_said = |name: &str| name.ends_with("new_schedule.rule") && !errors.is_empty();
        match self.portal.runtime().plan(&self.draft()).await {
            Ok(plan) if errors.is_empty() => Ok(plan.lines.into_iter().map(|line| line.text).collect()),
            Ok(_) => Err(errors),
            Err(error) => {
                let others = FormErrors::of_draft(&error, &self.objects()).only(|name| !is_said(name));
                errors.extend(others);
                Err(errors)
            }
        }
    }

    /// Stores the configuration.
    pub(super) async fn create(&self, signed_in: &SignedIn) -> Result<(), FormErrors> {
        let errors = self.own_errors();
        if !errors.is_empty() {
            return Err(errors);
        }
        let created = self.portal.runtime().configure(self.draft(), signed_in.actor()).await;
        created.map(drop).map_err(|error| FormErrors::of_draft(&error, &self.objects()))
    }

    /// Starts the new processors that do not start by themselves.
    pub(super) async fn start(&self, signed_in: &SignedIn) {
        let configuration = self.portal.runtime().configuration();
        for processor in self.draft().processors {
            let starts_itself = processor.runs_at_start == Some(true) || processor.active == Some(false);
            let stored = configuration.processors.iter().find(|it| it.name == processor.identity.name);
            if let Some(stored) = stored.filter(|_| !starts_itself)
                && let Err(refusal) = self.portal.runtime().start_by_hand(stored.id, &signed_in.actor()).await
            {
                tracing::info!("{} was not started: {refusal}", stored.name);
            }
        }
    }

    /// Returns the errors that a draft of the configuration cannot express.
    fn own_errors(&self) -> FormErrors {
        let mut errors = self.taken_names();
        for class in &self.classes {
            let field = format!("{}{MEMORY_LIMIT}", prefix_of(class));
            let limit = self.input.text(&field);
            if !limit.is_empty() && limit.parse::<u32>().is_err() {
                errors.add(field, "takes a whole number of MiB, such as 256");
            }
            if self.new_schedule(class).is_some()
                && let Err(refused) = self.new_rule(class)
            {
                for (field, message) in refused.iter() {
                    errors.add(format!("{}{NEW_SCHEDULE}{field}", prefix_of(class)), message);
                }
            }
        }
        errors
    }

    /// A draft with the name of a stored object would change that object.
    fn taken_names(&self) -> FormErrors {
        let mut errors = FormErrors::default();
        let taken = |name: &str| format!("{name:?} is taken; choose another name");
        let configuration = &self.configuration;
        let draft = self.draft();
        for connection in &draft.connections {
            let name = &connection.identity.name;
            if configuration.connections.iter().any(|known| known.name == *name) {
                errors.add("connection.name", taken(name));
            }
        }
        for server in &draft.ews_servers {
            let name = &server.identity.name;
            if configuration.ews_servers.iter().any(|known| known.name == *name) {
                errors.add("server.name", taken(name));
            }
        }
        for class in &self.classes {
            let prefix = prefix_of(class);
            let name = self.input.text(&format!("{prefix}name"));
            if configuration.processors.iter().any(|known| known.name == name) {
                errors.add(format!("{prefix}name"), taken(name));
            }
            let schedule = self.new_schedule(class).map(|schedule| schedule.identity.name);
            if let Some(schedule) = schedule
                && configuration.schedules.iter().any(|known| known.name == schedule)
            {
                errors.add(format!("{prefix}new_schedule.name"), taken(&schedule));
            }
        }
        errors
    }
}
