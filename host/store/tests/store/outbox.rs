use std::time::Duration;

use riser_domain::{Actor, EwsItemId, EwsServerId, PointHandle, SetPointWrite, Value, WriteState};
use riser_store::NewWrite;

use crate::fixture::{TestStore, ews_server};

fn bms() -> Actor {
    Actor::EwsAccount { server: "Main".to_owned(), account: "bms".to_owned() }
}

fn write(test: &TestStore, point: u32, value: Value) -> NewWrite {
    NewWrite {
        point: PointHandle(point),
        item: EwsItemId::new(&format!("p{point}")),
        ews_server: EwsServerId(1),
        value,
        expires_at: test.now().plus(Duration::from_mins(15)),
    }
}

async fn accept_one(test: &TestStore, point: u32, value: Value) -> SetPointWrite {
    let writes = [write(test, point, value)];
    test.store.accept_writes(&writes, &bms(), test.now()).await.unwrap().remove(0)
}

#[tokio::test]
async fn writes_of_one_request_share_a_group_and_an_audit_row_each() {
    let test = TestStore::new().await;
    let mut changes = test.store.begin_configuration(&Actor::System, test.now()).await.unwrap();
    assert_eq!(changes.add_ews_server(&ews_server("Main", 1)).await.unwrap(), EwsServerId(1));
    changes.commit().await.unwrap();
    let request = [
        write(&test, 1, Value::Double(0.5)),
        write(&test, 2, Value::String("Inoperative".into())),
        write(&test, 3, Value::DateTime(test.now())),
    ];
    let accepted = test.store.accept_writes(&request, &bms(), test.now()).await.unwrap();
    assert_eq!(accepted.len(), 3);
    assert!(accepted.iter().all(|write| write.group == accepted[0].group));
    assert_eq!(test.store.open_writes().await.unwrap(), accepted);
    let audit = test.store.list_audit(10).await.unwrap();
    let audit = &audit[..3];
    assert!(audit.iter().all(|entry| entry.actor == bms() && entry.action == "set"));
    let details: Vec<_> = audit.iter().rev().map(|entry| entry.detail.clone()).collect();
    let on = "on EWS server \"Main\"";
    let moment = test.now();
    assert_eq!(details, [format!("0.5 {on}"), format!("\"Inoperative\" {on}"), format!("{moment} {on}")]);
    let (test, _) = test.start_again().await;
    assert_eq!(test.store.latest_writes().await.unwrap(), accepted);
}

#[tokio::test]
async fn the_newest_write_of_a_point_supersedes_the_older_open_ones() {
    let test = TestStore::new().await;
    let older = accept_one(&test, 1, Value::Long(1)).await;
    let other = accept_one(&test, 2, Value::Long(1)).await;
    let newer = accept_one(&test, 1, Value::Long(2)).await;
    assert_eq!(test.store.open_writes().await.unwrap(), [other.clone(), newer.clone()]);
    assert_eq!(test.store.latest_writes().await.unwrap(), [other, newer]);
    assert!(!test.store.update_write(older.id, WriteState::Sent, "", test.now()).await.unwrap());
}

#[tokio::test]
async fn of_two_writes_for_one_point_in_a_request_the_last_stays() {
    let test = TestStore::new().await;
    let request = [write(&test, 1, Value::Long(1)), write(&test, 1, Value::Long(2))];
    let accepted = test.store.accept_writes(&request, &bms(), test.now()).await.unwrap();
    assert_eq!(accepted[0].state, WriteState::Superseded);
    assert_eq!(test.store.open_writes().await.unwrap(), accepted[1..]);
}

