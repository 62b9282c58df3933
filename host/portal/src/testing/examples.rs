//! Examples of all pages in their different states.

use std::time::Duration;

use askama::Template;
use axum::http::HeaderMap;
use riser_calendar::{Schedule, ScheduleRule, Zone};
use riser_domain::{
    Actor, ClassId, ConfigurationId, ConnectionId, EwsItemId, EwsServerId, PointHandle, Problem, Reading,
    Role, RunId, RunMode, RunState, ScheduleId, SetPointRule, SetPointWrite, Timestamp, Value,
    ValueDefinition, ValueItem, ValueKind, ValueState, WriteId, WriteState,
};
use riser_runtime::{
    ConnectionStatus, EwsServerStatus, HostFacts, LastRun, LinkState, ProcessorState, ProcessorStatus,
    Progress, RaisedProblem,
};

use riser_store::UserId;

use crate::current_user::CurrentUser;
use crate::items_address::ItemsAddress;
use crate::items_view::{ContainerLine, HistoryLine, ItemTable, ItemsView, Pages, ServerTab};
use crate::pages::error::{ErrorPage, PageError};
use crate::pages::items::ItemsPage;
use crate::pages::login::LoginPage;
use crate::pages::overview::{
    LatestChange, LatestChanges, OverviewPage, OverviewPanels, PowerChoice, PowerPanel, PowerValue,
};
use crate::pages::setup::{SetupDonePage, SetupForm, SetupPage};
use crate::parts::testing::{branch, drawer, set_point};
use crate::parts::{Icon, ItemRow, SetPointList, StateMark, Tree, WriteStatus};
use crate::request_context::RequestContext;
use crate::return_path::ReturnPath;
use crate::sessions::SignedIn;
use crate::system_status::SystemStatus;
use crate::testing::HOSTILE;
use crate::theme::Theme;
use crate::wall_time::WallTime;

/// Thursday 25 March 2027, 14:32:09 in Paris.
const NOW: Timestamp = Timestamp::from_unix_ms(1_805_981_529_000);

pub(crate) fn times() -> WallTime {
    WallTime::for_page("Europe/Paris".parse().unwrap(), NOW)
}

pub(crate) fn ago(seconds: u64) -> Timestamp {
    NOW.minus(Duration::from_secs(seconds))
}

pub(super) fn signed_in(role: Role, name: &str, address: &str) -> SignedIn {
    let user = CurrentUser { name: name.to_owned(), role, csrf: "c0ffee".to_owned() };
    let context = RequestContext { user, theme: None, address: address.to_owned() };
    SignedIn { context, user: UserId(1), session: [0; 32] }
}

fn processor(id: i64, name: &str, class: &str, mode: RunMode, state: ProcessorState) -> ProcessorStatus {
    ProcessorStatus {
        configuration: ConfigurationId(id),
        name: name.to_owned(),
        class: ClassId { plugin: "riser.evce".to_owned(), class: class.to_owned() },
        mode: Some(mode),
        connection: Some(ConnectionId(1)),
        ews_server: EwsServerId(1),
        state,
        last_run: None,
        schedule: None,
        next_run_at: None,
        progress: None,
        last_activity_at: None,
        manually_startable: true,
        manually_stoppable: true,
    }
}

fn quarter_hours() -> Schedule {
    let rule = ScheduleRule::parse("every 15 min", &Zone::utc()).unwrap();
    Schedule { id: ScheduleId(1), name: "Quarter hours".to_owned(), rule: rule.into() }
}

fn last_run(state: RunState, reason: &str) -> LastRun {
    LastRun {
        id: RunId(7),
        state,
        reason: reason.to_owned(),
        started_at: Some(ago(720)),
        ended_at: Some(ago(718)),
    }
}

fn facts(items: usize, open_writes: usize) -> HostFacts {
    HostFacts {
        version: "0.1.0",
        started_at: ago(40_000),
        up_for: Duration::from_secs(40_000),
        workers_running: 2,
        open_writes,
        items,
        data_dir: "/var/lib/riser".to_owned(),
    }
}

