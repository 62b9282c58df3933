//! Random changes of a running host end where a fresh start on the same data begins.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;
use riser_domain::{Actor, Timestamp};
use riser_runtime::{
    AccountDraft, ConfigurationDraft, ConfigurationFile, ConfigureError, ConnectionDraft, EwsServerDraft,
    ExportScope, Identity, LinkState, ProcessorDraft, ProcessorState, ProcessorStatus, ScheduleDraft,
    SecretInput, SecretSources, SettingInput, SettingInputs,
};
use riser_store::Configuration;
use secrecy::SecretString;
use serde_json::json;
use url::Url;

use crate::host::Installation;
use crate::programs;
use crate::running_host::{RunningHost, client_of};
use crate::waiting::until;

const CASES: u32 = 8;

const SERVERS: &[&str] = &["Main", "Annex", "Third"];
const ACCOUNTS: &[&str] = &["bms", "guest"];
const CONNECTIONS: &[&str] = &["North", "South"];
const SCHEDULES: &[&str] = &["Yearly", "Later"];
const PROCESSORS: &[&str] = &["One", "Two", "Three", "Four"];
const PASSWORDS: &[&str] = &["the first password", "the second password"];

const COUNTER: &str = "riser.example/counter";
const SETUP: &str = "riser.evce/setup";
const STATUS: &str = "riser.evce/status";
const CLASSES: &[&str] = &[COUNTER, COUNTER, "riser.misbehaving/needs-operator", SETUP, STATUS];

fn name(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(names).prop_map(str::to_owned)
}

fn identity(names: &'static [&'static str]) -> impl Strategy<Value = Identity> {
    let renamed_from = prop::option::weighted(0.2, name(names));
    (name(names), renamed_from, prop::bool::weighted(0.15))
        .prop_map(|(name, renamed_from, remove)| Identity { name, renamed_from, remove })
}

fn secret() -> impl Strategy<Value = SecretInput> {
    select(PASSWORDS).prop_map(|text| SecretInput::Value(SecretString::from(text)))
}

fn account() -> impl Strategy<Value = AccountDraft> {
    let rights = select(vec!["read", "read-write"]);
    (identity(ACCOUNTS), rights, secret()).prop_map(|(identity, rights, password)| AccountDraft {
        identity,
        rights: Some(rights.to_owned()),
        password: Some(password),
    })
}

fn ews_server() -> impl Strategy<Value = EwsServerDraft> {
    let maybe = |texts| prop::option::of(name(texts));
    let listen = maybe(&["127.0.0.2:0", "127.0.0.3:0", "127.0.0.4:0"]);
    let texts = (listen, maybe(&["/a", "/b", "/c"]), maybe(&["Riser", "Other"]));
    let accounts = prop::collection::vec(account(), 0..2);
    (identity(SERVERS), texts, prop::option::of(100_u32..2_000), accounts).prop_map(
        |(identity, (listen, path, realm), page_size_items, accounts)| EwsServerDraft {
            listen: listen.or_else(|| Some("127.0.0.2:0".to_owned())),
            path: path.or_else(|| Some(format!("/{}", identity.name))),
            identity,
            realm,
            page_size_items,
            accounts,
            ..EwsServerDraft::default()
        },
    )
}

/// A controller that is not there: no processor of it ever starts by itself and connects.
fn connection() -> impl Strategy<Value = ConnectionDraft> {
    (identity(CONNECTIONS), select(vec!["one", "two"]), secret()).prop_map(|(identity, host, password)| {
        let settings = SettingInputs::from([
            ("base_url".to_owned(), SettingInput::Plain(json!(format!("https://{host}.invalid/api/v2")))),
            ("login".to_owned(), SettingInput::Plain(json!("bmsApi"))),
            ("password".to_owned(), SettingInput::Secret(password)),
            ("certificate_sha256".to_owned(), SettingInput::Plain(json!("00".repeat(32)))),
        ]);
        ConnectionDraft { identity, kind: Some("riser.evce/evce".to_owned()), settings: Some(settings) }
    })
}

/// Schedules whose next run is the same now and after the next start.
fn schedule() -> impl Strategy<Value = ScheduleDraft> {
    let rule = select(vec![
        "every 1 h; from 2100-01-01T00:00:00Z",
        "every 90 s; from 2099-06-01T06:00:00Z",
        "0 6 29 2 *; zone Europe/Paris",
        "monthly on last at 06:00; from 2100-01-01; zone Europe/Paris",
    ]);
    (identity(SCHEDULES), rule)
        .prop_map(|(identity, rule)| ScheduleDraft { identity, rule: Some(rule.to_owned()) })
}

