//! Deletes a processor, after showing what depends on it.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use riser_domain::{EwsItem, RunId};
use riser_runtime::{Identity, ProcessorDraft};

use super::change::store;
use super::items::published;
use super::{Frame, Shown, Tab};
use crate::form::{Form, NoFields, PathOf};
use crate::form_input::FormInput;
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{FormErrors, FormFields, Icon};
use crate::sessions::{Admin, SignedIn};
use crate::state::PortalState;

/// Runs are counted up to this number.
const MOST_COUNTED_RUNS: u32 = 1_000;

/// The consequences of deleting a processor.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/processor/delete.html")]
pub(crate) struct DeletePage {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) errors: FormFields,
    pub(crate) consequences: Vec<String>,
}

/// `GET /processors/{id}/delete`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
) -> Result<Page<DeletePage>, PageError> {
    let shown = Shown::find(&portal, id)?;
    Ok(Page(page(&shown, signed_in, &FormErrors::default()).await?))
}

/// `POST /processors/{id}/delete`
pub(crate) async fn delete(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    _: Form<NoFields>,
) -> Result<Response, PageError> {
    let shown = Shown::find(&portal, id)?;
    let identity = Identity { remove: true, ..Identity::named(shown.configuration.name.clone()) };
    match store(&shown, &signed_in, ProcessorDraft { identity, ..ProcessorDraft::default() }).await {
        Ok(_) => Ok(Redirect::to("/processors").into_response()),
        Err(errors) => Ok(Page(page(&shown, signed_in, &errors).await?).into_response()),
    }
}

async fn page(shown: &Shown<'_>, signed_in: SignedIn, errors: &FormErrors) -> Result<DeletePage, PageError> {
    Ok(DeletePage {
        frame: shown.frame(Tab::Processor, &signed_in.context.user, None),
        errors: FormFields::new(&[], &FormInput::default(), errors),
        consequences: consequences(shown).await?,
        layout: shown.layout(signed_in),
    })
}

async fn consequences(shown: &Shown<'_>) -> Result<Vec<String>, PageError> {
    let Shown { configuration, whole, status, portal, .. } = shown;
    let mut found = Vec::new();
    if let riser_runtime::ProcessorState::Running { .. } = status.state {
        found.push("Its run is stopped.".to_owned());
    }
    let (owner, class) = (shown.owner(), configuration.class.class.as_str());
    let tree = portal.runtime().items(configuration.ews_server);
    match published(shown, &tree).len() {
        0 => {}
        1 => found.push("1 item gets no new values. It stays, and the BMS reads it as Offline.".to_owned()),
        many => {
            found.push(format!(
                "{many} items get no new values. They stay, and the BMS reads them as Offline."
            ));
        }
    }
    let handles_writes = |node: &&riser_runtime::TreeNode| {
        node.owner() == Some(&owner)
            && matches!(node.item(), Some(EwsItem::Value(value)) if value.definition.writes_handled_by.as_deref() == Some(class))
    };
    match tree.nodes().filter(handles_writes).count() {
        0 => {}
        1 => found.push("1 set point refuses writes.".to_owned()),
        many => found.push(format!("{many} set points refuse writes.")),
    }
    let description = shown.library.as_ref().map(|library| &library.description);
    let needs_it = |other: &&riser_domain::ProcessorConfiguration| {
        let requires = description.and_then(|it| it.class(&other.class.class)?.requires.clone());
        other.id != configuration.id
            && other.class.plugin == configuration.class.plugin
            && other.ews_server == configuration.ews_server
            && other.connection == configuration.connection
            && requires.as_deref() == Some(class)
    };
    for other in whole.processors.iter().filter(needs_it) {
        found.push(format!("{} waits for it: it does not start any more.", other.name));
    }
    let store = portal.runtime().store();
    let runs = store.list_runs_before(configuration.id, RunId(i64::MAX), MOST_COUNTED_RUNS).await?.len();
    match runs {
        0 => {}
        1 => found.push("1 run with its log is deleted. It cannot be restored.".to_owned()),
        many if many < MOST_COUNTED_RUNS as usize => {
            found.push(format!("{many} runs with their logs are deleted. They cannot be restored."));
        }
        many => {
            found.push(format!("{many} or more runs with their logs are deleted. They cannot be restored."));
        }
    }
    match configuration.secret_keys.len() {
        0 => {}
        1 => found.push("1 secret setting is deleted. It cannot be restored.".to_owned()),
        many => found.push(format!("{many} secret settings are deleted. They cannot be restored.")),
    }
    Ok(found)
}
