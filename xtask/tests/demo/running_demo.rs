//! A demo under test.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use riser_ews::client::{ClientOptions, EwsClient, ValueResponse};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::processes::{EXIT_TIMEOUT, Process, assert_gone, descendants};
use crate::waiting::until;

/// The program under test.
pub(crate) const XTASK: &str = env!("CARGO_BIN_EXE_xtask");

/// A demo that runs.
pub(crate) struct RunningDemo {
    child: Child,
    out: BufReader<ChildStdout>,
    /// The ready line.
    pub(crate) announced: Value,
    /// Its child processes when it was ready.
    pub(crate) processes: Vec<Process>,
    log: tempfile::NamedTempFile,
}

impl RunningDemo {
    /// Starts one on free ports and waits until it is ready.
    pub(crate) fn start(options: &[&str]) -> Self {
        let mut command = Command::new(XTASK);
        command.args(["demo", "--json", "--portal-port", "0", "--ews-port", "0"]).args(options);
        Self::start_command(command)
    }

    /// Starts it with a command that asks for JSON.
    pub(crate) fn start_command(mut command: Command) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log.reopen().unwrap());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let announced = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("{error}: {}", std::fs::read_to_string(log.path()).unwrap()));
        let processes = descendants(child.id());
        Self { child, out, announced, processes, log }
    }

    /// Returns a text of the ready line.
    pub(crate) fn fact(&self, key: &str) -> &str {
        self.announced[key].as_str().unwrap_or_else(|| panic!("{key} in {}", self.announced))
    }

    /// The ports that it announced.
    pub(crate) fn ports(&self) -> Vec<u16> {
        ["portal_url", "ews_url", "simulator_url", "simulator_control_url"]
            .iter()
            .filter_map(|key| port_of(self.announced[key].as_str()?))
            .collect()
    }

    /// Reads a value like a BMS that knows only the ready line: finds it by name below the root.
    pub(crate) async fn read(&self, name: &str) -> ValueResponse {
        let client = EwsClient::new(ClientOptions {
            url: self.fact("ews_url").parse().unwrap(),
            user_name: self.fact("ews_user").to_owned(),
            password: self.fact("ews_password").into(),
            time_limit: ClientOptions::TIME_LIMIT,
        })
        .unwrap();
        for site in client.container("").await.unwrap().containers {
            let site = client.container(&site.id).await.unwrap();
            if let Some(point) = site.values.iter().find(|value| value.name == name) {
                return client.values(&[&point.id]).await.unwrap().values.remove(0);
            }
        }
        panic!("no value {name}");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(self.child.id(), signal);
    }

    /// Waits for its end. No process may be left, and standard output may not have another line.
    pub(crate) fn assert_ends(mut self) -> ExitStatus {
        let status = until("the end of the demo", EXIT_TIMEOUT, || {
            self.child.try_wait().unwrap().ok_or("it still runs")
        });
        assert_gone(&self.processes, &self.ports());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "one line on standard output, and no more");
        status
    }
}

impl Drop for RunningDemo {
    #[expect(clippy::print_stderr, reason = "the runner shows it when the test fails")]
    fn drop(&mut self) {
        // After a test that failed before it ended the demo; killing it ends all that it started.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", std::fs::read_to_string(self.log.path()).unwrap_or_default());
        }
    }
}

/// Sends a signal to a process.
pub(crate) fn send(id: u32, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(id).unwrap()).unwrap(), signal).unwrap();
}

/// The port in an address.
pub(crate) fn port_of(url: &str) -> Option<u16> {
    url::Url::parse(url).unwrap().port()
}
