//! Commands that talk to a running host over its control socket, and the same commands without one.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::configuration::ConfigurationFile;
use crate::host::Installation;
use crate::programs;
use crate::waiting::until;

const COUNTER: &str = "riser.example/counter";
/// Fails the first time with a problem, succeeds the second time.
const CAREFUL: &str = "riser.misbehaving/needs-operator";
/// A user that owns nothing here: nobody.
const OTHER_USER: u32 = 65_534;

/// A counter that runs, one that does not start by itself, one that is disabled, and one that fails.
fn site() -> Installation {
    let installation =
        Installation::new(&[programs::library("riser-example"), programs::library("riser-misbehaving")]);
    let mut file = ConfigurationFile::new();
    for (name, class, more) in [
        ("Counter", COUNTER, ""),
        ("By hand", COUNTER, "runs_at_start = false"),
        ("Off", COUNTER, "active = false"),
        ("Hourly", CAREFUL, "runs_at_start = false\nschedule = \"Hourly\""),
        ("Careful", CAREFUL, ""),
    ] {
        file = file.ews_server(name).processor(name, class, name, more);
    }
    installation.apply(&format!("{}[[schedule]]\nname = \"Hourly\"\nrule = \"every 1 h\"\n", file.text()));
    installation
}

fn json(installation: &Installation, arguments: &[&str]) -> Value {
    let said = installation.ask(arguments);
    assert!(said.is_success, "{}", said.text);
    serde_json::from_str(&said.text).unwrap_or_else(|error| panic!("{error}: {}", said.text))
}

/// The entry of a list with this name.
fn named<'list>(list: &'list Value, name: &str) -> &'list Value {
    list.as_array().unwrap().iter().find(|entry| entry["name"] == name).unwrap()
}

async fn until_state(installation: &Installation, processor: &str, state: &str) -> Value {
    until(&format!("{processor} is {state}"), async || {
        let status = json(installation, &["status", "--json"]);
        let found = named(&status["processors"], processor).clone();
        if found["state"] == state { Ok(status) } else { Err(found) }
    })
    .await
}

fn control_socket(installation: &Installation) -> PathBuf {
    installation.data().join("control.sock")
}

/// Runs a command that must fail with code 1, and returns what it printed.
fn refused(installation: &Installation, arguments: &[&str]) -> String {
    let said = installation.ask(arguments);
    assert_eq!(said.exit_code, Some(1), "{}", said.text);
    said.text
}

#[tokio::test]
async fn status_names_what_runs_and_why_the_rest_does_not() {
    let installation = site();
    let host = installation.start();
    let status = until_state(&installation, "Counter", "running").await;
    assert_eq!(status["process_id"], host.id());
    let processors = &status["processors"];
    assert_eq!(named(processors, "Counter")["not_running_because"], Value::Null);
    for (name, state, sentence) in [
        ("Off", "disabled", "It is disabled: set active = true in its configuration."),
        (
            "By hand",
            "idle",
            "It does not start with Riser (runs_at_start = false); `riser run \"By hand\"` starts it.",
        ),
    ] {
        let processor = named(processors, name);
        assert_eq!(
            (&processor["state"], &processor["not_running_because"]),
            (&state.into(), &sentence.into())
        );
    }
    let hourly = named(processors, "Hourly");
    let sentence = hourly["not_running_because"].as_str().unwrap();
    assert!(sentence.starts_with("Its schedule starts it at 20"), "{sentence}");
    assert!(hourly["next_run_at"].as_str().unwrap().ends_with(":00.000Z"), "{hourly}");
    let server = named(&status["ews_servers"], "Counter");
    assert_eq!(server["url"], host.ews_url("Counter"));

    let table = installation.ask(&["status"]).text;
    for line in ["\n  Off      disabled  It is disabled:", "\n  Counter  running   since 20", "\nProblems\n"]
    {
        assert!(table.contains(line), "{table}");
    }
    host.stop();
}

