use riser_domain::Role;
use secrecy::SecretString;

use super::fixture::{SITE, Site, any_variable, read};
use crate::configuration::{
    AccountDraft, ConfigurationDraft, ConfigureError, ConnectionDraft, EwsServerDraft, Identity,
    ProcessorDraft, ScheduleDraft, SecretInput, SettingInput, SiteDraft, UserDraft,
};

fn named(name: &str) -> Identity {
    Identity::named(name)
}

fn renamed(old: &str, new: &str) -> Identity {
    Identity { name: new.to_owned(), renamed_from: Some(old.to_owned()), remove: false }
}

fn removed(name: &str) -> Identity {
    Identity { name: name.to_owned(), renamed_from: None, remove: true }
}

#[expect(clippy::unnecessary_wraps, reason = "fields of a draft are optional")]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Every rule, broken in one draft against the stored site.
#[expect(clippy::too_many_lines, reason = "one table of faults")]
fn everything_wrong() -> ConfigurationDraft {
    let server = |name: &str| EwsServerDraft { identity: named(name), ..EwsServerDraft::default() };
    let processor = |name: &str| ProcessorDraft {
        identity: named(name),
        ews_server: some("Building"),
        ..ProcessorDraft::default()
    };
    ConfigurationDraft {
        base_version: None,
        site: SiteDraft { name: some(" North"), time_zone: some("Europe/Pari") },
        ews_servers: vec![
            EwsServerDraft {
                listen: some("somewhere"),
                path: some("no path"),
                realm: some("a \"realm\""),
                public_url: some("ftp://x"),
                certificate: some("building.pem"),
                page_size_items: Some(5),
                digest: Some(vec!["SHA-1".to_owned()]),
                accounts: vec![
                    AccountDraft { identity: named("a:b"), rights: some("write"), password: None },
                    AccountDraft {
                        identity: named("other"),
                        password: Some(SecretInput::Unreadable {
                            reason: "the variable X is not set".to_owned(),
                        }),
                        ..AccountDraft::default()
                    },
                    AccountDraft {
                        identity: named("third"),
                        password: Some(SecretInput::Stored { reason: "Y is not set".to_owned() }),
                        ..AccountDraft::default()
                    },
                ],
                ..server("North")
            },
            EwsServerDraft { listen: some("127.0.0.1:9"), key: some("/no such key"), ..server("Key alone") },
            EwsServerDraft {
                listen: some("127.0.0.1:8"),
                certificate: some("/no such file"),
                key: some("/no such key"),
                ..server("No files")
            },
            EwsServerDraft { listen: some("127.0.0.1:8"), path: some("/x"), ..server("Same address") },
            EwsServerDraft { listen: some("127.0.0.1:7"), ..server("Twin 1") },
            EwsServerDraft { listen: some("127.0.0.1:7"), ..server("Twin 2") },
            EwsServerDraft { identity: removed("Building"), ..EwsServerDraft::default() },
            server(""),
        ],
        connections: vec![
            ConnectionDraft { identity: removed("EVCE"), ..ConnectionDraft::default() },
            ConnectionDraft { identity: named("No kind"), ..ConnectionDraft::default() },
            ConnectionDraft { identity: named("Odd"), kind: some("riser.test/odd"), settings: None },
            ConnectionDraft {
                identity: named("Wrong"),
                kind: some("riser.test/device"),
                settings: Some(
                    [
                        ("base_url".to_owned(), SettingInput::Plain(5.into())),
                        ("pasword".to_owned(), SettingInput::Plain("x".into())),
                        ("password".to_owned(), SettingInput::Plain("open text".into())),
                    ]
                    .into(),
                ),
            },
            ConnectionDraft { identity: named("Twice"), kind: some("riser.test/odd"), settings: None },
            ConnectionDraft { identity: named("Twice"), ..ConnectionDraft::default() },
        ],
        schedules: vec![
            ScheduleDraft { identity: named("Soon"), rule: some("soon") },
            ScheduleDraft { identity: named("None"), rule: None },
            ScheduleDraft { identity: named("Late"), rule: some("61 * * * *") },
            ScheduleDraft { identity: named("Zone"), rule: some("0 6 * * *; zone Europe/Pari") },
            ScheduleDraft { identity: named("Never"), rule: some("0 9 31 4 *") },
            ScheduleDraft { identity: renamed("Nightly", "Daily"), rule: None },
            ScheduleDraft { identity: removed("Hourly"), rule: None },
        ],
        processors: vec![
            ProcessorDraft {
                identity: named("A"),
                class: some("riser.test/odd"),
                ..ProcessorDraft::default()
            },
            ProcessorDraft { class: some("nobody.test/setup"), ..processor("B") },
            ProcessorDraft { class: some("setup"), ..processor("C") },
            ProcessorDraft {
                class: some("riser.test/status"),
                connection: some("Missing"),
                schedule: some("Soon"),
                memory_limit_mib: Some(1),
                ..processor("D")
            },
            ProcessorDraft { class: some("riser.test/meter"), connection: some("Wrong"), ..processor("E") },
            ProcessorDraft { class: some("riser.test/setup"), ..processor("F") },
            ProcessorDraft { class: some("riser.test/status"), ..processor("Setup") },
            ProcessorDraft { identity: renamed("Setup", "Status"), ..ProcessorDraft::default() },
            ProcessorDraft {
                identity: named("G"),
                ews_server: some("Building"),
                ..ProcessorDraft::default()
            },
        ],
        users: vec![
            UserDraft { identity: named(" anna"), role: None, password_hash: None },
            UserDraft {
                identity: named("v\u{202e}"),
                role: Some(Role::Viewer),
                password_hash: Some(SecretString::from("hash")),
            },
        ],
    }
}

