//! The version of Riser and its plugins, the licences of everything in it, and what support needs to know.

use std::path::PathBuf;

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::Icon;
use crate::sessions::Viewer;
use crate::state::PortalState;
use crate::wall_time::{Moment, duration_words};

/// The file with the licences of all dependencies. `cargo xtask dist` puts it beside the program.
const LICENCES: &str = "LICENSES-THIRD-PARTY.txt";
/// The licence of Riser itself.
const OWN_LICENCES: [(&str, &str); 2] = [
    ("Apache License 2.0", include_str!("../../../../LICENSE-APACHE")),
    ("MIT License", include_str!("../../../../LICENSE-MIT")),
];

/// Facts for support and for licences.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/about.html")]
pub(crate) struct AboutPage {
    pub(crate) layout: PageLayout,
    pub(crate) version: &'static str,
    pub(crate) platform: String,
    pub(crate) started: Moment,
    pub(crate) up_for: String,
    pub(crate) data_dir: String,
    pub(crate) zone: String,
    pub(crate) libraries: Vec<LibraryLine>,
    /// Names with versions and licences of all works of others in Riser; empty if the file is not beside the program.
    pub(crate) dependencies: Vec<String>,
    pub(crate) licences_file: String,
    /// What to copy into a request for support.
    pub(crate) summary: String,
}

/// A plugin library in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LibraryLine {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) company: String,
    pub(crate) licence: String,
    pub(crate) contract: String,
}

/// `GET /about`
pub(crate) async fn show(State(portal): State<PortalState>, Viewer(signed_in): Viewer) -> Page<AboutPage> {
    let times = portal.times_of_page();
    let system = portal.system_status();
    let runtime = portal.runtime();
    let libraries: Vec<LibraryLine> = runtime
        .libraries()
        .into_iter()
        .map(|library| LibraryLine {
            name: library.description.name.clone(),
            version: library.description.version.clone(),
            company: library.description.company.clone(),
            licence: library.description.licence.clone(),
            contract: library.description.contract.clone(),
        })
        .collect();
    let facts = &system.facts;
    let platform = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let mut summary = format!("Riser {} on {platform}, zone {}", facts.version, runtime.zone());
    for library in &libraries {
        summary.extend(["; ", &library.name, " ", &library.version]);
    }
    let licences = tokio::fs::read_to_string(licences_file()).await.unwrap_or_default();
    Page(AboutPage {
        version: facts.version,
        platform,
        started: times.moment(facts.started_at),
        up_for: duration_words(facts.up_for),
        data_dir: facts.data_dir.clone(),
        zone: runtime.zone().to_string(),
        libraries,
        dependencies: names_in(&licences),
        licences_file: licences_file().display().to_string(),
        summary,
        layout: PageLayout::new(MenuEntry::About, &portal.site_name(), signed_in.context, &system, &times),
    })
}

/// `GET /about/licences.txt`
pub(crate) async fn licences(_: Viewer) -> Result<impl IntoResponse, PageError> {
    let mut text = String::new();
    for (name, terms) in OWN_LICENCES {
        text.extend(["Riser: ", name, "\n\n", terms, "\n\n"]);
    }
    text.push_str(&tokio::fs::read_to_string(licences_file()).await.unwrap_or_default());
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text))
}

fn licences_file() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program.with_file_name(LICENCES)
}

/// Returns the lines that name a work and its licence: those before the terms, such as `axum 0.8.1: MIT`.
fn names_in(licences: &str) -> Vec<String> {
    let head = licences.split("\n=====").next().unwrap_or_default();
    let names = head.lines().skip(1).filter(|line| line.contains(": "));
    names.map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works_are_named_before_their_terms() {
        let licences = "Riser contains these works of others.\n\naxum 0.8.1: MIT\nhtmx: see below\n\n\
            ================\nThe terms of axum: 0.8.1\n";
        assert_eq!(names_in(licences), ["axum 0.8.1: MIT", "htmx: see below"]);
        assert!(names_in("").is_empty());
    }
}
