//! The addresses of all pages, found by following links.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::ensure;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use url::Url;

use crate::portal_session::PortalSession;
use crate::workspace;

/// Pages of one kind that are searched for links, such as items.
const SEARCHED_OF_A_KIND: usize = 300;
/// Routes that are not pages: streams, parts of pages, redirects, probes.
const NOT_PAGES: [&str; 10] = [
    "/events/",
    "/static/",
    "/healthz",
    "/readyz",
    "/items/history/series",
    "/overview/power",
    "/connection-tests/{number}",
    "/processors/{id}/latest-run",
    "/setup",
    "/login",
];

/// Pages that forms and keys lead to, not links.
const FORMS: [&str; 2] = ["/items/search?q=zone", "/help"];

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageAddress {
    /// Usable as a file name, the same for pages that differ only in ids.
    pub(crate) name: String,
    /// Path and query.
    pub(crate) address: String,
}

/// Follows all links and returns the first page of each kind.
pub(crate) async fn find(session: &PortalSession) -> anyhow::Result<Vec<PageAddress>> {
    let base = session.base();
    let mut waiting = VecDeque::from([base.join("/")?]);
    for form in FORMS {
        waiting.push_back(base.join(form)?);
    }
    let mut seen = BTreeSet::new();
    let mut searched: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = Vec::new();
    while let Some(address) = waiting.pop_front() {
        let name = name_of(&address);
        let of_this_kind = searched.entry(name.clone()).or_default();
        *of_this_kind += 1;
        if *of_this_kind > SEARCHED_OF_A_KIND {
            continue;
        }
        let is_first = *of_this_kind == 1;
        let response = session.get(address.clone()).await?;
        if let Some(location) = response.headers().get(LOCATION) {
            let target = address.join(location.to_str()?)?;
            if seen.insert(target.to_string()) {
                waiting.push_back(target);
            }
            continue;
        }
        ensure!(response.status().is_success(), "{address}: {}", response.status());
        let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.to_str()).transpose()?;
        if !kind.is_some_and(|kind| kind.starts_with("text/html")) {
            continue;
        }
        if is_first {
            let query = address.query().map(|query| format!("?{query}")).unwrap_or_default();
            found.push(PageAddress { name, address: format!("{}{query}", address.path()) });
        }
        let page = response.text().await?;
        for link in links(&page) {
            let mut target = address.join(&link)?;
            target.set_fragment(None);
            if target.origin() == base.origin() && seen.insert(target.to_string()) {
                waiting.push_back(target);
            }
        }
    }
    Ok(found)
}

/// Returns the targets of the links of a page.
pub(crate) fn links(page: &str) -> impl Iterator<Item = String> {
    let anchors = page.split("<a ").skip(1).filter_map(|rest| rest.split('>').next());
    anchors.filter_map(|anchor| {
        let target = anchor.split("href=\"").nth(1)?.split('"').next()?;
        Some(target.replace("&amp;", "&").replace("&#38;", "&"))
    })
}

/// Names the kind of a page: its path without ids, and the names of its parameters.
fn name_of(address: &Url) -> String {
    let segments = address.path_segments().into_iter().flatten().filter(|segment| !segment.is_empty());
    let mut name: Vec<String> = segments.map(|segment| placeholder(segment).to_owned()).collect();
    if name.is_empty() {
        name.push("overview".to_owned());
    }
    let parameters: BTreeSet<String> = address.query_pairs().map(|(key, _)| key.into_owned()).collect();
    name.extend(parameters);
    name.join("-")
}

fn placeholder(segment: &str) -> &str {
    let is_number = segment.bytes().all(|byte| byte.is_ascii_digit());
    let is_draft = segment.len() >= 16 && segment.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_number || is_draft { "id" } else { segment }
}

/// Returns the pages among the routes of the portal that were not reached.
pub(super) fn not_reached(reached: &[PageAddress]) -> anyhow::Result<Vec<String>> {
    let routes = std::fs::read_to_string(workspace::root().join("host/portal/src/routes.rs"))?;
    let paths: Vec<Vec<&str>> = reached
        .iter()
        .map(|page| page.address.split('?').next().unwrap_or_default().split('/').collect())
        .collect();
    let redirects = FORMS.map(|form| form.split('?').next().unwrap_or_default());
    let pages = routes.split(".route(\"").skip(1).filter_map(|rest| {
        let (path, handler) = rest.split_once("\",")?;
        handler.trim_start().starts_with("get(").then_some(path)
    });
    let is_page = |path: &&str| {
        let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
        // The steps of the wizard and an uploaded plugin are opened through buttons.
        !is_file
            && !path.contains("{draft}")
            && !path.contains("{sha256}")
            && !redirects.contains(path)
            && !NOT_PAGES.iter().any(|other| path.starts_with(other))
    };
    let is_reached = |route: &str| {
        let route: Vec<&str> = route.split('/').collect();
        paths.iter().any(|path| {
            path.len() == route.len()
                && path.iter().zip(&route).all(|(is, wanted)| is == wanted || wanted.starts_with('{'))
        })
    };
    let missing: Vec<String> =
        pages.filter(is_page).filter(|route| !is_reached(route)).map(str::to_owned).collect();
    Ok(missing)
}
