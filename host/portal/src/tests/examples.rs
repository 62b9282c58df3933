//! Rules that hold for every example of every page.
//!
//! `RISER_EXAMPLES=<directory> cargo test -p riser-portal examples` also writes the examples to that directory, for
//! a look with a browser.

use askama::Template;

use crate::page_layout::MenuEntry;
use crate::testing::HOSTILE;
use crate::testing::examples::{all, tree};

#[test]
fn every_example_renders_as_a_whole_page() {
    let pages = all();
    assert_eq!(pages.len(), 94 + crate::help::documents().len());
    for (name, html) in &pages {
        assert!(html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"), "{name}");
        assert!(html.contains("<h1") && html.contains("<title>") && html.contains("</main>"), "{name}");
    }
    if let Ok(directory) = std::env::var("RISER_EXAMPLES") {
        for (name, html) in &pages {
            std::fs::write(format!("{directory}/{name}.html"), html).unwrap();
        }
    }
}

#[test]
fn names_from_outside_are_escaped() {
    for (name, html) in all() {
        assert!(!html.contains("<img"), "{name}");
        assert!(!html.contains(HOSTILE), "{name}");
        assert_eq!(html.matches("<script").count(), html.matches("</script>").count(), "{name}");
    }
}

#[test]
fn pages_contain_nothing_that_the_content_security_policy_forbids() {
    for (name, html) in all() {
        assert!(!html.contains(" style="), "{name}");
        assert!(!html.contains("javascript:"), "{name}");
        for tag in html.split('<').filter(|tag| tag.starts_with("script")) {
            assert!(tag.contains("src=\"/static/") && tag.trim_end().ends_with('>'), "{name}: {tag}");
        }
        for attribute in ["onclick", "onload", "onsubmit", "hx-on"] {
            assert!(!html.contains(&format!(" {attribute}")), "{name}: {attribute}");
        }
    }
}

#[test]
fn ids_are_unique_on_a_page_and_labels_refer_to_them() {
    for (name, html) in all() {
        let values = |attribute: &str| -> Vec<String> {
            html.split(&format!(" {attribute}=\""))
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap().to_owned())
                .collect()
        };
        let ids = values("id");
        let mut once = ids.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), ids.len(), "{name}: {ids:?}");
        for attribute in ["aria-labelledby", "aria-describedby", "for", "popovertarget"] {
            for target in values(attribute).iter().flat_map(|targets| targets.split_ascii_whitespace()) {
                assert!(ids.iter().any(|id| id == target), "{name}: {attribute}={target}");
            }
        }
    }
}

#[test]
fn links_lead_to_pages_that_exist() {
    for (name, html) in all() {
        for link in html.split(" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let path = link.split(['?', '#']).next().unwrap();
            let is_known = path.is_empty()
                || MenuEntry::of_path(path).is_some()
                || path == "/account"
                || crate::help::exists(link)
                || path.starts_with("/static/");
            assert!(is_known, "{name}: {link}");
        }
    }
}

#[test]
fn lists_of_the_tree_close_as_often_as_they_open() {
    let html = tree().render().unwrap();
    assert_eq!(html.matches("<ul").count(), html.matches("</ul>").count());
    assert_eq!(html.matches("<li").count(), html.matches("</li>").count());
}