fn connection(
    name: &str,
    state: LinkState,
    sentence: &str,
    last_good_at: Option<Timestamp>,
) -> ConnectionStatus {
    ConnectionStatus {
        connection: ConnectionId(1),
        name: name.to_owned(),
        kind: "riser.evce/evce".to_owned(),
        state,
        sentence: sentence.to_owned(),
        last_good_at,
        address: Some("https://10.141.208.28/api/v2".to_owned()),
        response_time: Some(Duration::from_millis(24)),
        certificate_expires_at: None,
    }
}

fn server(name: &str, state: LinkState, last_request_at: Option<Timestamp>) -> EwsServerStatus {
    EwsServerStatus {
        ews_server: EwsServerId(1),
        name: name.to_owned(),
        address: "http://127.0.0.1:51358/EcoStruxure/DataExchange".to_owned(),
        state,
        sentence: if last_request_at.is_some() { "2 clients" } else { "no client has read yet" }.to_owned(),
        requests: if last_request_at.is_some() { 14_211 } else { 0 },
        last_request_at,
        last_client: last_request_at.map(|_| "bms from 192.0.2.7".to_owned()),
        items: 786,
    }
}

/// All is well.
pub(crate) fn flowing() -> SystemStatus {
    let running = |seconds| ProcessorState::Running { since: ago(seconds) };
    SystemStatus {
        facts: facts(786, 1),
        processors: vec![
            ProcessorStatus {
                last_run: Some(last_run(RunState::Succeeded, "")),
                schedule: Some(quarter_hours()),
                next_run_at: Some(NOW.plus(Duration::from_mins(13))),
                ..processor(1, "EVCE Setup", "setup", RunMode::Scheduled, ProcessorState::Idle)
            },
            ProcessorStatus {
                last_activity_at: Some(ago(4)),
                ..processor(2, "EVCE Status", "status", RunMode::LongRunning, running(40_000))
            },
            ProcessorStatus {
                last_activity_at: Some(ago(130)),
                progress: Some(Progress { step: "recording".to_owned(), done: 9, of: 14 }),
                ..processor(3, "EVCE Logs", "logs", RunMode::LongRunning, running(40_000))
            },
        ],
        connections: vec![connection("EVCE", LinkState::Good, "responding", Some(ago(4)))],
        servers: vec![server("EVCE Ews Server", LinkState::Good, Some(ago(2)))],
        problems: Vec::new(),
    }
}

/// Nothing runs before the set-up has succeeded.
fn waiting() -> SystemStatus {
    let wait = || ProcessorState::WaitingFor {
        configuration: Some(ConfigurationId(1)),
        sentence: "waiting for EVCE Setup, which has never succeeded".to_owned(),
    };
    SystemStatus {
        facts: facts(0, 0),
        processors: vec![
            processor(1, "EVCE Setup", "setup", RunMode::Scheduled, ProcessorState::Idle),
            processor(2, "EVCE Status", "status", RunMode::LongRunning, wait()),
            processor(3, "EVCE Logs", "logs", RunMode::LongRunning, wait()),
        ],
        connections: vec![connection("EVCE", LinkState::NotKnown, "not asked yet", None)],
        servers: vec![server("EVCE Ews Server", LinkState::NotKnown, None)],
        problems: Vec::new(),
    }
}

/// Everything that can go wrong with processors, two connections, and names that try to be HTML.
pub(super) fn broken() -> SystemStatus {
    let unable = "the library libriser_evce.so is not in the plugin directory".to_owned();
    let quarantined = ProcessorState::Quarantined {
        since: ago(400),
        reason: "ended with signal 11 (segmentation fault)".to_owned(),
    };
    let retrying = ProcessorState::Retrying {
        attempt: 3,
        at: NOW.plus(Duration::from_secs(8)),
        reason: "ended with signal 11 (segmentation fault)".to_owned(),
    };
    SystemStatus {
        facts: facts(786, 3),
        processors: vec![
            ProcessorStatus {
                last_run: Some(last_run(RunState::Failed, "login and password were refused")),
                ..processor(1, HOSTILE, "setup", RunMode::Scheduled, ProcessorState::Idle)
            },
            processor(2, "EVCE Status", "status", RunMode::LongRunning, retrying),
            ProcessorStatus {
                mode: None,
                ..processor(
                    3,
                    "EVCE Logs",
                    "logs",
                    RunMode::LongRunning,
                    ProcessorState::Unable { reason: unable },
                )
            },
            processor(5, "EVCE South Status", "status", RunMode::LongRunning, quarantined),
            processor(4, "Old Setup", "setup", RunMode::Scheduled, ProcessorState::Inactive),
        ],
        connections: vec![
            connection(HOSTILE, LinkState::Down, "login and password are refused", Some(ago(252))),
            ConnectionStatus {
                connection: ConnectionId(2),
                ..connection("EVCE South", LinkState::Degraded, "missed one request", Some(ago(61)))
            },
        ],
        servers: vec![
            server(HOSTILE, LinkState::Down, None),
            EwsServerStatus {
                ews_server: EwsServerId(2),
                ..server("South", LinkState::Good, Some(ago(300)))
            },
        ],
        problems: vec![problem(HOSTILE), problem("credentials-refused")],
    }
}

