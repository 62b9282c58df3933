//! Changes of the configuration while Riser runs: what changes acts, and nothing else is disturbed.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use riser_domain::{HistorySample, RunState, RunTrigger, Timestamp, Value, ValueState};
use riser_runtime::{LinkState, ProcessorState, ProcessorStatus};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::bms::{id_of, read, read_until, walk_until_there};
use crate::configuration::ConfigurationFile;
use crate::host::{BMS, BMS_PASSWORD, Installation};
use crate::programs;
use crate::running_host::{RunningHost, client_of};
use crate::waiting::until;

/// Two EWS servers on two addresses, each with a counter.
async fn two_counters() -> (Installation, RunningHost) {
    let installation =
        Installation::new(&[programs::library("riser-example"), programs::library("riser-misbehaving")]);
    let main = ConfigurationFile::new().ews_server("Main").processor(
        "Main Counter",
        "riser.example/counter",
        "Main",
        "settings = { step_every = \"100 ms\" }",
    );
    let annex = ConfigurationFile::new().ews_server("Annex").processor(
        "Annex Counter",
        "riser.example/counter",
        "Annex",
        "",
    );
    installation.apply(&format!("{}{}", main.text(), annex.text().replace("127.0.0.1:0", "127.0.0.2:0")));
    let host = RunningHost::start(&installation).await;
    for server in ["Main", "Annex"] {
        walk_until_there(&host.bms(server), "Count").await;
    }
    (installation, host)
}

/// The id of the count that a server shows.
async fn count_of(host: &RunningHost, server: &str) -> String {
    id_of(&walk_until_there(&host.bms(server), "Count").await, "Count").to_owned()
}

