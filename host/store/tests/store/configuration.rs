use std::time::Duration;

use riser_domain::{Actor, ProcessorConfiguration};
use riser_store::{SecretOrigin, StoreError};

use crate::fixture::{
    READ_WRITE, TestStore, add_data_key, connection, ews_server, processor, schedule, sealed,
};

#[tokio::test]
async fn a_configuration_is_loaded_as_it_was_stored() {
    let (test, server, connection_id, processor_id) = TestStore::new().await.with_processor().await;
    let (test, _) = test.start_again().await;
    let loaded = test.store.load_configuration().await.unwrap();

    let mut expected = ews_server("Main", 51_358);
    expected.id = server;
    assert_eq!(loaded.ews_servers, [expected]);
    let mut expected = connection("EVCE");
    expected.id = connection_id;
    assert_eq!(loaded.connections, [expected]);
    let mut expected = processor("EVCE Status", server, Some(connection_id));
    expected.id = processor_id;
    expected.schedule = Some(loaded.schedules[0].id);
    assert_eq!(loaded.processors, [expected]);
    assert_eq!(loaded.schedules[0].rule, schedule("").rule);
}

#[tokio::test]
async fn a_cron_rule_is_loaded_as_it_was_stored() {
    let test = TestStore::new().await;
    let mut changes = test.store.begin_configuration(&Actor::System, test.now()).await.unwrap();
    let mut nightly = schedule("Nightly");
    nightly.rule = "30 2 * * *; zone Europe/Paris".parse().unwrap();
    nightly.id = changes.add_schedule(&nightly).await.unwrap();
    changes.commit().await.unwrap();
    assert_eq!(test.store.load_configuration().await.unwrap().schedules, [nightly]);
}

