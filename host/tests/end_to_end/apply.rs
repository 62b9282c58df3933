//! `riser apply`, `riser plan`, `riser export`: all errors at once with their lines, all of a file or nothing.

use crate::host::{BMS_PASSWORD, BMS_PASSWORD_VARIABLE, Installation};
use crate::programs;

const SITE: &str = r#"
[[ews_server]]
name = "Building"
listen = "127.0.0.1:0"
  [[ews_server.account]]
  name = "bms"
  rights = "read-write"
  password = { env = "EWS_PASSWORD" }

[[connection]]
name = "EVCE"
kind = "riser.evce/evce"
settings = { base_url = "https://10.0.0.5/api/v2", login = "bmsApi", password = { env = "EWS_PASSWORD" } }

[[schedule]]
name = "Every 15 minutes"
rule = "every 15 min"

[[processor]]
name = "EVCE Setup"
class = "riser.evce/setup"
connection = "EVCE"
ews_server = "Building"
schedule = "Every 15 minutes"
"#;

fn installation() -> Installation {
    Installation::new(&[programs::library("riser-evce"), programs::library("riser-example")])
}

#[test]
fn the_second_time_nothing_changes() {
    let installation = installation();
    let first = installation.try_apply(SITE);
    for line in [
        "EWS server \"Building\" added",
        "account \"bms\" of \"Building\" added",
        "connection \"EVCE\" added",
        "schedule \"Every 15 minutes\" added",
        "processor \"EVCE Setup\" added",
    ] {
        assert!(first.text.contains(line), "{}", first.text);
    }
    let second = installation.try_apply(SITE);
    assert!(second.is_success && second.text.starts_with("nothing changed"), "{}", second.text);
}

#[test]
fn missing_objects_stay_and_named_ones_change() {
    let installation = installation();
    installation.try_apply(SITE);
    let changed = installation.try_apply("[[processor]]\nname = \"EVCE Setup\"\nactive = false\n");
    assert_eq!(changed.text, "processor \"EVCE Setup\" changed: active = false\n");
    let again = installation.try_apply("[[processor]]\nname = \"EVCE Setup\"\nactive = false\n");
    assert!(again.text.starts_with("nothing changed"), "{}", again.text);
}

#[test]
fn all_faults_are_reported_with_their_lines_and_nothing_is_applied() {
    let installation = installation();
    let refused = installation.try_apply(
        r#"[[ews_server]]
name = "Building"
listen = "somewhere"
colour = "green"
  [[ews_server.account]]
  name = "bms"
  rights = "write"
  password = "open text"

[[connection]]
name = "EVCE"
kind = "riser.evce/evse"

[[connection]]
name = "Other"
kind = "riser.evce/evce"
settings = { base_url = 5, login = "x", pasword = "y", password = { file = "/nowhere" } }

[[schedule]]
name = "Often"
rule = "soon"

[[processor]]
name = "Status"
class = "riser.evce/status"
connection = "Missing"
ews_server = "Building"
schedule = "Often"
runs_at_start = "yes"
settings = { interval = "1 s" }
"#,
    );
    assert!(!refused.is_success);
    for fault in [
        ":3:10: listen takes an address and a port such as 127.0.0.1:51358",
        ":4:1: the EWS server \"Building\" has no key \"colour\"; it takes account, certificate, digest, key, listen,",
        ":7:12: rights takes \"read\" or \"read-write\"",
        ":8:14: password is a secret: give it as { env = \"VARIABLE\" } or { file = \"PATH\" }, not in plain text",
        ":12:8: no plugin offers the connection kind \"riser.evce/evse\"; there are riser.evce/evce",
        ":17:25: base_url: ",
        "pasword: is not a setting: remove it",
        ": /nowhere cannot be read: ",
        ":21:8: unknown kind of schedule \"soon\"; write \"every 15 min\"",
        ":26:14: there is no connection \"Missing\": add [[connection]] with this name",
        "EVCE Status runs until it is stopped and takes no schedule; use runs_at_start",
        ":29:17: runs_at_start takes true or false, not a text",
        ": interval: ",
    ] {
        assert!(refused.text.contains(fault), "{fault} is missing in\n{}", refused.text);
    }
    assert!(
        !refused.text.contains("there is no schedule"),
        "an error has a false consequence: {}",
        refused.text
    );
    assert!(refused.text.ends_with("errors; nothing was applied\n"), "{}", refused.text);
    assert!(!refused.text.contains("open text"), "a secret is in a message: {}", refused.text);
    // Everything is still to be added.
    assert!(installation.try_apply(SITE).text.contains("EWS server \"Building\" added"));
}