fn problem(code: &str) -> RaisedProblem {
    RaisedProblem {
        problem: Problem {
            code: code.to_owned(),
            what: format!("the EVCE refuses login and password ({code})"),
            effect: "no values are read; the BMS gets the last ones, marked Offline".to_owned(),
            remedy: "correct login and password of the connection EVCE".to_owned(),
            setting: Some("password".to_owned()),
        },
        configuration: Some(ConfigurationId(1)),
        raised_by: "EVCE Setup".to_owned(),
        since: ago(252),
    }
}

pub(crate) fn empty() -> SystemStatus {
    SystemStatus {
        facts: facts(0, 0),
        processors: Vec::new(),
        connections: Vec::new(),
        servers: Vec::new(),
        problems: Vec::new(),
    }
}

/// Two containers of power, and values in several states.
fn power(name: &str) -> PowerPanel {
    let address = ItemsAddress::default();
    let values = [
        (name, Value::Double(92.25), ValueState::Good, 4),
        ("SiteSetPointPower(kW)", Value::Double(172.0), ValueState::Offline, 4_140),
    ];
    let value = |(line, (name, value, state, age)): (usize, (&str, Value, ValueState, u64))| {
        let item = value_item("zones/p", name, "kW", false);
        let handle = PointHandle(u32::try_from(40 + line).unwrap());
        let reading = reading(value, state, ago(age));
        PowerValue { line, row: ItemRow::new((handle, &item), &reading, None, &address, &times()) }
    };
    let choice = |name: &str, is_chosen| PowerChoice {
        name: name.to_owned(),
        href: "/?server=1&container=zones".to_owned(),
        is_chosen,
    };
    let is_hostile = name == HOSTILE;
    PowerPanel {
        container: name.to_owned(),
        href: "/items?server=1&container=zones".to_owned(),
        query: "server=1&container=zones".to_owned(),
        choices: if is_hostile { vec![choice(name, true), choice("South", false)] } else { Vec::new() },
        values: values.into_iter().enumerate().map(value).collect(),
    }
}

fn changes(name: &str) -> LatestChanges {
    let change = |number, action: &str, name: &str, seconds| LatestChange {
        number,
        action: action.to_owned(),
        name: name.to_owned(),
        actor: name.to_owned(),
        at: times().moment(ago(seconds)),
    };
    LatestChanges {
        changes: Some(vec![
            change(9, "Set point written", name, 11),
            change(8, "Connection changed", "EVCE", 90_000),
        ]),
    }
}

