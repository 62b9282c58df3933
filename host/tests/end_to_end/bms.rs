//! The actions of a BMS on an EWS server: walk the tree, read values, write set points.

use std::collections::BTreeMap;

use riser_domain::{ValueKind, ValueState};
use riser_ews::client::{ClientError, EwsClient, HistoryFacts, ValueFacts};

use crate::waiting::until;

/// One item of the walked tree.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Container { kind: String },
    Value(ValueFacts),
    History(HistoryFacts),
}

/// The tree below the root: items by their path, such as `EVCE Zones/Z1/ZoneReduction`.
pub(crate) type Tree = BTreeMap<String, (String, Item)>;

/// Walks the whole tree.
pub(crate) async fn walk(bms: &EwsClient) -> Result<Tree, ClientError> {
    let mut tree = Tree::new();
    let mut open = vec![(String::new(), String::new())];
    while let Some((id, path)) = open.pop() {
        let response = bms.container(&id).await?;
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        for child in response.containers {
            let child_path = below(&child.name);
            open.push((child.id.clone(), child_path.clone()));
            tree.insert(child_path, (child.id, Item::Container { kind: child.kind.as_str().to_owned() }));
        }
        for value in response.values {
            tree.insert(below(&value.name), (value.id.clone(), Item::Value(value)));
        }
        for history in response.histories {
            tree.insert(below(&history.name), (history.id.clone(), Item::History(history)));
        }
    }
    Ok(tree)
}

/// Walks the tree until it has an item with this path.
pub(crate) async fn walk_until_there(bms: &EwsClient, path: &str) -> Tree {
    until(&format!("an item {path}"), async || {
        let tree = walk(bms).await.map_err(|error| error.to_string())?;
        if tree.contains_key(path) { Ok(tree) } else { Err(format!("{} items", tree.len())) }
    })
    .await
}

/// Returns the id of the item with this path.
pub(crate) fn id_of<'tree>(tree: &'tree Tree, path: &str) -> &'tree str {
    &tree.get(path).unwrap_or_else(|| panic!("there is no {path}")).0
}

/// Reads text and state of a value.
pub(crate) async fn read(bms: &EwsClient, id: &str) -> Result<(String, ValueState), String> {
    let response = bms.values(&[id]).await.map_err(|error| error.to_string())?;
    let value = response.values.into_iter().next().ok_or_else(|| format!("{:?}", response.errors))?;
    Ok((value.text, value.state))
}

/// Waits until a value is served with this text and state.
pub(crate) async fn read_until(bms: &EwsClient, id: &str, text: &str, state: ValueState) {
    until(&format!("{id} = {text:?} {state:?}"), async || match read(bms, id).await {
        Ok(found) if found == (text.to_owned(), state) => Ok(()),
        seen => Err(seen),
    })
    .await;
}

/// Writes one set point, which must be accepted.
pub(crate) async fn write(bms: &EwsClient, id: &str, value: &str) {
    let results = bms.set_values(&[(id, value)]).await.unwrap();
    assert!(results.iter().all(|result| result.is_success), "{results:?}");
}

/// Returns the name of a kind in the contract.
pub(crate) fn kind_name(kind: ValueKind) -> &'static str {
    kind.as_str()
}