fn processor() -> impl Strategy<Value = ProcessorDraft> {
    let references = (name(CONNECTIONS), name(SERVERS), prop::option::of(name(SCHEDULES)));
    let flags = (prop::bool::weighted(0.75), any::<bool>(), any::<bool>());
    let start = prop::option::of(select(vec![0, 5_000_000]));
    (identity(PROCESSORS), select(CLASSES), references, flags, start).prop_map(
        |(identity, class, (connection, ews_server, schedule), (active, flag, other_flag), start)| {
            let is_long_running = class == COUNTER || class == STATUS;
            ProcessorDraft {
                identity,
                class: Some(class.to_owned()),
                connection: Some(connection).filter(|_| class.starts_with("riser.evce/")),
                ews_server: Some(ews_server),
                schedule: schedule.filter(|_| !is_long_running),
                active: Some(active),
                // One that was started once goes on when this flag is cleared, so it is the same for a class.
                runs_at_start: Some(is_long_running),
                runs_on_schedule: Some(flag),
                manually_startable: Some(other_flag),
                manually_stoppable: Some(flag),
                settings: start
                    .filter(|_| class == COUNTER)
                    .map(|start| [("start".to_owned(), SettingInput::Plain(json!(start)))].into()),
                ..ProcessorDraft::default()
            }
        },
    )
}

fn draft() -> impl Strategy<Value = ConfigurationDraft> {
    let few = 0..2_usize;
    (
        prop::collection::vec(ews_server(), few.clone()),
        prop::collection::vec(connection(), few.clone()),
        prop::collection::vec(schedule(), few),
        prop::collection::vec(processor(), 1..4),
    )
        .prop_map(|(ews_servers, connections, schedules, processors)| ConfigurationDraft {
            ews_servers,
            connections,
            schedules,
            processors,
            ..ConfigurationDraft::default()
        })
}

/// Each object of a draft alone.
fn single_objects(draft: &ConfigurationDraft) -> Vec<ConfigurationDraft> {
    let mut all = Vec::new();
    let mut add = |one: ConfigurationDraft| all.push(one);
    let none = ConfigurationDraft::default;
    for it in &draft.ews_servers {
        add(ConfigurationDraft { ews_servers: vec![it.clone()], ..none() });
    }
    for it in &draft.connections {
        add(ConfigurationDraft { connections: vec![it.clone()], ..none() });
    }
    for it in &draft.schedules {
        add(ConfigurationDraft { schedules: vec![it.clone()], ..none() });
    }
    for it in &draft.processors {
        add(ConfigurationDraft { processors: vec![it.clone()], ..none() });
    }
    all
}