fn overviews() -> Vec<(String, String)> {
    let set_points = SetPointList {
        set_points: vec![
            set_point("ZoneReduction", "Level -1", "60 %", WriteState::Sent, times().moment(ago(11))),
            set_point(HOSTILE, HOSTILE, HOSTILE, WriteState::Rejected, times().moment(ago(9_000))),
            set_point(
                "ZoneReduction",
                "Level -1",
                "100 %",
                WriteState::Confirmed,
                times().moment(ago(90_000)),
            ),
        ],
    };
    let none = SetPointList { set_points: Vec::new() };
    let panels = |power, changes, set_points: &SetPointList| OverviewPanels {
        power,
        changes,
        set_points: set_points.clone(),
    };
    let unread = LatestChanges { changes: None };
    let unchanged = LatestChanges { changes: Some(Vec::new()) };
    let well = panels(Some(power("EVCE Zones")), changes("ZoneReduction"), &set_points);
    let hostile = panels(Some(power(HOSTILE)), changes(HOSTILE), &set_points);
    [
        ("flowing", flowing(), well, Role::Operator, "Anna Keller"),
        ("waiting", waiting(), panels(None, unread, &none), Role::Admin, "admin"),
        ("broken", broken(), hostile, Role::Viewer, HOSTILE),
        ("empty", empty(), panels(None, unchanged, &none), Role::Admin, "admin"),
    ]
    .into_iter()
    .map(|(name, system, panels, role, person)| {
        let page =
            OverviewPage::new("Office Park North", signed_in(role, person, "/"), &system, panels, &times());
        (format!("overview-{name}"), page.render().unwrap())
    })
    .collect()
}

pub(super) fn value_item(id: &str, name: &str, unit: &str, is_writable: bool) -> ValueItem {
    ValueItem {
        id: EwsItemId::new(id),
        parent: EwsItemId::new("z2"),
        definition: ValueDefinition {
            name: name.into(),
            description: "".into(),
            kind: ValueKind::Double,
            unit: unit.into(),
            set_point: is_writable.then(SetPointRule::default),
            published_by: "status".into(),
            writes_handled_by: is_writable.then(|| "status".into()),
        }
        .into(),
    }
}

pub(super) fn reading(value: Value, state: ValueState, received_time: Timestamp) -> Reading {
    Reading { value, state, reason: None, source_time: received_time, received_time }
}

fn write(state: WriteState, reason: &str) -> SetPointWrite {
    SetPointWrite {
        id: WriteId(1),
        group: 1,
        point: PointHandle(10),
        item: EwsItemId::new("z2/ZoneReduction"),
        ews_server: EwsServerId(1),
        value: Value::Double(60.0),
        actor: Actor::EwsAccount { server: "EVCE Ews Server".to_owned(), account: "bms".to_owned() },
        state,
        reason: reason.to_owned(),
        accepted_at: ago(11),
        sent_at: (state != WriteState::Accepted).then(|| ago(10)),
        changed_at: ago(10),
        expires_at: NOW.plus(Duration::from_mins(15)),
    }
}

fn rows(address: &ItemsAddress) -> Vec<ItemRow> {
    let rows = [
        (
            "z2/ZoneReduction",
            "ZoneReduction",
            "%",
            Value::Double(60.0),
            ValueState::Uncertain,
            4,
            Some(WriteState::Sent),
        ),
        (
            "z2/ZoneValidity",
            "ZoneValidity",
            "",
            Value::DateTime(NOW.plus(Duration::from_hours(4))),
            ValueState::Good,
            4,
            Some(WriteState::Confirmed),
        ),
        ("z2/p", "ZoneSetPointPower(kW)", "kW", Value::Double(43.0), ValueState::Good, 4, None),
        ("z2/s", "ZoneOverallActivePowerTotal", "kW", Value::Double(29.0), ValueState::Uncertain, 4, None),
        ("z2/e", "ZoneActiveEnergy", "kWh", Value::Double(24_870.3), ValueState::Error, 65, None),
        ("z2/o", "ZoneNumberOfTransactions", "", Value::Integer(4), ValueState::Offline, 4_140, None),
        ("z2/n", "ZoneName", "", Value::String("Level -1".into()), ValueState::Good, 400_000, None),
        ("z2/h", HOSTILE, HOSTILE, Value::String(HOSTILE.into()), ValueState::Forced, 4, None),
    ];
    let mut rows: Vec<ItemRow> = (10..)
        .zip(rows)
        .map(|(handle, (id, name, unit, value, state, age, requested))| {
            let item = value_item(id, name, unit, requested.is_some());
            let write = requested.map(|state| write(state, ""));
            let reading = reading(value, state, ago(age));
            ItemRow::new((PointHandle(handle), &item), &reading, write.as_ref(), address, &times())
        })
        .collect();
    let unread = value_item("z2/u", "ZoneMaxCurrent(A)", "A", false);
    let never = Reading::never_known(ValueKind::Double);
    rows.push(ItemRow::new((PointHandle(30), &unread), &never, None, address, &times()));
    rows
}

