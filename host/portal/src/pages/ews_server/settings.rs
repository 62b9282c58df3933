//! The settings of an EWS server: a stored one, or a new one.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use riser_domain::{DigestAlgorithm, EwsServer};
use riser_runtime::{ConfigurationDraft, EwsServerDraft, FieldPath, Identity};
use riser_store::Configuration;

use super::overview::algorithm_words;
use super::{Done, Frame, Shown, Tab};
use crate::form::{Form, PathOf, QueryOf};
use crate::form_input::{FormInput, STATE};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::connection::free_name;
use crate::pages::error::PageError;
use crate::parts::{FieldDescription, FieldKind, FormErrors, FormFields, Icon};
use crate::sessions::{Admin, SignedIn};
use crate::state::PortalState;

const NAME: &str = "name";
const LISTEN: &str = "listen";
const PATH: &str = "path";
const REALM: &str = "realm";
const PUBLIC_URL: &str = "public_url";
const CERTIFICATE: &str = "certificate";
const KEY: &str = "key";
const PAGE_SIZE: &str = "page_size_items";
const DIGEST: &str = "digest";

/// The orders in which a server offers the algorithms of HTTP Digest.
const DIGEST_ORDERS: [&[DigestAlgorithm]; 4] = [
    &[DigestAlgorithm::Sha256, DigestAlgorithm::Md5],
    &[DigestAlgorithm::Sha256],
    &[DigestAlgorithm::Md5, DigestAlgorithm::Sha256],
    &[DigestAlgorithm::Md5],
];

/// The settings of a stored EWS server.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/ews_server/settings.html")]
pub(crate) struct SettingsPage {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) state: String,
    pub(crate) fields: FormFields,
}

/// The form of a new EWS server.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/ews_server/add.html")]
pub(crate) struct AddPage {
    pub(crate) layout: PageLayout,
    pub(crate) fields: FormFields,
}

/// `GET /ews-servers/{id}/edit`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    QueryOf(done): QueryOf<Done>,
) -> Result<Page<SettingsPage>, PageError> {
    let shown = Shown::find(&portal, id)?;
    let mut input = input_of(&shown.server);
    input.set(STATE, input.state(""));
    Ok(Page(page(&shown, signed_in, &input, (&FormErrors::default(), done.notice()))))
}

/// `POST /ews-servers/{id}/edit`
pub(crate) async fn save(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    Form(mut input): Form<FormInput>,
) -> Result<Response, PageError> {
    let shown = Shown::find(&portal, id)?;
    let stored = input_of(&shown.server);
    let state = stored.state("");
    let errors = if input.text(STATE) == state {
        match store(&portal, &signed_in, (&shown.whole, Some(&shown.server)), &input).await {
            Ok(has_changed) => {
                let done = if has_changed { "yes" } else { "same" };
                return Ok(Redirect::to(&format!("/ews-servers/{id}?saved={done}")).into_response());
            }
            Err(errors) => errors,
        }
    } else {
        input.set(STATE, state);
        conflict(&stored, &input)
    };
    Ok(Page(page(&shown, signed_in, &input, (&errors, None))).into_response())
}

/// `GET /ews-servers/add`
pub(crate) async fn show_new(State(portal): State<PortalState>, Admin(signed_in): Admin) -> Page<AddPage> {
    Page(add_page(&portal, signed_in, &new_input(&portal), &FormErrors::default()))
}

/// `POST /ews-servers/add`
pub(crate) async fn add(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    Form(input): Form<FormInput>,
) -> Result<Response, PageError> {
    let whole = portal.runtime().configuration();
    match store(&portal, &signed_in, (&whole, None), &input).await {
        Ok(_) => {
            let whole = portal.runtime().configuration();
            let added = whole.ews_servers.iter().find(|server| server.name == input.text(NAME));
            let id = added.ok_or(PageError::NoSuchPage)?.id.0;
            Ok(Redirect::to(&format!("/ews-servers/{id}/accounts?saved=added")).into_response())
        }
        Err(errors) => Ok(Page(add_page(&portal, signed_in, &input, &errors)).into_response()),
    }
}

