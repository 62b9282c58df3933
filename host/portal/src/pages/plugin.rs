//! One plugin in use: its facts, classes, users and earlier versions.

use askama::Template;
use axum::extract::State;
use axum::response::Redirect;
use riser_domain::sanitize_line;
use riser_runtime::LibraryDescription;
use serde::Deserialize;

use super::plugins::{EarlierVersion, PluginRow, layout, refused, short};
use crate::form::{Form, NoFields, PathOf, QueryOf};
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{Icon, mode_words};
use crate::sessions::{Admin, Viewer};
use crate::state::PortalState;

/// A plugin in use.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/plugin.html")]
pub(crate) struct PluginPage {
    pub(crate) layout: PageLayout,
    pub(crate) may_change: bool,
    pub(crate) notice: Option<String>,
    pub(crate) plugin: PluginRow,
    pub(crate) file: String,
    pub(crate) sha256: String,
    pub(crate) content: LibraryContent,
    pub(crate) earlier: Vec<EarlierVersion>,
}

/// The classes and connection kinds of a library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LibraryContent {
    pub(crate) classes: Vec<ClassLine>,
    /// Names and numbers of settings.
    pub(crate) connections: Vec<(String, usize)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClassLine {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) mode: &'static str,
    /// The name of the connection kind that it needs.
    pub(crate) connection: String,
    pub(crate) settings: usize,
    pub(crate) accepts_writes: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PluginQuery {
    installed: bool,
}

/// The version to use again.
#[derive(Debug, Deserialize)]
pub(crate) struct Version {
    sha256: String,
}

/// `GET /plugins/{id}`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    PathOf(id): PathOf<String>,
    QueryOf(query): QueryOf<PluginQuery>,
) -> Result<Page<PluginPage>, PageError> {
    let times = portal.times_of_page();
    let runtime = portal.runtime();
    let library = runtime.libraries().into_iter().find(|library| library.description.id == id);
    let library = library.ok_or(PageError::NoSuchPage)?;
    let may_change = signed_in.context.user.may_configure();
    let plugin = PluginRow::new(&library, runtime, may_change);
    let notice = query.installed.then(|| {
        format!(
            "{} {} is installed and in use. Long-running processors start again with it.",
            plugin.name, plugin.version
        )
    });
    Ok(Page(PluginPage {
        may_change,
        notice,
        plugin,
        file: library.cached.source.display().to_string(),
        sha256: library.cached.sha256.clone(),
        content: LibraryContent::new(&library.description),
        earlier: runtime.kept_versions(&id).iter().map(|kept| EarlierVersion::new(kept, &times)).collect(),
        layout: layout(&portal, signed_in, &times),
    }))
}

/// `POST /plugins/{id}/restore`
pub(crate) async fn restore(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<String>,
    Form(version): Form<Version>,
) -> Result<Redirect, PageError> {
    let restored = portal.runtime().restore_plugin(&id, &version.sha256, &signed_in.actor()).await;
    match restored {
        Ok(installed) => Ok(Redirect::to(&format!("/plugins/{}?installed=true", installed.plugin))),
        Err(error) => Err(refused(&error)),
    }
}

/// `POST /plugins/{id}/remove`
pub(crate) async fn remove(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<String>,
    _: Form<NoFields>,
) -> Result<Redirect, PageError> {
    match portal.runtime().remove_plugin(&id, &signed_in.actor()).await {
        Ok(()) => Ok(Redirect::to("/plugins?removed=true")),
        Err(error) => Err(refused(&error)),
    }
}

impl LibraryContent {
    pub(crate) fn new(library: &LibraryDescription) -> Self {
        let kind_name = |kind: &str| {
            library.connection(kind).map_or_else(|| kind.to_owned(), |kind| sanitize_line(&kind.name))
        };
        let classes = library.classes.iter().map(|class| ClassLine {
            id: class.id.clone(),
            name: sanitize_line(&class.name),
            about: sanitize_line(&class.about),
            mode: mode_words(Some(class.mode)),
            connection: class.connection.as_deref().map(kind_name).unwrap_or_default(),
            settings: class.settings.settings.len(),
            accepts_writes: class.accepts_writes,
        });
        let connections =
            library.connections.iter().map(|kind| (sanitize_line(&kind.name), kind.settings.settings.len()));
        Self { classes: classes.collect(), connections: connections.collect() }
    }
}