#[tokio::test]
async fn all_errors_are_found_at_once_each_with_its_path_and_nothing_is_applied() {
    let site = Site::with_site().await;
    let before = site.configuration().await;
    let Err(ConfigureError::Fields(errors)) = site.apply(&everything_wrong()).await else {
        panic!("a wrong draft was applied")
    };
    let mut found: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(!found.concat().contains("open text"), "a secret is in an error: {found:?}");
    for (path, message) in [
        ("site.name", "cannot be a site name: use one line without spaces around it"),
        ("site.time_zone", "unknown time zone \"Europe/Pari\"; did you mean Europe/Paris?"),
        ("ews_server[\"North\"].listen", "listen takes an address and a port"),
        ("ews_server[\"North\"].path", "path takes the path"),
        ("ews_server[\"North\"].realm", "realm takes one line"),
        ("ews_server[\"North\"].public_url", "public_url takes the address"),
        ("ews_server[\"North\"].certificate", "certificate takes the absolute path of a PEM file"),
        ("ews_server[\"North\"].key", "certificate needs key"),
        ("ews_server[\"Key alone\"].certificate", "key needs certificate"),
        ("ews_server[\"No files\"].certificate", "cannot be read from /no such file; it must be a PEM file"),
        (
            "ews_server[\"Same address\"].certificate",
            "the EWS server \"No files\" has this address with another certificate or none",
        ),
        ("ews_server[\"North\"].page_size_items", "takes 100 or more"),
        ("ews_server[\"North\"].digest", "digest takes a list"),
        ("ews_server[\"North\"].account[\"a:b\"].name", "contains no colon"),
        ("ews_server[\"North\"].account[\"a:b\"].rights", "rights takes"),
        ("ews_server[\"North\"].account[\"a:b\"]", "needs a password"),
        ("ews_server[\"North\"].account[\"other\"].password", "the variable X is not set"),
        ("ews_server[\"North\"].account[\"third\"].password", "Y is not set, and no secret is stored yet"),
        (
            "ews_server[\"Building\"].remove",
            "is used by processors \"Setup\" and \"Status\"; remove them first",
        ),
        ("ews_server[\"Twin 2\"].path", "the EWS server \"Twin 1\" has this address and path already"),
        ("ews_server[\"\"].name", "a name is needed"),
        ("connection[\"EVCE\"].remove", "is used by processors \"Setup\" and \"Status\"; remove them first"),
        ("connection[\"No kind\"]", "a connection needs kind"),
        ("connection[\"Odd\"].kind", "there are riser.test/device"),
        ("connection[\"Wrong\"].settings.base_url", "takes text"),
        ("connection[\"Wrong\"].settings.pasword", "is not a setting"),
        ("connection[\"Wrong\"].settings.password", "is a secret: give it as"),
        ("connection[\"Twice\"].kind", "no plugin offers"),
        ("connection[\"Twice\"].name", "is here twice"),
        ("schedule[\"Soon\"].rule", "unknown kind of schedule \"soon\"; write \"every 15 min\""),
        ("schedule[\"None\"]", "a schedule has a rule"),
        ("schedule[\"Late\"].rule", "cannot be read"),
        ("schedule[\"Zone\"].rule", "did you mean Europe/Paris?"),
        ("schedule[\"Never\"].rule", "no such date"),
        ("schedule[\"Daily\"].renamed_from", "there is no schedule \"Nightly\""),
        ("schedule[\"Hourly\"].remove", "is used by processor \"Setup\";"),
        ("processor[\"A\"].class", "riser.test has no class \"odd\""),
        ("processor[\"A\"]", "needs ews_server"),
        ("processor[\"B\"].class", "there is riser.test"),
        ("processor[\"C\"].class", "class takes plugin and class"),
        ("processor[\"D\"].connection", "there is no connection \"Missing\""),
        ("processor[\"D\"].schedule", "takes no schedule"),
        ("processor[\"D\"].memory_limit_mib", "takes 32 or more"),
        ("processor[\"E\"].connection", "Meter takes no connection"),
        ("processor[\"F\"].connection", "needs a connection of the kind riser.test/device"),
        ("processor[\"Setup\"].class", "which cannot change"),
        ("processor[\"Status\"].renamed_from", "the name \"Status\" is taken by another processor"),
        ("processor[\"G\"]", "a processor needs class"),
        ("user[\" anna\"].name", "cannot be a user name"),
        ("user[\" anna\"]", "needs a role"),
        ("user[\" anna\"]", "needs a password"),
        ("user[\"v\\u{202e}\"].name", "cannot be a user name"),
    ] {
        let index = found.iter().position(|it| it.starts_with(&format!("{path}: ")) && it.contains(message));
        let index = index.unwrap_or_else(|| panic!("{path}: {message} is not in\n{}", found.join("\n")));
        found.remove(index);
    }
    let followers: Vec<_> = found.iter().filter(|it| !it.contains("is removed here")).collect();
    assert!(followers.is_empty(), "more than is wrong: {followers:?}");
    assert_eq!(site.configuration().await, before);
}

