use std::sync::Arc;
use std::time::Duration;

use riser_domain::{
    Actor, ConnectionId, ContainerDefinition, ContainerItem, ContainerKind, DeclaredTree, EwsItem, EwsItemId,
    EwsServerId, HistoryDefinition, HistoryItem, HistorySample, PointHandle, Reading, SetPointRule,
    StoredItem, TreeDifference, TreeKey, TreeOwner, Value, ValueDefinition, ValueItem, ValueKind, ValueState,
};
use riser_store::{Store, StoreError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::fixture::{TestStore, written_bytes};

fn container(id: &str) -> EwsItem {
    EwsItem::Container(ContainerItem {
        id: EwsItemId::new(id),
        parent: Some(EwsItemId::new(EwsItemId::ROOT)),
        definition: ContainerDefinition {
            name: format!("Zone {id}").into(),
            description: "a zone".into(),
            kind: ContainerKind::Folder,
        }
        .into(),
    })
}

fn value(id: &str, parent: &str) -> EwsItem {
    EwsItem::Value(ValueItem {
        id: EwsItemId::new(id),
        parent: EwsItemId::new(parent),
        definition: ValueDefinition {
            name: id.into(),
            description: "".into(),
            kind: ValueKind::Double,
            unit: "A".into(),
            set_point: Some(SetPointRule {
                min: Some(0.0),
                max: None,
                options: vec!["on".into(), "".into(), "off".into()],
                future_only: true,
            }),
            published_by: "status".into(),
            writes_handled_by: Some("status".into()),
        }
        .into(),
    })
}

fn history(id: &str, parent: &str, of: &str) -> EwsItem {
    EwsItem::History(HistoryItem {
        id: EwsItemId::new(id),
        parent: EwsItemId::new(parent),
        value_item: Box::new(EwsItemId::new(of)),
        definition: HistoryDefinition {
            name: id.into(),
            description: "".into(),
            kind: ValueKind::Double,
            unit: "A".into(),
            published_by: "logs".into(),
        }
        .into(),
    })
}

fn tree() -> DeclaredTree {
    DeclaredTree { items: vec![container("z1"), value("z1/p", "z1"), history("z1/h", "z1", "z1/p")] }
}

fn owner(ews_server: EwsServerId, connection: Option<ConnectionId>) -> TreeOwner {
    TreeOwner { ews_server, plugin: "riser.evce".to_owned(), connection }
}

async fn apply(
    test: &TestStore,
    owner: &TreeOwner,
    tree: &DeclaredTree,
) -> Result<Vec<PointHandle>, StoreError> {
    let stored = items_of(test, owner).await;
    let tree = test.store.tree_key(owner).await?.serve(tree.clone());
    let difference = TreeDifference::between(&stored, tree);
    let actor = Actor::Processor("EVCE Setup".to_owned());
    test.store.apply_tree(owner, &difference, &actor, test.now()).await
}

async fn items_of(test: &TestStore, owner: &TreeOwner) -> Vec<StoredItem> {
    let items = test.store.load_items().await.unwrap();
    items.into_iter().find(|(of, _)| of == owner).map(|(_, items)| items).unwrap_or_default()
}

#[tokio::test]
async fn a_tree_is_loaded_as_it_was_declared_with_consecutive_handles() {
    let (test, server, connection, _) = TestStore::new().await.with_processor().await;
    let owner = owner(server, Some(connection));
    let handles = apply(&test, &owner, &tree()).await.unwrap();
    assert_eq!(handles, [PointHandle(1), PointHandle(2), PointHandle(3)]);
    let (test, _) = test.start_again().await;
    let stored = items_of(&test, &owner).await;
    let items: Vec<EwsItem> = stored.iter().map(|stored| EwsItem::clone(&stored.item)).collect();
    assert_eq!(items, TreeKey(1).serve(tree()).items);
    assert_eq!(stored.iter().map(|stored| stored.handle).collect::<Vec<_>>(), handles);
    assert!(stored.iter().all(|stored| stored.vanished_at.is_none()));
}

#[tokio::test]
async fn a_tree_declared_twice_writes_nothing() {
    let (test, server, ..) = TestStore::new().await.with_processor().await;
    let owner = owner(server, None);
    apply(&test, &owner, &tree()).await.unwrap();
    let before = (written_bytes(test.directory.path()), test.store.list_audit(100).await.unwrap().len());
    assert!(apply(&test, &owner, &tree()).await.unwrap().is_empty());
    let after = (written_bytes(test.directory.path()), test.store.list_audit(100).await.unwrap().len());
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_renamed_item_and_one_that_returns_keep_their_handles() {
    let (test, server, ..) = TestStore::new().await.with_processor().await;
    let owner = owner(server, None);
    let handles = apply(&test, &owner, &tree()).await.unwrap();

    let mut renamed = tree();
    renamed.items.truncate(2);
    let EwsItem::Value(item) = &mut renamed.items[1] else { unreachable!() };
    Arc::make_mut(&mut item.definition).name = "Set point".into();
    assert!(apply(&test, &owner, &renamed).await.unwrap().is_empty());
    let stored = items_of(&test, &owner).await;
    assert_eq!(stored[1].handle, handles[1]);
    assert_eq!(*stored[1].item, TreeKey(2).serve(renamed).items[1]);
    assert_eq!(stored[2].vanished_at, Some(test.now()));

    assert!(apply(&test, &owner, &tree()).await.unwrap().is_empty());
    let stored = items_of(&test, &owner).await;
    assert_eq!((stored[2].handle, stored[2].vanished_at), (handles[2], None));
}

#[tokio::test]
async fn two_owners_on_one_server_may_declare_the_same_tree() {
    let (test, server, connection, _) = TestStore::new().await.with_processor().await;
    let (ours, theirs) = (owner(server, Some(connection)), owner(server, None));
    apply(&test, &theirs, &tree()).await.unwrap();
    apply(&test, &ours, &tree()).await.unwrap();
    let (test, _) = test.start_again().await;
    let ids = async |owner| -> Vec<String> {
        items_of(&test, owner).await.iter().map(|stored| stored.item.id().to_string()).collect()
    };
    assert_eq!(ids(&ours).await, ["t1.z1", "t1.z1/p", "t1.z1/h"]);
    assert_eq!(ids(&theirs).await, ["t2.z1", "t2.z1/p", "t2.z1/h"]);
}

#[tokio::test]
async fn two_servers_may_serve_the_same_ids() {
    let (test, server, ..) = TestStore::new().await.with_processor().await;
    let mut changes = test.store.begin_configuration(&Actor::System, test.now()).await.unwrap();
    let other = changes.add_ews_server(&crate::fixture::ews_server("Other", 2)).await.unwrap();
    changes.commit().await.unwrap();
    let (first, second) = (owner(server, None), owner(other, None));
    let first_handles = apply(&test, &first, &tree()).await.unwrap();
    let second_handles = apply(&test, &second, &tree()).await.unwrap();
    assert!(first_handles.iter().all(|handle| !second_handles.contains(handle)));
    assert_eq!(items_of(&test, &first).await[0].item, items_of(&test, &second).await[0].item);
}

#[tokio::test]
async fn keys_follow_the_order_of_the_processors_and_change_only_with_a_new_connection() {
    let (test, server, connection, _) = TestStore::new().await.with_processor().await;
    let mut changes = test.store.begin_configuration(&Actor::CommandLine, test.now()).await.unwrap();
    let south = changes.add_connection(&crate::fixture::connection("South")).await.unwrap();
    let mut processor = crate::fixture::processor("South Status", server, Some(south));
    processor.id = changes.add_processor(&processor).await.unwrap();
    changes.commit().await.unwrap();
    // Read in the reverse order.
    assert_eq!(test.store.tree_key(&owner(server, Some(south))).await.unwrap(), TreeKey(2));
    assert_eq!(test.store.tree_key(&owner(server, Some(connection))).await.unwrap(), TreeKey(1));

    let mut changes = test.store.begin_configuration(&Actor::CommandLine, test.now()).await.unwrap();
    let mut renamed = crate::fixture::connection("North");
    renamed.id = connection;
    changes.update_connection(&renamed).await.unwrap();
    let other = changes.add_ews_server(&crate::fixture::ews_server("Other", 2)).await.unwrap();
    processor.ews_server = other;
    changes.update_processor(&processor).await.unwrap();
    changes.commit().await.unwrap();
    let (test, _) = test.start_again().await;
    assert_eq!(test.store.tree_key(&owner(server, Some(connection))).await.unwrap(), TreeKey(1));
    assert_eq!(test.store.tree_key(&owner(other, Some(south))).await.unwrap(), TreeKey(2));

    let mut changes = test.store.begin_configuration(&Actor::CommandLine, test.now()).await.unwrap();
    changes.remove_processor(processor.id).await.unwrap();
    changes.remove_connection(south).await.unwrap();
    let again = changes.add_connection(&crate::fixture::connection("South")).await.unwrap();
    processor.connection = Some(again);
    changes.add_processor(&processor).await.unwrap();
    changes.commit().await.unwrap();
    assert_eq!(test.store.tree_key(&owner(other, Some(again))).await.unwrap(), TreeKey(3));
}

#[tokio::test]
async fn items_that_vanished_long_ago_are_removed_with_their_values_and_their_handles_stay_unused() {
    let (test, server, ..) = TestStore::new().await.with_processor().await;
    let owner = owner(server, None);
    let handles = apply(&test, &owner, &tree()).await.unwrap();
    let reading = Reading { value: Value::Double(1.0), ..Reading::never_known(ValueKind::Double) };
    test.store.save_last_values(&[(handles[1], reading)]).await.unwrap();
    apply(&test, &owner, &DeclaredTree::default()).await.unwrap();

    let actor = Actor::System;
    let none = test.store.remove_vanished_items(test.now(), &actor, test.now()).await.unwrap();
    assert!(none.is_empty());
    test.clock.advance(Duration::from_millis(1));
    let removed = test.store.remove_vanished_items(test.now(), &actor, test.now()).await.unwrap();
    assert_eq!(removed.len(), 3);
    assert!(test.store.load_items().await.unwrap().is_empty());
    assert!(test.store.load_last_values().await.unwrap().is_empty());
    let audit = test.store.list_audit(3).await.unwrap();
    assert!(audit.iter().all(|entry| entry.subject == "item" && entry.actor == Actor::System), "{audit:?}");

    let again = apply(&test, &owner, &tree()).await.unwrap();
    assert_eq!(again, [PointHandle(4), PointHandle(5), PointHandle(6)]);
}

#[tokio::test]
async fn values_and_samples_of_items_whose_server_was_removed_are_removed_and_others_stay() {
    let (test, server, ..) = TestStore::new().await.with_processor().await;
    let handles = apply(&test, &owner(server, None), &tree()).await.unwrap();
    let removed = [PointHandle(901), PointHandle(902), PointHandle(903)];
    let reading = Reading { value: Value::Double(1.0), ..Reading::never_known(ValueKind::Double) };
    let value_rows = [(handles[1], reading.clone()), (removed[0], reading)];
    test.store.save_last_values(&value_rows).await.unwrap();
    let sample = HistorySample { value: Value::Double(1.0), state: ValueState::Good, time: test.now() };
    test.store.journal_samples(&[(handles[2], sample.clone()), (removed[1], sample.clone())]).await.unwrap();
    test.store.flush_journal(test.now().plus(Duration::from_millis(1))).await.unwrap();
    test.store.journal_samples(&[(removed[2], sample)]).await.unwrap();

    assert_eq!(test.store.remove_records_of_removed_items().await.unwrap(), 3);

    let values = test.store.load_last_values().await.unwrap();
    assert_eq!(values.iter().map(|(handle, _)| *handle).collect::<Vec<_>>(), [handles[1]]);
    assert!(test.store.find_history_span(handles[2]).await.unwrap().is_some());
    for handle in removed {
        assert_eq!(test.store.find_history_span(handle).await.unwrap(), None);
    }
    assert_eq!(test.store.remove_records_of_removed_items().await.unwrap(), 0);
}

#[tokio::test]
async fn points_with_the_same_definition_share_it_after_a_restart() {
    let (test, server, ..) = TestStore::new().await.with_processor().await;
    let owner = owner(server, None);
    let named = |id: &str, name: &str| {
        let EwsItem::Value(mut item) = value(id, "z1") else { unreachable!() };
        Arc::make_mut(&mut item.definition).name = name.into();
        EwsItem::Value(item)
    };
    let mut tree =
        DeclaredTree { items: vec![container("z1"), named("z1/a", "Power"), named("z1/b", "Power")] };
    apply(&test, &owner, &tree).await.unwrap();
    // A later declaration finds the stored definition.
    tree.items.push(named("z1/c", "Power"));
    let EwsItem::Value(mut other) = named("z1/d", "Power") else { unreachable!() };
    Arc::make_mut(&mut other.definition).unit = "kW".into();
    tree.items.push(EwsItem::Value(other));
    apply(&test, &owner, &tree).await.unwrap();

    let (test, _) = test.start_again().await;
    let stored = items_of(&test, &owner).await;
    let definition = |place: usize| match &*stored[place].item {
        EwsItem::Value(item) => Arc::clone(&item.definition),
        other => panic!("{other:?}"),
    };
    assert!(Arc::ptr_eq(&definition(1), &definition(2)) && Arc::ptr_eq(&definition(1), &definition(3)));
    assert_eq!((&*definition(1).unit, &*definition(4).unit), ("A", "kW"));
}

#[tokio::test]
async fn items_that_an_earlier_version_stored_keep_their_handles_and_definitions() {
    let (test, server, connection, _) = TestStore::new().await.with_processor().await;
    let owners = [owner(server, Some(connection)), owner(server, None)];
    for owner in &owners {
        apply(&test, owner, &tree()).await.unwrap();
    }
    let mut gone = tree();
    gone.items.truncate(2);
    apply(&test, &owners[1], &gone).await.unwrap();
    let before = test.store.load_items().await.unwrap();

    let TestStore { store, clock, directory } = test;
    store.close().await;
    drop(store);
    let file = SqliteConnectOptions::new().filename(directory.path().join("riser.db"));
    let mut database = file.connect().await.unwrap();
    sqlx::raw_sql(FORMER_ITEMS).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let (store, _) = Store::open(directory.path(), &clock).await.unwrap();
    assert_eq!(store.load_items().await.unwrap(), before);
}

/// Makes the table of items that versions had before the migration 13.
const FORMER_ITEMS: &str = "
    CREATE TABLE former AS
    SELECT handle, items.owner_id, ews_server_id, position, item_id, parent_id, node, name, description,
        container_kind, value_kind, unit, value_item_id, published_by, writes_handled_by, is_writable,
        set_point_min, set_point_max, set_point_future, set_point_options, vanished_at
    FROM items JOIN item_definitions ON item_definitions.id = definition_id
        JOIN tree_owners ON tree_owners.id = items.owner_id;
    DROP TABLE items;
    DROP TABLE item_definitions;
    CREATE TABLE items (
        handle INTEGER NOT NULL PRIMARY KEY,
        owner_id INTEGER NOT NULL REFERENCES tree_owners (id) ON DELETE CASCADE,
        ews_server_id INTEGER NOT NULL, position INTEGER NOT NULL, item_id TEXT NOT NULL, parent_id TEXT,
        node TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, container_kind TEXT, value_kind TEXT,
        unit TEXT, value_item_id TEXT, published_by TEXT, writes_handled_by TEXT, is_writable INTEGER NOT NULL,
        set_point_min REAL, set_point_max REAL, set_point_future INTEGER NOT NULL, set_point_options TEXT,
        vanished_at INTEGER, UNIQUE (ews_server_id, item_id)
    ) STRICT;
    CREATE INDEX items_by_owner ON items (owner_id, position);
    CREATE INDEX items_vanished ON items (vanished_at) WHERE vanished_at IS NOT NULL;
    INSERT INTO items SELECT * FROM former;
    DROP TABLE former;
    DELETE FROM _sqlx_migrations WHERE version >= 13;
";

#[tokio::test]
async fn a_large_tree_is_stored_whole() {
    let (test, server, ..) = TestStore::new().await.with_processor().await;
    let owner = owner(server, None);
    let mut items = vec![container("z1")];
    items.extend((0..2_345).map(|number| value(&format!("z1/{number}"), "z1")));
    let tree = DeclaredTree { items };
    let handles = apply(&test, &owner, &tree).await.unwrap();
    assert!(handles.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0));
    let stored = items_of(&test, &owner).await.into_iter();
    let stored: Vec<EwsItem> = stored.map(|stored| EwsItem::clone(&stored.item)).collect();
    assert_eq!(stored, TreeKey(2).serve(tree).items);
}
