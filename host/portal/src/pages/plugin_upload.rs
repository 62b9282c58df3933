//! An uploaded plugin: its content as a worker read it, and the changes that installing it makes.

use askama::Template;
use axum::extract::State;
use axum::response::Redirect;
use riser_domain::sanitize_line;
use riser_runtime::{CheckedUpload, LibraryDifference, PluginUser};

use super::plugin::LibraryContent;
use super::plugins::{PluginUse, layout, refused, short, uses};
use crate::form::{Form, NoFields, PathOf};
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{Icon, capitalised};
use crate::sessions::Admin;
use crate::state::PortalState;

/// An uploaded plugin that is not installed.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/plugin_upload.html")]
pub(crate) struct PluginUploadPage {
    pub(crate) layout: PageLayout,
    pub(crate) file_name: String,
    pub(crate) sha256: String,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) company: String,
    pub(crate) version: String,
    pub(crate) licence: String,
    pub(crate) contract: String,
    pub(crate) content: LibraryContent,
    /// The version in use, if there is one.
    pub(crate) replaces: Option<Replacement>,
    /// The file that is written; or why none can be.
    pub(crate) target: Result<String, String>,
}

/// What an upgrade changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replacement {
    pub(crate) version: String,
    /// The uploaded file is the one in use.
    pub(crate) is_same: bool,
    pub(crate) difference: LibraryDifference,
    pub(crate) used_by: Vec<PluginUse>,
    /// Names of processors and connections whose class or kind is gone.
    pub(crate) broken: Vec<String>,
}

/// `GET /plugins/uploads/{sha256}`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(sha256): PathOf<String>,
) -> Result<Page<PluginUploadPage>, PageError> {
    let upload = portal.runtime().checked_upload(&sha256).ok_or(PageError::NoSuchPage)?;
    let layout = layout(&portal, signed_in, &portal.times_of_page());
    let target = portal.runtime().installation_target(&upload.description.id);
    let target =
        target.map(|file| file.display().to_string()).map_err(|error| capitalised(&error.to_string()));
    Ok(Page(PluginUploadPage {
        layout,
        sha256,
        id: upload.description.id.clone(),
        name: sanitize_line(&upload.description.name),
        about: sanitize_line(&upload.description.about),
        company: sanitize_line(&upload.description.company),
        version: sanitize_line(&upload.description.version),
        licence: sanitize_line(&upload.description.licence),
        contract: upload.description.contract.clone(),
        content: LibraryContent::new(&upload.description),
        replaces: Replacement::new(&portal, &upload),
        target,
        file_name: upload.file_name,
    }))
}

/// `POST /plugins/uploads/{sha256}/install`
pub(crate) async fn install(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(sha256): PathOf<String>,
    _: Form<NoFields>,
) -> Result<Redirect, PageError> {
    match portal.runtime().install_upload(&sha256, &signed_in.actor()).await {
        Ok(installed) => Ok(Redirect::to(&format!("/plugins/{}?installed=true", installed.plugin))),
        Err(error) => Err(refused(&error)),
    }
}

/// `POST /plugins/uploads/{sha256}/discard`
pub(crate) async fn discard(
    State(portal): State<PortalState>,
    _: Admin,
    PathOf(sha256): PathOf<String>,
    _: Form<NoFields>,
) -> Redirect {
    portal.runtime().discard_upload(&sha256);
    Redirect::to("/plugins?discarded=true")
}

impl Replacement {
    fn new(portal: &PortalState, upload: &CheckedUpload) -> Option<Self> {
        let runtime = portal.runtime();
        let id = &upload.description.id;
        let in_use = runtime.libraries().into_iter().find(|library| library.description.id == *id)?;
        let difference = LibraryDifference::between(&in_use.description, &upload.description);
        let configuration = runtime.configuration();
        let is_gone = |kind: &str| difference.gone_connections.iter().any(|(gone, _)| gone == kind);
        let broken = runtime.plugin_users(id).into_iter().filter_map(|user| match user {
            PluginUser::Processor { name, class, .. } => {
                difference.gone_classes.iter().any(|(gone, _)| *gone == class).then_some(name)
            }
            PluginUser::Connection { id, name } => {
                let connection = configuration.connections.iter().find(|it| it.id == id);
                connection.is_some_and(|it| is_gone(&it.kind)).then_some(name)
            }
        });
        Some(Self {
            broken: broken.collect(),
            version: sanitize_line(&in_use.description.version),
            is_same: in_use.cached.sha256 == upload.sha256(),
            used_by: uses(runtime, id, true),
            difference,
        })
    }
}

impl PluginUploadPage {
    /// Returns whether the uploaded file is the one in use.
    fn is_same(&self) -> bool {
        self.replaces.as_ref().is_some_and(|replaces| replaces.is_same)
    }
}