#[tokio::test]
async fn of_two_writers_with_one_base_version_the_second_is_refused() {
    let site = Site::with_site().await;
    let base_version = site.configuration().await.version;
    let draft = |every: &str| ConfigurationDraft {
        base_version: Some(base_version),
        schedules: vec![ScheduleDraft { identity: named("Hourly"), rule: Some(format!("every {every}")) }],
        ..ConfigurationDraft::default()
    };
    let second = site.check(&draft("3 h")).await.unwrap();
    site.apply(&draft("2 h")).await.unwrap();
    assert!(matches!(site.commit(second).await, Err(ConfigureError::Stale)));
    assert!(matches!(site.apply(&draft("3 h")).await, Err(ConfigureError::Stale)));
    assert!(site.export().await.contains("rule = \"every 2 h\""));
    assert_eq!(site.configuration().await.version, base_version + 1);
}

#[tokio::test]
async fn a_name_passed_on_in_one_file_goes_to_the_renamed_object_and_the_file_changes_nothing_again() {
    let site = Site::with_site().await;
    let second = "[[connection]]\nname = \"A\"\nkind = \"riser.test/device\"\n[connection.settings]\n\
                  base_url = \"https://two.example\"\npassword = { env = \"EVCE\" }\n";
    site.apply_file(second).await.unwrap();
    let number = |configuration: &riser_store::Configuration, name: &str| {
        configuration.connections.iter().find(|it| it.name == name).map(|it| it.id)
    };
    let before = site.configuration().await;
    let links = ["EVCE\"\nrenamed_from = \"A", "Old\"\nrenamed_from = \"EVCE"];
    let connections = links.map(|link| format!("[[connection]]\nname = \"{link}\"\n")).concat();
    let file = format!("{connections}[[processor]]\nname = \"Status\"\nconnection = \"Old\"\n");
    let (_, printed) = site.apply_file(&file).await.unwrap();
    assert_eq!(printed, ["connection \"EVCE\" renamed to \"Old\"", "connection \"A\" renamed to \"EVCE\""]);
    let after = site.configuration().await;
    assert_eq!(number(&after, "Old"), number(&before, "EVCE"));
    assert_eq!(number(&after, "EVCE"), number(&before, "A"));
    assert!(site.apply_file(&file).await.unwrap().1.is_empty());
    let other = "[[processor]]\nname = \"Status\"\nconnection = \"EVCE\"\n";
    let (change, _) = site.apply_file(&format!("{connections}{other}")).await.unwrap();
    let status = change.after.processors.iter().find(|it| it.name == "Status").unwrap();
    assert_eq!(status.connection, number(&before, "A"));
}