#[test]
fn each_fault_of_a_schedule_is_one_line_with_its_remedy() {
    let installation = installation();
    let refused = installation.try_apply(
        r#"[[schedule]]
name = "Often"
rule = "every 0 s"

[[schedule]]
name = "Late"
rule = "61 * * * *"

[[schedule]]
name = "Never"
rule = "0 9 31 4 *"

[[schedule]]
name = "Elsewhere"
rule = "weekly on Mon-Fri at 07:00; zone Europe/Pari"

[[schedule]]
name = "Round"
rule = "0 9 * * 5-1"

[[schedule]]
name = "None"

[[schedule]]
name = "Old"
cron = "0 6 * * *"
"#,
    );
    assert_eq!(refused.exit_code, Some(1));
    for said in [
        ":3:8: a schedule runs once a second at most",
        ":7:8: \"61\" cannot be read: a minute is 0 to 59",
        ":11:8: no such date",
        ":15:8: unknown time zone \"Europe/Pari\"; did you mean Europe/Paris?",
        ":19:8: \"5-1\" cannot be read: the range runs backwards over the end of the week; write 5-7,1",
        ":21:1: a schedule has a rule",
        ":26:1: ",
        "errors; nothing was applied",
    ] {
        assert!(refused.text.contains(said), "{said} is not in {}", refused.text);
    }
}

#[test]
fn a_truncated_file_is_refused_with_the_line() {
    let refused = installation().try_apply("[[ews_server]]\nname = \"Buil");
    assert!(!refused.is_success && refused.text.contains(":2:"), "{}", refused.text);
}

#[test]
fn a_changed_address_demands_the_password_again() {
    let installation = installation();
    installation.try_apply(SITE);
    let elsewhere =
        "[[connection]]\nname = \"EVCE\"\nsettings = { base_url = \"https://evil.example/api/v2\" }\n";
    let refused = installation.try_apply(elsewhere);
    assert!(!refused.is_success, "{}", refused.text);
    assert!(refused.text.contains("password: "), "{}", refused.text);
    assert!(refused.text.contains("the address changed, so give it again"), "{}", refused.text);
    let with_password = elsewhere.replace(" }", ", password = { env = \"EWS_PASSWORD\" } }");
    assert!(installation.try_apply(&with_password).is_success);
}

#[test]
fn a_missing_password_is_reported_with_its_line() {
    let installation = installation();
    let site = SITE.replace(BMS_PASSWORD_VARIABLE, "NOT_SET_ANYWHERE");
    let refused = installation.try_apply(&site);
    assert!(
        refused.text.contains("the environment variable NOT_SET_ANYWHERE is not set"),
        "{}",
        refused.text
    );
}

#[test]
fn a_plugin_that_is_missing_is_named_with_those_that_are_there() {
    let installation = Installation::new(&[programs::library("riser-example")]);
    let refused = installation.try_apply(SITE);
    assert!(
        refused.text.contains("no library offers the plugin \"riser.evce\"; there is riser.example"),
        "{}",
        refused.text
    );
}

#[test]
fn two_servers_at_one_address_need_paths_that_differ_by_more_than_a_final_slash() {
    let installation = installation();
    let server = |name: &str, path: &str| {
        format!("[[ews_server]]\nname = \"{name}\"\nlisten = \"127.0.0.1:51358\"\npath = \"{path}\"\n")
    };
    let refused = installation.try_apply(&(server("North", "/site") + &server("South", "/site/")));
    let said = ":8:8: the EWS server \"North\" has this address and path already";
    assert!(!refused.is_success && refused.text.contains(said), "{}", refused.text);
}

