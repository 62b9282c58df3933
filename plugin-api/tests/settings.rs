//! The results of the derives.

use riser_plugin::description::SettingKind;
use riser_plugin::prelude::*;
use riser_plugin::serde_json::{Map, Value as Json, json};
use riser_plugin::settings::read;

/// How to reach it from inside. The first version had `address`.
#[derive(Settings)]
#[settings(version = 2, migrate = proxy_from_1)]
struct Proxy {
    /// Its name or address.
    #[setting(kind = "host", example = "proxy.local")]
    host: String,
    /// Its port.
    #[setting(default = 8080, min = 1, max = 65535)]
    port: u16,
}

/// Settings of every kind. The first version had `interval`.
#[derive(Settings)]
#[settings(version = 2, migrate = from_1, check = check)]
struct All {
    /// Time between two polls.
    #[setting(default = "15 s", min = "5 s", max = "5 min", group = "Polling")]
    poll_every: Duration,
    /// What to read
    /// at each poll.
    #[setting(default = "all", options("all", "changed"), label = "Scope")]
    scope: String,
    /// How many at once.
    #[setting(default = 10, unit = "stations", advanced)]
    batch: i64,
    /// Where to stop reading.
    limit: Option<f64>,
    /// Said to the device.
    code_word: Option<Secret<String>>,
    /// The ways out.
    proxies: Vec<Proxy>,
    /// The default way out.
    proxy: Option<Proxy>,
}

fn from_1(values: &mut Map<String, Json>) {
    if let Some(interval) = values.remove("interval") {
        values.insert("poll_every".to_owned(), interval);
    }
}

fn proxy_from_1(values: &mut Map<String, Json>) {
    if let Some(address) = values.remove("address") {
        values.insert("host".to_owned(), address);
    }
}

struct AllClass;

impl Processor for AllClass {
    type Settings = All;
    const CLASS: Class = Class::scheduled("all", "All");

    fn run(&self, _: &Host, _: All) -> Outcome {
        Ok(())
    }
}

fn check(all: &All) -> Result<(), Problem> {
    if all.scope == "changed" && all.batch > 100 {
        return Err(Problem::new("too-many", "takes at most 100 when only changes are read").setting("batch"));
    }
    Ok(())
}

fn faults(values: &Json) -> String {
    read::<All>(values).err().map_or_else(String::new, |faults| faults.to_string())
}

#[test]
fn doc_comments_types_and_attributes_become_the_description() {
    let described = All::describe();
    let keys: Vec<_> = described.iter().map(|setting| setting.key.as_str()).collect();
    assert_eq!(keys, ["poll_every", "scope", "batch", "limit", "code_word", "proxies", "proxy"]);
    let [poll_every, scope, batch, limit, code_word, proxies, proxy] = described.as_slice() else { panic!() };
    assert_eq!(poll_every.label, "Poll every");
    assert_eq!(poll_every.kind, SettingKind::Duration { min_ms: Some(5_000), max_ms: Some(300_000) });
    assert_eq!(
        (poll_every.default.as_ref(), poll_every.group.as_deref()),
        (Some(&json!("15 s")), Some("Polling"))
    );
    assert_eq!((scope.label.as_str(), scope.help.as_str()), ("Scope", "What to read at each poll."));
    assert_eq!(scope.kind, SettingKind::Choice { options: vec!["all".into(), "changed".into()] });
    assert_eq!((batch.unit.as_deref(), batch.advanced, limit.required), (Some("stations"), true, false));
    assert_eq!(code_word.kind, SettingKind::Secret);
    let group = SettingKind::Group(Proxy::describe().into());
    assert_eq!((&proxies.kind, &proxy.kind), (&SettingKind::List { of: Box::new(group.clone()) }, &group));
    assert!(Proxy::describe()[0].required && !Proxy::describe()[1].required && !proxies.required);
    assert_eq!(All::VERSION, 2);
}

#[test]
fn defaults_stand_in_for_what_is_not_given() {
    let all = read::<All>(&json!({ "proxies": [{ "host": "a" }] })).unwrap();
    assert_eq!((all.poll_every, all.scope.as_str(), all.batch), (Duration::from_secs(15), "all", 10));
    assert_eq!((all.proxies[0].host.as_str(), all.proxies[0].port), ("a", 8080));
    assert!(all.limit.is_none() && all.code_word.is_none() && all.proxy.is_none());
}

#[test]
fn what_the_first_version_stored_is_carried_over() {
    assert_eq!(read::<All>(&json!({ "interval": "1 min" })).unwrap().poll_every, Duration::from_mins(1));
}

#[test]
fn all_faults_are_reported_at_once_each_with_its_path() {
    let values = json!({
        "poll_every": "1 s", "scope": "some", "code_word": 5, "proxy": [],
        "proxies": [{ "host": "a" }, { "port": 0 }]
    });
    assert_eq!(
        faults(&values),
        "poll_every takes 5 s to 5 min; scope takes one of: all, changed; code_word takes text; \
         proxies[1].host is missing; proxies[1].port takes 1 to 65535; proxy takes a group of settings, such as { key = value }"
    );
    assert_eq!(
        faults(&json!({ "scope": "changed", "batch": 101 })),
        "batch takes at most 100 when only changes are read"
    );
}

#[test]
fn a_host_migrates_settings_and_the_groups_inside_them_without_reading_them() {
    let (id, migrate) = riser_plugin::class_migration::<AllClass>();
    let Json::Object(mut values) = json!({
        "interval": "20 s", "proxy": { "address": "a" }, "proxies": [{ "address": "b" }, { "host": "c" }, 5]
    }) else {
        unreachable!()
    };
    migrate(&mut values);
    let migrated = json!({
        "poll_every": "20 s", "proxy": { "host": "a" }, "proxies": [{ "host": "b" }, { "host": "c" }, 5]
    });
    assert_eq!((id, Json::Object(values)), ("all", migrated));
}