pub(crate) fn tree() -> Tree {
    let offline = || Some(StateMark::of_value(ValueState::Offline));
    Tree {
        branches: vec![
            branch(0, 1, ("EVCE Ews Server", Icon::Server), Some(true), offline()),
            branch(1, 2, ("EVCE Zones", Icon::Folder), Some(true), None),
            branch(2, 3, ("Level 0", Icon::Folder), Some(false), None),
            branch(3, 3, ("Level -1", Icon::Folder), Some(true), offline()),
            branch(4, 4, ("EVP-004", Icon::Station), Some(false), None),
            branch(5, 4, ("EVP-006", Icon::Station), None, offline()),
            branch(6, 3, (HOSTILE, Icon::Folder), None, None),
        ],
    }
    .with_closed_lists()
}

fn view(requested: Option<(WriteState, &str)>) -> ItemsView {
    let address = ItemsAddress {
        server: Some(1),
        container: Some("z2".to_owned()),
        item: requested.map(|_| "z2/ZoneReduction".to_owned()),
        from: 0,
    };
    ItemsView {
        query: address.query(),
        servers: ["EVCE Ews Server", HOSTILE]
            .map(|name| ServerTab {
                name: name.to_owned(),
                href: "/items?server=1".to_owned(),
                is_chosen: name != HOSTILE,
            })
            .into(),
        tree: tree(),
        table: ItemTable {
            name: "Level -1".to_owned(),
            counts: "9 values, 1 history, 1 container".to_owned(),
            values: rows(&address),
            histories: vec![HistoryLine {
                name: "ZoneActiveEnergyLog".to_owned(),
                of: "ZoneActiveEnergy".to_owned(),
                href: "/items/history?server=1&item=z2%2Flog".to_owned(),
                value_href: "/items?item=z2%2Fe".to_owned(),
            }],
            containers: vec![ContainerLine {
                handle: 4,
                name: "EVP-004".to_owned(),
                href: "/items?container=z2%2Fs4".to_owned(),
                icon: Icon::Station,
                size: "29 items".to_owned(),
                mark: Some(StateMark::of_value(ValueState::Offline)),
            }],
            pages: Some(Pages {
                sentence: "1 to 200 of 401 items.".to_owned(),
                before: None,
                next: Some("/items?from=200".to_owned()),
            }),
        },
        drawer: requested.map(|(state, reason)| {
            drawer(WriteStatus::new(&write(state, reason), "%", &times()), times().age(ago(4)))
        }),
    }
}

fn item_pages() -> Vec<(String, String)> {
    [
        ("table", flowing(), Some(view(None)), Role::Viewer),
        ("sent", flowing(), Some(view(Some((WriteState::Sent, "")))), Role::Operator),
        ("accepted", broken(), Some(view(Some((WriteState::Accepted, "")))), Role::Operator),
        ("rejected", broken(), Some(view(Some((WriteState::Rejected, HOSTILE)))), Role::Operator),
        ("confirmed", flowing(), Some(view(Some((WriteState::Confirmed, "")))), Role::Operator),
        ("waiting", waiting(), None, Role::Operator),
        ("empty", empty(), None, Role::Viewer),
    ]
    .into_iter()
    .map(|(name, system, view, role)| {
        let signed_in = signed_in(role, "Anna Keller", "/items");
        let page = ItemsPage::new("Office Park North", signed_in, view, &system, &times());
        (format!("items-{name}"), page.render().unwrap())
    })
    .collect()
}

fn logins() -> Vec<(String, String)> {
    let page = |theme, user: &str, next: &str, refusal: Option<&str>| LoginPage {
        site_name: "Office Park North".to_owned(),
        version: "0.1.0",
        theme,
        user: user.to_owned(),
        next: ReturnPath::parse(next),
        refusal: refusal.map(str::to_owned),
    };
    let refused = "User name and password do not match. Try again in 4 s.";
    [
        ("first", page(None, "", "/", None)),
        ("refused", page(Some(Theme::Dark), HOSTILE, "/items", Some(refused))),
    ]
    .into_iter()
    .map(|(name, page)| (format!("login-{name}"), page.render().unwrap()))
    .collect()
}