/// Asks for something on a connection that stays open.
async fn ask_on(connection: &mut TcpStream, path: &str) {
    let request = format!("GET {path}?nothing HTTP/1.1\r\nHost: riser\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut response = [0; 4_096];
    let read = connection.read(&mut response).await.unwrap();
    let text = String::from_utf8_lossy(&response[..read]);
    assert!(text.contains("there are ?wsdl"), "the connection was closed, or says {text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_an_unchanged_server_sees_no_error_while_everything_else_changes() {
    let (_installation, host) = two_counters().await;
    let main = host.server("Main");
    let run = host.processor_until("Main Counter", |it| it.last_run.is_some()).await.last_run.unwrap();
    let address = main.address.strip_prefix("http://").unwrap();
    let (authority, path) = address.split_once('/').unwrap();
    let path = format!("/{path}");
    let mut connection = TcpStream::connect(authority).await.unwrap();
    ask_on(&mut connection, &path).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn({
        let (bms, count, is_over) = (host.bms("Main"), count_of(&host, "Main").await, Arc::clone(&is_over));
        async move {
            let mut reads = 0_u32;
            while !is_over.load(Ordering::Relaxed) {
                let (_, state) = read(&bms, &count).await.unwrap();
                assert_eq!(state, ValueState::Good);
                reads += 1;
            }
            reads
        }
    });

    host.change_server("Annex", "listen = \"127.0.0.3:0\"").await;
    host.add_account("Annex", "guest", "a password of the guest").await;
    host.change_server("Annex", "page_size_items = 100").await;
    host.change_server("Annex", "realm = \"Annex\"").await;
    host.change_processor("Annex Counter", "active = false").await;
    host.change_processor("Annex Counter", "active = true").await;
    host.change_processor("Annex Counter", "remove = true").await;
    host.change_server("Annex", "remove = true").await;

    ask_on(&mut connection, &path).await;
    is_over.store(true, Ordering::Relaxed);
    assert!(reading.await.unwrap() > 0);
    let after = host.processor("Main Counter").last_run.unwrap();
    assert_eq!((after.id, after.state), (run.id, RunState::Running));
    assert_eq!(host.runtime.ews_servers().len(), 1);
    host.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_moves_and_its_clients_find_it_at_the_new_address_only() {
    let (_installation, host) = two_counters().await;
    let before = host.server("Annex").address;
    assert!(host.change_server("Annex", "listen = \"127.0.0.3:0\"").await.is_empty());
    let after = host.server("Annex").address;
    assert!(after.starts_with("http://127.0.0.3:"), "{after}");
    host.bms("Annex").information().await.unwrap();
    assert!(client_of(&before, BMS, BMS_PASSWORD).information().await.is_err());
    host.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_keeps_its_port_when_it_moves_to_all_addresses() {
    let (_installation, host) = two_counters().await;
    // Another program may use the port on another address, so it takes a few ports to find one that all have free.
    let mut problems = Vec::new();
    for _ in 0..10 {
        assert!(host.change_server("Annex", "listen = \"127.0.0.2:0\"").await.is_empty());
        let address = host.server("Annex").address;
        let port: u16 = address.split([':', '/']).find_map(|part| part.parse().ok()).unwrap();
        problems = host.change_server("Annex", &format!("listen = \"0.0.0.0:{port}\"")).await;
        if problems.is_empty() {
            client_of(&address, BMS, BMS_PASSWORD).information().await.unwrap();
            break;
        }
        assert!(problems.iter().all(|problem| problem.what.contains("in use")), "{problems:?}");
    }
    assert!(problems.is_empty(), "{problems:?}");
    host.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_move_is_served_where_it_was_until_the_port_is_free() {
    let (_installation, host) = two_counters().await;
    let before = host.bms("Annex");
    let taken = TcpListener::bind("127.0.0.2:0").unwrap();
    let address = taken.local_addr().unwrap();
    let problems = host.change_server("Annex", &format!("listen = \"{address}\"")).await;
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    let port = address.port().to_string();
    assert!(problem.what.contains("EWS server Annex cannot move") && problem.what.contains(&port));
    assert!(problem.effect.contains("still served at 127.0.0.2:"), "{problem:?}");
    assert!(problem.remedy.contains(&format!("end the program that uses {address}")), "{problem:?}");
    assert!(host.runtime.problems().iter().any(|raised| raised.problem == *problem));
    assert_eq!(host.server("Annex").state, LinkState::Degraded);
    // Other settings act at the old address.
    host.add_account("Annex", "guest", "a password of the guest").await;
    let guest = client_of(&host.server("Annex").address, "guest", "a password of the guest");
    guest.information().await.unwrap();
    before.information().await.unwrap();

    drop(taken);
    until("the server at its new address", async || {
        let status = host.server("Annex").address;
        if status.contains(&address.to_string()) { Ok(()) } else { Err(status) }
    })
    .await;
    host.bms("Annex").information().await.unwrap();
    assert!(host.runtime.problems().is_empty(), "{:?}", host.runtime.problems());
    host.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_a_server_that_waits_to_move_shows_the_path_it_is_served_at() {
    let (_installation, host) = two_counters().await;
    let before = host.server("Annex").address;
    let taken = TcpListener::bind("127.0.0.2:0").unwrap();
    let address = taken.local_addr().unwrap();
    let problems = host.change_server("Annex", &format!("listen = \"{address}\"\npath = \"/new\"")).await;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(host.server("Annex").address, before);
    host.bms("Annex").information().await.unwrap();
    host.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_act_at_once_and_those_that_stay_are_not_asked_to_log_in_again() {
    let (_installation, host) = two_counters().await;
    let bms = host.bms("Annex");
    bms.information().await.unwrap();
    let url = host.server("Annex").address;
    let guest = || client_of(&url, "guest", "a password of the guest");
    assert!(guest().information().await.is_err());
    host.add_account("Annex", "guest", "a password of the guest").await;
    guest().information().await.unwrap();
    bms.information().await.unwrap();
    let refused = host.server("Annex");
    assert_eq!(refused.state, LinkState::Good);
    host.change_server("Annex", "[[ews_server.account]]\nname = \"guest\"\nremove = true").await;
    assert!(guest().information().await.is_err());
    bms.information().await.unwrap();
    host.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_settings_start_a_long_running_processor_anew_and_a_changed_name_does_not() {
    let (_installation, host) = two_counters().await;
    let bms = host.bms("Annex");
    let count = count_of(&host, "Annex").await;
    let first = host.processor("Annex Counter").last_run.unwrap();
    host.change_processor("Counter of the Annex", "renamed_from = \"Annex Counter\"").await;
    host.change_processor("Counter of the Annex", "manually_startable = false").await;
    let renamed = host.processor("Counter of the Annex");
    assert_eq!(renamed.last_run.unwrap().id, first.id);
    assert!(matches!(renamed.state, ProcessorState::Running { .. }));
    assert!(!renamed.manually_startable);

    let settings = "settings = { start = 5000000000, step_every = \"1 h\" }";
    host.change_processor("Counter of the Annex", settings).await;
    read_until(&bms, &count, "5000000000", ValueState::Good).await;
    let second = host.processor("Counter of the Annex").last_run.unwrap();
    assert_ne!(second.id, first.id);
    let ended = host.runtime.store().find_run(first.id).await.unwrap().unwrap();
    assert_eq!(
        (ended.state, &*ended.reason),
        (RunState::Cancelled, "stopped because its configuration changed")
    );
    host.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_that_is_switched_off_stops_and_its_values_are_no_longer_good() {
    let (_installation, host) = two_counters().await;
    let bms = host.bms("Annex");
    let count = count_of(&host, "Annex").await;
    host.change_processor("Annex Counter", "active = false").await;
    let off = host.processor_until("Annex Counter", |it| it.state == ProcessorState::Inactive).await;
    assert_eq!(off.last_run.unwrap().reason, "stopped because it was switched off");
    assert_ne!(read(&bms, &count).await.unwrap().1, ValueState::Good);
    host.change_processor("Annex Counter", "active = true").await;
    host.processor_until("Annex Counter", |it| matches!(it.state, ProcessorState::Running { .. })).await;
    until("a good value", async || match read(&bms, &count).await {
        Ok((_, ValueState::Good)) => Ok(()),
        seen => Err(seen),
    })
    .await;
    host.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_that_is_added_runs_and_one_that_is_removed_leaves_its_values_not_good() {
    let (_installation, host) = two_counters().await;
    let bms = host.bms("Annex");
    let count = count_of(&host, "Annex").await;
    host.change_processor("Annex Counter", "remove = true").await;
    assert_eq!(host.runtime.processors().len(), 1);
    until("a value that is not good", async || match read(&bms, &count).await {
        Ok((_, ValueState::Good)) => Err("good"),
        _ => Ok(()),
    })
    .await;
    let counter = "class = \"riser.example/counter\"\news_server = \"Annex\"\nruns_at_start = true";
    host.change_processor("New Counter", counter).await;
    until("a good value", async || match read(&bms, &count).await {
        Ok((_, ValueState::Good)) => Ok(()),
        seen => Err(seen),
    })
    .await;
    assert!(host.runtime.problems().is_empty(), "{:?}", host.runtime.problems());
    host.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_server_takes_its_stored_values_and_samples_with_it() {
    let (_installation, host) = two_counters().await;
    let point = async |server: &str| {
        let id = count_of(&host, server).await;
        host.runtime.items(host.server(server).ews_server).find(&id).unwrap()
    };
    let (kept, removed) = (point("Main").await, point("Annex").await);
    let store = host.runtime.store().clone();
    let now = host.runtime.clock().now();
    let sample = HistorySample { value: Value::Long(1), state: ValueState::Good, time: now };
    store.journal_samples(&[(kept, sample.clone()), (removed, sample)]).await.unwrap();
    host.change_processor("Annex Counter", "remove = true").await;
    host.change_server("Annex", "remove = true").await;
    assert_eq!(store.find_history_span(removed).await.unwrap(), None);
    assert_eq!(store.find_history_span(kept).await.unwrap(), Some((now, now)));
    let values = store.load_last_values().await.unwrap();
    assert!(values.iter().all(|(point, _)| *point != removed), "{values:?}");
    host.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_schedule_moves_the_next_run_and_stops_no_run() {
    let (_installation, host) = two_counters().await;
    let run = host.processor("Annex Counter").last_run.unwrap();
    let start = Timestamp::from_unix_ms(4_102_444_800_000);
    let hourly = |start| format!("[[schedule]]\nname = \"Hourly\"\nrule = \"every 1 h; from {start}\"\n");
    let scheduled = "[[processor]]\nname = \"Hourly Work\"\nclass = \"riser.misbehaving/needs-operator\"\n\
                     ews_server = \"Annex\"\nschedule = \"Hourly\"\n";
    host.apply(&format!("{}{scheduled}", hourly(start))).await;
    host.processor_until("Hourly Work", |it| it.next_run_at == Some(start)).await;
    let later = start.plus(std::time::Duration::from_mins(5));
    host.apply(&hourly(later)).await;
    host.processor_until("Hourly Work", |it| it.next_run_at == Some(later)).await;
    let counter = host.processor("Annex Counter").last_run.unwrap();
    assert_eq!((counter.id, counter.state), (run.id, RunState::Running));
    host.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_processor_that_moves_to_another_server_runs_there_for_the_person_who_moved_it() {
    let (_installation, host) = two_counters().await;
    let work = "class = \"riser.misbehaving/needs-operator\"\news_server = \"Annex\"\nruns_at_start = true";
    host.change_processor("Work", work).await;
    let ended =
        |state| move |it: &ProcessorStatus| it.last_run.as_ref().is_some_and(|run| run.state == state);
    // It fails once, and a second run succeeds.
    host.processor_until("Work", ended(RunState::Failed)).await;
    host.change_processor("Work", "ews_server = \"Main\"").await;
    let work = host.processor_until("Work", ended(RunState::Succeeded)).await;
    let runs = host.runtime.store().list_runs_of(work.configuration, 10).await.unwrap();
    let triggers: Vec<_> = runs.into_iter().map(|run| run.trigger).collect();
    assert_eq!(
        triggers,
        [RunTrigger::Person("command line".into()), RunTrigger::Person("command line".into())]
    );
    host.runtime.shut_down().await;
}
