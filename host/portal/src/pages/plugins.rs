//! The list of plugins: those in use, files that cannot be used, removed ones, and the upload of another.

use std::collections::BTreeSet;
use std::path::Path;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use riser_domain::{Timestamp, sanitize_line};
use riser_runtime::{CheckedUpload, KeptLibrary, Library, PluginError, PluginUser, Runtime};
use serde::Deserialize;

use crate::file_form::{FileError, FileForm};
use crate::form::QueryOf;
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{Icon, StateMark, capitalised};
use crate::sessions::{Admin, SignedIn, Viewer};
use crate::state::PortalState;
use crate::wall_time::WallTime;

/// Where a file is sent.
pub(crate) const UPLOADS: &str = "/plugins/uploads";

/// All plugins, and the form for another one.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/plugins.html")]
pub(crate) struct PluginsPage {
    pub(crate) layout: PageLayout,
    pub(crate) may_change: bool,
    pub(crate) notice: Option<String>,
    /// Why the file of the form was not accepted.
    pub(crate) error: Option<String>,
    pub(crate) rows: Vec<PluginRow>,
    /// Uploads that somebody has to confirm.
    pub(crate) waiting: Vec<WaitingUpload>,
    pub(crate) unused: Vec<UnusedFile>,
    pub(crate) removed: Vec<EarlierVersion>,
    /// Where a new plugin is installed; or why none can be.
    pub(crate) directory: Result<String, String>,
    pub(crate) limit_mib: u64,
}

/// A plugin in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PluginRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) company: String,
    pub(crate) version: String,
    pub(crate) licence: String,
    pub(crate) contract: String,
    pub(crate) state: StateMark,
    pub(crate) used_by: Vec<PluginUse>,
}

/// An object that uses a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PluginUse {
    pub(crate) name: String,
    /// `None` if the reader may not open its page.
    pub(crate) href: Option<String>,
    /// The class of a processor.
    pub(crate) class: Option<String>,
}

/// An uploaded file that is checked and not installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaitingUpload {
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) sha256: String,
}

/// A file in a plugin directory that is not in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnusedFile {
    pub(crate) file: String,
    pub(crate) state: StateMark,
    pub(crate) reason: String,
}

/// A version of a plugin that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EarlierVersion {
    pub(crate) plugin: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) sha256: String,
    pub(crate) replaced: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PluginsQuery {
    removed: bool,
    discarded: bool,
}

/// `GET /plugins`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(query): QueryOf<PluginsQuery>,
) -> Page<PluginsPage> {
    let notice = match query {
        PluginsQuery { removed: true, .. } => {
            Some("The plugin is removed. Its file is kept; you can restore it below.".to_owned())
        }
        PluginsQuery { discarded: true, .. } => {
            Some("The uploaded file is removed. Nothing was installed.".to_owned())
        }
        _ => None,
    };
    Page(PluginsPage { notice, ..PluginsPage::new(&portal, signed_in) })
}

/// `POST /plugins/uploads`
pub(crate) async fn upload(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    mut form: FileForm,
) -> Response {
    match receive(portal.runtime(), &mut form).await {
        Ok(sha256) => Redirect::to(&format!("{UPLOADS}/{sha256}")).into_response(),
        Err(error) => {
            let error = Some(error);
            Page(PluginsPage { error, ..PluginsPage::new(&portal, signed_in) }).into_response()
        }
    }
}

/// Writes the file of a form to the data directory and has it checked. Returns its SHA-256.
async fn receive(runtime: &Runtime, form: &mut FileForm) -> Result<String, String> {
    let limit_mib = Runtime::upload_limit_bytes() >> 20;
    let words = |error: FileError| match error {
        FileError::NoFile => "Choose the plugin's .so file".to_owned(),
        FileError::TooLarge => {
            format!("The file is larger than {limit_mib} MiB; choose the plugin's .so file")
        }
        FileError::BrokenOff => "The upload broke off; nothing was installed. Try again".to_owned(),
    };
    let mut file = form.file().await.map_err(words)?;
    let name = file.name().to_owned();
    // The name of a file stays as it is.
    let sentence = |error: PluginError| match error.to_string() {
        error if error.starts_with(&name) => error,
        error => capitalised(&error),
    };
    let mut upload = runtime.begin_upload(&name).map_err(sentence)?;
    while let Some(bytes) = file.next_bytes().await.map_err(words)? {
        if let Err(error) = upload.write(bytes.as_ref()).await {
            drop(upload);
            // A browser shows the response only if it could send everything.
            while let Ok(Some(_)) = file.next_bytes().await {}
            return Err(sentence(error));
        }
    }
    let checked = runtime.check_upload(upload).await.map_err(sentence)?;
    Ok(checked.sha256().to_owned())
}

