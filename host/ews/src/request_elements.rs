//! Reads parameters from request elements. Elements may come in any order. Unknown ones are ignored; a
//! duplicate of a single one is rejected.

use crate::contract::FaultName;
use crate::xml::Element;

/// Most items in one request (`security`, S-41).
const ITEMS: usize = 5_000;

/// Returns the only element with this name; `None` if it is missing or nil.
pub(crate) fn single<'d>(parent: Element<'d>, name: &'static str) -> Result<Option<Element<'d>>, FaultName> {
    let mut found = parent.children_named(name);
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(FaultName::InvalidRequest),
        (element, _) => Ok(element.filter(|element| !element.is_nil())),
    }
}

/// Returns the text of the only element with this name; `None` if it is missing, nil or empty.
pub(crate) fn single_text<'d>(
    parent: Option<Element<'d>>,
    name: &'static str,
) -> Result<Option<&'d str>, FaultName> {
    let Some(parent) = parent else { return Ok(None) };
    Ok(single(parent, name)?.map(Element::text).filter(|text| !text.is_empty()))
}

/// Returns the elements of a list, up to the limit of a request.
pub(crate) fn list<'d>(
    parent: Element<'d>,
    wrapper: &'static str,
    name: &'static str,
) -> Result<Vec<Element<'d>>, FaultName> {
    let Some(wrapper) = single(parent, wrapper)? else { return Ok(Vec::new()) };
    let found: Vec<Element<'d>> = wrapper.children_named(name).take(ITEMS + 1).collect();
    if found.len() > ITEMS { Err(FaultName::InvalidRequest) } else { Ok(found) }
}

/// Returns the texts of a list of ids, unchanged.
pub(crate) fn ids<'d>(parent: Element<'d>, wrapper: &'static str) -> Result<Vec<&'d str>, FaultName> {
    Ok(list(parent, wrapper, "Id")?.into_iter().map(Element::text).collect())
}

/// Checks the flag `metadata`. The contract's type for metadata is empty, so the flag adds nothing.
pub(crate) fn check_metadata_flag(element: Element<'_>) -> Result<(), FaultName> {
    match element.attribute("metadata") {
        None | Some("true" | "false" | "1" | "0") => Ok(()),
        Some(_) => Err(FaultName::InvalidRequest),
    }
}