#[tokio::test]
async fn a_processor_whose_library_is_gone_says_so() {
    let installation = site();
    std::fs::remove_file(installation.path().join("plugins/libriser_misbehaving.so")).unwrap();
    let host = installation.start();
    let status = until_state(&installation, "Careful", "unable").await;
    let sentence = named(&status["processors"], "Careful")["not_running_because"].as_str().unwrap();
    assert!(sentence.starts_with("It cannot run: no plugin library offers riser.misbehaving"), "{sentence}");
    host.stop();
}

#[tokio::test]
async fn a_processor_is_started_and_stopped_by_name() {
    let installation = site();
    let host = installation.start();
    let started = installation.ask(&["run", "By hand"]);
    assert!(started.is_success && started.text.starts_with("By hand is running: run "), "{}", started.text);
    assert_eq!(
        refused(&installation, &["run", "By hand"]),
        "riser: By hand was not started: it is already running\n"
    );
    let stopped = installation.ask(&["stop", "By hand"]);
    assert!(stopped.is_success && stopped.text.ends_with(" cancelled\n"), "{}", stopped.text);
    assert_eq!(
        refused(&installation, &["stop", "By hand"]),
        "riser: By hand was not stopped: it is not running\n"
    );
    assert_eq!(
        refused(&installation, &["run", "Off"]),
        "riser: Off was not started: it is disabled: set active = true in its configuration\n"
    );
    assert_eq!(
        refused(&installation, &["run", "by-hand"]),
        "riser: there is no processor \"by-hand\"; did you mean \"By hand\"?\n"
    );
    assert_eq!(installation.ask(&["run"]).exit_code, Some(2));

    let runs = json(&installation, &["runs", "By hand", "--json"]);
    assert_eq!((&runs[0]["state"], &runs[0]["started_by"]), (&"cancelled".into(), &"command line".into()));
    host.stop();
    assert_eq!(json(&installation, &["runs", "By hand", "--json"]), runs, "the directory has the same runs");
}

#[tokio::test]
async fn a_run_that_fails_leaves_a_problem_until_one_succeeds() {
    let installation = site();
    let host = installation.start();
    let problem = until("the problem of Careful", async || {
        let problems = json(&installation, &["problems", "--json"]);
        problems.as_array().unwrap().first().cloned().ok_or(())
    })
    .await;
    assert_eq!(problem["raised_by"], "Careful");
    let problems = installation.ask(&["problems"]).text;
    assert!(problems.contains("  Remedy: ") && problems.contains("start it again"), "{problems}");

    let run = installation.ask(&["run", "Careful"]);
    assert!(run.is_success, "{}", run.text);
    until_state(&installation, "Careful", "idle").await;
    assert_eq!(installation.ask(&["problems"]).text, "none\n");
    host.stop();
    let runs = installation.ask(&["runs", "Careful", "-n", "1"]).text;
    assert!(runs.contains("succeeded") && !runs.contains("failed"), "{runs}");
}

#[tokio::test]
async fn a_log_is_followed_until_its_run_has_ended() {
    let installation = site();
    let host = installation.start();
    let status = until_state(&installation, "Counter", "running").await;
    let run = named(&status["processors"], "Counter")["last_run"]["run"].to_string();
    let follower = installation.spawn(&["log", &run, "--follow"]);
    let so_far = installation.ask(&["log", &run]);
    assert!(so_far.text.ends_with(&format!("run {run} of Counter: running\n")), "{}", so_far.text);
    assert!(installation.ask(&["stop", "Counter"]).is_success);
    let output = follower.wait_with_output().unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(lines.ends_with("info   stopped by command line\n"), "{lines}");
    let last_line = String::from_utf8(output.stderr).unwrap();
    assert!(last_line.starts_with(&format!("run {run} of Counter: cancelled after ")), "{last_line}");
    host.stop();

    let stored = installation.ask(&["log", &run, "--follow"]).text;
    assert_eq!(stored, lines + &last_line, "the directory has the same log");
    assert_eq!(
        refused(&installation, &["log", "4711"]),
        "riser: there is no run 4711; `riser runs` lists the runs\n"
    );
}

