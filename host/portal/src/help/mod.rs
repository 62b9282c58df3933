//! Help: the guides in `docs/admin`, which are part of the program.

mod document;

use std::sync::LazyLock;

pub(crate) use self::document::{Block, Document, slug};

/// Addresses and texts of the guides, in the order of their list.
const GUIDES: [(&str, &str); 5] = [
    ("pages", include_str!("../../../../docs/admin/pages.md")),
    ("running", include_str!("../../../../docs/admin/README.md")),
    ("schedules", include_str!("../../../../docs/admin/schedules.md")),
    ("configuration-file", include_str!("../../../../docs/admin/configuration-file.md")),
    ("commands", include_str!("../../../../docs/admin/commands.md")),
];

/// All guides.
static DOCUMENTS: LazyLock<Vec<Document>> =
    LazyLock::new(|| GUIDES.iter().map(|(name, text)| Document::read(name, text, address_of)).collect());

/// Returns all guides, in the order of their list.
pub(crate) fn documents() -> &'static [Document] {
    &DOCUMENTS
}

/// Returns the guide with this name.
pub(crate) fn find(name: &str) -> Option<&'static Document> {
    documents().iter().find(|document| document.name == name)
}

/// Returns the address of a link in a guide; `None` for a file that is not part of the help.
fn address_of(link: &str) -> Option<String> {
    if link.starts_with('#') || link.starts_with("https://") || link.starts_with("http://") {
        return Some(link.to_owned());
    }
    let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
    let name = match file.strip_suffix(".md")? {
        "README" => "running",
        name => name,
    };
    let is_known = GUIDES.iter().any(|(known, _)| *known == name);
    let heading = heading.map(|heading| format!("#{heading}")).unwrap_or_default();
    is_known.then(|| format!("/help/{name}{heading}"))
}

/// Returns whether an address such as `/help/pages#plugins` exists.
#[cfg(test)]
pub(crate) fn exists(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("/help") else { return false };
    let (name, heading) = rest.split_once('#').map_or((rest, None), |(name, heading)| (name, Some(heading)));
    if name.is_empty() {
        return heading.is_none();
    }
    let document = name.strip_prefix('/').and_then(find);
    document
        .is_some_and(|it| heading.is_none_or(|heading| it.headings.iter().any(|known| known.id == heading)))
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;
    use crate::page_layout::MenuEntry;

    #[test]
    fn every_page_of_the_menu_has_a_section() {
        for entry in MenuEntry::iter() {
            assert!(exists(&entry.help()), "{}", entry.help());
        }
    }

    #[test]
    fn links_between_guides_lead_to_sections_that_exist() {
        for document in documents() {
            let html: String = document.blocks.iter().map(Block::html).collect();
            assert!(!html.contains(" style=") && !html.contains("<script"), "{}", document.name);
            for link in html.split(" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
                let address = if link.starts_with('#') {
                    format!("/help/{}{link}", document.name)
                } else {
                    link.to_owned()
                };
                assert!(address.starts_with("http") || exists(&address), "{}: {link}", document.name);
            }
        }
    }

    #[test]
    fn headings_of_a_guide_differ() {
        for document in documents() {
            let mut ids: Vec<_> = document.headings.iter().map(|heading| &heading.id).collect();
            let count = ids.len();
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), count, "{}", document.name);
        }
    }
}