#[tokio::test]
async fn a_wrong_kind_hides_no_missing_secret() {
    let site = Site::new().await;
    let file = read(
        "[[connection]]\nname = \"X\"\nkind = \"riser.test/odd\"\nsettings = { password = { file = \"/none\" } }\n",
        &any_variable,
    );
    let Err(ConfigureError::Fields(errors)) = site.check(&file.draft).await else {
        panic!("it was accepted")
    };
    let found: Vec<String> = errors.iter().map(ToString::to_string).collect();
    for path in ["connection[\"X\"].kind", "connection[\"X\"].settings.password"] {
        assert!(found.iter().any(|it| it.starts_with(&format!("{path}: "))), "{path} is not in {found:?}");
    }
}

#[tokio::test]
async fn a_renamed_object_keeps_its_number_and_what_refers_to_it() {
    let site = Site::with_site().await;
    let before = site.configuration().await;
    let draft = ConfigurationDraft {
        ews_servers: vec![EwsServerDraft {
            identity: renamed("Building", "Main building"),
            accounts: vec![AccountDraft { identity: renamed("bms", "ebo"), ..AccountDraft::default() }],
            ..EwsServerDraft::default()
        }],
        connections: vec![ConnectionDraft { identity: renamed("EVCE", "EVCE North"), ..Default::default() }],
        schedules: vec![ScheduleDraft { identity: renamed("Hourly", "Each hour"), ..Default::default() }],
        processors: vec![ProcessorDraft {
            identity: renamed("Setup", "EVCE Setup"),
            connection: some("EVCE North"),
            ..ProcessorDraft::default()
        }],
        ..ConfigurationDraft::default()
    };
    let (_, plan) = site.apply(&draft).await.unwrap();
    let lines: Vec<_> = plan.lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(
        lines,
        [
            "EWS server \"Building\" renamed to \"Main building\"",
            "account \"bms\" of \"Main building\" renamed to \"ebo\"",
            "connection \"EVCE\" renamed to \"EVCE North\"",
            "schedule \"Hourly\" renamed to \"Each hour\"",
            "processor \"Setup\" renamed to \"EVCE Setup\"",
        ]
    );
    let after = site.configuration().await;
    assert_eq!(after.ews_servers[0].id, before.ews_servers[0].id);
    assert_eq!(after.accounts[0].id, before.accounts[0].id);
    assert_eq!(after.accounts[0].password, before.accounts[0].password);
    assert_eq!(after.connections[0].id, before.connections[0].id);
    assert_eq!(after.connections[0].secret_version, before.connections[0].secret_version);
    let setup = |processors: &[riser_domain::ProcessorConfiguration], name: &str| {
        let found = processors.iter().find(|it| it.name == name).unwrap();
        (found.id, found.connection, found.schedule, found.ews_server)
    };
    assert_eq!(setup(&after.processors, "EVCE Setup"), setup(&before.processors, "Setup"));
    // The same change again finds everything renamed.
    assert!(site.apply(&draft).await.unwrap().1.lines.is_empty());
}

