//! People with an account: changes of them, and their sessions.

use riser_runtime::{ConfigurationDraft, ConfigureError, FieldError, UserDraft};
use riser_store::{EndedSessions, ListedSession, TokenHash, User, UserId};
use serde::Deserialize;

use crate::pages::error::PageError;
use crate::sessions::SignedIn;
use crate::state::PortalState;
use crate::wall_time::{Age, Moment, WallTime};

/// The sessions to end.
#[derive(Debug, Deserialize)]
pub(crate) struct EndSessionsForm {
    /// Empty: all others.
    #[serde(default)]
    session: String,
}

/// A session in a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SessionRow {
    /// Names the session in forms. It opens nothing.
    pub(crate) id: String,
    pub(crate) address: String,
    pub(crate) since: Moment,
    pub(crate) last_used: Age,
    /// The session of this browser.
    pub(crate) is_own: bool,
}

impl SessionRow {
    pub(crate) fn new(listed: &ListedSession, own: &TokenHash, times: &WallTime) -> Self {
        Self {
            id: hex::encode(listed.token_sha256),
            address: listed.address.clone(),
            since: times.moment(listed.created_at),
            last_used: times.age(listed.session.last_seen_at),
            is_own: listed.token_sha256 == *own,
        }
    }
}

/// Returns the sessions of a person.
pub(crate) async fn sessions_of(
    portal: &PortalState,
    user: UserId,
    own: &TokenHash,
    times: &WallTime,
) -> Result<Vec<SessionRow>, PageError> {
    let all = portal.sessions().list().await?;
    let of_user = all.iter().filter(|listed| listed.session.user.id == user);
    Ok(of_user.map(|listed| SessionRow::new(listed, own, times)).collect())
}

/// Ends one session of a person, or all but the one that asks for it: signing out ends that.
pub(crate) async fn end_sessions(
    portal: &PortalState,
    signed_in: &SignedIn,
    user: &User,
    EndSessionsForm { session }: &EndSessionsForm,
) -> Result<(), PageError> {
    let mut token: TokenHash = [0; 32];
    let which = if session.is_empty() {
        EndedSessions::AllBut(Some(&signed_in.session))
    } else {
        hex::decode_to_slice(session, &mut token).map_err(|_| PageError::UnreadableForm)?;
        EndedSessions::One(&token)
    };
    let runtime = portal.runtime();
    Ok(runtime.store().end_sessions(user, which, &signed_in.actor(), runtime.clock().now()).await?)
}

/// Returns the person with this number.
pub(crate) async fn find(portal: &PortalState, id: UserId) -> Result<User, PageError> {
    let users = portal.runtime().store().list_users().await?;
    users.into_iter().find(|user| user.id == id).ok_or(PageError::NoSuchPage)
}

/// Returns the person who is signed in.
pub(crate) async fn own(portal: &PortalState, signed_in: &SignedIn) -> Result<User, PageError> {
    let user = portal.runtime().store().find_user(&signed_in.context.user.name).await?;
    // Somebody has removed the account a moment ago.
    user.ok_or(PageError::NotSignedIn)
}

/// Changes people through the configuration. `draft` is made from everybody as they are then; another change meanwhile
/// makes it again. Returns why the change was refused, in one sentence.
pub(crate) async fn change(
    portal: &PortalState,
    signed_in: &SignedIn,
    draft: impl Fn(&[User]) -> Result<UserDraft, String> + Send + Sync,
) -> Result<Result<(), String>, PageError> {
    loop {
        let runtime = portal.runtime();
        // Read before the people: a change of them since then makes the draft stale.
        let version = runtime.store().load_configuration().await?.version;
        let user = match draft(&runtime.store().list_users().await?) {
            Ok(user) => user,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let draft = ConfigurationDraft {
            base_version: Some(version),
            users: vec![user],
            ..ConfigurationDraft::default()
        };
        match runtime.configure(draft, signed_in.actor()).await {
            Ok(_) => return Ok(Ok(())),
            Err(ConfigureError::Stale) => {}
            Err(error) => return Ok(Err(refusal(&error))),
        }
    }
}

/// Returns the messages of the errors. Their paths are redundant for one person.
fn refusal(error: &ConfigureError) -> String {
    match error.fields() {
        Some(errors) => {
            let messages: Vec<&str> =
                errors.iter().map(|FieldError { message, .. }| message.as_str()).collect();
            messages.join("; ")
        }
        None => {
            tracing::error!(error = error as &dyn std::error::Error, "a user was not changed");
            format!("nothing was stored: {error}")
        }
    }
}