#[test]
fn the_audit_trail_is_the_same_with_and_without_a_host() {
    let installation = site();
    let host = installation.start();
    let from_host = json(&installation, &["audit", "-n", "3", "--json"]);
    assert_eq!(from_host.as_array().unwrap().len(), 3);
    host.stop();
    // The processors may have written to the trail since.
    let from_directory = json(&installation, &["audit", "-n", "100", "--json"]);
    let from_directory = from_directory.as_array().unwrap();
    for entry in from_host.as_array().unwrap() {
        assert!(from_directory.contains(entry), "{entry} is not in {from_directory:?}");
    }
    let of_schedule = from_directory.iter().find(|entry| entry["subject"] == "schedule").unwrap();
    assert_eq!((&of_schedule["name"], &of_schedule["actor"]), (&"Hourly".into(), &"command line".into()));
    let table = installation.ask(&["audit"]).text;
    assert!(table.starts_with("TIME") && table.contains("Hourly"), "{table}");
}

#[test]
fn without_a_host_each_command_says_what_to_do() {
    let installation = Installation::new(&[]);
    for command in [&["status"][..], &["problems"], &["run", "Counter"], &["stop", "Counter"]] {
        let text = refused(&installation, command);
        assert!(text.contains("Riser is not running on ") && text.contains("`riser serve`"), "{text}");
    }
    for command in [&["runs"][..], &["log", "1"], &["audit"], &["export"]] {
        let text = refused(&installation, command);
        assert!(text.contains("there is no Riser data in "), "{text}");
    }
    assert!(!installation.data().exists(), "a command that reads made a data directory");
}

#[test]
fn the_socket_of_a_host_that_was_killed_is_ignored_and_replaced() {
    let installation = site();
    installation.start().kill();
    assert!(control_socket(&installation).exists());
    assert!(refused(&installation, &["status"]).contains("Riser is not running"));
    assert!(installation.ask(&["runs"]).is_success);
    let host = installation.start();
    assert!(installation.ask(&["status"]).is_success);
    host.stop();
    assert!(!control_socket(&installation).exists());
}

#[test]
fn a_host_without_its_control_socket_is_named_as_running() {
    let installation = site();
    let host = installation.start();
    let said = format!("process {} uses the data directory ", host.id());
    std::fs::remove_file(control_socket(&installation)).unwrap();
    for command in [&["status"][..], &["run", "By hand"]] {
        let text = refused(&installation, command);
        assert!(text.contains(&format!("waiting for {}", said.replace(" uses", ", which uses"))), "{text}");
        assert!(text.contains(&said) && text.contains("restart Riser if the socket was removed"), "{text}");
    }
    std::fs::write(control_socket(&installation), "").unwrap();
    let text = refused(&installation, &["problems"]);
    assert!(text.contains(&said), "{text}");
    std::fs::remove_file(control_socket(&installation)).unwrap();
    host.stop();
    assert!(refused(&installation, &["status"]).contains("Riser is not running"));
}

#[test]
fn a_draft_that_is_too_long_is_refused_with_the_reason() {
    let installation = site();
    let host = installation.start();
    let file = installation.path().join("long.toml");
    let name = "x".repeat(9 * 1024 * 1024);
    std::fs::write(&file, format!("[[schedule]]\nname = \"{name}\"\nrule = \"every 1 h\"\n")).unwrap();
    let text = refused(&installation, &["apply", file.to_str().unwrap()]);
    assert!(text.contains("the message is longer than 8 MiB"), "{text}");
    host.stop();
}

#[test]
fn a_control_socket_of_another_user_is_not_used() {
    let installation = site();
    let host = installation.start();
    let socket = control_socket(&installation);
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    if chown(&socket, Some(OTHER_USER), None).is_err() {
        // Only root can give a socket away: without it, the kernel keeps all other users out by the mode above.
        return host.stop();
    }
    let text = refused(&installation, &["status"]);
    assert!(
        text.contains("control.sock belongs to user nobody, and this command runs as user root"),
        "{text}"
    );
    assert!(refused(&installation, &["runs"]).contains("belongs to user nobody"));

    // Root uses the socket of the user who owns the data directory, as `sudo riser` does.
    chown(installation.data(), Some(OTHER_USER), None).unwrap();
    let status = installation.ask(&["status"]);
    assert!(status.is_success, "{}", status.text);
}

