//! Examples of the pages of plugins.

use askama::Template;
use riser_domain::Role;
use riser_runtime::{LibraryDifference, SettingChange};

use super::HOSTILE;
use super::examples::{flowing, signed_in, times};
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::plugin::{ClassLine, LibraryContent, PluginPage};
use crate::pages::plugin_upload::{PluginUploadPage, Replacement};
use crate::pages::plugins::{EarlierVersion, PluginRow, PluginUse, PluginsPage, UnusedFile, WaitingUpload};
use crate::parts::{Icon, StateMark};

fn layout(role: Role, address: &str) -> PageLayout {
    let context = signed_in(role, "Anna Keller", address).context;
    PageLayout::new(MenuEntry::Plugins, "Office Park North", context, &flowing(), &times())
}

fn uses() -> Vec<PluginUse> {
    let used = |name: &str, href: Option<&str>, class: Option<&str>| PluginUse {
        name: name.to_owned(),
        href: href.map(ToOwned::to_owned),
        class: class.map(ToOwned::to_owned),
    };
    vec![
        used("EVCE Setup", Some("/processors/1"), Some("setup")),
        used(HOSTILE, Some("/processors/2"), Some("status")),
        used("EVCE", None, None),
    ]
}

fn row(id: &str, text: &str, used_by: Vec<PluginUse>) -> PluginRow {
    PluginRow {
        id: id.to_owned(),
        name: text.to_owned(),
        about: text.to_owned(),
        company: text.to_owned(),
        version: "0.2.0".to_owned(),
        licence: String::new(),
        contract: "1.1".to_owned(),
        state: StateMark::new("good", Icon::Good, "In use"),
        used_by,
    }
}

fn earlier(text: &str) -> EarlierVersion {
    EarlierVersion {
        plugin: "riser.evce".to_owned(),
        name: text.to_owned(),
        version: text.to_owned(),
        sha256: "5b0e91".repeat(10) + "c47d",
        replaced: format!("yesterday by {HOSTILE}"),
    }
}

fn content(text: &str) -> LibraryContent {
    LibraryContent {
        classes: vec![ClassLine {
            id: "status".to_owned(),
            name: text.to_owned(),
            about: text.to_owned(),
            mode: "Long running",
            connection: text.to_owned(),
            settings: 12,
            accepts_writes: true,
        }],
        connections: vec![(text.to_owned(), 5)],
    }
}

fn lists() -> Vec<(String, String)> {
    let page = |role| PluginsPage {
        layout: layout(role, "/plugins"),
        may_change: role == Role::Admin,
        notice: None,
        error: None,
        rows: vec![
            row("riser.evce", "EcoStruxure EV Charging Expert", uses()),
            row("riser.other", HOSTILE, Vec::new()),
        ],
        waiting: vec![WaitingUpload {
            file: HOSTILE.to_owned(),
            name: HOSTILE.to_owned(),
            version: "1.3.0".to_owned(),
            sha256: "5b0e91".repeat(10) + "c47d",
        }],
        unused: vec![UnusedFile {
            file: format!("/var/lib/riser/plugins/{HOSTILE}.so"),
            state: StateMark::new("alarm", Icon::Failed, "Unusable"),
            reason: HOSTILE.to_owned(),
        }],
        removed: vec![earlier(HOSTILE)],
        directory: Ok("/var/lib/riser/plugins".to_owned()),
        limit_mib: 64,
    };
    let nothing = PluginsPage {
        rows: Vec::new(),
        waiting: Vec::new(),
        unused: Vec::new(),
        removed: Vec::new(),
        ..page(Role::Admin)
    };
    let refused = PluginsPage {
        error: Some(format!("{HOSTILE} is not a shared library")),
        directory: Err("Riser may not write in /usr/lib/riser/plugins".to_owned()),
        ..page(Role::Admin)
    };
    [("empty", nothing), ("refused", refused), ("viewer", page(Role::Viewer))]
        .into_iter()
        .map(|(name, page)| (format!("plugins-{name}"), page.render().unwrap()))
        .collect()
}

fn details() -> Vec<(String, String)> {
    let plugin = PluginPage {
        layout: layout(Role::Admin, "/plugins/riser.evce"),
        may_change: true,
        notice: Some(HOSTILE.to_owned()),
        plugin: row("riser.evce", HOSTILE, uses()),
        file: HOSTILE.to_owned(),
        sha256: "5b0e91".repeat(10) + "c47d",
        content: content(HOSTILE),
        earlier: vec![earlier(HOSTILE)],
    };
    let difference = LibraryDifference {
        new_classes: vec![HOSTILE.to_owned()],
        gone_classes: vec![("logs".to_owned(), HOSTILE.to_owned())],
        new_connections: vec![HOSTILE.to_owned()],
        gone_connections: vec![("riser.evce/old".to_owned(), HOSTILE.to_owned())],
        settings: vec![SettingChange {
            owner: HOSTILE.to_owned(),
            label: HOSTILE.to_owned(),
            what: "is new and required",
        }],
    };
    let upload = |replaces, target| PluginUploadPage {
        layout: layout(Role::Admin, "/plugins/uploads/5b0e"),
        file_name: HOSTILE.to_owned(),
        sha256: "5b0e91".repeat(10) + "c47d",
        id: "riser.evce".to_owned(),
        name: HOSTILE.to_owned(),
        about: HOSTILE.to_owned(),
        company: HOSTILE.to_owned(),
        version: "0.2.0".to_owned(),
        licence: HOSTILE.to_owned(),
        contract: "1.1".to_owned(),
        content: content(HOSTILE),
        replaces,
        target,
    };
    let replaces = Replacement {
        version: "0.1.0".to_owned(),
        is_same: false,
        difference,
        used_by: uses(),
        broken: vec![HOSTILE.to_owned()],
    };
    vec![
        ("plugin".to_owned(), plugin.render().unwrap()),
        ("plugin-upload-new".to_owned(), upload(None, Err(HOSTILE.to_owned())).render().unwrap()),
        (
            "plugin-upload-replaces".to_owned(),
            upload(Some(replaces), Ok(HOSTILE.to_owned())).render().unwrap(),
        ),
    ]
}

pub(super) fn all() -> Vec<(String, String)> {
    [lists(), details()].concat()
}
