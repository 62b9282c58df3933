//! Signing in and out.

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use crate::form::{Form, NoFields, OpenForm, QueryOf};
use crate::page::Page;
use crate::pages::error::PageError;
use crate::return_path::ReturnPath;
use crate::server::PeerAddress;
use crate::sessions::{SignInRefusal, SignedIn};
use crate::state::PortalState;
use crate::theme::Theme;

/// The log-in page.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/login.html")]
pub(crate) struct LoginPage {
    pub(crate) site_name: String,
    pub(crate) version: &'static str,
    pub(crate) theme: Option<Theme>,
    /// The name as it was typed.
    pub(crate) user: String,
    pub(crate) return_to: String,
    /// Why the last try was refused.
    pub(crate) refusal: Option<String>,
}

/// Where to go after signing in.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct LoginQuery {
    #[serde(rename = "return", default)]
    return_to: ReturnPath,
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct LoginForm {
    user: String,
    #[serde(deserialize_with = "secret")]
    password: SecretString,
    #[serde(rename = "return", default)]
    return_to: ReturnPath,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

impl LoginPage {
    pub(crate) fn new(portal: &PortalState, headers: &HeaderMap, return_to: &ReturnPath) -> Self {
        Self {
            site_name: portal.site_name().to_owned(),
            version: portal.runtime().host_facts().version,
            theme: Theme::of_request(headers),
            user: String::new(),
            return_to: return_to.as_str().to_owned(),
            refusal: None,
        }
    }

    fn greeting(&self) -> &'static str {
        if self.return_to == "/" {
            "With your Riser account."
        } else {
            "With your Riser account. You will be back on Items."
        }
    }
}

/// `GET /login`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    headers: HeaderMap,
    QueryOf(query): QueryOf<LoginQuery>,
    signed_in: Option<SignedIn>,
) -> Response {
    if signed_in.is_some() {
        return Redirect::to(query.return_to.as_str()).into_response();
    }
    Page(LoginPage::new(&portal, &headers, &query.return_to)).into_response()
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
            let to = Redirect::to(form.return_to.as_str());
            return Ok(([(header::SET_COOKIE, cookie)], to).into_response());
        }
        Err(refusal) => refusal,
    };
    let (status, words) = match refusal {
        SignInRefusal::NoMatch { next_try_in_s: 0 } => {
            (StatusCode::UNAUTHORIZED, "User name and password do not match.".to_owned())
        }
        SignInRefusal::NoMatch { next_try_in_s } => (
            StatusCode::UNAUTHORIZED,
            format!("User name and password do not match. Next try in {next_try_in_s} s."),
        ),
        SignInRefusal::TooSoon { next_try_in_s } => (
            StatusCode::TOO_MANY_REQUESTS,
            format!("Too many tries, so this one was not looked at. Next try in {next_try_in_s} s."),
        ),
    };
    let page = LoginPage {
        user: form.user.chars().take(200).collect(),
        refusal: Some(words),
        ..LoginPage::new(&portal, &headers, &form.return_to)
    };
    Ok((status, Page(page)).into_response())
}

/// `POST /logout`
pub(crate) async fn sign_out(
    State(portal): State<PortalState>,
    signed_in: SignedIn,
    _: Form<NoFields>,
) -> Result<Response, PageError> {
    let cookie = portal.sessions().sign_out(&signed_in).await?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response())
}