async fn configure(host: &RunningHost, draft: ConfigurationDraft) -> bool {
    match host.runtime.configure(draft, Actor::CommandLine).await {
        Ok(configured) => {
            assert!(configured.problems.is_empty(), "{:?}", configured.problems);
            true
        }
        Err(ConfigureError::Fields(errors)) => {
            assert!(!errors.is_empty());
            false
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// Applies a draft, or those of its objects that are right.
async fn change(host: &RunningHost, draft: &ConfigurationDraft) {
    if !configure(host, draft.clone()).await {
        for one in single_objects(draft) {
            configure(host, one).await;
        }
    }
    for scope in [ExportScope::All, ExportScope::WithoutDisabled] {
        let exported = host.runtime.export(scope);
        let file = ConfigurationFile::read(&exported, SecretSources::of_this_process());
        assert!(file.is_readable(), "{:?}\n{exported}", file.locate(&[]));
        let plan = host.runtime.plan(&file.draft).await.unwrap();
        assert!(plan.lines.is_empty(), "{plan:?}\n{exported}");
    }
}

/// What of a host is the same after its next start.
#[derive(Debug, PartialEq)]
struct Snapshot {
    stored: String,
    exported: String,
    processors: BTreeSet<String>,
    connections: BTreeSet<String>,
    servers: BTreeSet<String>,
    trees: BTreeSet<String>,
    logins: BTreeSet<String>,
    problems: BTreeSet<String>,
}

fn state_text(state: &ProcessorState) -> String {
    match state {
        ProcessorState::Running { .. } => "Running".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Whether a processor does what its configuration makes it do for ever.
fn is_steady(host: &RunningHost, configuration: &Configuration, status: &ProcessorStatus) -> bool {
    let runtime = &host.runtime;
    let own = configuration.processors.iter().find(|it| it.id == status.configuration).unwrap();
    let class = own.class.to_string();
    let does_its_work = match &status.state {
        ProcessorState::Inactive => !own.flags.active,
        ProcessorState::Running { .. } => class == COUNTER && !runtime.items(own.ews_server).is_empty(),
        ProcessorState::WaitingFor { configuration: awaited, sentence } => {
            let setup = configuration.processors.iter().find(|it| {
                it.class.to_string() == SETUP
                    && (it.connection, it.ews_server) == (own.connection, own.ews_server)
            });
            class == STATUS
                && *awaited == setup.map(|it| it.id)
                && setup.is_none_or(|it| sentence.contains(&it.name))
        }
        ProcessorState::Idle => class != COUNTER && class != STATUS,
        ProcessorState::Retrying { .. }
        | ProcessorState::Quarantined { .. }
        | ProcessorState::Unable { .. } => false,
    };
    let is_scheduled = own.flags.active && own.flags.runs_on_schedule;
    let schedule = configuration.schedules.iter().find(|it| is_scheduled && Some(it.id) == own.schedule);
    let next_run_at = schedule.and_then(|it| it.rule.known()?.next_after(runtime.clock().now()));
    let is_active = !matches!(status.state, ProcessorState::Inactive);
    does_its_work && is_active == own.flags.active && status.next_run_at == next_run_at
}

impl Snapshot {
    /// Waits until each processor does what it is to do for ever, and each tree is declared.
    async fn of(host: &RunningHost) -> Self {
        let runtime = &host.runtime;
        let configuration = runtime.store().load_configuration().await.unwrap();
        until("processors that are steady", async || {
            let processors = runtime.processors();
            let is_complete = processors.len() == configuration.processors.len();
            let are_steady = processors.iter().all(|status| is_steady(host, &configuration, status));
            if is_complete && are_steady { Ok(()) } else { Err(processors) }
        })
        .await;
        Self {
            stored: format!("{configuration:?}"),
            exported: runtime.export(ExportScope::All),
            processors: runtime.processors().iter().map(processor_text).collect(),
            connections: runtime.connections().iter().map(|it| format!("{} {}", it.name, it.kind)).collect(),
            servers: Self::servers(host),
            trees: Self::trees(host),
            logins: Self::logins(host).await,
            problems: runtime.problems().iter().map(|raised| format!("{:?}", raised.problem)).collect(),
        }
    }

    fn servers(host: &RunningHost) -> BTreeSet<String> {
        let servers = host.runtime.ews_servers().into_iter();
        let text = |server: riser_runtime::EwsServerStatus| {
            let url: Url = server.address.parse().unwrap();
            let is_served = server.state != LinkState::Down;
            format!("{} {:?} {} served {is_served}", server.name, url.host_str(), url.path())
        };
        servers.map(text).collect()
    }

    fn trees(host: &RunningHost) -> BTreeSet<String> {
        let mut lines = BTreeSet::new();
        for server in host.runtime.ews_servers() {
            let tree = host.runtime.items(server.ews_server);
            for node in tree.nodes() {
                let children: Vec<_> = tree.children(node).map(|child| child.id().to_owned()).collect();
                let (id, item, vanished) = (node.id(), node.item(), node.has_vanished);
                lines.insert(format!("{}: {id} {item:?} {vanished} {children:?}", server.name));
            }
        }
        lines
    }

    async fn logins(host: &RunningHost) -> BTreeSet<String> {
        let mut accepted = BTreeSet::new();
        for server in host.runtime.ews_servers() {
            for account in ACCOUNTS {
                for password in PASSWORDS {
                    if client_of(&server.address, account, password).information().await.is_ok() {
                        accepted.insert(format!("{} {account} {password}", server.name));
                    }
                }
            }
        }
        accepted
    }
}

fn processor_text(it: &ProcessorStatus) -> String {
    let next: Option<Timestamp> = it.next_run_at;
    format!(
        "{} {} {:?} {:?} {:?} {} next {next:?} {} {}",
        it.name,
        it.class,
        it.mode,
        it.connection,
        it.ews_server,
        state_text(&it.state),
        it.manually_startable,
        it.manually_stoppable
    )
}

const BEGINNING: &str = r#"
[[ews_server]]
name = "Main"
listen = "127.0.0.2:0"
path = "/main"

[[ews_server]]
name = "Annex"
listen = "127.0.0.3:0"
path = "/annex"

[[schedule]]
name = "Yearly"
rule = "every 1 h; from 2100-01-01T00:00:00Z"

[[processor]]
name = "One"
class = "riser.example/counter"
ews_server = "Main"
runs_at_start = true

[[processor]]
name = "Two"
class = "riser.misbehaving/needs-operator"
ews_server = "Annex"
schedule = "Yearly"
runs_at_start = false
"#;

async fn check_sequence(drafts: Vec<ConfigurationDraft>) {
    let libraries = ["riser-example", "riser-misbehaving", "riser-evce"].map(programs::library);
    let installation = Installation::new(&libraries);
    installation.apply(BEGINNING);
    let host = RunningHost::start(&installation).await;
    for draft in &drafts {
        change(&host, draft).await;
    }
    let changed = Snapshot::of(&host).await;
    host.runtime.shut_down().await;
    drop(host);
    let host = RunningHost::start(&installation).await;
    let fresh = Snapshot::of(&host).await;
    host.runtime.shut_down().await;
    assert_eq!(changed, fresh, "left: after these changes, right: after a start; {drafts:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    #[test]
    fn changes_of_a_running_host_end_where_a_fresh_start_begins(
        drafts in prop::collection::vec(draft(), 4..7)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(check_sequence(drafts));
    }
}