/// Stores the input of a form, unless the configuration changed after `whole` and `stored` were read. Returns whether
/// anything changed.
async fn store(
    portal: &PortalState,
    signed_in: &SignedIn,
    (whole, stored): (&Configuration, Option<&EwsServer>),
    input: &FormInput,
) -> Result<bool, FormErrors> {
    let runtime = portal.runtime();
    let name = input.text(NAME);
    let mut errors = FormErrors::default();
    let is_new_name = stored.is_none_or(|stored| stored.name != name);
    if is_new_name && whole.ews_servers.iter().any(|server| server.name == name) {
        errors.add(NAME, format!("{name:?} is the name of another EWS server; choose another one"));
    }
    let draft = match draft_of(stored, input) {
        Ok(draft) => Some(draft),
        Err(error) => {
            errors.add(PAGE_SIZE, error);
            None
        }
    };
    let is_moved = stored.is_none_or(|stored| stored.listen != input.text(LISTEN));
    if is_moved
        && let Some(obstacle) = runtime.ews_address_obstacle(stored.map(|it| it.id), input.text(LISTEN)).await
    {
        errors.add(LISTEN, obstacle);
    }
    let Some(draft) = draft.filter(|_| errors.is_empty()) else { return Err(errors) };
    let path = FieldPath::default().object("ews_server", name);
    let draft = ConfigurationDraft {
        base_version: Some(whole.version),
        ews_servers: vec![draft],
        ..ConfigurationDraft::default()
    };
    match runtime.configure(draft, signed_in.actor()).await {
        Ok(configured) => Ok(!configured.plan.lines.is_empty()),
        Err(error) => Err(FormErrors::of_draft(&error, &[(path, String::new())])),
    }
}

/// Returns the draft of a form, or why its page size cannot be read.
fn draft_of(stored: Option<&EwsServer>, input: &FormInput) -> Result<EwsServerDraft, String> {
    let text = |name: &str| Some(input.text(name).to_owned());
    let name = input.text(NAME).to_owned();
    let page_size_items = match input.text(PAGE_SIZE) {
        "" => EwsServer::DEFAULT_PAGE_SIZE_ITEMS,
        size => size.parse().map_err(|_| format!("{size:?} is not a whole number of items"))?,
    };
    Ok(EwsServerDraft {
        identity: Identity {
            renamed_from: stored.map(|stored| stored.name.clone()).filter(|old| *old != name),
            ..Identity::named(name)
        },
        listen: text(LISTEN),
        path: text(PATH),
        realm: text(REALM),
        public_url: text(PUBLIC_URL),
        certificate: text(CERTIFICATE),
        key: text(KEY),
        page_size_items: Some(page_size_items),
        digest: Some(input.text(DIGEST).split_whitespace().map(ToOwned::to_owned).collect()),
        accounts: Vec::new(),
    })
}

/// Returns an error for the form, and one for each field that somebody else changed after the form was drawn.
fn conflict(stored: &FormInput, input: &FormInput) -> FormErrors {
    let mut errors = FormErrors::default();
    errors.add(
        "",
        "somebody else changed this EWS server meanwhile. Your input is below; save again to replace theirs",
    );
    errors.add_changed(&descriptions(), stored, input);
    errors
}

fn input_of(server: &EwsServer) -> FormInput {
    let tls = server.tls.as_ref();
    let size = server.page_size_items.to_string();
    let digest = digest_value(&server.digest_order);
    FormInput::from([
        (NAME, server.name.as_str()),
        (LISTEN, &server.listen),
        (PATH, &server.path),
        (REALM, &server.realm),
        (PUBLIC_URL, server.public_url.as_deref().unwrap_or_default()),
        (CERTIFICATE, tls.map_or("", |tls| &tls.certificate)),
        (KEY, tls.map_or("", |tls| &tls.key)),
        (PAGE_SIZE, &size),
        (DIGEST, &digest),
    ])
}