#[tokio::test]
async fn a_write_changes_only_to_allowed_states() {
    let test = TestStore::new().await;
    let id = accept_one(&test, 1, Value::Boolean(true)).await.id;
    let accepted_at = test.now();
    for (state, expected) in [
        (WriteState::Accepted, false),
        (WriteState::Sent, true),
        (WriteState::Unknown, true),
        (WriteState::Sent, true),
        (WriteState::Confirmed, true),
        (WriteState::Rejected, false),
        (WriteState::Sent, false),
    ] {
        test.clock.advance(Duration::from_secs(1));
        let became = test.store.update_write(id, state, "why", test.now()).await.unwrap();
        assert_eq!(became, expected, "{state}");
    }
    let write = test.store.latest_writes().await.unwrap().remove(0);
    assert_eq!(write.state, WriteState::Confirmed);
    assert_eq!(write.reason, "why");
    // `sent_at` is the first time.
    assert_eq!(write.sent_at, Some(accepted_at.plus(Duration::from_secs(2))));
    assert_eq!(write.changed_at, accepted_at.plus(Duration::from_secs(5)));
}

#[tokio::test]
async fn the_named_open_writes_expire_and_an_expiry_can_be_moved() {
    let test = TestStore::new().await;
    let first = accept_one(&test, 1, Value::Long(1)).await;
    let second = accept_one(&test, 2, Value::Long(1)).await;
    let moved = second.expires_at.minus(Duration::from_hours(1));
    test.store.move_expiry(&[(second.id, moved)]).await.unwrap();
    let expired = test.store.expire_writes(&[first.id], test.now()).await.unwrap();
    assert_eq!((expired[0].id, expired[0].state), (first.id, WriteState::Expired));
    assert!(test.store.expire_writes(&[first.id], test.now()).await.unwrap().is_empty());
    assert_eq!(test.store.open_writes().await.unwrap(), [SetPointWrite { expires_at: moved, ..second }]);
}

#[tokio::test]
async fn concurrent_requests_are_all_accepted_in_separate_groups() {
    let test = TestStore::new().await;
    let requests = (0..50).map(|point| {
        let (store, now) = (test.store.clone(), test.now());
        let writes = [write(&test, point, Value::Long(1)), write(&test, point + 100, Value::Long(2))];
        tokio::spawn(async move { store.accept_writes(&writes, &bms(), now).await.unwrap() })
    });
    let requests: Vec<_> = requests.collect();
    let mut groups = std::collections::HashSet::new();
    for request in requests {
        let writes = request.await.unwrap();
        assert_eq!(writes[0].group, writes[1].group);
        assert!(groups.insert(writes[0].group));
    }
    assert_eq!(test.store.open_writes().await.unwrap().len(), 100);
}

#[tokio::test]
async fn a_cancelled_caller_does_not_lose_the_write_of_another() {
    let test = TestStore::new().await;
    let (first, second) = ([write(&test, 1, Value::Long(1))], [write(&test, 2, Value::Long(2))]);
    let actor = bms();
    let mut cancelled = Box::pin(test.store.accept_writes(&first, &actor, test.now()));
    // One poll queues the request; then the caller is dropped.
    let is_pending =
        std::future::poll_fn(|context| std::task::Poll::Ready(cancelled.as_mut().poll(context).is_pending()));
    assert!(is_pending.await);
    drop(cancelled);
    test.store.accept_writes(&second, &actor, test.now()).await.unwrap();
    let open = test.store.open_writes().await.unwrap();
    assert!(open.iter().any(|write| write.point == PointHandle(2)));
}

#[tokio::test]
async fn the_writes_of_a_point_in_a_span_are_listed_newest_first() {
    let test = TestStore::new().await;
    let begin = test.now();
    let first = accept_one(&test, 1, Value::Long(1)).await;
    accept_one(&test, 2, Value::Long(1)).await;
    let second = accept_one(&test, 1, Value::Long(2)).await;
    let list = async |span, count| {
        let listed = test.store.list_writes_of(PointHandle(1), span, count).await.unwrap();
        listed.into_iter().map(|write| write.id).collect::<Vec<_>>()
    };
    assert_eq!(list((begin, begin), 10).await, [second.id, first.id]);
    assert_eq!(list((begin, begin), 1).await, [second.id]);
    let later = begin.plus(Duration::from_secs(1));
    assert!(list((later, later), 10).await.is_empty());
}
