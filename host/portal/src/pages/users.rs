//! The people who may sign in: their list, and one person with role, password and sessions.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use riser_domain::Role;
use riser_runtime::{Identity, UserDraft};
use riser_secrets::random_password;
use riser_store::{User, UserId};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::current_user::role_name;
use crate::form::{Form, NoFields, PathOf};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{Icon, capitalised};
use crate::people::{self, EndSessionsForm, SessionRow};
use crate::sessions::{Admin, SignedIn};
use crate::state::PortalState;
use crate::wall_time::Moment;

/// The list of people, with the form that adds one.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/users.html")]
pub(crate) struct UsersPage {
    pub(crate) layout: PageLayout,
    pub(crate) rows: Vec<PersonRow>,
    pub(crate) roles: Vec<RoleChoice>,
    /// The name as it was typed.
    pub(crate) name: String,
    pub(crate) error: Option<String>,
    pub(crate) new_password: Option<NewPassword>,
}

/// A person with everything that can be changed.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/user.html")]
pub(crate) struct UserPage {
    pub(crate) layout: PageLayout,
    pub(crate) person: PersonRow,
    pub(crate) roles: Vec<RoleChoice>,
    pub(crate) sessions: Vec<SessionRow>,
    pub(crate) error: Option<String>,
    pub(crate) new_password: Option<NewPassword>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PersonRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) role: &'static str,
    pub(crate) signed_in_at: Option<Moment>,
    pub(crate) sessions: usize,
    /// The person who is signed in.
    pub(crate) is_self: bool,
}

/// A role in a list of choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoleChoice {
    pub(crate) word: &'static str,
    pub(crate) name: &'static str,
    pub(crate) may: &'static str,
    pub(crate) is_chosen: bool,
}

/// A generated password, which is shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewPassword {
    pub(crate) user: String,
    pub(crate) password: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AddForm {
    name: String,
    role: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RoleForm {
    role: String,
}

/// Messages of a page: a notice, an error, and a new password.
#[derive(Debug, Default)]
struct Said {
    name: String,
    error: Option<String>,
    new_password: Option<NewPassword>,
}

impl RoleChoice {
    pub(crate) fn all(chosen: Role) -> Vec<Self> {
        [Role::Viewer, Role::Operator, Role::Admin]
            .into_iter()
            .map(|role| Self {
                word: role.as_str(),
                name: role_name(role),
                may: match role {
                    Role::Viewer => "sees values, runs, problems and the audit trail, changes nothing",
                    Role::Operator => "also starts and stops processors and writes set points",
                    Role::Admin => "also changes the configuration and the users",
                },
                is_chosen: role == chosen,
            })
            .collect()
    }
}

fn role_of(word: &str) -> Result<Role, PageError> {
    word.parse().map_err(|_| PageError::UnreadableForm)
}

/// `GET /users`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
) -> Result<Page<UsersPage>, PageError> {
    list_page(&portal, signed_in, Role::Viewer, Said::default()).await.map(Page)
}

/// `POST /users`
pub(crate) async fn add(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    Form(form): Form<AddForm>,
) -> Result<Response, PageError> {
    let (name, role) = (form.name.trim().to_owned(), role_of(&form.role)?);
    let password = random_password().map_err(|_| PageError::Broken)?;
    let hash = hash(&portal, &password).await?;
    let added = people::change(&portal, &signed_in, |users| {
        if users.iter().any(|user| user.name == name) {
            return Err(format!("there is already a user {name}"));
        }
        let identity = Identity::named(&name);
        Ok(UserDraft { identity, role: Some(role), password_hash: Some(hash.clone()) })
    })
    .await?;
    let (status, said) = match added {
        Ok(()) => (
            StatusCode::CREATED,
            Said { new_password: Some(NewPassword::new(&name, &password)), ..Said::default() },
        ),
        Err(error) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Said { name, error: Some(error), ..Said::default() })
        }
    };
    let page = list_page(&portal, signed_in, role, said).await?;
    Ok((status, Page(page)).into_response())
}

/// `GET /users/{id}`
pub(crate) async fn show_one(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
) -> Result<Page<UserPage>, PageError> {
    let user = people::find(&portal, UserId(id)).await?;
    person_page(&portal, signed_in, &user, Said::default()).await.map(Page)
}

/// `POST /users/{id}/role`
pub(crate) async fn set_role(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    Form(form): Form<RoleForm>,
) -> Result<Response, PageError> {
    let role = role_of(&form.role)?;
    let draft = |user: &User| UserDraft {
        identity: Identity::named(&user.name),
        role: Some(role),
        ..UserDraft::default()
    };
    change_one(&portal, signed_in, UserId(id), draft).await
}

