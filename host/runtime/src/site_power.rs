//! The power of the site for the overview. Riser finds its values by their unit and their place in the tree, and records
//! them itself, so that the chart needs no set-up and no history of a plugin.
//!
//! **Rule:** on each EWS server, the values with a unit of power in the containers of the highest level that has any.
//! All values of a container have one unit, that of the first.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use riser_domain::{
    Clock, EwsItem, EwsServerId, HistorySample, PointHandle, Timestamp, ValueItem, ValueKind,
};
use riser_store::{Store, StoreError};

use crate::items::{ItemStore, ROOT_HANDLE, ServerTree, TreeNode};

/// Time between two samples.
pub(crate) const SAMPLE_INTERVAL: Duration = Duration::from_mins(1);
/// How long the samples are kept.
const SAMPLES_KEPT: Duration = Duration::from_hours(24 * 7);
const UNITS_OF_POWER: [&str; 3] = ["kW", "W", "MW"];
/// Containers of one level that are recorded.
const MOST_CONTAINERS: usize = 20;
/// Values of one container that are recorded, such as a power and its set point.
const MOST_VALUES: usize = 4;

/// The values of power in one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PowerValues {
    pub ews_server: EwsServerId,
    pub container: PointHandle,
    pub unit: Arc<str>,
    /// In the order of the container.
    pub values: Vec<PointHandle>,
}

/// Finds and records the power of the site.
#[derive(Debug)]
pub(crate) struct SitePower {
    clock: Arc<dyn Clock>,
    store: Store,
    items: Arc<ItemStore>,
    /// The values of each tree that was searched, with the version of the tree.
    found: Mutex<HashMap<EwsServerId, (u64, Vec<PowerValues>)>>,
}

impl SitePower {
    pub(crate) fn new(clock: Arc<dyn Clock>, store: Store, items: Arc<ItemStore>) -> Self {
        Self { clock, store, items, found: Mutex::default() }
    }

    /// Returns the values of all EWS servers. Each tree is searched once.
    pub(crate) fn values(&self) -> Vec<PowerValues> {
        let trees = self.items.trees();
        let mut found = self.found.lock();
        found.retain(|server, _| trees.iter().any(|(known, _)| known == server));
        for (server, tree) in &trees {
            let known = found.entry(*server).or_default();
            if known.0 != tree.version {
                *known = (tree.version, power_values(*server, tree));
            }
        }
        trees
            .iter()
            .filter_map(|(server, _)| found.get(server))
            .flat_map(|(_, found)| found.clone())
            .collect()
    }

    /// Records the present values with one time. Values of an earlier process are not recorded.
    pub(crate) async fn record(&self) -> Result<(), StoreError> {
        let points: Vec<PointHandle> = self.values().into_iter().flat_map(|found| found.values).collect();
        let time = self.clock.now();
        let readings = self.items.values.fresh_readings(&points);
        let samples: Vec<(PointHandle, HistorySample)> = points
            .into_iter()
            .zip(readings)
            .filter_map(|(point, reading)| {
                let reading = reading?;
                Some((point, HistorySample { value: reading.value, state: reading.state, time }))
            })
            .collect();
        self.store.journal_samples(&samples).await
    }

    /// Removes samples that the overview no longer shows.
    pub(crate) async fn remove_old(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.store.remove_old_samples_of_values(now.minus(SAMPLES_KEPT)).await
    }
}

/// Searches a tree level by level.
fn power_values(server: EwsServerId, tree: &ServerTree) -> Vec<PowerValues> {
    let mut level = vec![ROOT_HANDLE];
    while !level.is_empty() {
        let containers = level.iter().filter_map(|handle| tree.node(*handle));
        let found: Vec<PowerValues> =
            containers.filter_map(|node| values_in(server, tree, node)).take(MOST_CONTAINERS).collect();
        if !found.is_empty() {
            return found;
        }
        let containers = level.iter().filter_map(|handle| tree.node(*handle));
        level = containers
            .flat_map(|node| tree.children(node))
            .filter(|child| child.container_kind().is_some())
            .map(|child| child.handle)
            .collect();
    }
    Vec::new()
}

fn values_in(server: EwsServerId, tree: &ServerTree, container: &TreeNode) -> Option<PowerValues> {
    let mut values = tree.children(container).filter_map(power_of).peekable();
    let unit = Arc::clone(&values.peek()?.1.definition.unit);
    let values =
        values.filter(|(_, item)| item.definition.unit == unit).take(MOST_VALUES).map(|(point, _)| point);
    Some(PowerValues { ews_server: server, container: container.handle, values: values.collect(), unit })
}

