//! Riser in a separate process, on a data directory that outlives the process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use riser_ews::client::{ClientOptions, EwsClient};
use serde::Deserialize;

use crate::programs::RISER;
use crate::shifted_clock::ShiftedClock;
use crate::waiting::until;

pub(crate) const BMS: &str = "bms";
pub(crate) const BMS_PASSWORD: &str = "a password of the BMS";
pub(crate) const BMS_PASSWORD_VARIABLE: &str = "EWS_PASSWORD";

/// A data directory and a plugin directory, which outlive the host.
pub(crate) struct Installation {
    directory: tempfile::TempDir,
}

/// A running Riser. Dropping it kills the process.
pub(crate) struct Host {
    child: Child,
    log: PathBuf,
    pub(crate) portal_url: String,
    ews_servers: Vec<Address>,
}

#[derive(Deserialize)]
struct ReadyLine {
    portal_url: String,
    ews_servers: Vec<Address>,
}

#[derive(Deserialize)]
struct Address {
    name: String,
    url: String,
}

impl Installation {
    pub(crate) fn new(libraries: &[PathBuf]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let this = Self { directory };
        std::fs::create_dir(this.plugins()).unwrap();
        for library in libraries {
            this.drop_in(library, library.file_name().unwrap().to_str().unwrap());
        }
        this
    }

    /// Copies a library into the plugin directory.
    pub(crate) fn drop_in(&self, library: &Path, name: &str) {
        std::fs::copy(library, self.plugins().join(name)).unwrap();
    }

