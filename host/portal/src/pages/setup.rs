//! The set-up of a new installation: the code, the administrator, the site, and the first EWS server.

use std::net::IpAddr;

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;
use riser_calendar::ZoneDatabase;
use riser_domain::{Actor, EwsServer, Problem, Role};
use riser_runtime::{
    AccountDraft, ConfigurationDraft, ConfigureError, Configured, EwsServerDraft, FieldError, FieldPath,
    Identity, SecretInput, SiteDraft, UserDraft,
};
use riser_secrets::random_password;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::form::{OpenForm, secret};
use crate::page::Page;
use crate::pages::error::PageError;
use crate::parts::{Icon, capitalised};
use crate::server::PeerAddress;
use crate::sessions::SignInRefusal;
use crate::state::PortalState;
use crate::theme::Theme;

/// The page after the set-up.
const NEXT_PAGE: &str = "/processors/add";
/// Codes of problems about quarantined files begin with this.
const QUARANTINED: &str = "quarantined-";

/// The set-up page.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/setup.html")]
pub(crate) struct SetupPage {
    pub(crate) version: &'static str,
    pub(crate) theme: Option<Theme>,
    pub(crate) machine_name: String,
    pub(crate) code_file: String,
    pub(crate) zones: Vec<String>,
    /// No EWS server is configured yet.
    pub(crate) offers_ews_server: bool,
    /// Its passwords are not shown.
    pub(crate) form: SetupForm,
    /// By the name of the field; an empty name is the whole form.
    pub(crate) errors: Vec<(&'static str, String)>,
    /// Why the data of an earlier installation is not in use.
    pub(crate) lost: Vec<Problem>,
}

/// The page after the set-up, with the password for the BMS.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/setup_done.html")]
pub(crate) struct SetupDonePage {
    pub(crate) version: &'static str,
    pub(crate) theme: Option<Theme>,
    pub(crate) site_name: String,
    pub(crate) ews_name: String,
    pub(crate) address: String,
    pub(crate) realm: String,
    pub(crate) account: String,
    pub(crate) password: String,
    /// Why the server does not listen yet.
    pub(crate) problem: Option<String>,
    pub(crate) next: &'static str,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SetupForm {
    pub(crate) code: String,
    pub(crate) name: String,
    #[serde(deserialize_with = "secret")]
    pub(crate) password: SecretString,
    #[serde(deserialize_with = "secret")]
    pub(crate) password_again: SecretString,
    /// The reference of a password that was typed already.
    pub(crate) kept_password: String,
    pub(crate) site_name: String,
    pub(crate) time_zone: String,
    pub(crate) adds_ews_server: bool,
    pub(crate) ews_name: String,
    pub(crate) ews_listen: String,
    pub(crate) ews_path: String,
    pub(crate) ews_realm: String,
    pub(crate) ews_account: String,
}

impl SetupForm {
    /// Returns the form as it is first shown.
    fn prefilled(portal: &PortalState) -> Self {
        Self {
            name: "admin".to_owned(),
            site_name: portal.runtime().site().name.unwrap_or_default(),
            time_zone: portal.runtime().zone().name().to_owned(),
            adds_ews_server: offers_ews_server(portal),
            ews_name: "EVCE Ews Server".to_owned(),
            ews_listen: "127.0.0.1:51358".to_owned(),
            ews_path: EwsServer::DEFAULT_PATH.to_owned(),
            ews_realm: "Riser".to_owned(),
            ews_account: "bms".to_owned(),
            ..Self::default()
        }
    }

    /// Returns the field of an error in the draft.
    fn field_of(&self, path: &FieldPath) -> &'static str {
        let root = FieldPath::default();
        let (user, site) = (root.object("user", &self.name), root.key("site"));
        let server = root.object("ews_server", &self.ews_name);
        let account = server.object("account", &self.ews_account);
        let fields = [
            (user.key("name"), "name"),
            (user, "name"),
            (site.key("name"), "site_name"),
            (site.key("time_zone"), "time_zone"),
            (server.key("listen"), "ews_listen"),
            (server.key("path"), "ews_path"),
            (server.key("realm"), "ews_realm"),
            (account.key("name"), "ews_account"),
            (account, "ews_account"),
            (server.key("name"), "ews_name"),
            (server, "ews_listen"),
        ];
        fields.iter().find(|(known, _)| known == path).map_or("", |(_, field)| field)
    }
}

