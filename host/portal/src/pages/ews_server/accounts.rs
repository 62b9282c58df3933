//! The accounts of an EWS server: their list, and the form that adds one.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use riser_domain::{AccountRights, Timestamp};
use riser_runtime::{
    AccountDraft, ConfigurationDraft, ConfigureError, EwsServerDraft, FieldError, Identity, SecretInput,
};
use riser_secrets::random_password;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::overview::rights_words;
use super::{Done, Frame, Shown, Tab};
use crate::form::{Form, PathOf, QueryOf};
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{Icon, capitalised};
use crate::sessions::{Admin, SignedIn};
use crate::state::PortalState;
use crate::wall_time::Age;

/// The accounts of an EWS server.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/ews_server/accounts.html")]
pub(crate) struct AccountsPage {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<AccountRow>,
    pub(crate) rights: Vec<RightsChoice>,
    /// The name as it was typed.
    pub(crate) name: String,
    pub(crate) error: Option<String>,
    pub(crate) new_password: Option<NewPassword>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AccountRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) rights: String,
    /// Nobody can log in without one.
    pub(crate) has_password: bool,
    /// Since Riser started.
    pub(crate) last_request: Option<Age>,
}

/// Rights in a list of choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RightsChoice {
    pub(crate) word: &'static str,
    pub(crate) name: &'static str,
    pub(crate) may: &'static str,
    pub(crate) is_chosen: bool,
}

/// A generated password, which is shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewPassword {
    pub(crate) account: String,
    pub(crate) password: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AddForm {
    name: String,
    rights: String,
}

/// The input and the messages of the page.
#[derive(Debug, Default)]
struct Messages {
    name: String,
    error: Option<String>,
    new_password: Option<NewPassword>,
    notice: Option<&'static str>,
}

/// `GET /ews-servers/{id}/accounts`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    QueryOf(done): QueryOf<Done>,
) -> Result<Page<AccountsPage>, PageError> {
    let shown = Shown::find(&portal, id)?;
    let messages = Messages { notice: done.notice(), ..Messages::default() };
    Ok(Page(page(&shown, signed_in, AccountRights::Read, messages)))
}

/// `POST /ews-servers/{id}/accounts`
pub(crate) async fn add(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    Form(form): Form<AddForm>,
) -> Result<Response, PageError> {
    let shown = Shown::find(&portal, id)?;
    let rights = rights_of(&form.rights)?;
    let name = form.name.trim().to_owned();
    let password = random_password().map_err(|_| PageError::Broken)?;
    let added = if shown.accounts().any(|account| account.name == name) {
        Err(format!("there is already an account {name}"))
    } else {
        let account = AccountDraft {
            identity: Identity::named(&name),
            rights: Some(rights.as_str().to_owned()),
            password: Some(SecretInput::Value(password.clone())),
        };
        store(&shown, &signed_in, account).await
    };
    let (status, messages) = match added {
        Ok(()) => {
            let new_password = Some(NewPassword::new(&name, &password));
            (StatusCode::CREATED, Messages { new_password, ..Messages::default() })
        }
        Err(error) => {
            let messages = Messages { name, error: Some(error), ..Messages::default() };
            (StatusCode::UNPROCESSABLE_ENTITY, messages)
        }
    };
    let shown = Shown::find(&portal, id)?;
    Ok((status, Page(page(&shown, signed_in, rights, messages))).into_response())
}

/// Stores a change of an account. Returns why it was refused, in one sentence.
pub(super) async fn store(
    shown: &Shown<'_>,
    signed_in: &SignedIn,
    account: AccountDraft,
) -> Result<(), String> {
    let server = EwsServerDraft {
        identity: Identity::named(shown.server.name.clone()),
        accounts: vec![account],
        ..EwsServerDraft::default()
    };
    let draft = ConfigurationDraft {
        base_version: Some(shown.whole.version),
        ews_servers: vec![server],
        ..ConfigurationDraft::default()
    };
    shown.portal.runtime().configure(draft, signed_in.actor()).await.map(drop).map_err(|error| match error {
        ConfigureError::Fields(errors) => {
            // Their paths are redundant for one account.
            let messages: Vec<&str> =
                errors.iter().map(|FieldError { message, .. }| message.as_str()).collect();
            messages.join("; ")
        }
        ConfigureError::Stale => {
            "somebody else changed the configuration meanwhile; send it again".to_owned()
        }
        other => {
            tracing::error!(error = &other as &dyn std::error::Error, "an EWS account was not changed");
            format!("nothing was stored: {other}")
        }
    })
}

pub(super) fn rights_of(word: &str) -> Result<AccountRights, PageError> {
    word.parse().map_err(|_| PageError::UnreadableForm)
}

impl NewPassword {
    pub(super) fn new(account: &str, password: &SecretString) -> Self {
        Self { account: account.to_owned(), password: password.expose_secret().to_owned() }
    }
}

impl RightsChoice {
    pub(crate) fn all(chosen: AccountRights) -> Vec<Self> {
        [AccountRights::Read, AccountRights::ReadWrite]
            .into_iter()
            .map(|rights| Self {
                word: rights.as_str(),
                name: match rights {
                    AccountRights::Read => "Read",
                    AccountRights::ReadWrite => "Read and write",
                },
                may: match rights {
                    AccountRights::Read => "reads items and histories",
                    AccountRights::ReadWrite => "also writes set points",
                },
                is_chosen: rights == chosen,
            })
            .collect()
    }
}

/// Returns the rows of all accounts of a server.
pub(super) fn rows(shown: &Shown<'_>) -> Vec<AccountRow> {
    let clients = shown.traffic().clients;
    shown
        .accounts()
        .map(|account| {
            let requests = clients.iter().filter(|client| *client.account == *account.name);
            let last: Option<Timestamp> = requests.map(|client| client.last_request_at).max();
            AccountRow {
                id: account.id.0,
                name: account.name.clone(),
                rights: capitalised(rights_words(account.rights)),
                has_password: account.password.is_some(),
                last_request: last.map(|at| shown.times.age(at)),
            }
        })
        .collect()
}

fn page(shown: &Shown<'_>, signed_in: SignedIn, rights: AccountRights, messages: Messages) -> AccountsPage {
    AccountsPage {
        frame: shown.frame(Tab::Accounts, &signed_in.context.user, messages.notice),
        rows: rows(shown),
        rights: RightsChoice::all(rights),
        name: messages.name,
        error: messages.error.as_deref().map(capitalised),
        new_password: messages.new_password,
        layout: shown.layout(signed_in),
    }
}
