//! All open problems.

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;

use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{Icon, ProblemList};
use crate::sessions::Viewer;
use crate::state::PortalState;

/// The open problems, each with its cause, its effect and its remedy.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/problems.html")]
pub(crate) struct ProblemsPage {
    pub(crate) layout: PageLayout,
    pub(crate) problems: ProblemList,
}

/// `GET /problems`
pub(crate) async fn show(State(portal): State<PortalState>, Viewer(signed_in): Viewer) -> Page<ProblemsPage> {
    let times = portal.times_of_page();
    let system = portal.system_status();
    Page(ProblemsPage {
        problems: ProblemList::new(&system.problems, &times),
        layout: PageLayout::new(MenuEntry::Problems, &portal.site_name(), signed_in.context, &system, &times),
    })
}

/// `GET /events/problems`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
) -> Result<impl IntoResponse, PageError> {
    live::follow(portal, &signed_in, Box::new(LiveProblems))
}

struct LiveProblems;

impl LivePage for LiveProblems {
    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        if let Some(system) = update.system() {
            parts.add("problems", &ProblemList::new(&system.problems, &update.times));
        }
        Ok(())
    }
}
