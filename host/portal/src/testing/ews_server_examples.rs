//! Examples of the pages of EWS servers.

use std::net::IpAddr;
use std::time::Duration;

use askama::Template;
use riser_domain::{AccountRights, Role};
use riser_ews::{ClientRecord, RequestOutcome, RequestRecord, Traffic};
use riser_runtime::EwsServerStatus;

use super::HOSTILE;
use super::examples::{ago, broken, empty, flowing, signed_in, times};
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::ews_server::account::AccountPage;
use crate::pages::ews_server::accounts::{AccountRow, AccountsPage, NewPassword, RightsChoice};
use crate::pages::ews_server::delete::DeletePage;
use crate::pages::ews_server::overview::{BmsSettings, OverviewPage};
use crate::pages::ews_server::settings::{AddPage, SettingsPage, example_fields};
use crate::pages::ews_server::{Frame, ServerHead};
use crate::pages::ews_servers::{EwsServerLine, EwsServersPage};
use crate::parts::{ClientRows, FormErrors, FormFields, RequestRate, RequestRow, RequestRows, TabLink};
use crate::system_status::SystemStatus;

const BMS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

fn layout(role: Role, system: &SystemStatus) -> PageLayout {
    let context = signed_in(role, "Anna Keller", "/ews-servers").context;
    PageLayout::new(MenuEntry::EwsServers, "Office Park North", context, system, &times())
}

fn request(
    seconds: u64,
    account: &str,
    operation: Option<&'static str>,
    items: usize,
    outcome: RequestOutcome,
) -> RequestRecord {
    let took = Duration::from_micros(9_200);
    RequestRecord { at: ago(seconds), client: BMS, account: account.into(), operation, items, took, outcome }
}

pub(super) fn traffic() -> Traffic {
    let client = |address: &str, account: &str, user_agent: &str, requests| ClientRecord {
        address: address.parse().unwrap(),
        account: account.into(),
        user_agent: user_agent.into(),
        first_request_at: ago(90_000),
        last_request_at: ago(2),
        requests,
    };
    let fault = RequestOutcome::Fault("MISSING_ID_LIST".to_owned());
    Traffic {
        requests: vec![
            request(2, "ebo-north", Some("GetValues"), 600, RequestOutcome::Ok),
            request(9, "ebo-north", Some("SetValues"), 1, RequestOutcome::Ok),
            request(11, "ebo-north", Some("SetValues"), 3, RequestOutcome::RefusedItems(1)),
            request(12, "ebo-north", Some("GetItems"), 0, fault),
            request(15, "ebo-north", None, 0, RequestOutcome::HttpError(413)),
            request(3_000, HOSTILE, None, 0, RequestOutcome::RefusedLogin),
        ],
        clients: vec![
            client("192.0.2.7", "ebo-north", "", 14_204),
            client("2001:db8::17", HOSTILE, HOSTILE, 7),
        ],
        requests_per_minute: (0..60).map(|minute| (minute * 7) % 180).collect(),
    }
}

fn lists() -> Vec<(String, String)> {
    let page = |system: &SystemStatus, role, traffic: &Traffic| EwsServersPage {
        layout: layout(role, system),
        is_deleted: true,
        lines: system.servers.iter().map(|status| EwsServerLine::new(status, traffic)).collect(),
    };
    [
        ("some", page(&flowing(), Role::Admin, &traffic())),
        ("broken", page(&broken(), Role::Viewer, &Traffic::default())),
        ("empty", page(&empty(), Role::Admin, &Traffic::default())),
    ]
    .map(|(name, page)| (format!("ews-servers-{name}"), page.render().unwrap()))
    .into()
}

fn frame(status: &EwsServerStatus, is_live: bool, notice: Option<&'static str>) -> Frame {
    let tab = |name, is_current| TabLink { name, href: "/ews-servers/1".to_owned(), is_current };
    Frame {
        id: 1,
        head: ServerHead::new(status),
        is_live,
        tabs: vec![tab("Overview", is_live), tab("Settings", !is_live)],
        notice,
    }
}

