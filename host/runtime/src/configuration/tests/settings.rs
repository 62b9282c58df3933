use super::fixture::{SITE, Site, any_variable, no_variable, read};
use crate::configuration::ConfigureError;

const ELSEWHERE: &str =
    "[[connection]]\nname = \"EVCE\"\n[connection.settings]\nbase_url = \"https://two.example\"\n";

#[tokio::test]
async fn a_secret_does_not_follow_its_connection_to_another_address() {
    let site = Site::with_site().await;
    let refused = site.apply_file(ELSEWHERE).await.unwrap_err();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].contains("connection[\"EVCE\"].settings.password: "), "{refused:?}");
    assert!(refused[0].contains("the address changed, so give it again"), "{refused:?}");
    let kept = format!("{ELSEWHERE}password = {{ env = \"EVCE\", or_stored = true }}\n");
    let Err(ConfigureError::Fields(errors)) = site.check(&read(&kept, &no_variable).draft).await else {
        panic!("a stored secret went to another address")
    };
    assert!(errors[0].message.contains("the address changed, so give it again"), "{errors:?}");
    let before = site.configuration().await.connections[0].secret_version;
    let (_, lines) = site.apply_file(&kept).await.unwrap();
    assert_eq!(
        lines,
        [
            "connection \"EVCE\" changed: settings.base_url",
            "connection \"EVCE\" loses the secrets of its former address",
            "connection \"EVCE\" gets a new password",
        ]
    );
    let after = &site.configuration().await.connections[0];
    assert!(after.secret_version > before);
    assert_eq!(after.secret_keys, ["password"]);
}

