//! The own account: password and sessions.

use std::net::IpAddr;

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;
use riser_runtime::{Identity, UserDraft};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::form::{Form, QueryOf, secret};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{Icon, capitalised};
use crate::people::{self, EndSessionsForm, SessionRow};
use crate::server::PeerAddress;
use crate::sessions::{SignInRefusal, SignedIn, Viewer};
use crate::state::PortalState;

/// The own account.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/account.html")]
pub(crate) struct AccountPage {
    pub(crate) layout: PageLayout,
    pub(crate) sessions: Vec<SessionRow>,
    /// By the name of the field.
    pub(crate) errors: Vec<(&'static str, String)>,
    /// The password was changed a moment ago.
    pub(crate) is_changed: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct PasswordForm {
    #[serde(deserialize_with = "secret")]
    current: SecretString,
    #[serde(deserialize_with = "secret")]
    password: SecretString,
    #[serde(deserialize_with = "secret")]
    again: SecretString,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct AccountQuery {
    #[serde(default)]
    changed: bool,
}

impl AccountPage {
    fn error(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|(at, _)| *at == field).map(|(_, message)| message.as_str())
    }
}

/// `GET /account`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(query): QueryOf<AccountQuery>,
) -> Result<Page<AccountPage>, PageError> {
    let page = page(&portal, signed_in, Vec::new()).await?;
    Ok(Page(AccountPage { is_changed: query.changed, ..page }))
}

/// `POST /account/sessions`
pub(crate) async fn end_sessions(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    Form(form): Form<EndSessionsForm>,
) -> Result<Redirect, PageError> {
    let user = people::own(&portal, &signed_in).await?;
    people::end_sessions(&portal, &signed_in, &user, &form).await?;
    Ok(Redirect::to("/account"))
}

/// `POST /account/password`
///
/// A new password ends all sessions, also this one. The browser gets a new session.
pub(crate) async fn change_password(
    State(portal): State<PortalState>,
    Extension(PeerAddress(peer)): Extension<PeerAddress>,
    Viewer(signed_in): Viewer,
    Form(form): Form<PasswordForm>,
) -> Result<Response, PageError> {
    let (status, errors) = match change(&portal, &signed_in, form, peer.ip()).await? {
        Ok(()) => {
            let user = people::own(&portal, &signed_in).await?;
            let cookie = portal.sessions().begin(&user, peer.ip()).await?;
            return Ok((CookieJar::new().add(cookie), Redirect::to("/account?changed=true")).into_response());
        }
        Err(refused) => refused,
    };
    Ok((status, Page(page(&portal, signed_in, errors).await?)).into_response())
}

type Refused = (StatusCode, Vec<(&'static str, String)>);

async fn change(
    portal: &PortalState,
    signed_in: &SignedIn,
    form: PasswordForm,
    address: IpAddr,
) -> Result<Result<(), Refused>, PageError> {
    let refused = |field, message: String| Err((StatusCode::UNPROCESSABLE_ENTITY, vec![(field, message)]));
    if form.password.expose_secret() != form.again.expose_secret() {
        return Ok(refused("again", "The two passwords differ.".to_owned()));
    }
    let name = &signed_in.context.user.name;
    match portal.sessions().check_password(name, form.current, address).await? {
        Ok(_) => {}
        Err(SignInRefusal::NoMatch { .. }) => {
            return Ok(refused("current", "This is not the current password.".to_owned()));
        }
        Err(SignInRefusal::TooSoon { retry_after_s }) => {
            let message = format!(
                "Too many attempts, so the password was not checked. Try again in {retry_after_s} s."
            );
            return Ok(Err((StatusCode::TOO_MANY_REQUESTS, vec![("current", message)])));
        }
    }
    let hash = match portal.sessions().hash_new_password(form.password).await {
        Ok(hash) => hash,
        Err(error) => return Ok(refused("password", format!("{}.", capitalised(&error.to_string())))),
    };
    let draft =
        UserDraft { identity: Identity::named(name), password_hash: Some(hash), ..UserDraft::default() };
    let changed = people::change(portal, signed_in, |users| {
        if users.iter().all(|user| user.name != *name) {
            return Err("somebody has removed this account".to_owned());
        }
        Ok(draft.clone())
    });
    Ok(match changed.await? {
        Ok(()) => Ok(()),
        Err(message) => refused("password", format!("{}.", capitalised(&message))),
    })
}

async fn page(
    portal: &PortalState,
    signed_in: SignedIn,
    errors: Vec<(&'static str, String)>,
) -> Result<AccountPage, PageError> {
    let times = portal.times_of_page();
    let user = people::own(portal, &signed_in).await?;
    let sessions = people::sessions_of(portal, user.id, &signed_in.session, &times).await?;
    let system = portal.system_status();
    Ok(AccountPage {
        sessions,
        errors,
        is_changed: false,
        layout: PageLayout::new(MenuEntry::Overview, &portal.site_name(), signed_in.context, &system, &times),
    })
}