#[tokio::test]
async fn the_configuration_of_a_running_host_is_changed_by_the_same_commands() {
    let installation = site();
    let host = installation.start();
    until_state(&installation, "Counter", "running").await;
    let changed = installation.try_apply("[[processor]]\nname = \"Counter\"\nactive = false\n");
    assert!(changed.is_success && changed.text.contains("processor \"Counter\" changed"), "{}", changed.text);
    until_state(&installation, "Counter", "disabled").await;
    let account = "[[ews_server]]\nname = \"By hand\"\n[[ews_server.account]]\nname = \"second\"\n\
                   rights = \"read\"\npassword = { env = \"EWS_PASSWORD\" }\n";
    assert!(host.bms_named("By hand", "second").information().await.is_err());
    installation.apply(account);
    host.bms_named("By hand", "second").information().await.unwrap();
    let wrong = installation.try_apply("[[processor]]\nname = \"Counter\"\nschedule = \"Nightly\"\n");
    assert!(!wrong.is_success && wrong.text.contains("site.toml:3:"), "{}", wrong.text);

    let exported = installation.ask(&["export", "--with-disabled"]);
    assert!(exported.is_success && exported.text.contains("name = \"Counter\""), "{}", exported.text);
    let file = installation.path().join("exported.toml");
    std::fs::write(&file, &exported.text).unwrap();
    let planned = installation.ask(&["plan", file.to_str().unwrap()]);
    assert!(planned.is_success && planned.text.starts_with("nothing to change"), "{}", planned.text);

    let added = installation.user(&["add", "anna", "--role", "admin"], "a password of the portal");
    assert_eq!(added.text, "anna may log in as admin\n");
    let again = installation.user(&["add", "anna", "--role", "admin"], "a password of the portal");
    assert!(!again.is_success && again.text.contains("there is already a user anna"), "{}", again.text);
    assert!(!host.log().contains("a password of the portal"));
    host.stop();
    assert_eq!(installation.ask(&["export", "--with-disabled"]).text, exported.text);
    assert_eq!(installation.user(&["list"], "").text, "anna\tadmin\n");
}

#[test]
fn one_file_applied_many_times_at_once_changes_the_host_once() {
    let installation = site();
    let host = installation.start();
    let file = installation.path().join("off.toml");
    std::fs::write(&file, "[[processor]]\nname = \"By hand\"\nactive = false\n").unwrap();
    let clients: Vec<_> = (0..100).map(|_| installation.spawn(&["apply", file.to_str().unwrap()])).collect();
    let mut changes = 0;
    for client in clients {
        let output = client.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        changes +=
            usize::from(String::from_utf8_lossy(&output.stdout).contains("processor \"By hand\" changed"));
    }
    assert_eq!(changes, 1);
    host.stop();
}

/// Forty schedules of one period: a file of which a half was applied has two periods.
fn schedules(minutes: u64) -> String {
    let schedule = |number| format!("[[schedule]]\nname = \"S{number}\"\nrule = \"every {minutes} min\"\n");
    (0..40).map(schedule).collect()
}

#[test]
fn a_host_that_is_killed_while_it_applies_a_file_has_the_old_or_the_new_configuration() {
    let installation = Installation::new(&[]);
    installation.apply(&schedules(1));
    let file = installation.path().join("schedules.toml");
    let mut before = "rule = \"every 1 min\"".to_owned();
    for minutes in 2..12 {
        let host = installation.start();
        std::fs::write(&file, schedules(minutes)).unwrap();
        let client = installation.spawn(&["apply", file.to_str().unwrap()]);
        // Another moment in each round, from before the request to after the commit.
        std::thread::sleep(Duration::from_millis(4 * minutes));
        host.kill();
        let is_applied = client.wait_with_output().unwrap().status.success();
        let exported = installation.ask(&["export"]).text;
        // Not the schedule that exists from the start.
        let (_, applied) = exported.split_once("name = \"S0\"").unwrap();
        let periods: Vec<&str> = applied.lines().filter(|line| line.starts_with("rule = ")).collect();
        let after = format!("rule = \"every {minutes} min\"");
        assert_eq!(periods.len(), 40, "{exported}");
        assert!(periods.iter().all(|period| *period == periods[0]), "{exported}");
        assert!(periods[0] == after || (!is_applied && periods[0] == before), "{exported}");
        before = periods[0].to_owned();
    }
}

