use std::time::Duration;

use riser_domain::{
    Actor, ConnectionId, ContainerItem, ContainerKind, DeclaredTree, EwsItem, EwsItemId, EwsServerId,
    HistoryItem, PointHandle, Reading, SetPointRule, StoredItem, TreeDifference, TreeError, TreeOwner, Value,
    ValueItem, ValueKind,
};
use riser_store::StoreError;

use crate::fixture::{TestStore, written_bytes};

fn container(id: &str) -> EwsItem {
    EwsItem::Container(ContainerItem {
        id: EwsItemId::new(id),
        parent: Some(EwsItemId::new(EwsItemId::ROOT)),
        name: format!("Zone {id}").into(),
        description: "a zone".into(),
        kind: ContainerKind::Folder,
    })
}

fn value(id: &str, parent: &str) -> EwsItem {
    EwsItem::Value(ValueItem {
        id: EwsItemId::new(id),
        parent: EwsItemId::new(parent),
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
    })
}

fn history(id: &str, parent: &str, of: &str) -> EwsItem {
    EwsItem::History(HistoryItem {
        id: EwsItemId::new(id),
        parent: EwsItemId::new(parent),
        name: id.into(),
        description: "".into(),
        value_item: EwsItemId::new(of),
        kind: ValueKind::Double,
        unit: "A".into(),
        published_by: "logs".into(),
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
    let difference = TreeDifference::between(&stored, tree);
    let actor = Actor::Processor("EVCE Setup".to_owned());
    let added = test.store.apply_tree(owner, &difference, &actor, test.now()).await?;
    Ok(added.into_iter().map(|(_, handle)| handle).collect())
}

async fn items_of(test: &TestStore, owner: &TreeOwner) -> Vec<StoredItem> {
    let items = test.store.load_items().await.unwrap();
    items.into_iter().filter(|item| item.owner == *owner).collect()
}

#[tokio::test]
async fn a_tree_comes_back_as_it_was_declared_with_neighbouring_handles() {
    let (test, server, connection, _) = TestStore::new().await.with_processor().await;
    let owner = owner(server, Some(connection));
    let handles = apply(&test, &owner, &tree()).await.unwrap();
    assert_eq!(handles, [PointHandle(1), PointHandle(2), PointHandle(3)]);
    let (test, _) = test.start_again().await;
    let stored = items_of(&test, &owner).await;
    let items: Vec<EwsItem> = stored.iter().map(|stored| stored.item.clone()).collect();
    assert_eq!(items, tree().items);
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
async fn a_renamed_item_keeps_its_handle_and_a_vanished_one_comes_back_under_its_own() {
    let (test, server, ..) = TestStore::new().await.with_processor().await;
    let owner = owner(server, None);
    let handles = apply(&test, &owner, &tree()).await.unwrap();

    let mut renamed = tree();
    renamed.items.truncate(2);
    let EwsItem::Value(item) = &mut renamed.items[1] else { unreachable!() };
    item.name = "Set point".into();
    assert!(apply(&test, &owner, &renamed).await.unwrap().is_empty());
    let stored = items_of(&test, &owner).await;
    assert_eq!(stored[1].handle, handles[1]);
    assert_eq!(stored[1].item, renamed.items[1]);
    assert_eq!(stored[2].vanished_at, Some(test.now()));

    assert!(apply(&test, &owner, &tree()).await.unwrap().is_empty());
    let stored = items_of(&test, &owner).await;
    assert_eq!((stored[2].handle, stored[2].vanished_at), (handles[2], None));
}

#[tokio::test]
async fn an_id_of_another_owner_on_the_same_server_is_refused_and_nothing_is_written() {
    let (test, server, connection, _) = TestStore::new().await.with_processor().await;
    let (ours, theirs) = (owner(server, Some(connection)), owner(server, None));
    apply(&test, &theirs, &tree()).await.unwrap();
    let refusal = apply(&test, &ours, &DeclaredTree { items: vec![container("z0"), container("z1")] }).await;
    let foreign = EwsItemId::new("z1");
    assert!(matches!(refusal, Err(StoreError::Tree(TreeError::ForeignId(id))) if id == foreign));
    assert!(items_of(&test, &ours).await.is_empty());
}

#[tokio::test]
async fn two_servers_may_serve_the_same_ids() {
    let (test, server, ..) = TestStore::new().await.with_processor().await;
    let mut changes = test.store.begin_configuration(&Actor::System, test.now()).await.unwrap();
    let other = changes.add_ews_server(&crate::fixture::ews_server("Other", 2)).await.unwrap();
    changes.commit().await.unwrap();
    let first = apply(&test, &owner(server, None), &tree()).await.unwrap();
    let second = apply(&test, &owner(other, None), &tree()).await.unwrap();
    assert!(first.iter().all(|handle| !second.contains(handle)));
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
async fn a_large_tree_is_stored_whole() {
    let (test, server, ..) = TestStore::new().await.with_processor().await;
    let owner = owner(server, None);
    let mut items = vec![container("z1")];
    items.extend((0..2_345).map(|number| value(&format!("z1/{number}"), "z1")));
    let tree = DeclaredTree { items };
    let handles = apply(&test, &owner, &tree).await.unwrap();
    assert!(handles.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0));
    let stored: Vec<EwsItem> = items_of(&test, &owner).await.into_iter().map(|stored| stored.item).collect();
    assert_eq!(stored, tree.items);
}