impl PluginsPage {
    fn new(portal: &PortalState, signed_in: SignedIn) -> Self {
        let times = portal.times_of_page();
        let runtime = portal.runtime();
        let may_change = signed_in.context.user.may_configure();
        let libraries = runtime.libraries();
        // No plugin has an empty name, so this is where a new one is installed.
        let target = runtime.installation_target("");
        let directory = target
            .map(|file| file.parent().unwrap_or(Path::new("/")).display().to_string())
            .map_err(|error| capitalised(&error.to_string()));
        let waiting = if may_change { runtime.checked_uploads() } else { Vec::new() };
        Self {
            may_change,
            notice: None,
            error: None,
            waiting: waiting.iter().map(WaitingUpload::new).collect(),
            rows: libraries.iter().map(|library| PluginRow::new(library, runtime, may_change)).collect(),
            unused: unused_files(runtime, &libraries),
            removed: runtime.removed_plugins().iter().map(|it| EarlierVersion::new(it, &times)).collect(),
            directory,
            limit_mib: Runtime::upload_limit_bytes() >> 20,
            layout: layout(portal, signed_in, &times),
        }
    }
}

impl PluginRow {
    pub(crate) fn new(library: &Library, runtime: &Runtime, may_configure: bool) -> Self {
        let described = &library.description;
        let state = if library.cached.source.exists() {
            StateMark::new("good", Icon::Good, "In use")
        } else {
            StateMark::new("warn", Icon::Alarm, "File removed")
        };
        Self {
            id: described.id.clone(),
            name: sanitize_line(&described.name),
            about: sanitize_line(&described.about),
            company: sanitize_line(&described.company),
            version: sanitize_line(&described.version),
            licence: sanitize_line(&described.licence),
            contract: described.contract.clone(),
            state,
            used_by: uses(runtime, &described.id, may_configure),
        }
    }
}

impl WaitingUpload {
    fn new(upload: &CheckedUpload) -> Self {
        Self {
            file: upload.file_name.clone(),
            name: sanitize_line(&upload.description.name),
            version: sanitize_line(&upload.description.version),
            sha256: upload.sha256().to_owned(),
        }
    }
}

impl EarlierVersion {
    pub(crate) fn new(kept: &KeptLibrary, times: &WallTime) -> Self {
        let at = Timestamp::from_unix_ms(kept.replaced_at_ms);
        Self {
            plugin: kept.plugin.clone(),
            name: kept.name.clone(),
            version: kept.version.clone(),
            sha256: kept.sha256.clone(),
            replaced: format!("{} by {}", times.words(at), kept.replaced_by),
        }
    }

    pub(crate) fn short_sha256(&self) -> &str {
        short(&self.sha256)
    }
}

/// Returns the first digits of a hash.
pub(crate) fn short(sha256: &str) -> &str {
    sha256.get(..12).unwrap_or(sha256)
}

/// Returns the processors and connections that use a plugin.
pub(crate) fn uses(runtime: &Runtime, plugin: &str, may_configure: bool) -> Vec<PluginUse> {
    let users = runtime.plugin_users(plugin).into_iter();
    let shown = users.map(|user| match user {
        PluginUser::Processor { id, name, class } => {
            PluginUse { name, href: Some(format!("/processors/{}", id.0)), class: Some(class) }
        }
        PluginUser::Connection { id, name } => {
            PluginUse { name, href: may_configure.then(|| format!("/connections/{}", id.0)), class: None }
        }
    });
    shown.collect()
}

fn unused_files(runtime: &Runtime, libraries: &[Library]) -> Vec<UnusedFile> {
    let in_use: BTreeSet<&Path> = libraries.iter().map(|library| library.cached.source.as_path()).collect();
    let unused = runtime.plugin_files().into_iter().filter_map(|file| {
        let shown = file.path.display().to_string();
        match file.content {
            Err(reason) => Some(UnusedFile {
                state: StateMark::new("alarm", Icon::Failed, "Unusable"),
                reason: capitalised(reason.strip_prefix(&shown).unwrap_or(&reason).trim_start()),
                file: shown,
            }),
            Ok(_) if in_use.contains(&*file.path) => None,
            Ok(library) => {
                let used = libraries.iter().find(|it| it.description.id == library.description.id);
                let used = used.map(|it| it.cached.source.display().to_string()).unwrap_or_default();
                Some(UnusedFile {
                    file: shown,
                    state: StateMark::new("off", Icon::Skipped, "Not used"),
                    reason: format!(
                        "{} {} is here, too. The file {used} precedes it.",
                        sanitize_line(&library.description.name),
                        sanitize_line(&library.description.version)
                    ),
                })
            }
        }
    });
    unused.collect()
}

pub(super) fn layout(portal: &PortalState, signed_in: SignedIn, times: &WallTime) -> PageLayout {
    let site_name = portal.site_name();
    PageLayout::new(MenuEntry::Plugins, &site_name, signed_in.context, &portal.system_status(), times)
}

/// Returns the error page of a change that was refused.
pub(super) fn refused(error: &PluginError) -> PageError {
    if let PluginError::Store(_) = error {
        return PageError::StoreFailed;
    }
    PageError::Refused(capitalised(&error.to_string()))
}
