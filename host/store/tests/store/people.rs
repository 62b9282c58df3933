use std::time::Duration;

use riser_domain::{Actor, Role};
use riser_store::{NewAuditEntry, NewLoginSession, NewUser, StoreError, TokenHash, UserId};

use crate::fixture::TestStore;

const TOKEN: TokenHash = [7; 32];

async fn add_ada(test: &TestStore) -> UserId {
    let ada =
        NewUser { name: "ada".to_owned(), role: Role::Operator, password_hash: "$argon2id$one".to_owned() };
    test.store.add_user(&ada, &Actor::CommandLine, test.now()).await.unwrap()
}

async fn sign_in(test: &TestStore, user: UserId, token_sha256: TokenHash) {
    let expires_at = test.now().plus(Duration::from_hours(12));
    let session = NewLoginSession {
        token_sha256,
        user,
        csrf_token: "csrf".to_owned(),
        address: "192.0.2.7".to_owned(),
        expires_at,
    };
    test.store.add_session(&session, &[], test.now()).await.unwrap();
}

#[tokio::test]
async fn a_user_is_found_by_name_and_a_second_one_is_refused() {
    let test = TestStore::new().await;
    let id = add_ada(&test).await;
    let ada = test.store.find_user("ada").await.unwrap().unwrap();
    assert_eq!((ada.id, ada.role, &*ada.password_hash), (id, Role::Operator, "$argon2id$one"));
    assert!(!format!("{ada:?}").contains("argon2id"));
    assert_eq!(test.store.find_user("Ada").await.unwrap(), None);
    let twin = NewUser { name: "ada".to_owned(), role: Role::Viewer, password_hash: String::new() };
    let refusal = test.store.add_user(&twin, &Actor::System, test.now()).await.unwrap_err();
    assert!(matches!(refusal, StoreError::Taken("a user")), "{refusal}");
    assert_eq!(test.store.list_users().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_is_found_by_its_token_until_it_is_over() {
    let test = TestStore::new().await;
    let ada = add_ada(&test).await;
    sign_in(&test, ada, TOKEN).await;
    let session = test.store.find_session(&TOKEN).await.unwrap().unwrap();
    assert_eq!((session.user.id, &*session.csrf_token), (ada, "csrf"));
    assert_eq!(test.store.find_session(&[8; 32]).await.unwrap(), None);

    test.clock.advance(Duration::from_mins(5));
    test.store.update_session_seen(&TOKEN, test.now()).await.unwrap();
    let session = test.store.find_session(&TOKEN).await.unwrap().unwrap();
    assert_eq!(session.last_seen_at, test.now());

    test.clock.advance(Duration::from_hours(12));
    let another = NewLoginSession {
        token_sha256: [9; 32],
        user: ada,
        csrf_token: "csrf".to_owned(),
        address: "192.0.2.7".to_owned(),
        expires_at: test.now().plus(Duration::from_hours(12)),
    };
    test.store.add_session(&another, &[TOKEN], test.now()).await.unwrap();
    assert!(test.store.find_session(&TOKEN).await.unwrap().is_some(), "the caller says that it is alive");
    test.store.remove_session(&[9; 32]).await.unwrap();
    test.store.add_session(&another, &[], test.now()).await.unwrap();
    assert_eq!(test.store.find_session(&TOKEN).await.unwrap(), None);
}

#[tokio::test]
async fn a_new_password_a_new_role_and_signing_out_end_sessions() {
    let test = TestStore::new().await;
    let ada = add_ada(&test).await;
    let actor = Actor::Person("root".to_owned());
    sign_in(&test, ada, TOKEN).await;
    let change = async || test.store.begin_configuration(&actor, test.now()).await.unwrap();
    let mut password = change().await;
    password.update_user_password(ada, "$argon2id$two").await.unwrap();
    password.commit().await.unwrap();
    assert_eq!(test.store.find_session(&TOKEN).await.unwrap(), None);
    sign_in(&test, ada, TOKEN).await;
    let mut role = change().await;
    role.update_user_role(ada, Role::Viewer).await.unwrap();
    role.rename_user(ada, "lovelace").await.unwrap();
    role.commit().await.unwrap();
    assert_eq!(test.store.find_user("lovelace").await.unwrap().map(|user| user.id), Some(ada));
    assert_eq!(test.store.find_session(&TOKEN).await.unwrap(), None);
    sign_in(&test, ada, TOKEN).await;
    test.store.remove_session(&TOKEN).await.unwrap();
    assert_eq!(test.store.find_session(&TOKEN).await.unwrap(), None);
    sign_in(&test, ada, TOKEN).await;
    let mut removal = change().await;
    removal.remove_user(ada).await.unwrap();
    removal.commit().await.unwrap();
    assert_eq!(test.store.find_session(&TOKEN).await.unwrap(), None);
    let audit = test.store.list_audit(10).await.unwrap();
    let details: Vec<_> = audit.iter().rev().map(|entry| &*entry.detail).collect();
    assert_eq!(details[1..], ["new password", "role viewer", "renamed from \"ada\"", ""]);
    assert!(audit.iter().all(|entry| entry.subject == "user" && !entry.detail.contains("argon2id")));
}

#[tokio::test]
async fn an_action_without_a_change_in_the_store_can_be_audited() {
    let test = TestStore::new().await;
    let entry =
        NewAuditEntry { action: "login", subject: "session", subject_name: "ada", detail: "127.0.0.1" };
    test.store.record_audit(&Actor::Person("ada".to_owned()), test.now(), entry).await.unwrap();
    let audit = test.store.list_audit(10).await.unwrap();
    assert_eq!((&*audit[0].action, audit[0].at), ("login", test.now()));
}