fn power_of(node: &TreeNode) -> Option<(PointHandle, &ValueItem)> {
    match node.item() {
        Some(EwsItem::Value(item)) if !node.has_vanished => {
            let is_number =
                matches!(item.definition.kind, ValueKind::Double | ValueKind::Long | ValueKind::Integer);
            (is_number && UNITS_OF_POWER.contains(&&*item.definition.unit)).then_some((node.handle, item))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use riser_domain::{
        Actor, ContainerDefinition, ContainerItem, ContainerKind, DeclaredTree, EwsItemId, Published, Value,
        ValueDefinition, ValueState,
    };
    use riser_store::HistoryRange;

    use super::*;
    use crate::testing::{Fixture, fixture};

    fn container(id: &str, parent: Option<&str>) -> EwsItem {
        EwsItem::Container(ContainerItem {
            id: EwsItemId::new(id),
            parent: parent.map(EwsItemId::new),
            definition: ContainerDefinition {
                name: id.into(),
                description: "".into(),
                kind: ContainerKind::Folder,
            }
            .into(),
        })
    }

    fn value(id: &str, parent: &str, kind: ValueKind, unit: &str) -> EwsItem {
        EwsItem::Value(ValueItem {
            id: EwsItemId::new(id),
            parent: EwsItemId::new(parent),
            definition: ValueDefinition {
                name: id.into(),
                description: "".into(),
                kind,
                unit: unit.into(),
                set_point: None,
                published_by: "status".into(),
                writes_handled_by: None,
            }
            .into(),
        })
    }

    async fn declare(fixture: &Fixture, items: Vec<EwsItem>) {
        let declared = DeclaredTree { items };
        fixture.items.declare(&fixture.owner, declared, Vec::new(), &Actor::System).await.unwrap();
    }

    fn site_power(fixture: &Fixture) -> SitePower {
        SitePower::new(fixture.clock.clone(), fixture.store.clone(), Arc::clone(&fixture.items))
    }

    fn ids(fixture: &Fixture, power: &SitePower) -> Vec<Vec<String>> {
        let tree = fixture.items.server(fixture.owner.ews_server);
        let id = |point: &PointHandle| tree.node(*point).unwrap().id().to_owned();
        power.values().iter().map(|found| found.values.iter().map(id).collect()).collect()
    }

    #[tokio::test]
    async fn the_power_of_the_highest_level_is_found_by_its_unit() {
        let fixture = fixture().await;
        let power = site_power(&fixture);
        assert!(power.values().is_empty());
        let deep = [
            container("site", None),
            value("energy", "site", ValueKind::Double, "kWh"),
            container("north", Some("site")),
            value("north/name", "north", ValueKind::String, "kW"),
            value("north/w", "north", ValueKind::Long, "W"),
            value("north/kw", "north", ValueKind::Double, "kW"),
            container("south", Some("site")),
            value("south/kw", "south", ValueKind::Double, "kW"),
            value("south/set", "south", ValueKind::Double, "kW"),
            container("meter", Some("south")),
            value("meter/kw", "meter", ValueKind::Double, "kW"),
        ];
        declare(&fixture, deep.to_vec()).await;
        let found = ids(&fixture, &power);
        assert_eq!(found, [vec!["t1.north/w"], vec!["t1.south/kw", "t1.south/set"]]);

        let mut whole = deep.to_vec();
        whole.push(value("site/kw", "site", ValueKind::Double, "kW"));
        declare(&fixture, whole).await;
        assert_eq!(ids(&fixture, &power), [["t1.site/kw"]]);
    }

    #[tokio::test]
    async fn samples_are_of_this_process_have_one_time_and_are_removed_after_a_week() {
        let fixture = fixture().await;
        let items = ["power", "set"].map(|id| value(id, "site", ValueKind::Double, "kW"));
        declare(&fixture, [vec![container("site", None)], items.to_vec()].concat()).await;
        let tree = fixture.items.server(fixture.owner.ews_server);
        let [point, other] = ["t1.power", "t1.set"].map(|id| tree.find(id).unwrap());
        let power = site_power(&fixture);
        let writer = fixture.items.values.writer(&fixture.owner, &Arc::from("status"));
        let samples = async |point| {
            let (from, to) = (Timestamp::EPOCH, fixture.clock.now());
            let range = HistoryRange { from, to, after: None, limit: 100 };
            fixture.store.read_history(point, range).await.unwrap()
        };
        power.record().await.unwrap();
        assert!(samples(point).await.is_empty(), "nothing was published yet");

        let publish = |value, state| {
            let update = Published { point, value, state, reason: None, source_time: None };
            fixture.items.publish(writer, &std::iter::once(update).collect()).unwrap();
        };
        publish(Some(Value::Double(92.5)), ValueState::Good);
        power.record().await.unwrap();
        fixture.clock.advance(SAMPLE_INTERVAL);
        publish(None, ValueState::Offline);
        power.record().await.unwrap();
        let states: Vec<_> = samples(point).await.iter().map(|sample| sample.state).collect();
        assert_eq!(states, [ValueState::Good, ValueState::Offline]);
        assert!(samples(other).await.is_empty());

        let now = fixture.clock.now();
        fixture.store.flush_journal(now).await.unwrap();
        assert_eq!(power.remove_old(now).await.unwrap(), 0);
        fixture.clock.advance(SAMPLES_KEPT);
        assert_eq!(power.remove_old(fixture.clock.now()).await.unwrap(), 1);
        assert_eq!(samples(point).await.len(), 1, "the newest one is at the limit");
    }
}