#[tokio::test]
async fn removing_everything_in_one_change_leaves_an_empty_configuration() {
    let site = Site::with_site().await;
    let draft = ConfigurationDraft {
        ews_servers: vec![EwsServerDraft { identity: removed("Building"), ..Default::default() }],
        connections: vec![ConnectionDraft { identity: removed("EVCE"), ..Default::default() }],
        schedules: vec![ScheduleDraft { identity: removed("Hourly"), ..Default::default() }],
        processors: ["Setup", "Status"]
            .map(|name| ProcessorDraft { identity: removed(name), ..Default::default() })
            .to_vec(),
        ..ConfigurationDraft::default()
    };
    let (change, plan) = site.apply(&draft).await.unwrap();
    assert!(plan.removes() && plan.lines.len() == 5, "{plan:?}");
    assert_eq!((change.before.processors.len(), change.after.processors.len()), (2, 0));
    let empty = Site::new().await.configuration().await;
    assert_eq!(super::fixture::shape(&site.configuration().await), super::fixture::shape(&empty));
    assert!(site.apply(&draft).await.unwrap().1.lines.is_empty(), "removing twice is removing once");
    assert_eq!(site.apply_file(SITE).await.unwrap().1.len(), 6);
}

#[tokio::test]
async fn servers_may_exchange_their_addresses_and_share_none() {
    let site = Site::new().await;
    let server = |name: &str, port: u16| EwsServerDraft {
        identity: named(name),
        listen: Some(format!("127.0.0.1:{port}")),
        ..EwsServerDraft::default()
    };
    let draft = |north: u16, south: u16| ConfigurationDraft {
        ews_servers: vec![server("North", north), server("South", south)],
        ..ConfigurationDraft::default()
    };
    site.apply(&draft(1, 2)).await.unwrap();
    site.apply(&draft(2, 1)).await.unwrap();
    assert!(
        matches!(site.apply(&draft(3, 3)).await, Err(ConfigureError::Fields(errors)) if errors.len() == 1)
    );
}

#[tokio::test]
async fn an_address_is_the_same_in_every_spelling() {
    let site = Site::new().await;
    let server = |name: &str, listen: &str| EwsServerDraft {
        identity: named(name),
        listen: some(listen),
        ..EwsServerDraft::default()
    };
    let draft = |servers: Vec<EwsServerDraft>| ConfigurationDraft {
        ews_servers: servers,
        ..ConfigurationDraft::default()
    };
    site.apply(&draft(vec![server("North", "127.0.0.1:051902")])).await.unwrap();
    assert_eq!(site.configuration().await.ews_servers[0].listen, "127.0.0.1:51902");
    let (_, plan) = site.apply(&draft(vec![server("North", "127.0.0.1:51902")])).await.unwrap();
    assert!(plan.lines.is_empty(), "{plan:?}");
    let Err(ConfigureError::Fields(errors)) =
        site.apply(&draft(vec![server("South", "127.0.0.1:0051902")])).await
    else {
        panic!("two servers have one address")
    };
    assert!(errors[0].to_string().contains("\"North\" has this address and path already"), "{errors:?}");
}

#[tokio::test]
async fn a_path_that_clients_request_otherwise_and_a_repeated_algorithm_are_refused() {
    let site = Site::new().await;
    let errors_of = async |draft: EwsServerDraft| {
        let server = EwsServerDraft { identity: named("North"), ..draft };
        let draft = ConfigurationDraft { ews_servers: vec![server], ..ConfigurationDraft::default() };
        match site.check(&draft).await {
            Ok(_) => Vec::new(),
            Err(ConfigureError::Fields(errors)) => errors.iter().map(ToString::to_string).collect(),
            Err(error) => panic!("{error}"),
        }
    };
    let path = |path: &str| EwsServerDraft { path: some(path), ..EwsServerDraft::default() };
    for wrong in [
        "",
        "x",
        "/",
        "//",
        "/a//b",
        "/a//",
        "/..",
        "/a/../b",
        "/./a",
        "/%2E%2e/a",
        "/%zz",
        "/a%2",
        "/%",
        "/a b",
        "/ä",
    ] {
        let errors: Vec<String> = errors_of(path(wrong)).await;
        assert!(errors.len() == 1 && errors[0].contains("path takes the path"), "{wrong}: {errors:?}");
    }
    for right in ["/a", "/a/", "/EcoStruxure/DataExchange", "/a%20b/..c", "/~site_1/v1.0-x"] {
        let errors: Vec<String> = errors_of(path(right)).await;
        assert!(errors.is_empty(), "{right}: {errors:?}");
    }
    let digest = |tokens: &[&str]| EwsServerDraft {
        digest: Some(tokens.iter().map(ToString::to_string).collect()),
        ..EwsServerDraft::default()
    };
    let errors: Vec<String> = errors_of(digest(&["MD5", "MD5"])).await;
    assert!(errors.len() == 1 && errors[0].contains("each at most once"), "{errors:?}");
    let errors: Vec<String> = errors_of(digest(&["MD5", "SHA-256"])).await;
    assert!(errors.is_empty(), "{errors:?}");
}

