use riser_domain::ConfigurationId;
use riser_store::StoreError;

use crate::fixture::TestStore;

#[tokio::test]
async fn state_is_stored_replaced_and_removed() {
    let (test, .., processor) = TestStore::new().await.with_processor().await;
    assert_eq!(test.store.find_plugin_state(processor, "cursor").await.unwrap(), None);
    test.store.put_plugin_state(processor, "cursor", b"1").await.unwrap();
    test.store.put_plugin_state(processor, "cursor", b"2").await.unwrap();
    let (test, _) = test.start_again().await;
    assert_eq!(test.store.find_plugin_state(processor, "cursor").await.unwrap(), Some(b"2".to_vec()));
    test.store.remove_plugin_state(processor, "cursor").await.unwrap();
    assert_eq!(test.store.find_plugin_state(processor, "cursor").await.unwrap(), None);
}

#[tokio::test]
async fn state_above_one_mebibyte_is_refused() {
    let (test, .., processor) = TestStore::new().await.with_processor().await;
    let half = vec![0; 512 * 1024 - 1];
    test.store.put_plugin_state(processor, "a", &half).await.unwrap();
    test.store.put_plugin_state(processor, "b", &half).await.unwrap();
    let refusal = test.store.put_plugin_state(processor, "c", b"").await.unwrap_err();
    assert!(matches!(refusal, StoreError::PluginStateFull), "{refusal}");
    assert_eq!(test.store.find_plugin_state(processor, "c").await.unwrap(), None);
    test.store.put_plugin_state(processor, "b", b"small").await.unwrap();
    test.store.put_plugin_state(processor, "c", b"fits").await.unwrap();
}

#[tokio::test]
async fn state_of_an_unknown_configuration_is_refused() {
    let test = TestStore::new().await;
    let refusal = test.store.put_plugin_state(ConfigurationId(9), "a", b"").await.unwrap_err();
    assert!(matches!(refusal, StoreError::InUse(_)), "{refusal}");
}
