//! Deletes an EWS server that no processor uses, after showing the consequences.

use askama::Template;
use axum::extract::State;
use axum::response::Redirect;
use riser_runtime::{ConfigurationDraft, EwsServerDraft, Identity};

use super::{Frame, Shown, Tab};
use crate::form::{Form, NoFields, PathOf};
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::pages::processor::reasons;
use crate::parts::Icon;
use crate::sessions::Admin;
use crate::state::PortalState;

/// The consequences of deleting an EWS server.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/ews_server/delete.html")]
pub(crate) struct DeletePage {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) address: String,
    pub(crate) accounts: Vec<String>,
    pub(crate) items: usize,
    pub(crate) clients: usize,
    /// Ids and names of the processors that use it. It cannot be deleted before they use another one.
    pub(crate) used_by: Vec<(i64, String)>,
}

/// `GET /ews-servers/{id}/delete`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
) -> Result<Page<DeletePage>, PageError> {
    let shown = Shown::find(&portal, id)?;
    Ok(Page(DeletePage {
        frame: shown.frame(Tab::Settings, &signed_in.context.user, None),
        address: shown.status.address.clone(),
        accounts: shown.accounts().map(|account| account.name.clone()).collect(),
        items: shown.status.items,
        clients: shown.traffic().clients.len(),
        used_by: shown.used_by(),
        layout: shown.layout(signed_in),
    }))
}

/// `POST /ews-servers/{id}/delete`
pub(crate) async fn delete(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    _: Form<NoFields>,
) -> Result<Redirect, PageError> {
    let shown = Shown::find(&portal, id)?;
    let identity = Identity { remove: true, ..Identity::named(shown.server.name.clone()) };
    let draft = ConfigurationDraft {
        base_version: Some(shown.whole.version),
        ews_servers: vec![EwsServerDraft { identity, ..EwsServerDraft::default() }],
        ..ConfigurationDraft::default()
    };
    match portal.runtime().configure(draft, signed_in.actor()).await {
        Ok(_) => Ok(Redirect::to("/ews-servers?deleted=true")),
        Err(error) => Err(PageError::Refused(reasons(&error))),
    }
}
