//! One account of an EWS server: rights, a new password, and its removal.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use riser_domain::AccountId;
use riser_runtime::{AccountDraft, Identity, SecretInput};
use riser_secrets::random_password;
use riser_store::Account;
use serde::Deserialize;

use super::accounts::{AccountRow, NewPassword, RightsChoice, rights_of, rows, store};
use super::{Done, Frame, Shown, Tab};
use crate::form::{Form, NoFields, PathOf, QueryOf};
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{Icon, capitalised};
use crate::sessions::{Admin, SignedIn};
use crate::state::PortalState;

/// An account with everything that can be changed.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/ews_server/account.html")]
pub(crate) struct AccountPage {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) account: AccountRow,
    pub(crate) rights: Vec<RightsChoice>,
    pub(crate) error: Option<String>,
    pub(crate) new_password: Option<NewPassword>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RightsForm {
    rights: String,
}

/// The messages of the page.
#[derive(Debug, Default)]
struct Messages {
    error: Option<String>,
    new_password: Option<NewPassword>,
    notice: Option<&'static str>,
}

/// `GET /ews-servers/{id}/accounts/{account}`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(ids): PathOf<(i64, i64)>,
    QueryOf(done): QueryOf<Done>,
) -> Result<Page<AccountPage>, PageError> {
    let (shown, account) = find(&portal, ids)?;
    let messages = Messages { notice: done.notice(), ..Messages::default() };
    page(&shown, &account, signed_in, messages).map(Page)
}

/// `POST /ews-servers/{id}/accounts/{account}/rights`
pub(crate) async fn set_rights(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(ids): PathOf<(i64, i64)>,
    Form(form): Form<RightsForm>,
) -> Result<Response, PageError> {
    let (shown, account) = find(&portal, ids)?;
    let rights = rights_of(&form.rights)?;
    let draft = AccountDraft {
        identity: Identity::named(&account.name),
        rights: Some(rights.as_str().to_owned()),
        password: None,
    };
    match store(&shown, &signed_in, draft).await {
        Ok(()) => {
            Ok(Redirect::to(&format!("/ews-servers/{}/accounts/{}?saved=yes", ids.0, ids.1)).into_response())
        }
        Err(error) => refused(&portal, ids, signed_in, error),
    }
}

/// `POST /ews-servers/{id}/accounts/{account}/password`
pub(crate) async fn reset_password(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(ids): PathOf<(i64, i64)>,
    _: Form<NoFields>,
) -> Result<Response, PageError> {
    let (shown, account) = find(&portal, ids)?;
    let password = random_password().map_err(|_| PageError::Broken)?;
    let draft = AccountDraft {
        identity: Identity::named(&account.name),
        rights: None,
        password: Some(SecretInput::Value(password.clone())),
    };
    match store(&shown, &signed_in, draft).await {
        Ok(()) => {
            let new_password = Some(NewPassword::new(&account.name, &password));
            let messages = Messages { new_password, ..Messages::default() };
            Ok(Page(page(&shown, &account, signed_in, messages)?).into_response())
        }
        Err(error) => refused(&portal, ids, signed_in, error),
    }
}

/// `POST /ews-servers/{id}/accounts/{account}/remove`
pub(crate) async fn remove(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(ids): PathOf<(i64, i64)>,
    _: Form<NoFields>,
) -> Result<Response, PageError> {
    let (shown, account) = find(&portal, ids)?;
    let identity = Identity { remove: true, ..Identity::named(&account.name) };
    match store(&shown, &signed_in, AccountDraft { identity, ..AccountDraft::default() }).await {
        Ok(()) => Ok(Redirect::to(&format!("/ews-servers/{}/accounts?saved=removed", ids.0)).into_response()),
        Err(error) => refused(&portal, ids, signed_in, error),
    }
}

fn find(portal: &PortalState, (server, account): (i64, i64)) -> Result<(Shown<'_>, Account), PageError> {
    let shown = Shown::find(portal, server)?;
    let account = shown.accounts().find(|known| known.id == AccountId(account)).cloned();
    Ok((shown, account.ok_or(PageError::NoSuchPage)?))
}

/// Shows the account as it is now, with the reason of a refusal.
fn refused(
    portal: &PortalState,
    ids: (i64, i64),
    signed_in: SignedIn,
    error: String,
) -> Result<Response, PageError> {
    let (shown, account) = find(portal, ids)?;
    let messages = Messages { error: Some(error), ..Messages::default() };
    Ok((StatusCode::CONFLICT, Page(page(&shown, &account, signed_in, messages)?)).into_response())
}

fn page(
    shown: &Shown<'_>,
    account: &Account,
    signed_in: SignedIn,
    messages: Messages,
) -> Result<AccountPage, PageError> {
    let row = rows(shown).into_iter().find(|row| row.id == account.id.0);
    Ok(AccountPage {
        frame: shown.frame(Tab::Accounts, &signed_in.context.user, messages.notice),
        account: row.ok_or(PageError::NoSuchPage)?,
        rights: RightsChoice::all(account.rights),
        error: messages.error.as_deref().map(capitalised),
        new_password: messages.new_password,
        layout: shown.layout(signed_in),
    })
}