#[test]
fn a_plan_shows_the_changes_and_applies_none() {
    let installation = installation();
    let nowhere = installation.try_plan(SITE);
    assert!(!nowhere.is_success && nowhere.text.contains("there is no Riser data in "), "{}", nowhere.text);
    assert!(!installation.data().exists(), "a command that reads made a data directory");
    installation.apply("");
    let planned = installation.try_plan(SITE);
    assert!(planned.is_success, "{}", planned.text);
    let applied = installation.try_apply(SITE);
    assert_eq!(planned.text, applied.text);
    let after = installation.try_plan(SITE);
    assert!(after.is_success && after.text.starts_with("nothing to change"), "{}", after.text);
    let wrong = installation.try_plan("[[schedule]]\nname = \"Late\"\nrule = \"soon\"\n");
    assert_eq!(wrong.exit_code, Some(1), "{}", wrong.text);
    assert!(wrong.text.contains(":3:8: unknown kind of schedule"), "{}", wrong.text);
}

#[test]
fn an_export_names_no_secret_and_is_no_change_without_its_variables() {
    let installation = installation();
    installation.apply(SITE);
    installation.apply("[[processor]]\nname = \"EVCE Setup\"\nactive = false\n");
    let active_only = installation.run(&["export"]);
    assert!(active_only.is_success && !active_only.text.contains("EVCE Setup"), "{}", active_only.text);
    let exported = installation.run(&["export", "--with-disabled"]);
    assert!(exported.text.contains("name = \"EVCE Setup\""), "{}", exported.text);
    assert!(!exported.text.contains(BMS_PASSWORD), "{}", exported.text);
    for file in [&active_only.text, &exported.text] {
        let planned = installation.try_plan(file);
        assert!(planned.is_success && planned.text.starts_with("nothing to change"), "{}", planned.text);
    }
    let elsewhere = self::installation().try_apply(&exported.text);
    assert_eq!(elsewhere.exit_code, Some(1));
    let said = "the environment variable RISER_ACCOUNT_BUILDING_BMS is not set, and no secret is stored yet";
    assert!(elsewhere.text.contains(said), "{}", elsewhere.text);
}

#[test]
fn objects_are_renamed_and_removed_unless_others_use_them() {
    let installation = installation();
    installation.apply(SITE);
    let remove = "[[connection]]\nname = \"EVCE\"\nremove = true\n";
    let refused = installation.try_apply(remove);
    let said = ":3:10: the connection \"EVCE\" is used by processor \"EVCE Setup\"; remove it first";
    assert!(refused.exit_code == Some(1) && refused.text.contains(said), "{}", refused.text);
    let renamed = installation.try_apply("[[connection]]\nname = \"North\"\nrenamed_from = \"EVCE\"\n");
    assert_eq!(renamed.text, "connection \"EVCE\" renamed to \"North\"\n");
    let taken = installation
        .try_apply("[[schedule]]\nname = \"Hourly\"\nrule = \"every 1 h\"\n[[schedule]]\nname = \"Night\"\nrule = \"0 3 * * *\"\n");
    assert!(taken.is_success, "{}", taken.text);
    let taken = installation.try_apply("[[schedule]]\nname = \"Night\"\nrenamed_from = \"Hourly\"\n");
    assert!(taken.text.contains(":3:16: the name \"Night\" is taken by another schedule"), "{}", taken.text);
    // Without a terminal, nobody is asked.
    let removed = installation.try_apply(
        &(remove.replace("EVCE", "North") + "[[processor]]\nname = \"EVCE Setup\"\nremove = true\n"),
    );
    assert!(removed.is_success, "{}", removed.text);
    assert!(removed.text.contains("connection \"North\" removed"), "{}", removed.text);
    assert!(removed.text.contains("processor \"EVCE Setup\" removed"), "{}", removed.text);
}