/// Returns the input of a new server: another path on the address of the first one, or the default address.
fn new_input(portal: &PortalState) -> FormInput {
    let servers = &portal.runtime().configuration().ews_servers;
    let mut input = FormInput::default();
    input.set(NAME, free_name("EWS Server", |name| servers.iter().any(|server| server.name == name)));
    if let Some(first) = servers.first() {
        let is_taken =
            |path: &str| servers.iter().any(|server| server.path == path && server.listen == first.listen);
        // One of these is free.
        let number =
            (2..=servers.len() + 2).find(|number| !is_taken(&format!("{}{number}", EwsServer::DEFAULT_PATH)));
        input.set(LISTEN, &first.listen);
        input.set(PATH, format!("{}{}", EwsServer::DEFAULT_PATH, number.unwrap_or(2)));
        if let Some(tls) = &first.tls {
            input.set(CERTIFICATE, &tls.certificate);
            input.set(KEY, &tls.key);
        }
    }
    input
}

fn descriptions() -> Vec<FieldDescription> {
    let text = |name, label| FieldDescription::new(name, label, FieldKind::Text);
    let orders = DIGEST_ORDERS.iter().map(|order| (digest_value(order), algorithm_words(order))).collect();
    vec![
        text(NAME, "Name").required().help("The name of the root folder in the BMS."),
        text(LISTEN, "Listen address").required().default("0.0.0.0:51358").help(
            "Address and port on this machine. 0.0.0.0 is all addresses, 127.0.0.1 this machine only. Several \
             servers can share one listen address with different paths.",
        ),
        text(PATH, "Path")
            .required()
            .default(EwsServer::DEFAULT_PATH)
            .help("Case-sensitive. The BMS requests exactly this path."),
        text(REALM, "Realm")
            .required()
            .default("Riser")
            .help("Part of every login by HTTP Digest. After a change, clients log in again by themselves."),
        FieldDescription::new(PUBLIC_URL, "Public URL", FieldKind::Address).help(
            "The address that clients use, if it is not the listen address: for example behind a router or a \
             reverse proxy. Empty: the listen address.",
        ),
        FieldDescription::new(DIGEST, "Digest algorithms", FieldKind::Choice(orders))
            .default(digest_value(DIGEST_ORDERS[0]))
            .help("Offered in this order. Older clients know MD5 only, and some take the first one."),
        FieldDescription::new(PAGE_SIZE, "Page size", FieldKind::WholeNumber)
            .unit("items")
            .default(EwsServer::DEFAULT_PAGE_SIZE_ITEMS.to_string())
            .help("Most items in one response; at least 100. Smaller pages help clients with a small receive limit."),
        text(CERTIFICATE, "Certificate file")
            .help("Absolute path of a PEM file on this machine: the certificate, then those of its issuers. Empty: HTTP."),
        text(KEY, "Key file").help("Absolute path of the PEM file with the private key. Riser reads renewed files by itself."),
    ]
}

fn digest_value(order: &[DigestAlgorithm]) -> String {
    let names: Vec<&str> = order.iter().map(|algorithm| algorithm.as_str()).collect();
    names.join(" ")
}

fn page(
    shown: &Shown<'_>,
    signed_in: SignedIn,
    input: &FormInput,
    (errors, notice): (&FormErrors, Option<&'static str>),
) -> SettingsPage {
    SettingsPage {
        frame: shown.frame(Tab::Settings, &signed_in.context.user, notice),
        state: input.text(STATE).to_owned(),
        fields: FormFields::new(&descriptions(), input, errors),
        layout: shown.layout(signed_in),
    }
}

fn add_page(portal: &PortalState, signed_in: SignedIn, input: &FormInput, errors: &FormErrors) -> AddPage {
    AddPage {
        fields: FormFields::new(&descriptions(), input, errors),
        layout: PageLayout::new(
            MenuEntry::EwsServers,
            &portal.site_name(),
            signed_in.context,
            &portal.system_status(),
            &portal.times_of_page(),
        ),
    }
}

/// Returns the fields of the form with a name, for examples.
#[cfg(test)]
pub(crate) fn example_fields(name: &str, errors: &FormErrors) -> FormFields {
    let mut input = FormInput::default();
    input.set(NAME, name);
    FormFields::new(&descriptions(), &input, errors)
}
