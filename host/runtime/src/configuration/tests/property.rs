//! Random sequences of drafts: after each, an export is the configuration; the last one alone makes the same.

use proptest::prelude::*;
use proptest::sample::select;
use secrecy::SecretString;
use serde_json::json;

use super::fixture::{Site, any_variable, read, shape};
use crate::configuration::{
    AccountDraft, ConfigurationDraft, ConfigureError, ConnectionDraft, EwsServerDraft, Identity,
    ProcessorDraft, ScheduleDraft, SecretInput, SettingInput, SettingInputs, SiteDraft,
};

const CASES: u32 = 24;
const DRAFTS: usize = 10;

fn name() -> impl Strategy<Value = String> {
    select(vec!["A", "B", "it's \"C\"", "ü = [x]"]).prop_map(str::to_owned)
}

fn identity() -> impl Strategy<Value = Identity> {
    let renamed_from = prop_oneof![8 => Just(None), 2 => name().prop_map(Some)];
    (name(), renamed_from, prop::bool::weighted(0.1)).prop_map(|(name, renamed_from, remove)| Identity {
        name,
        renamed_from,
        remove,
    })
}

fn maybe(texts: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    prop::option::of(select(texts).prop_map(str::to_owned))
}

fn secret() -> impl Strategy<Value = SecretInput> {
    select(vec!["one", "two"]).prop_map(|text| SecretInput::Value(SecretString::from(text)))
}

fn account() -> impl Strategy<Value = AccountDraft> {
    (identity(), maybe(&["read", "read-write"]), prop::option::weighted(0.8, secret()))
        .prop_map(|(identity, rights, password)| AccountDraft { identity, rights, password })
}

fn ews_server() -> impl Strategy<Value = EwsServerDraft> {
    let texts = (
        maybe(&["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"]),
        maybe(&["/a", "/b", "/c"]),
        maybe(&["Riser", "Other"]),
        maybe(&["", "http://bms.example/x"]),
    );
    let accounts = prop::collection::vec(account(), 0..2);
    (identity(), texts, prop::option::of(100_u32..2_000), accounts).prop_map(
        |(identity, (listen, path, realm, public_url), page_size_items, accounts)| EwsServerDraft {
            identity,
            listen,
            path,
            realm,
            public_url,
            certificate: None,
            key: None,
            page_size_items,
            digest: page_size_items.map(|_| vec!["MD5".to_owned()]),
            accounts,
        },
    )
}

fn connection() -> impl Strategy<Value = ConnectionDraft> {
    let proxy = (select(vec!["a", "b"]), prop::option::of(secret())).prop_map(|(host, password)| {
        let mut proxy = SettingInputs::from([("host".to_owned(), SettingInput::Plain(json!(host)))]);
        proxy.extend(password.map(|password| ("password".to_owned(), SettingInput::Secret(password))));
        SettingInput::Group(proxy)
    });
    let settings = (
        select(vec!["https://one.example", "https://two.example"]),
        prop::option::weighted(0.8, secret()),
        prop::option::of(prop::collection::vec(proxy, 0..3)),
    )
        .prop_map(|(base_url, password, proxies)| {
            let mut settings =
                SettingInputs::from([("base_url".to_owned(), SettingInput::Plain(json!(base_url)))]);
            settings.extend(password.map(|it| ("password".to_owned(), SettingInput::Secret(it))));
            settings.extend(proxies.map(|it| ("proxies".to_owned(), SettingInput::List(it))));
            settings
        });
    (identity(), prop::option::weighted(0.8, settings)).prop_map(|(identity, settings)| ConnectionDraft {
        identity,
        kind: Some("riser.test/device".to_owned()),
        settings,
    })
}

fn schedule() -> impl Strategy<Value = ScheduleDraft> {
    let rule = maybe(&[
        "every 15 min",
        "every 1500 ms; from 2026-01-01T00:00:00.250Z",
        "0 6 * * *",
        "*/5 30 2 * * 1; zone Europe/Paris",
        "weekly on Mon-Fri at 07:00, 12:30; except 2026-12-24..2027-01-01; overlap queue",
        "monthly on last Fri at 06:00; misfire skip; jitter 30 s",
    ]);
    (identity(), rule).prop_map(|(identity, rule)| ScheduleDraft { identity, rule })
}