fn setups() -> Vec<(String, String)> {
    let page = |name: &str, errors: Vec<(&'static str, String)>| SetupPage {
        version: "0.1.0",
        theme: None,
        machine_name: "riser.example".to_owned(),
        code_file: "/var/lib/riser/setup-code".to_owned(),
        zones: vec!["Europe/Lisbon".to_owned(), "Europe/Paris".to_owned()],
        offers_ews_server: true,
        form: SetupForm {
            name: name.to_owned(),
            time_zone: "Europe/Paris".to_owned(),
            adds_ews_server: true,
            ews_name: "EVCE Ews Server".to_owned(),
            ews_listen: "127.0.0.1:51358".to_owned(),
            ews_path: "/EcoStruxure/DataExchange".to_owned(),
            ews_realm: "Riser".to_owned(),
            ews_account: "bms".to_owned(),
            ..SetupForm::default()
        },
        errors,
        lost: Vec::new(),
    };
    let lost = Problem {
        code: "quarantined-riser.db".to_owned(),
        what: format!("riser.db could not be used: {HOSTILE}"),
        effect: format!("Riser began with a new one; the old file is {HOSTILE}"),
        remedy: "restore a backup if there is one, or set Riser up again".to_owned(),
        setting: None,
    };
    let after_damage = SetupPage { lost: vec![lost.clone()], ..page("admin", Vec::new()) };
    let failed_start = ErrorPage::of_failed_start(&lost, HOSTILE, &HeaderMap::new());
    let errors =
        ["code", "name", "password", "site_name", "time_zone", "ews_name", "ews_listen", "ews_path", ""];
    let errors = errors.map(|field| (field, format!("{HOSTILE} cannot be used here"))).into();
    let done = SetupDonePage {
        version: "0.1.0",
        theme: Some(Theme::Dark),
        site_name: HOSTILE.to_owned(),
        ews_name: "EVCE Ews Server".to_owned(),
        address: "http://127.0.0.1:51358/EcoStruxure/DataExchange".to_owned(),
        realm: "Riser".to_owned(),
        account: HOSTILE.to_owned(),
        password: "abcdefghjkmnpqrstuvwxyz2".to_owned(),
        problem: Some(HOSTILE.to_owned()),
        next: "/",
    };
    vec![
        ("setup-first".to_owned(), page("admin", Vec::new()).render().unwrap()),
        ("setup-errors".to_owned(), page(HOSTILE, errors).render().unwrap()),
        ("setup-done".to_owned(), done.render().unwrap()),
        ("setup-after-damage".to_owned(), after_damage.render().unwrap()),
        ("failed-start".to_owned(), failed_start.render().unwrap()),
    ]
}

fn errors() -> Vec<(String, String)> {
    [
        PageError::NoSuchPage,
        PageError::WrongMethod,
        PageError::ForeignForm,
        PageError::UnreadableForm,
        PageError::NotAllowed { role: Role::Viewer, needed: Role::Operator },
        PageError::UnknownHostName(HOSTILE.to_owned()),
        PageError::Refused("EVCE Setup is already running".to_owned()),
        PageError::TooManyStreams,
        PageError::StoreFailed,
        PageError::Broken,
    ]
    .into_iter()
    .map(|error| {
        let name = format!("error-{}", error.status().as_u16());
        (name, ErrorPage::new(&error, "Office Park North", &HeaderMap::new()).render().unwrap())
    })
    .collect()
}

/// Returns the name and the HTML of every example.
pub(crate) fn all() -> Vec<(String, String)> {
    [
        overviews(),
        item_pages(),
        super::item_examples::all(),
        logins(),
        setups(),
        errors(),
        super::connection_examples::all(),
        super::ews_server_examples::all(),
        super::wizard_examples::all(),
        super::help_examples::all(),
        super::log_examples::all(),
        super::people_examples::all(),
        super::plugin_examples::all(),
        super::processor_examples::all(),
        super::status_examples::all(),
    ]
    .concat()
}