#[test]
fn a_hundred_clients_are_served_at_once() {
    let installation = site();
    let host = installation.start();
    let clients: Vec<_> = (0..100).map(|_| installation.spawn(&["audit", "-n", "1", "--json"])).collect();
    for client in clients {
        let output = client.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let entries: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(entries.as_array().unwrap().len(), 1);
    }
    host.stop();
}

/// Sends bytes to the host, and returns all that it sends until it hangs up.
fn exchange(installation: &Installation, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(control_socket(installation)).unwrap();
    // The host may refuse before it has read everything.
    let _ = stream.write_all(bytes);
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply);
    String::from_utf8(reply).unwrap()
}

#[test]
fn clients_that_misbehave_are_refused_and_the_others_are_served() {
    let installation = site();
    let host = installation.start();
    let mut hanging: Vec<UnixStream> =
        (0..20).map(|_| UnixStream::connect(control_socket(&installation)).unwrap()).collect();
    for stream in &mut hanging {
        stream.write_all(b"{\"riser_control\":1,").unwrap();
    }
    let garbage = exchange(&installation, b"GET / HTTP/1.1\r\n");
    assert!(garbage.contains("\"failure\":\"bad_request\""), "{garbage}");
    let too_long = exchange(&installation, &vec![b'x'; 9 * 1024 * 1024]);
    assert!(too_long.contains("longer than 8 MiB"), "{too_long}");
    let other_version = exchange(&installation, b"{\"riser_control\":2,\"release\":\"9.0.0\"}\n");
    assert!(other_version.starts_with("{\"riser_control\":1,"), "{other_version}");
    assert_eq!(other_version.lines().count(), 1, "{other_version}");

    assert!(installation.ask(&["status"]).is_success);
    host.stop();
    let mut end = Vec::new();
    assert_eq!(hanging[0].read_to_end(&mut end).unwrap(), 0, "the host hangs up when it ends");
}

#[test]
fn a_host_of_another_version_is_named() {
    let installation = Installation::new(&[]);
    std::fs::create_dir(installation.data()).unwrap();
    let listener = UnixListener::bind(control_socket(&installation)).unwrap();
    let host = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut hello = String::new();
        BufReader::new(&stream).read_line(&mut hello).unwrap();
        stream.write_all(b"{\"riser_control\":2,\"release\":\"9.0.0\"}\n").unwrap();
        hello
    });
    let text = refused(&installation, &["status"]);
    assert!(text.contains("the host runs Riser 9.0.0 and this command is Riser 0.1.0"), "{text}");
    assert!(host.join().unwrap().starts_with("{\"riser_control\":1,"));
}

#[test]
fn completions_and_man_pages_know_every_command() {
    let installation = Installation::new(&[]);
    let directory = installation.path().join("shell");
    let written = installation.run_bare(&["shell-files", directory.to_str().unwrap()]);
    assert!(written.is_success, "{}", written.text);
    for file in ["completions/riser.bash", "completions/_riser", "completions/riser.fish"] {
        let text = std::fs::read_to_string(directory.join(file)).unwrap();
        assert!(text.contains("audit") && text.contains("follow"), "{file}");
    }
    let checked =
        Command::new("bash").arg("-n").arg(directory.join("completions/riser.bash")).status().unwrap();
    assert!(checked.success());
    for page in ["riser.1", "riser-serve.1", "riser-log.1", "riser-user-add.1"] {
        let text = std::fs::read_to_string(directory.join("man").join(page)).unwrap();
        assert!(text.contains(".SH NAME"), "{page}");
    }
}