    /// Returns the directory of the installation, for additional files of a test.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn plugins(&self) -> PathBuf {
        self.directory.path().join("plugins")
    }

    fn command(&self, command: &str) -> Command {
        let mut riser = Command::new(RISER);
        riser.arg(command).arg("--data-dir").arg(self.data());
        riser.env(BMS_PASSWORD_VARIABLE, BMS_PASSWORD);
        riser
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Runs a command with the data directory and the plugins, and waits for its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let mut riser = self.command(arguments[0]);
        Said::by(&riser.arg("--plugin-dir").arg(self.plugins()).args(&arguments[1..]).output().unwrap())
    }

    /// Runs a command that needs no plugins, and waits for its end.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Said {
        Said::by(&self.command(arguments[0]).args(&arguments[1..]).output().unwrap())
    }

    /// Runs a command that needs no plugins, with a clock that the test sets, and waits for its end.
    pub(crate) fn ask_by(&self, clock: &ShiftedClock, arguments: &[&str]) -> Said {
        let mut riser = self.command(arguments[0]);
        clock.give_to(&mut riser);
        Said::by(&riser.args(&arguments[1..]).output().unwrap())
    }

    /// Starts a command that needs no plugins.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        let mut riser = self.command(arguments[0]);
        riser.args(&arguments[1..]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs a command with only these arguments, and waits for its end.
    pub(crate) fn run_bare(&self, arguments: &[&str]) -> Said {
        Said::by(&Command::new(RISER).current_dir(self.path()).args(arguments).output().unwrap())
    }

    /// Starts a command that needs no plugins and reads its standard input.
    pub(crate) fn spawn_with_input(&self, arguments: &[&str]) -> Child {
        let mut riser = self.command(arguments[0]);
        riser.args(&arguments[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        riser.spawn().unwrap()
    }

    /// Applies a configuration and returns the output.
    pub(crate) fn try_apply(&self, configuration: &str) -> Said {
        self.run_on_file("apply", configuration)
    }

    /// Shows what applying a configuration would change.
    pub(crate) fn try_plan(&self, configuration: &str) -> Said {
        self.run_on_file("plan", configuration)
    }

    fn run_on_file(&self, command: &str, configuration: &str) -> Said {
        let file = self.path().join("site.toml");
        std::fs::write(&file, configuration).unwrap();
        self.run(&[command, file.to_str().unwrap()])
    }

    /// Applies a configuration, which must be accepted.
    pub(crate) fn apply(&self, configuration: &str) {
        let applied = self.try_apply(configuration);
        assert!(applied.is_success, "{}", applied.text);
    }

    /// Runs `riser user` with a line on standard input.
    pub(crate) fn user(&self, arguments: &[&str], line: &str) -> Said {
        let mut riser = self.command("user");
        riser.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = riser.spawn().unwrap();
        // A refusal may precede reading the line.
        let _ = writeln!(child.stdin.take().unwrap(), "{line}");
        Said::by(&child.wait_with_output().unwrap())
    }

    /// Adds an administrator of the portal.
    pub(crate) fn add_admin(&self, name: &str, password: &str) {
        let added = self.user(&["add", name, "--role", "admin"], password);
        assert!(added.is_success, "{}", added.text);
    }

    /// Starts the host and waits until everything listens.
    pub(crate) fn start(&self) -> Host {
        self.start_with(&["--portal-listen", "127.0.0.1:0"])
    }

    /// Starts the host with these arguments about its portal.
    pub(crate) fn start_with(&self, portal: &[&str]) -> Host {
        let mut riser = self.command("serve");
        riser.args(portal);
        self.start_command(riser)
    }

    /// Starts the host in a time zone, on a system with this zone data.
    pub(crate) fn start_in_zone(&self, zone: &str, zoneinfo: &Path) -> Host {
        let mut riser = self.command("serve");
        riser.args(["--portal-listen", "127.0.0.1:0"]).env("TZ", zone).env("TZDIR", zoneinfo);
        self.start_command(riser)
    }

    /// Starts the host with a clock that the test sets.
    pub(crate) fn start_by(&self, clock: &ShiftedClock) -> Host {
        let mut riser = self.command("serve");
        riser.args(["--portal-listen", "127.0.0.1:0"]);
        clock.give_to(&mut riser);
        self.start_command(riser)
    }

    /// Starts the host on data that it may not be able to use, and waits until its portal listens.
    pub(crate) async fn start_on_any_data(&self) -> Host {
        let log = self.log_file();
        let before = std::fs::metadata(&log).map_or(0, |log| usize::try_from(log.len()).unwrap());
        let mut riser = self.command("serve");
        riser.args(["--portal-listen", "127.0.0.1:0"]);
        let child = self.spawn_host(riser);
        let portal_url = until("the address of the portal", async || {
            let text = std::fs::read_to_string(&log).unwrap();
            let said = text[before..].split_once("the portal is at ");
            match said.and_then(|(_, rest)| rest.split_once('\n')) {
                Some((url, _)) => Ok(url.trim().to_owned()),
                None => Err(text),
            }
        })
        .await;
        Host { child, log, portal_url, ews_servers: Vec::new() }
    }

    fn log_file(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    fn spawn_host(&self, mut riser: Command) -> Child {
        let log = std::fs::File::options().create(true).append(true).open(self.log_file()).unwrap();
        riser
            .arg("--plugin-dir")
            .arg(self.plugins())
            .args(["--print-ready", "--exit-on-stdin-close"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    fn start_command(&self, riser: Command) -> Host {
        let mut child = self.spawn_host(riser);
        let log = self.log_file();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ReadyLine { portal_url, ews_servers } = serde_json::from_str(&line).unwrap_or_else(|error| {
            panic!("{error}; the log says: {}", std::fs::read_to_string(&log).unwrap())
        });
        Host { child, log, portal_url, ews_servers }
    }
}

impl Host {
    /// Returns a client of the EWS server with this name.
    pub(crate) fn bms(&self, ews_server: &str) -> EwsClient {
        self.bms_named(ews_server, BMS)
    }

    /// Returns a client of the EWS server with this name that logs in to this account.
    pub(crate) fn bms_named(&self, ews_server: &str, account: &str) -> EwsClient {
        EwsClient::new(ClientOptions {
            url: self.ews_url(ews_server).parse().unwrap(),
            user_name: account.to_owned(),
            password: BMS_PASSWORD.into(),
            time_limit: Duration::from_secs(30),
        })
        .unwrap()
    }

    /// Returns the process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the log since the first start of the installation.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Kills the process.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops the host gracefully and waits for its end.
    pub(crate) fn stop(mut self) {
        drop(self.child.stdin.take());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}; {}", self.log());
    }

    /// Stops the host gracefully and returns its exit code.
    pub(crate) fn stop_with_code(mut self) -> Option<i32> {
        drop(self.child.stdin.take());
        self.child.wait().unwrap().code()
    }

    /// Interrupts it as Ctrl-C does, while its standard input stays open, and waits for it.
    pub(crate) fn interrupt(mut self) {
        let input = self.child.stdin.take();
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
        let status = self.child.wait().unwrap();
        drop(input);
        assert!(status.success(), "{status}; {}", self.log());
    }

    /// Returns the address of the EWS server with this name.
    pub(crate) fn ews_url(&self, ews_server: &str) -> &str {
        &self.ews_servers.iter().find(|server| server.name == ews_server).unwrap().url
    }

    /// Returns the environment variable that marks the workers and their children.
    pub(crate) async fn marker(&self) -> String {
        until("a worker", async || {
            let environments = self.workers().into_iter().filter_map(|worker| {
                std::fs::read_to_string(format!("/proc/{}/environ", worker.as_raw_nonzero())).ok()
            });
            let found = environments
                .flat_map(|text| text.split('\0').map(str::to_owned).collect::<Vec<_>>())
                .find(|variable| variable.starts_with("RISER_INSTANCE="));
            found.ok_or(())
        })
        .await
    }

    /// Returns the worker processes.
    pub(crate) fn workers(&self) -> Vec<rustix::process::Pid> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap().flatten();
        let mut found = Vec::new();
        for task in tasks {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap();
            found.extend(children.split_whitespace().filter_map(|id| id.parse::<i32>().ok()));
        }
        found.into_iter().filter_map(rustix::process::Pid::from_raw).collect()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            // The test runner shows it only if the test fails.
            let _ = std::io::stderr().write_all(&std::fs::read(&self.log).unwrap_or_default());
        }
    }
}

/// Returns the processes with a marker in their environment.
pub(crate) fn marked_processes(marker: &str) -> Vec<i32> {
    let is_marked = |id: &i32| {
        std::fs::read(format!("/proc/{id}/environ"))
            .is_ok_and(|text| text.split(|byte| *byte == 0).any(|part| part == marker.as_bytes()))
    };
    let names = std::fs::read_dir("/proc").unwrap().flatten();
    names.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_marked).collect()
}

/// The output of a command and its success.
pub(crate) struct Said {
    pub(crate) is_success: bool,
    pub(crate) exit_code: Option<i32>,
    pub(crate) text: String,
}

impl Said {
    fn by(output: &Output) -> Self {
        let text = [output.stdout.as_slice(), &output.stderr].map(String::from_utf8_lossy).concat();
        Self { is_success: output.status.success(), exit_code: output.status.code(), text }
    }
}