fn processor() -> impl Strategy<Value = ProcessorDraft> {
    let settings = (
        prop::option::of(select(vec!["", "line\nline", "\"\"\" ''' \\ \u{7f}", "ü"])),
        prop::option::of(secret()),
        prop::option::of(select(vec![1.0, -0.25, 1e300])),
        prop::option::of(prop::collection::vec(name(), 0..3)),
    )
        .prop_map(|(note, token, factor, places)| {
            let plain = |key: &str, value| (key.to_owned(), SettingInput::Plain(value));
            let mut settings = SettingInputs::new();
            settings.extend(note.map(|note| plain("note", json!(note))));
            settings.extend(factor.map(|factor| plain("factor", json!(factor))));
            settings.extend(token.map(|token| ("token".to_owned(), SettingInput::Secret(token))));
            settings.extend(places.map(|places| {
                let places = places.into_iter().map(|place| SettingInput::Plain(json!(place))).collect();
                ("places".to_owned(), SettingInput::List(places))
            }));
            settings
        });
    let class = select(vec!["riser.test/setup", "riser.test/status", "riser.test/meter"]);
    let references =
        (prop::option::of(name()), prop::option::weighted(0.8, name()), prop::option::of(name()));
    let flags = (prop::option::of(any::<bool>()), prop::option::of(any::<bool>()));
    (identity(), class, references, flags, prop::option::of(32_u32..512), prop::option::of(settings))
        .prop_map(
            |(
                identity,
                class,
                (connection, ews_server, schedule),
                (active, at_start),
                memory_limit_mib,
                settings,
            )| {
                let needs_connection = class != "riser.test/meter";
                ProcessorDraft {
                    identity,
                    class: Some(class.to_owned()),
                    connection: connection.filter(|_| needs_connection),
                    ews_server,
                    schedule: schedule.filter(|_| class != "riser.test/status"),
                    active,
                    runs_at_start: at_start,
                    memory_limit_mib,
                    settings: settings.filter(|_| !needs_connection),
                    ..ProcessorDraft::default()
                }
            },
        )
}

fn draft() -> impl Strategy<Value = ConfigurationDraft> {
    let many = 0..3_usize;
    let site = (maybe(&["", "Park \"North\"", "ü"]), maybe(&["", "Europe/Paris", "utc"]))
        .prop_map(|(name, time_zone)| SiteDraft { name, time_zone });
    (
        site,
        prop::collection::vec(ews_server(), many.clone()),
        prop::collection::vec(connection(), many.clone()),
        prop::collection::vec(schedule(), many.clone()),
        prop::collection::vec(processor(), many),
    )
        .prop_map(|(site, ews_servers, connections, schedules, processors)| ConfigurationDraft {
            site,
            ews_servers,
            connections,
            schedules,
            processors,
            ..ConfigurationDraft::default()
        })
}

/// Objects of a random draft that are wrong are left out, so that drafts are applied often.
async fn apply_what_is_right(site: &Site, draft: &ConfigurationDraft) -> bool {
    let one = |index: usize| {
        let mut part = ConfigurationDraft::default();
        let [servers, connections, schedules] =
            [draft.ews_servers.len(), draft.connections.len(), draft.schedules.len()];
        if index < servers {
            part.ews_servers.push(draft.ews_servers[index].clone());
        } else if index < servers + connections {
            part.connections.push(draft.connections[index - servers].clone());
        } else if index < servers + connections + schedules {
            part.schedules.push(draft.schedules[index - servers - connections].clone());
        } else {
            part.processors.push(draft.processors[index - servers - connections - schedules].clone());
        }
        part
    };
    match site.apply(draft).await {
        Ok((_, plan)) => return !plan.lines.is_empty(),
        Err(ConfigureError::Fields(errors)) => assert!(!errors.is_empty()),
        Err(other) => panic!("{other:?}"),
    }
    let objects =
        draft.ews_servers.len() + draft.connections.len() + draft.schedules.len() + draft.processors.len();
    let mut is_changed = false;
    for index in 0..objects {
        match site.apply(&one(index)).await {
            Ok((_, plan)) => is_changed |= !plan.lines.is_empty(),
            Err(ConfigureError::Fields(errors)) => assert!(!errors.is_empty()),
            Err(other) => panic!("{other:?}"),
        }
    }
    is_changed
}

async fn check_sequence(drafts: Vec<ConfigurationDraft>) {
    let site = Site::new().await;
    for draft in &drafts {
        if apply_what_is_right(&site, draft).await {
            let exported = site.export().await;
            let plan = site.plan_without_variables(&exported).await;
            assert!(plan.is_empty(), "{plan:?}\n{exported}");
        }
    }
    let replayed = Site::new().await;
    let exported = site.export().await;
    let file = read(&exported, &any_variable);
    replayed.apply(&file.draft).await.unwrap_or_else(|error| panic!("{error:?}\n{exported}"));
    assert_eq!(shape(&replayed.configuration().await), shape(&site.configuration().await));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_export_is_the_configuration_and_alone_makes_the_same(
        drafts in prop::collection::vec(draft(), 1..DRAFTS)
    ) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(check_sequence(drafts));
    }
}