#[tokio::test]
async fn a_changed_secret_of_a_processor_is_in_the_change_although_its_row_is_equal() {
    let site = Site::with_site().await;
    let meter = |token: &str| {
        format!(
            "[[processor]]\nname = \"Meter\"\nclass = \"riser.test/meter\"\news_server = \"Building\"\n\
             settings = {{ token = {{ env = \"{token}\" }} }}\n"
        )
    };
    site.apply_file(&meter("ONE")).await.unwrap();
    let (change, lines) = site.apply_file(&meter("TWO")).await.unwrap();
    assert_eq!(lines, ["processor \"Meter\" gets a new token"]);
    assert_eq!(change.before.processors, change.after.processors);
    assert_eq!(change.changed_processor_secrets.len(), 1);
    assert!(site.apply_file(&meter("TWO")).await.unwrap().1.is_empty());
}

#[tokio::test]
async fn an_object_whose_plugin_is_missing_can_be_renamed_and_disabled() {
    let mut site = Site::with_site().await;
    let exported = site.export().await;
    site.libraries.clear();
    assert!(site.plan_without_variables(&exported).await.is_empty());
    let (_, lines) = site
        .apply_file("[[processor]]\nname = \"EVCE Status\"\nrenamed_from = \"Status\"\nactive = false\n")
        .await
        .unwrap();
    assert_eq!(
        lines,
        [
            "processor \"Status\" renamed to \"EVCE Status\"",
            "processor \"EVCE Status\" changed: active = false"
        ]
    );
    let refused =
        site.apply_file("[[processor]]\nname = \"Setup\"\nsettings = { x = 1 }\n").await.unwrap_err();
    assert!(refused[0].contains("no library offers the plugin"), "{refused:?}");
}

#[tokio::test]
async fn a_user_is_added_changed_and_removed_like_everything_else() {
    let site = Site::new().await;
    let change = async |user: UserDraft| {
        let draft = ConfigurationDraft { users: vec![user], ..ConfigurationDraft::default() };
        site.apply(&draft).await.unwrap().1.lines.into_iter().map(|line| line.text).collect::<Vec<_>>()
    };
    let hash = || Some(SecretString::from("$argon2id$one"));
    let anna = UserDraft { identity: named("anna"), role: Some(Role::Admin), password_hash: hash() };
    let other = UserDraft { identity: named("other admin"), ..anna.clone() };
    assert_eq!(change(other).await, ["user \"other admin\" added as admin"]);
    assert_eq!(change(anna.clone()).await, ["user \"anna\" added as admin"]);
    assert!(change(anna).await.is_empty());
    let changed =
        UserDraft { identity: renamed("anna", "ann"), role: Some(Role::Viewer), password_hash: None };
    assert_eq!(
        change(changed).await,
        ["user \"anna\" renamed to \"ann\"", "user \"ann\" changed: role = \"viewer\""]
    );
    let ann = site.store.find_user("ann").await.unwrap().unwrap();
    assert_eq!((ann.role, ann.password_hash.as_str()), (Role::Viewer, "$argon2id$one"));
    assert_eq!(
        change(UserDraft { identity: removed("ann"), ..UserDraft::default() }).await,
        ["user \"ann\" removed"]
    );
}