#[tokio::test]
async fn a_change_that_is_not_committed_is_undone() {
    let test = TestStore::new().await;
    let mut changes = test.store.begin_configuration(&Actor::System, test.now()).await.unwrap();
    changes.add_ews_server(&ews_server("Main", 1)).await.unwrap();
    assert_eq!(changes.load_configuration().await.unwrap().ews_servers.len(), 1);
    drop(changes);
    assert!(test.store.load_configuration().await.unwrap().ews_servers.is_empty());
    assert!(test.store.list_audit(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn every_change_has_its_actor_in_the_audit_trail() {
    let (test, ..) = TestStore::new().await.with_processor().await;
    let audit = test.store.list_audit(10).await.unwrap();
    let subjects: Vec<_> = audit.iter().rev().map(|entry| (&*entry.subject, &*entry.subject_name)).collect();
    assert_eq!(
        subjects,
        [
            ("EWS server", "Main"),
            ("connection", "EVCE"),
            ("schedule", "Every 15 minutes"),
            ("processor", "EVCE Status")
        ]
    );
    assert!(audit.iter().all(|entry| entry.actor == Actor::CommandLine && entry.action == "add"));
}

#[tokio::test]
async fn the_audit_trail_describes_each_change_and_names_a_renamed_object_by_both_names() {
    let (test, server_id, connection_id, processor_id) = TestStore::new().await.with_processor().await;
    let kid = add_data_key(&test).await;
    let loaded = test.store.load_configuration().await.unwrap();
    let mut changes = test.store.begin_configuration(&Actor::CommandLine, test.now()).await.unwrap();
    let mut server = ews_server("BMS", 1);
    server.id = server_id;
    server.public_url = Some("https://bms.example".to_owned());
    changes.update_ews_server(&server).await.unwrap();
    let account = changes.add_account(server_id, "bms", READ_WRITE).await.unwrap();
    changes.update_account(account, "ebo", READ_WRITE).await.unwrap();
    changes.update_account_password(account, &sealed(&kid, b"sesame")).await.unwrap();
    changes.remove_account(account).await.unwrap();
    let mut hourly = loaded.schedules[0].clone();
    hourly.name = "Hourly".to_owned();
    changes.update_schedule(&hourly).await.unwrap();
    let mut moved = connection("North");
    moved.id = connection_id;
    changes.update_connection(&moved).await.unwrap();
    let mut status = processor("Status", server_id, Some(connection_id));
    status.id = processor_id;
    status.schedule = Some(hourly.id);
    changes.update_processor(&status).await.unwrap();
    changes.commit().await.unwrap();

    let audit = test.store.list_audit(8).await.unwrap();
    let details: Vec<_> = audit.iter().rev().map(|entry| &*entry.detail).collect();
    assert_eq!(
        details,
        [
            "renamed from \"Main\", listens on https://127.0.0.1:1, path /EcoStruxure/DataExchange, realm \
             \"Riser\", public URL https://bms.example, certificate \"/etc/riser/c.pem\", key \
             \"/etc/riser/k.pem\", page size 1000 items, digest SHA-256 and MD5",
            "account of \"BMS\", read-write",
            "renamed from \"bms\", account of \"BMS\", read-write",
            "account of \"BMS\", new password",
            "account of \"BMS\"",
            "renamed from \"Every 15 minutes\", every 15 min",
            "renamed from \"EVCE\", kind riser.evce/evce, settings {\"base_url\":\"https://evce\"}",
            "renamed from \"EVCE Status\", class riser.evce/status, connection \"North\", EWS server \"BMS\", \
             schedule \"Hourly\", active, runs at start, runs on schedule, may be started by hand, may be \
             stopped by hand, memory limit 256 MiB, settings {}",
        ]
    );
}

#[tokio::test]
async fn a_name_is_used_once() {
    let (test, ..) = TestStore::new().await.with_processor().await;
    let mut changes = test.store.begin_configuration(&Actor::System, test.now()).await.unwrap();
    let refusal = changes.add_ews_server(&ews_server("Main", 1)).await.unwrap_err();
    assert!(matches!(refusal, StoreError::Taken("an EWS server")), "{refusal}");
    changes.add_ews_server(&ews_server("Other", 1)).await.unwrap();
}

#[tokio::test]
async fn each_commit_raises_the_version_and_a_writer_with_an_older_one_is_refused() {
    let test = TestStore::new().await;
    let base = test.store.load_configuration().await.unwrap().version;
    let mut first = test.store.begin_configuration(&Actor::System, test.now()).await.unwrap();
    first.require_version(base).await.unwrap();
    first.add_ews_server(&ews_server("Main", 1)).await.unwrap();
    first.commit().await.unwrap();
    let mut second = test.store.begin_configuration(&Actor::System, test.now()).await.unwrap();
    assert!(matches!(second.require_version(base).await, Err(StoreError::Stale)));
    second.require_version(base + 1).await.unwrap();
}

#[tokio::test]
async fn an_object_used_by_a_processor_cannot_be_removed() {
    let (test, server, connection, processor) = TestStore::new().await.with_processor().await;
    let mut changes = test.store.begin_configuration(&Actor::System, test.now()).await.unwrap();
    assert!(matches!(changes.remove_connection(connection).await, Err(StoreError::InUse(_))));
    assert!(matches!(changes.remove_ews_server(server).await, Err(StoreError::InUse(_))));
    changes.remove_processor(processor).await.unwrap();
    changes.remove_connection(connection).await.unwrap();
    changes.remove_ews_server(server).await.unwrap();
    assert!(matches!(changes.remove_ews_server(server).await, Err(StoreError::Gone(_))));
}

#[tokio::test]
async fn secrets_are_stored_sealed_and_their_version_is_counted() {
    let (test, server, connection, processor) = TestStore::new().await.with_processor().await;
    let kid = add_data_key(&test).await;
    let mut changes = test.store.begin_configuration(&Actor::System, test.now()).await.unwrap();
    let account = changes.add_account(server, "bms", READ_WRITE).await.unwrap();
    changes.update_account_password(account, &sealed(&kid, b"one")).await.unwrap();
    changes.put_connection_secret(connection, "password", &sealed(&kid, b"two")).await.unwrap();
    changes.put_processor_secret(processor, "token", &sealed(&kid, b"three")).await.unwrap();
    changes.commit().await.unwrap();

    let loaded = test.store.load_configuration().await.unwrap();
    assert_eq!(loaded.accounts[0].password, Some(sealed(&kid, b"one")));
    assert_eq!(loaded.connections[0].secret_keys, ["password"]);
    assert_eq!(loaded.connections[0].secret_version, 2);
    assert_eq!(loaded.processors[0].secret_keys, ["token"]);
    let secrets = test.store.list_connection_secrets(connection).await.unwrap();
    assert_eq!(secrets, [("password".to_owned(), sealed(&kid, b"two"))]);
    let secrets = test.store.list_processor_secrets(processor).await.unwrap();
    assert_eq!(secrets, [("token".to_owned(), sealed(&kid, b"three"))]);
    let origin = SecretOrigin { key: "password".to_owned(), set_at: test.now(), set_by: "Riser".to_owned() };
    assert_eq!(
        test.store.connection_secret_origins(connection).await.unwrap(),
        std::slice::from_ref(&origin)
    );
    let origin = SecretOrigin { key: "token".to_owned(), ..origin };
    assert_eq!(test.store.processor_secret_origins(processor).await.unwrap(), [origin]);
    let rows = test.store.list_sealed_rows().await.unwrap();
    let tables: Vec<_> = rows.iter().map(|row| (&*row.table, &*row.column, &*row.kid)).collect();
    assert_eq!(
        tables,
        [
            ("ews_accounts", "password", "k1"),
            ("connection_secrets", "password", "k1"),
            ("processor_secrets", "token", "k1")
        ]
    );

    let mut changes = test.store.begin_configuration(&Actor::System, test.now()).await.unwrap();
    changes.remove_connection_secrets(connection).await.unwrap();
    changes.commit().await.unwrap();
    let loaded = test.store.load_configuration().await.unwrap();
    assert!(loaded.connections[0].secret_keys.is_empty());
    assert_eq!(loaded.connections[0].secret_version, 3);
}

#[tokio::test]
async fn a_root_key_may_be_created_only_while_nothing_is_sealed() {
    let test = TestStore::new().await;
    assert!(!test.store.has_sealed_rows().await.unwrap());
    add_data_key(&test).await;
    assert!(test.store.has_sealed_rows().await.unwrap());
}

#[tokio::test]
async fn the_id_of_a_removed_row_is_not_used_again() {
    let test = TestStore::new().await;
    let mut changes = test.store.begin_configuration(&Actor::System, test.now()).await.unwrap();
    let first = changes.add_connection(&connection("first")).await.unwrap();
    changes.remove_connection(first).await.unwrap();
    let second = changes.add_connection(&connection("second")).await.unwrap();
    assert_ne!(first, second);
}

#[tokio::test]
async fn every_change_of_a_processor_is_a_version_also_its_removal() {
    let (test, server, connection, id) = TestStore::new().await.with_processor().await;
    let first = test.store.list_processor_versions(id).await.unwrap();
    assert_eq!(first.iter().map(|it| (it.version, it.is_removal)).collect::<Vec<_>>(), [(1, false)]);
    let kid = add_data_key(&test).await;
    test.clock.advance(Duration::from_mins(1));
    let ada = Actor::Person("ada".to_owned());
    let changed = ProcessorConfiguration {
        id,
        settings_json: r#"{"poll_every":"5 s"}"#.to_owned(),
        ..processor("EVCE Setup", server, Some(connection))
    };
    let mut transaction = test.store.begin_configuration(&ada, test.now()).await.unwrap();
    transaction.update_processor(&changed).await.unwrap();
    transaction.put_processor_secret(id, "token", &sealed(&kid, b"x")).await.unwrap();
    transaction.commit().await.unwrap();
    let versions = test.store.list_processor_versions(id).await.unwrap();
    assert_eq!(versions.len(), 2);
    assert_eq!((versions[0].version, versions[0].at, &versions[0].actor), (2, test.now(), &ada));
    assert_eq!((&versions[0].processor, &versions[0].new_secrets[..]), (&changed, &["token".to_owned()][..]));
    assert_eq!(versions[1], first[0]);

    let mut transaction = test.store.begin_configuration(&ada, test.now()).await.unwrap();
    transaction.update_processor(&first[0].processor).await.unwrap();
    drop(transaction);
    assert_eq!(test.store.list_processor_versions(id).await.unwrap().len(), 2, "nothing was committed");
    assert_eq!(test.store.list_removed_processors().await.unwrap(), []);
    test.store.forget_removed_processor(id).await.unwrap();

    let mut transaction = test.store.begin_configuration(&ada, test.now()).await.unwrap();
    transaction.remove_processor(id).await.unwrap();
    transaction.commit().await.unwrap();
    let removed = test.store.list_removed_processors().await.unwrap();
    assert_eq!(removed.len(), 1);
    assert_eq!((removed[0].version, removed[0].is_removal, &removed[0].processor), (3, true, &changed));
    test.store.forget_removed_processors(test.now()).await.unwrap();
    assert_eq!(test.store.list_removed_processors().await.unwrap(), removed);
    test.store.forget_removed_processors(test.now().plus(Duration::from_secs(1))).await.unwrap();
    assert_eq!(test.store.list_processor_versions(id).await.unwrap(), []);
}

#[tokio::test]
async fn the_newest_hundred_versions_of_a_processor_are_kept() {
    let (test, server, connection, id) = TestStore::new().await.with_processor().await;
    for memory_limit_mib in 1..=102 {
        let changed = ProcessorConfiguration {
            id,
            memory_limit_mib,
            ..processor("EVCE Setup", server, Some(connection))
        };
        let mut transaction = test.store.begin_configuration(&Actor::System, test.now()).await.unwrap();
        transaction.update_processor(&changed).await.unwrap();
        transaction.commit().await.unwrap();
    }
    let versions = test.store.list_processor_versions(id).await.unwrap();
    assert_eq!((versions.len(), versions[0].version, versions[99].version), (100, 103, 4));
}
