//! Checks of a declared tree.

use riser_plugin::abi::messages::{ItemMessage, NodeMessage};

use super::{Finding, finding};

const RULE: &str = "declared items are well formed";

/// Longest unit that a BMS shows, in characters.
const LONGEST_UNIT: usize = 20;

pub(super) fn findings(items: &[ItemMessage]) -> Vec<Finding> {
    items.iter().flat_map(|item| item_faults(item).into_iter().map(|what| finding(RULE, what))).collect()
}

fn item_faults(item: &ItemMessage) -> Vec<String> {
    let id = &item.id;
    let mut faults = Vec::new();
    if item.name.trim().is_empty() {
        faults.push(format!("{id} has no name"));
    }
    if [id, &item.name].iter().any(|text| text.trim() != **text || text.chars().any(char::is_control)) {
        faults.push(format!("id or name of {id:?} begin or end with a space, or have a control character"));
    }
    let (unit, published_by, as_known) = match &item.node {
        NodeMessage::Container { .. } => return faults,
        NodeMessage::Value { unit, published_by, kind, initial, .. } => {
            let as_known = initial.as_ref().is_none_or(|value| value.kind() == *kind);
            (unit, published_by, as_known)
        }
        NodeMessage::History { unit, published_by, .. } => (unit, published_by, true),
    };
    if unit.trim() != unit || unit.chars().any(char::is_control) || unit.chars().count() > LONGEST_UNIT {
        faults.push(format!(
            "the unit {unit:?} of {id} is not a valid unit: at most {LONGEST_UNIT} plain characters"
        ));
    }
    if published_by.is_empty() {
        faults.push(format!("no class writes {id}: `.published_by(…)`"));
    }
    if !as_known {
        faults.push(format!("the first value of {id} is not of its kind"));
    }
    faults
}