#[tokio::test]
async fn the_last_admin_is_neither_removed_nor_demoted() {
    let site = Site::new().await;
    let apply = async |users: Vec<UserDraft>| {
        let applied = site.apply(&ConfigurationDraft { users, ..ConfigurationDraft::default() }).await;
        match applied {
            Ok(_) => Vec::new(),
            Err(error) => error.fields().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>(),
        }
    };
    let user = |name: &str, role| UserDraft {
        identity: named(name),
        role: Some(role),
        password_hash: Some(SecretString::from("$argon2id$one")),
    };
    let remove = |name: &str| UserDraft { identity: removed(name), ..UserDraft::default() };
    // There is no admin yet.
    assert!(apply(vec![user("victor", Role::Viewer)]).await.is_empty());
    assert!(apply(vec![user("anna", Role::Admin)]).await.is_empty());
    for draft in
        [vec![remove("anna")], vec![user("anna", Role::Viewer)], vec![remove("anna"), remove("victor")]]
    {
        let refused = apply(draft).await;
        assert!(refused.len() == 1 && refused[0].contains("\"anna\" is the last admin"), "{refused:?}");
    }
    // Renamed, replaced in the same draft, or one of two.
    let as_ann = UserDraft { identity: renamed("anna", "ann"), ..UserDraft::default() };
    assert!(apply(vec![as_ann]).await.is_empty());
    assert!(apply(vec![remove("ann"), user("olga", Role::Admin)]).await.is_empty());
    assert!(apply(vec![user("victor", Role::Admin)]).await.is_empty());
    assert!(apply(vec![remove("olga")]).await.is_empty());
    assert!(apply(vec![user("victor", Role::Operator)]).await[0].contains("add another admin first"));
}

#[tokio::test]
async fn a_schedule_without_a_zone_takes_that_of_the_site_and_keeps_it() {
    let site = Site::new().await;
    let rule_of = async |name: &str| {
        let schedules = site.configuration().await.schedules;
        schedules.iter().find(|schedule| schedule.name == name).unwrap().rule.to_string()
    };
    let daily = |name: &str| format!("[[schedule]]\nname = {name:?}\nrule = \"0 9 * * *\"\n");
    site.apply_file(&daily("Of the machine")).await.unwrap();
    assert_eq!(rule_of("Of the machine").await, "0 9 * * *; zone Europe/Berlin");
    let zone = "[site]\nname = \"Office Park North\"\ntime_zone = \"europe/lisbon\"\n";
    let (_, lines) = site.apply_file(&format!("{zone}{}", daily("Together"))).await.unwrap();
    let changed = "site changed: name = \"Office Park North\", time_zone = \"Europe/Lisbon\"";
    assert_eq!(lines, [changed, "schedule \"Together\" added"]);
    site.apply_file(&daily("Later")).await.unwrap();
    for name in ["Together", "Later"] {
        assert_eq!(rule_of(name).await, "0 9 * * *; zone Europe/Lisbon");
    }
    assert_eq!(rule_of("Of the machine").await, "0 9 * * *; zone Europe/Berlin");
    let exported = site.export().await;
    assert!(exported.contains("\n[site]\nname = \"Office Park North\"\ntime_zone = \"Europe/Lisbon\"\n"));
    let (_, lines) = site.apply_file("[site]\nname = \"\"\ntime_zone = \"\"\n").await.unwrap();
    assert_eq!(lines, ["site changed: name = \"\", time_zone = \"\""]);
    assert!(!site.export().await.contains("[site]"));
}

#[tokio::test]
async fn the_site_of_a_file_is_one_table_with_known_keys() {
    let site = Site::new().await;
    let refused = site.apply_file("[[site]]\nname = \"x\"\n").await.unwrap_err();
    assert!(refused[0].contains("site is written as [site]"), "{refused:?}");
    let refused = site.apply_file("[site]\nzone = \"UTC\"\n").await.unwrap_err();
    assert!(refused[0].contains("the site has no key \"zone\"; it takes name, time_zone"), "{refused:?}");
}
