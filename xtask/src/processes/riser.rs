//! Prepares a data directory with Riser's commands, then runs the host in a separate process.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use super::Login;

/// Limit for the host to stop its processors after the first signal.
const GENTLE: Duration = Duration::from_millis(2_500);
/// Limit after the second signal.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The program with a data directory.
#[derive(Clone, Copy)]
pub(crate) struct Riser<'a> {
    pub(crate) program: &'a Path,
    pub(crate) data: &'a Path,
    pub(crate) plugins: &'a Path,
}

/// A running host.
pub(crate) struct Host {
    child: Child,
    /// The host ends when this is closed, as it is when this process ends in any way.
    stdin: ChildStdin,
    announced: Announced,
}

#[derive(Deserialize)]
struct Announced {
    portal_url: String,
    ews_servers: Vec<EwsServer>,
}

#[derive(Deserialize)]
struct EwsServer {
    url: String,
}

impl Riser<'_> {
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut riser = Command::new(self.program);
        riser.args(words).env("RISER_DATA_DIR", self.data).env("RISER_PLUGIN_DIR", self.plugins);
        riser.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0).kill_on_drop(true);
        riser
    }

    /// Adds the administrator, or updates the password from an earlier start.
    pub(crate) async fn set_login(&self, login: &Login) -> anyhow::Result<()> {
        let users = self.command(&["user", "list"]).stdout(Stdio::piped()).output().await?;
        let text = String::from_utf8_lossy(&users.stdout);
        let is_there = text.lines().any(|line| line.split('\t').next() == Some(login.user));
        let words: &[&str] = if is_there {
            &["user", "reset", login.user]
        } else {
            &["user", "add", login.user, "--role", "admin"]
        };
        let mut child = self.command(words).stdin(Stdio::piped()).spawn()?;
        let mut input = child.stdin.take().context("its input is not piped")?;
        // If it ends without reading, its status shows that.
        let _ = input.write_all(format!("{}\n", login.password).as_bytes()).await;
        drop(input);
        ensure!(child.wait().await?.success(), "`riser {}` failed", words.join(" "));
        Ok(())
    }

    /// Applies a configuration with passwords in these variables.
    pub(crate) async fn apply(&self, configuration: &str, passwords: &[(&str, &str)]) -> anyhow::Result<()> {
        let mut file = tempfile::Builder::new().suffix(".toml").tempfile()?;
        std::io::Write::write_all(&mut file, configuration.as_bytes())?;
        let mut apply = self.command(&["apply"]);
        apply.arg(file.path()).envs(passwords.iter().copied());
        ensure!(apply.status().await?.success(), "`riser apply` refuses the configuration");
        Ok(())
    }

    /// Returns the report of `riser status` about a running host.
    pub(crate) async fn status(&self) -> anyhow::Result<serde_json::Value> {
        let status = self.command(&["status", "--json"]).stdout(Stdio::piped()).output().await?;
        ensure!(status.status.success(), "`riser status` failed");
        serde_json::from_slice(&status.stdout).context("`riser status` printed something else")
    }

    /// Returns the standard output of a command, which must succeed.
    pub(crate) async fn output(&self, words: &[&str]) -> anyhow::Result<String> {
        let output = self.command(words).stdout(Stdio::piped()).output().await?;
        ensure!(output.status.success(), "`riser {}` failed", words.join(" "));
        String::from_utf8(output.stdout).context("its output is not UTF-8")
    }

    /// Starts the host and waits until everything listens. Its log goes where ours goes.
    pub(crate) async fn serve(&self, portal_port: u16) -> anyhow::Result<Host> {
        self.serve_logging_to(portal_port, Stdio::inherit()).await
    }

    /// Starts the program of the host.
    pub(crate) fn spawn_host(&self, portal_port: u16, log: Stdio) -> std::io::Result<Child> {
        self.command(&["serve", "--print-ready", "--exit-on-stdin-close"])
            .args(["--portal-listen", &format!("127.0.0.1:{portal_port}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
    }

    /// Starts the host with this log and waits until everything listens.
    pub(crate) async fn serve_logging_to(&self, portal_port: u16, log: Stdio) -> anyhow::Result<Host> {
        let mut child = self.spawn_host(portal_port, log)?;
        let stdin = child.stdin.take().context("its input is not piped")?;
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().context("its output is not piped")?)
            .read_line(&mut line)
            .await?;
        let announced = serde_json::from_str(&line).context("Riser did not start; its log says why")?;
        Ok(Host { child, stdin, announced })
    }
}

impl Host {
    /// Where the portal is.
    pub(crate) fn portal_url(&self) -> &str {
        &self.announced.portal_url
    }

    /// Where the EWS server is, if there is one.
    pub(crate) fn ews_url(&self) -> Option<&str> {
        self.announced.ews_servers.first().map(|server| server.url.as_str())
    }

    /// The number of its process, while it runs.
    pub(crate) fn process_id(&self) -> anyhow::Result<u32> {
        self.child.id().context("Riser has ended")
    }

    /// Completes when it ends by itself.
    pub(crate) async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Kills it.
    pub(crate) async fn kill(mut self) -> std::io::Result<()> {
        self.child.kill().await
    }

    /// Sends SIGTERM and does not wait.
    pub(crate) fn ask_to_end(&self) {
        ask_to_end(&self.child);
    }

    /// Sends a signal; a second one after the limit or another Ctrl-C; then kills it.
    pub(crate) async fn end(mut self, in_a_hurry: impl Future<Output = ()>) {
        drop(self.stdin);
        tokio::select! {
            _ = self.child.wait() => return,
            () = tokio::time::sleep(GENTLE) => {}
            () = in_a_hurry => {}
        }
        ask_to_end(&self.child);
        if tokio::time::timeout(AT_ONCE, self.child.wait()).await.is_err() {
            // It may have ended meanwhile.
            let _ = self.child.kill().await;
        }
    }
}

/// Sends SIGTERM.
pub(super) fn ask_to_end(child: &Child) {
    if let Some(id) = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) {
        // It may have ended meanwhile.
        let _ = kill_process(id, Signal::TERM);
    }
}