/// The errors of a form, by the names of its fields.
type Errors = Vec<(&'static str, String)>;

impl SetupPage {
    pub(crate) fn new(portal: &PortalState, headers: &HeaderMap, form: SetupForm, errors: Errors) -> Self {
        let mut zones = ZoneDatabase::current().places();
        if !zones.contains(&form.time_zone) {
            zones.insert(0, form.time_zone.clone());
        }
        let facts = portal.runtime().host_facts();
        Self {
            version: facts.version,
            theme: Theme::of_request(headers),
            machine_name: portal.machine_name().to_owned(),
            code_file: format!("{}/setup-code", facts.data_dir),
            zones,
            offers_ews_server: offers_ews_server(portal),
            form,
            errors,
            lost: lost_data(portal),
        }
    }

    fn has_ews_error(&self) -> bool {
        self.errors.iter().any(|(field, _)| field.starts_with("ews_"))
    }

    /// Returns the errors of a field, as one text.
    fn error(&self, field: &str) -> Option<String> {
        let found: Vec<String> = self
            .errors
            .iter()
            .filter(|(at, _)| *at == field)
            .map(|(_, message)| capitalised(message))
            .collect();
        (!found.is_empty()).then(|| found.join(". "))
    }
}

/// Returns the problems of database files that the start quarantined, as sentences.
fn lost_data(portal: &PortalState) -> Vec<Problem> {
    let problems = portal.runtime().problems().into_iter().map(|raised| raised.problem);
    problems
        .filter(|problem| problem.code.starts_with(QUARANTINED))
        .map(|problem| Problem {
            what: capitalised(&problem.what),
            effect: capitalised(&problem.effect),
            remedy: capitalised(&problem.remedy),
            ..problem
        })
        .collect()
}

fn offers_ews_server(portal: &PortalState) -> bool {
    portal.runtime().ews_servers().is_empty()
}

/// Refuses everything once somebody has an account: the address is as unknown as any other.
async fn require_open(portal: &PortalState) -> Result<(), PageError> {
    if portal.first_run().is_open(portal.runtime().store()).await? {
        Ok(())
    } else {
        Err(PageError::NoSuchPage)
    }
}

/// `GET /setup`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    headers: HeaderMap,
) -> Result<Page<SetupPage>, PageError> {
    require_open(&portal).await?;
    Ok(Page(SetupPage::new(&portal, &headers, SetupForm::prefilled(&portal), Vec::new())))
}

/// Any other method.
pub(crate) async fn refuse_method(State(portal): State<PortalState>) -> PageError {
    match require_open(&portal).await {
        Ok(()) => PageError::WrongMethod,
        Err(error) => error,
    }
}

/// `POST /setup`
pub(crate) async fn set_up(
    State(portal): State<PortalState>,
    Extension(PeerAddress(peer)): Extension<PeerAddress>,
    headers: HeaderMap,
    form: Result<OpenForm<SetupForm>, PageError>,
) -> Result<Response, PageError> {
    require_open(&portal).await?;
    let OpenForm(mut form) = form?;
    for text in [&mut form.name, &mut form.site_name, &mut form.ews_name, &mut form.ews_account] {
        *text = text.trim().to_owned();
    }
    let typed = typed_password(&portal, &form);
    let outcome = match check_code(&portal, &form, peer.ip()) {
        Ok(()) => create(&portal, &form, &typed).await?,
        Err((status, message)) => Err((status, vec![("code", message)])),
    };
    match outcome {
        Ok(created) => finish(&portal, &headers, form, created, peer.ip()).await,
        Err((status, errors)) => {
            form.kept_password = match typed {
                Ok(password) if !password.expose_secret().is_empty() => {
                    portal.first_run().keep_password(password).map_err(|_| PageError::Broken)?
                }
                _ => String::new(),
            };
            Ok((status, Page(SetupPage::new(&portal, &headers, form, errors))).into_response())
        }
    }
}

/// Returns the typed password, or the one that was typed before.
fn typed_password(portal: &PortalState, form: &SetupForm) -> Result<SecretString, String> {
    let (password, again) = (form.password.expose_secret(), form.password_again.expose_secret());
    if password.is_empty() && again.is_empty() {
        return Ok(portal.first_run().kept_password(&form.kept_password).unwrap_or_default());
    }
    if password == again { Ok(form.password.clone()) } else { Err("the two passwords differ".to_owned()) }
}

fn check_code(portal: &PortalState, form: &SetupForm, address: IpAddr) -> Result<(), (StatusCode, String)> {
    let sessions = portal.sessions();
    let pause = match sessions.count_setup_attempt(address) {
        Ok(pause) => pause,
        Err(SignInRefusal::TooSoon { retry_after_s } | SignInRefusal::NoMatch { retry_after_s }) => {
            let message =
                format!("too many attempts, so the code was not checked. Try again in {retry_after_s} s");
            return Err((StatusCode::TOO_MANY_REQUESTS, message));
        }
    };
    if portal.first_run().is_code(&form.code) {
        sessions.forget_setup_attempts(address);
        return Ok(());
    }
    tracing::warn!(client.address = %address, "a wrong set-up code was refused");
    let again = if pause.is_zero() { String::new() } else { format!(" in {} s", pause.as_secs()) };
    let message = format!(
        "this is not the code of this start. Riser makes a new one at each start; look at the end of the log and try \
         again{again}"
    );
    Err((StatusCode::FORBIDDEN, message))
}

/// The result of the set-up.
struct Created {
    configured: Configured,
    /// `None` without an EWS server.
    ews_password: Option<SecretString>,
}

