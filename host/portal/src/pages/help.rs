//! The guides, and the section of one.

use askama::Template;
use axum::extract::State;
use axum::response::Redirect;

use crate::form::PathOf;
use crate::help::{Block, Document, documents, find};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::Icon;
use crate::sessions::Viewer;
use crate::state::PortalState;

/// A guide, with the list of all guides.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/help.html")]
pub(crate) struct HelpPage {
    pub(crate) layout: PageLayout,
    pub(crate) document: &'static Document,
    pub(crate) documents: &'static [Document],
}

/// `GET /help`
pub(crate) async fn show_first(_: Viewer) -> Redirect {
    Redirect::to("/help/pages")
}

/// `GET /help/{name}`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    PathOf(name): PathOf<String>,
) -> Result<Page<HelpPage>, PageError> {
    let document = find(&name).ok_or(PageError::NoSuchPage)?;
    Ok(Page(HelpPage {
        document,
        documents: documents(),
        layout: PageLayout::new(
            MenuEntry::About,
            &portal.site_name(),
            signed_in.context,
            &portal.system_status(),
            &portal.times_of_page(),
        ),
    }))
}
