//! Signing in and out.

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;
use secrecy::SecretString;
use serde::Deserialize;

use crate::form::{Form, NoFields, OpenForm, QueryOf, secret};
use crate::page::Page;
use crate::page_layout::MenuEntry;
use crate::pages::error::PageError;
use crate::parts::Icon;
use crate::return_path::ReturnPath;
use crate::server::PeerAddress;
use crate::sessions::{SignInRefusal, Viewer};
use crate::state::PortalState;
use crate::theme::Theme;

/// The login page.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/login.html")]
pub(crate) struct LoginPage {
    pub(crate) site_name: String,
    pub(crate) version: &'static str,
    pub(crate) theme: Option<Theme>,
    /// The name as it was typed.
    pub(crate) user: String,
    pub(crate) next: ReturnPath,
    /// The reason why the last attempt was refused.
    pub(crate) refusal: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct LoginQuery {
    #[serde(default)]
    next: ReturnPath,
}

#[derive(Deserialize)]
pub(crate) struct LoginForm {
    user: String,
    #[serde(deserialize_with = "secret")]
    password: SecretString,
    #[serde(default)]
    next: ReturnPath,
}

impl LoginPage {
    pub(crate) fn new(portal: &PortalState, headers: &HeaderMap, next: &ReturnPath) -> Self {
        Self {
            site_name: portal.site_name(),
            version: portal.runtime().host_facts().version,
            theme: Theme::of_request(headers),
            user: String::new(),
            next: next.clone(),
            refusal: None,
        }
    }

    fn instruction(&self) -> String {
        let page = self.next.page();
        if page == MenuEntry::default() {
            "Use your Riser account.".to_owned()
        } else {
            format!("Use your Riser account. Then you return to {}.", page.name())
        }
    }
}

/// `GET /login`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    headers: HeaderMap,
    QueryOf(query): QueryOf<LoginQuery>,
    viewer: Option<Viewer>,
) -> Result<Response, PageError> {
    if portal.first_run().is_open(portal.runtime().store()).await? {
        return Ok(Redirect::to("/setup").into_response());
    }
    Ok(match viewer {
        Some(_) => Redirect::to(query.next.as_str()).into_response(),
        None => Page(LoginPage::new(&portal, &headers, &query.next)).into_response(),
    })
}

/// `POST /login`
pub(crate) async fn sign_in(
    State(portal): State<PortalState>,
    Extension(PeerAddress(peer)): Extension<PeerAddress>,
    headers: HeaderMap,
    OpenForm(form): OpenForm<LoginForm>,
) -> Result<Response, PageError> {
    let refusal = match portal.sessions().sign_in(&form.user, form.password, peer.ip()).await? {
        Ok(cookie) => {
            let redirect = Redirect::to(form.next.as_str());
            return Ok((CookieJar::new().add(cookie), redirect).into_response());
        }
        Err(refusal) => refusal,
    };
    let (status, reason) = match refusal {
        SignInRefusal::NoMatch { retry_after_s: 0 } => {
            (StatusCode::UNAUTHORIZED, "User name and password do not match.".to_owned())
        }
        SignInRefusal::NoMatch { retry_after_s } => (
            StatusCode::UNAUTHORIZED,
            format!("User name and password do not match. Try again in {retry_after_s} s."),
        ),
        SignInRefusal::TooSoon { retry_after_s } => (
            StatusCode::TOO_MANY_REQUESTS,
            format!("Too many attempts, so the password was not checked. Try again in {retry_after_s} s."),
        ),
    };
    let page = LoginPage {
        user: form.user.chars().take(200).collect(),
        refusal: Some(reason),
        ..LoginPage::new(&portal, &headers, &form.next)
    };
    Ok((status, Page(page)).into_response())
}

/// `POST /logout`
pub(crate) async fn sign_out(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    _: Form<NoFields>,
) -> Result<Response, PageError> {
    let cookie = portal.sessions().sign_out(&signed_in).await?;
    Ok((CookieJar::new().add(cookie), Redirect::to("/login")).into_response())
}
