//! The pages of all guides.

use askama::Template;
use riser_domain::Role;

use super::examples::{flowing, signed_in, times};
use crate::help::documents;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::help::HelpPage;

pub(super) fn all() -> Vec<(String, String)> {
    documents()
        .iter()
        .map(|document| {
            let context = signed_in(Role::Viewer, "Anna Keller", "/help").context;
            let layout =
                PageLayout::new(MenuEntry::About, "Office Park North", context, &flowing(), &times());
            let page = HelpPage { layout, document, documents: documents() };
            (format!("help-{}", document.name), page.render().unwrap())
        })
        .collect()
}