fn overviews() -> Vec<(String, String)> {
    let page = |system: SystemStatus, traffic: &Traffic, bms| {
        let row = |request| RequestRow::new(request, (1, HOSTILE), &times());
        OverviewPage {
            frame: frame(&system.servers[0], true, None),
            layout: layout(Role::Admin, &system),
            bms,
            items: 786,
            page_size_items: 1_000,
            certificate: HOSTILE.to_owned(),
            rate: RequestRate::new(&traffic.requests_per_minute),
            clients: ClientRows::new(&traffic.clients, &times()),
            requests: RequestRows { has_servers: false, rows: traffic.requests.iter().map(row).collect() },
        }
    };
    let bms = |name: &str, accounts: Vec<(String, &'static str)>, is_for_this_machine| BmsSettings {
        name: name.to_owned(),
        address: "https://riser.example:51358/EcoStruxure/DataExchange".to_owned(),
        is_for_this_machine,
        has_loopback: true,
        has_alias: true,
        accounts,
        realm: name.to_owned(),
        algorithms: "SHA-256, then MD5".to_owned(),
    };
    let accounts = vec![("ebo-north".to_owned(), "reads"), (HOSTILE.to_owned(), "reads")];
    [
        ("some", page(flowing(), &traffic(), bms("EVCE Ews Server", accounts, false))),
        ("new", page(broken(), &Traffic::default(), bms(HOSTILE, Vec::new(), true))),
    ]
    .map(|(name, page)| (format!("ews-server-{name}"), page.render().unwrap()))
    .into()
}

fn forms() -> Vec<(String, String)> {
    let system = broken();
    let names =
        ["", "name", "listen", "path", "realm", "public_url", "digest", "page_size_items", "certificate"];
    let mut errors = FormErrors::default();
    for name in names {
        errors.add(name, HOSTILE);
    }
    let settings = |fields: FormFields| SettingsPage {
        frame: frame(&system.servers[0], false, Some("Saved and in use.")),
        layout: layout(Role::Admin, &system),
        state: HOSTILE.to_owned(),
        fields,
    };
    let delete = |used_by| DeletePage {
        frame: frame(&system.servers[0], false, None),
        layout: layout(Role::Admin, &system),
        address: HOSTILE.to_owned(),
        accounts: vec![HOSTILE.to_owned()],
        items: 786,
        clients: 2,
        used_by,
    };
    let none = FormErrors::default();
    let add = AddPage { layout: layout(Role::Admin, &empty()), fields: example_fields(HOSTILE, &none) };
    [
        ("add", add.render()),
        ("settings", settings(example_fields("EVCE Ews Server", &none)).render()),
        ("settings-refused", settings(example_fields(HOSTILE, &errors)).render()),
        ("delete", delete(Vec::new()).render()),
        ("delete-used", delete(vec![(1, HOSTILE.to_owned())]).render()),
    ]
    .map(|(name, html)| (format!("ews-server-{name}"), html.unwrap()))
    .into()
}

fn accounts() -> Vec<(String, String)> {
    let system = flowing();
    let row = |id, name: &str, has_password| AccountRow {
        id,
        name: name.to_owned(),
        rights: "Reads and writes set points".to_owned(),
        has_password,
        last_request: has_password.then(|| times().age(ago(2))),
    };
    let new_password = || NewPassword { account: HOSTILE.to_owned(), password: "abcdefghjkmn".to_owned() };
    let list = |rows, error: Option<&str>, new_password| AccountsPage {
        frame: frame(&system.servers[0], false, None),
        layout: layout(Role::Admin, &system),
        rows,
        rights: RightsChoice::all(AccountRights::Read),
        name: HOSTILE.to_owned(),
        error: error.map(str::to_owned),
        new_password,
    };
    let one = AccountPage {
        frame: frame(&system.servers[0], false, None),
        layout: layout(Role::Admin, &system),
        account: row(2, HOSTILE, false),
        rights: RightsChoice::all(AccountRights::ReadWrite),
        error: Some(HOSTILE.to_owned()),
        new_password: Some(new_password()),
    };
    let rows = vec![row(1, "ebo-north", true), row(2, HOSTILE, false)];
    [
        ("accounts", list(rows, None, Some(new_password())).render()),
        ("accounts-first", list(Vec::new(), Some(HOSTILE), None).render()),
        ("account", one.render()),
    ]
    .map(|(name, html)| (format!("ews-server-{name}"), html.unwrap()))
    .into()
}

pub(super) fn all() -> Vec<(String, String)> {
    [lists(), overviews(), forms(), accounts()].concat()
}