/// Creates the administrator and everything else in one change of the configuration.
async fn create(
    portal: &PortalState,
    form: &SetupForm,
    password: &Result<SecretString, String>,
) -> Result<Result<Created, (StatusCode, Errors)>, PageError> {
    let mut errors = Vec::new();
    let hash = match password {
        Err(message) => Err(message.clone()),
        Ok(password) if password.expose_secret().is_empty() => Err("choose a password".to_owned()),
        Ok(password) => {
            portal.sessions().hash_new_password(password.clone()).await.map_err(|error| error.to_string())
        }
    };
    let password_hash = hash.unwrap_or_else(|message| {
        errors.push(("password", message));
        SecretString::default()
    });
    let adds_ews_server = form.adds_ews_server && offers_ews_server(portal);
    let ews_password = adds_ews_server.then(random_password).transpose().map_err(|_| PageError::Broken)?;
    let mut draft = ConfigurationDraft {
        site: SiteDraft { name: Some(form.site_name.clone()), time_zone: Some(form.time_zone.clone()) },
        ews_servers: ews_password.iter().map(|password| ews_server(form, password)).collect(),
        users: vec![UserDraft {
            identity: Identity::named(&form.name),
            role: Some(Role::Admin),
            password_hash: Some(password_hash),
        }],
        ..ConfigurationDraft::default()
    };
    // All errors are shown together.
    match portal.runtime().plan(&draft).await {
        Ok(plan) => draft.base_version = Some(plan.version),
        Err(error) => errors.extend(errors_of(&error, form)),
    }
    if adds_ews_server
        && errors.iter().all(|(field, _)| *field != "ews_listen")
        && let Err(error) = TcpListener::bind(&form.ews_listen).await
    {
        let message = format!("{} cannot be used: {error}. Choose another address or port", form.ews_listen);
        errors.push(("ews_listen", message));
    }
    if !errors.is_empty() {
        return Ok(Err((StatusCode::UNPROCESSABLE_ENTITY, errors)));
    }
    let _finishing = portal.first_run().finish().await;
    if !portal.first_run().is_open(portal.runtime().store()).await? {
        let message = "somebody else has just finished the set-up. Sign in at /login".to_owned();
        return Ok(Err((StatusCode::CONFLICT, vec![("", message)])));
    }
    match portal.runtime().configure(draft, Actor::Person(form.name.clone())).await {
        Ok(configured) => {
            portal.first_run().end();
            Ok(Ok(Created { configured, ews_password }))
        }
        Err(error @ ConfigureError::Fields(_)) => {
            Ok(Err((StatusCode::UNPROCESSABLE_ENTITY, errors_of(&error, form))))
        }
        Err(error) => Ok(Err((StatusCode::CONFLICT, errors_of(&error, form)))),
    }
}

fn ews_server(form: &SetupForm, password: &SecretString) -> EwsServerDraft {
    EwsServerDraft {
        identity: Identity::named(&form.ews_name),
        listen: Some(form.ews_listen.trim().to_owned()),
        path: Some(form.ews_path.trim().to_owned()),
        realm: Some(form.ews_realm.trim().to_owned()),
        accounts: vec![AccountDraft {
            identity: Identity::named(&form.ews_account),
            rights: Some("read-write".to_owned()),
            password: Some(SecretInput::Value(password.clone())),
        }],
        ..EwsServerDraft::default()
    }
}

fn errors_of(error: &ConfigureError, form: &SetupForm) -> Errors {
    let of_field = |error: &FieldError| (form.field_of(&error.path), error.message.clone());
    match error {
        ConfigureError::Fields(errors) => errors.iter().map(of_field).collect(),
        other => {
            tracing::error!(error = other as &dyn std::error::Error, "the set-up was not stored");
            vec![("", format!("nothing was stored: {other}"))]
        }
    }
}

/// Signs the administrator in and shows the password for the BMS once.
async fn finish(
    portal: &PortalState,
    headers: &HeaderMap,
    form: SetupForm,
    created: Created,
    address: IpAddr,
) -> Result<Response, PageError> {
    let store = portal.runtime().store();
    let user = store.find_user(&form.name).await?.ok_or(PageError::Broken)?;
    let jar = CookieJar::new().add(portal.sessions().begin(&user, address).await?);
    let Created { configured, ews_password: Some(password) } = created else {
        return Ok((jar, Redirect::to(NEXT_PAGE)).into_response());
    };
    let server = portal.runtime().ews_servers().into_iter().find(|server| server.name == form.ews_name);
    let page = SetupDonePage {
        version: portal.runtime().host_facts().version,
        theme: Theme::of_request(headers),
        site_name: portal.site_name(),
        address: server.map(|server| server.address).unwrap_or_default(),
        ews_name: form.ews_name,
        realm: form.ews_realm,
        account: form.ews_account,
        password: password.expose_secret().to_owned(),
        problem: configured.problems.first().map(|problem| format!("{}. {}", problem.what, problem.remedy)),
        next: NEXT_PAGE,
    };
    Ok((StatusCode::CREATED, jar, Page(page)).into_response())
}