/// `POST /users/{id}/password`
pub(crate) async fn reset_password(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    _: Form<NoFields>,
) -> Result<Response, PageError> {
    let user = people::find(&portal, UserId(id)).await?;
    let password = random_password().map_err(|_| PageError::Broken)?;
    let hash = hash(&portal, &password).await?;
    let changed = people::change(&portal, &signed_in, |users| {
        let user = known(users, UserId(id))?;
        let identity = Identity::named(&user.name);
        Ok(UserDraft { identity, password_hash: Some(hash.clone()), ..UserDraft::default() })
    })
    .await?;
    let (status, said) = match changed {
        Ok(()) => {
            let new_password = Some(NewPassword::new(&user.name, &password));
            (StatusCode::OK, Said { new_password, ..Said::default() })
        }
        Err(error) => (StatusCode::CONFLICT, Said { error: Some(error), ..Said::default() }),
    };
    let page = person_page(&portal, signed_in, &user, said).await?;
    Ok((status, Page(page)).into_response())
}

/// `POST /users/{id}/remove`
pub(crate) async fn remove(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    _: Form<NoFields>,
) -> Result<Response, PageError> {
    let draft = |user: &User| UserDraft {
        identity: Identity { remove: true, ..Identity::named(&user.name) },
        ..UserDraft::default()
    };
    change_one(&portal, signed_in, UserId(id), draft).await
}

/// `POST /users/{id}/sessions`
pub(crate) async fn end_sessions(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    Form(form): Form<EndSessionsForm>,
) -> Result<Redirect, PageError> {
    let user = people::find(&portal, UserId(id)).await?;
    people::end_sessions(&portal, &signed_in, &user, &form).await?;
    Ok(Redirect::to(&format!("/users/{id}")))
}

impl NewPassword {
    fn new(user: &str, password: &SecretString) -> Self {
        Self { user: user.to_owned(), password: password.expose_secret().to_owned() }
    }
}

async fn hash(portal: &PortalState, password: &SecretString) -> Result<SecretString, PageError> {
    portal.sessions().hash_new_password(password.clone()).await.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a password was not hashed");
        PageError::Broken
    })
}

fn known(users: &[User], id: UserId) -> Result<&User, String> {
    users.iter().find(|user| user.id == id).ok_or_else(|| "somebody else has removed this user".to_owned())
}

/// Changes one person and shows the result: the list after a removal, the person with the reason after a refusal.
async fn change_one(
    portal: &PortalState,
    signed_in: SignedIn,
    id: UserId,
    draft: impl Fn(&User) -> UserDraft + Send + Sync,
) -> Result<Response, PageError> {
    let user = people::find(portal, id).await?;
    let changed = people::change(portal, &signed_in, |users| known(users, id).map(&draft)).await?;
    match changed {
        Ok(()) if draft(&user).identity.remove => Ok(Redirect::to("/users").into_response()),
        Ok(()) => Ok(Redirect::to(&format!("/users/{}", id.0)).into_response()),
        Err(error) => {
            let said = Said { error: Some(error), ..Said::default() };
            Ok((StatusCode::CONFLICT, Page(person_page(portal, signed_in, &user, said).await?))
                .into_response())
        }
    }
}

async fn list_page(
    portal: &PortalState,
    signed_in: SignedIn,
    role: Role,
    said: Said,
) -> Result<UsersPage, PageError> {
    let times = portal.times_of_page();
    let users = portal.runtime().store().list_users().await?;
    let sessions = portal.sessions().list().await?;
    let rows = users
        .iter()
        .map(|user| PersonRow {
            id: user.id.0,
            name: user.name.clone(),
            role: role_name(user.role),
            signed_in_at: user.signed_in_at.map(|at| times.moment(at)),
            sessions: sessions.iter().filter(|listed| listed.session.user.id == user.id).count(),
            is_self: user.name == signed_in.context.user.name,
        })
        .collect();
    let system = portal.system_status();
    Ok(UsersPage {
        rows,
        roles: RoleChoice::all(role),
        name: said.name,
        error: said.error.as_deref().map(capitalised),
        new_password: said.new_password,
        layout: PageLayout::new(MenuEntry::Users, &portal.site_name(), signed_in.context, &system, &times),
    })
}

async fn person_page(
    portal: &PortalState,
    signed_in: SignedIn,
    user: &User,
    said: Said,
) -> Result<UserPage, PageError> {
    let times = portal.times_of_page();
    let sessions = people::sessions_of(portal, user.id, &signed_in.session, &times).await?;
    let system = portal.system_status();
    Ok(UserPage {
        person: PersonRow {
            id: user.id.0,
            name: user.name.clone(),
            role: role_name(user.role),
            signed_in_at: user.signed_in_at.map(|at| times.moment(at)),
            sessions: sessions.len(),
            is_self: user.name == signed_in.context.user.name,
        },
        roles: RoleChoice::all(user.role),
        sessions,
        error: said.error.as_deref().map(capitalised),
        new_password: said.new_password,
        layout: PageLayout::new(MenuEntry::Users, &portal.site_name(), signed_in.context, &system, &times),
    })
}