#[tokio::test]
async fn an_address_inside_a_list_counts_as_well() {
    let site = Site::with_site().await;
    let proxies = |hosts: &str| {
        format!("[[connection]]\nname = \"EVCE\"\n[connection.settings]\nproxies = [{hosts}]\n")
    };
    let one = "{ host = \"a\" }";
    assert!(site.apply_file(&proxies(one)).await.unwrap().1.is_empty(), "a nested secret is kept");
    let (_, lines) = site.apply_file(&proxies(&format!("{one}, {{ host = \"b\" }}"))).await.unwrap();
    assert_eq!(lines, ["connection \"EVCE\" changed: settings.proxies"]);
    for moved in ["{ host = \"c\" }", ""] {
        let refused = site.apply_file(&proxies(moved)).await.unwrap_err();
        assert!(refused[0].contains("give it again"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_secret_is_never_stored_openly_nor_taken_where_none_belongs() {
    let site = Site::with_site().await;
    let configuration = site.configuration().await;
    assert_eq!(configuration.connections[0].secret_keys, ["password", "proxies[0].password"]);
    assert!(!configuration.connections[0].settings_json.contains("secret"));
    let set = |setting: &str| format!("[[connection]]\nname = \"EVCE\"\n[connection.settings]\n{setting}\n");
    for (setting, error) in [
        ("proxies = [{ host = \"a\", password = \"open\" }]", "proxies[0].password is a secret: give it as"),
        ("password = \"open\"", "password is a secret: give it as"),
        ("password = { env = 5 }", "password takes { env = \"VARIABLE\" } or { file = \"PATH\" }"),
        ("password = {}", "password takes { env = \"VARIABLE\" } or { file = \"PATH\" }"),
        ("base_url = { env = \"URL\" }", "base_url: "),
    ] {
        let refused = site.apply_file(&set(setting)).await.unwrap_err();
        assert!(refused[0].contains(error) && refused.len() == 1, "{refused:?}");
        assert!(!refused[0].contains("open\""), "{refused:?}");
    }
    let meter = "[[processor]]\nname = \"Meter\"\nclass = \"riser.test/meter\"\news_server = \"Building\"\n\
                 settings = { note = { env = \"NOTE\" } }\n";
    let refused = site.apply_file(meter).await.unwrap_err();
    assert!(refused[0].contains("note: is not a secret"), "{refused:?}");
}

const METER: &str = "[[processor]]\nname = \"Meter\"\nclass = \"riser.test/meter\"\news_server = \"Building\"\n[processor.settings]\n";

#[tokio::test]
async fn an_empty_text_resets_a_setting_and_an_omitted_one_stays() {
    let site = Site::with_site().await;
    let full = "note = \"n\"\nfactor = 2.5\nplaces = [\"a\"]\ntoken = { env = \"TOKEN\" }\n";
    site.apply_file(&format!("{METER}{full}")).await.unwrap();
    let meter = async || {
        let configuration = site.configuration().await;
        let meter = configuration.processors.into_iter().find(|it| it.name == "Meter").unwrap();
        (meter.settings_json, meter.secret_keys)
    };
    let before = meter().await;
    assert!(site.apply_file(&format!("{METER}factor = 2.5\n")).await.unwrap().1.is_empty());
    assert_eq!(meter().await, before);

    let (_, lines) =
        site.apply_file(&format!("{METER}note = \"\"\nfactor = \"\"\nplaces = []\n")).await.unwrap();
    let changed = "processor \"Meter\" changed: settings.places, settings.factor, settings.note";
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(sorted_words(&lines[0]), sorted_words(changed));
    assert_eq!(meter().await, ("{\"places\":[]}".to_owned(), vec!["token".to_owned()]));

    let (change, lines) = site.apply_file(&format!("{METER}token = \"\"\n")).await.unwrap();
    assert_eq!(lines, ["processor \"Meter\" loses its token"]);
    assert_eq!(change.changed_processor_secrets.len(), 1);
    assert!(meter().await.1.is_empty());
    for again in ["token = \"\"\n", "factor = \"\"\n", "note = \"\"\n"] {
        assert!(site.apply_file(&format!("{METER}{again}")).await.unwrap().1.is_empty(), "{again}");
    }
    assert!(site.plan_without_variables(&site.export().await).await.is_empty());
}

fn sorted_words(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text.split([' ', ',']).collect();
    words.sort_unstable();
    words
}

#[tokio::test]
async fn an_empty_text_inside_a_list_removes_the_secret_of_its_entry() {
    let site = Site::with_site().await;
    let proxies = |password: &str| {
        format!(
            "[[connection]]\nname = \"EVCE\"\n[connection.settings]\n\
             proxies = [{{ host = \"a\"{password} }}]\n"
        )
    };
    let (_, lines) = site.apply_file(&proxies(", password = \"\"")).await.unwrap();
    assert_eq!(lines, ["connection \"EVCE\" loses its proxies[0].password"]);
    assert_eq!(site.configuration().await.connections[0].secret_keys, ["password"]);
    assert!(site.apply_file(&proxies("")).await.unwrap().1.is_empty());
}

#[tokio::test]
async fn a_required_setting_cannot_be_reset() {
    let site = Site::with_site().await;
    for (setting, error) in [
        ("base_url", "base_url: takes an address, such as https://controller.example/api"),
        ("password", "password: is missing: give a value"),
    ] {
        let text = format!("[[connection]]\nname = \"EVCE\"\n[connection.settings]\n{setting} = \"\"\n");
        let refused = site.apply_file(&text).await.unwrap_err();
        assert!(refused.len() == 1 && refused[0].ends_with(error), "{refused:?}");
    }
    assert_eq!(site.configuration().await.connections[0].secret_keys.len(), 2);
}

#[tokio::test]
async fn an_export_in_an_empty_environment_changes_nothing_and_needs_its_variables_elsewhere() {
    let site = Site::with_site().await;
    let exported = site.export().await;
    assert!(
        exported.contains("#   RISER_CONNECTION_EVCE_PASSWORD  password of connection \"EVCE\"\n"),
        "{exported}"
    );
    assert!(!exported.contains("secret EVCE"), "{exported}");
    assert!(site.plan_without_variables(&exported).await.is_empty());
    assert_eq!(exported, site.export().await);

    let elsewhere = Site::new().await;
    let Err(ConfigureError::Fields(errors)) = elsewhere.check(&read(&exported, &no_variable).draft).await
    else {
        panic!("an account without a password was added")
    };
    let needs = "the environment variable RISER_ACCOUNT_BUILDING_BMS is not set, and no secret is stored yet";
    assert!(errors.iter().any(|error| error.message.contains(needs)), "{errors:?}");
}

#[tokio::test]
async fn a_value_of_the_wrong_form_is_refused_with_the_right_one() {
    let site = Site::new().await;
    let server = "[[ews_server]]\nname = \"S\"\nlisten = \"127.0.0.1:8\"\n";
    let account = "[[ews_server.account]]\nname = \"bms\"\nrights = \"read\"\n";
    let page = "page_size_items takes a whole number from 100 to 4294967295";
    let source = "password takes { env = \"VARIABLE\" } or { file = \"PATH\" }: one of the two, a text";
    for (text, message) in [
        ("page_size_items = -1", page.to_owned()),
        ("page_size_items = \"9\"", format!("{page}, not a text")),
        ("page_size_items = 99999999999999999999", page.to_owned()),
        ("account = 5", "account is written as [[ews_server.account]]".to_owned()),
        ("account = [5]", "account is written as [[ews_server.account]]".to_owned()),
        (&format!("{account}password = {{}}"), source.to_owned()),
        (&format!("{account}password = {{ env = 5 }}"), source.to_owned()),
        (&format!("{account}password = {{ env = \"A\", file = \"B\" }}"), source.to_owned()),
    ] {
        let file = read(&format!("{server}{text}\n"), &any_variable);
        let errors = match site.check(&file.draft).await {
            Err(ConfigureError::Fields(errors)) => errors,
            other => other.map(|_| Vec::new()).unwrap(),
        };
        let located = file.locate(&errors);
        assert!(located.iter().any(|error| error.message == message), "{text}: {located:?}");
    }
}

#[tokio::test]
async fn errors_of_a_file_are_sorted_by_line_whoever_found_them() {
    let site = Site::new().await;
    let text = SITE
        .replace("rule = \"every 1 h\"", "rule = \"soon\"")
        .replace("schedule = \"Hourly\"", "schedule = 5")
        .replace("{ env = \"PROXY\" }", "{ env = \"UNSET\" }");
    let variable = |name: &str| (name != "UNSET").then(|| name.to_owned());
    let file = read(&text, &variable);
    let Err(ConfigureError::Fields(errors)) = site.check(&file.draft).await else {
        panic!("it was accepted")
    };
    let located: Vec<String> = file.locate(&errors).iter().map(ToString::to_string).collect();
    assert_eq!(
        located,
        [
            "16:39: proxies[0].password: the environment variable UNSET is not set",
            "20:8: unknown kind of schedule \"soon\"; write \"every 15 min\", \"weekly on Mon-Fri at 07:00\", \
             \"monthly on 1, last at 06:00\", or a cron expression such as \"0 6 * * 1-5\"",
            "27:12: schedule takes a text, not a whole number",
        ]
    );
}
