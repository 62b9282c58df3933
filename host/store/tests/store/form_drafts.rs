use std::time::Duration;

use riser_domain::{Actor, Role, Timestamp};
use riser_store::{FormDraft, NewUser, SealedValue, UserId, WrappedKey};

use crate::fixture::TestStore;

const DAY: Duration = Duration::from_hours(24);

async fn users(test: &TestStore) -> [UserId; 2] {
    let key = WrappedKey { kid: "k1".to_owned(), wrapped: vec![1] };
    test.store.add_data_key(&key, &Actor::System, test.now()).await.unwrap();
    for name in ["anna", "olga"] {
        let user = NewUser { name: name.to_owned(), role: Role::Admin, password_hash: "x".to_owned() };
        test.store.add_user(&user, &Actor::System, test.now()).await.unwrap();
    }
    let users = test.store.list_users().await.unwrap();
    [users[0].id, users[1].id]
}

fn draft(id: i64, bytes: &[u8], changed_at: Timestamp) -> FormDraft {
    let input = SealedValue { kid: "k1".to_owned(), bytes: bytes.to_vec() };
    FormDraft { id, title: format!("draft {id}"), input, changed_at }
}

#[tokio::test]
async fn a_draft_belongs_to_its_user_and_is_replaced() {
    let test = TestStore::new().await;
    let [anna, olga] = users(&test).await;
    let (now, oldest) = (test.now(), Timestamp::EPOCH);
    test.store.save_form_draft(anna, &draft(7, b"one", now), oldest).await.unwrap();
    test.store.save_form_draft(anna, &draft(7, b"two", now), oldest).await.unwrap();
    test.store.save_form_draft(olga, &draft(7, b"hers", now), oldest).await.unwrap();
    test.store.remove_form_draft(olga, 7).await.unwrap();
    assert_eq!(test.store.list_form_drafts(anna).await.unwrap(), [draft(7, b"two", now)]);
    assert_eq!(test.store.list_form_drafts(olga).await.unwrap(), []);
    let sealed = test.store.list_sealed_rows().await.unwrap();
    assert_eq!((sealed[0].table.as_str(), sealed[0].row), ("form_drafts", 7));
    test.store.remove_form_draft(anna, 7).await.unwrap();
    assert_eq!(test.store.list_form_drafts(anna).await.unwrap(), []);
}

#[tokio::test]
async fn old_drafts_and_more_than_twenty_of_a_user_are_removed() {
    let test = TestStore::new().await;
    let [anna, olga] = users(&test).await;
    let at = |days: u32| test.now().plus(DAY * days);
    test.store.save_form_draft(olga, &draft(100, b"", at(0)), Timestamp::EPOCH).await.unwrap();
    for day in 1..=25 {
        test.store.save_form_draft(anna, &draft(i64::from(day), b"", at(day)), at(0)).await.unwrap();
    }
    let kept: Vec<i64> =
        test.store.list_form_drafts(anna).await.unwrap().into_iter().map(|it| it.id).collect();
    assert_eq!(kept, (6..=25).rev().collect::<Vec<_>>());
    assert_eq!(test.store.list_form_drafts(olga).await.unwrap().len(), 1);
    test.store.save_form_draft(anna, &draft(26, b"", at(26)), at(1)).await.unwrap();
    assert_eq!(test.store.list_form_drafts(olga).await.unwrap(), []);
}
