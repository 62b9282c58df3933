use riser_domain::Actor;
use riser_store::Quarantine;

use crate::fixture::TestStore;

#[tokio::test]
async fn a_quarantine_survives_a_restart_and_ends_by_a_person() {
    let (test, .., processor) = TestStore::new().await.with_processor().await;
    assert_eq!(test.store.find_quarantine(processor).await.unwrap(), None);
    let first = Quarantine { since: test.now(), reason: "ended with signal 11".to_owned() };
    test.store.add_quarantine(processor, "EVCE Status", &first).await.unwrap();
    let second = Quarantine { reason: "another".to_owned(), ..first.clone() };
    test.store.add_quarantine(processor, "EVCE Status", &second).await.unwrap();
    let (test, _) = test.start_again().await;
    assert_eq!(test.store.find_quarantine(processor).await.unwrap(), Some(first));

    let ada = Actor::Person("ada".to_owned());
    for _ in 0..2 {
        test.store.remove_quarantine(processor, "EVCE Status", &ada, test.now()).await.unwrap();
    }
    assert_eq!(test.store.find_quarantine(processor).await.unwrap(), None);
    let audit = test.store.list_audit(2).await.unwrap();
    let entries: Vec<_> = audit.iter().map(|entry| (&*entry.action, &*entry.detail, &entry.actor)).collect();
    assert_eq!(entries, [("remove", "", &ada), ("add", "ended with signal 11", &Actor::System)]);
}
