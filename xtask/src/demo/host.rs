//! Riser itself: its data folder made ready by its own commands, then the host in a process of its own.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use super::configuration::{BMS_PASSWORD_VARIABLE, CONTROLLER_PASSWORD_VARIABLE, Configuration};
use super::ending::Ending;
use super::{Folders, Login};

/// How long the host may take to stop its processors when it is told to end.
const GENTLE: Duration = Duration::from_millis(2_500);
/// How long it may take when it is told a second time.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The program on a data folder.
pub(super) struct Riser<'a> {
    pub(super) program: &'a Path,
    pub(super) folders: &'a Folders,
}

/// A running host.
pub(super) struct Host {
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
    fn command(&self, words: &[&str]) -> Command {
        let mut riser = Command::new(self.program);
        riser.args(words).env("RISER_DATA", &self.folders.data).env("RISER_PLUGINS", &self.folders.plugins);
        riser.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0).kill_on_drop(true);
        riser
    }

    /// Adds the administrator, or gives the one of an earlier start the password of this one.
    pub(super) async fn set_login(&self, login: &Login) -> anyhow::Result<()> {
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
        // When it ends without reading, its status says so.
        let _ = input.write_all(format!("{}\n", login.password).as_bytes()).await;
        drop(input);
        ensure!(child.wait().await?.success(), "`riser {}` failed", words.join(" "));
        Ok(())
    }

    /// Applies the demo's configuration.
    pub(super) async fn apply(&self, configuration: &Configuration<'_>) -> anyhow::Result<()> {
        let file = self.folders.scratch.path().join("demo.toml");
        std::fs::write(&file, configuration.text())?;
        let applied = self
            .command(&["apply"])
            .arg(&file)
            .env(BMS_PASSWORD_VARIABLE, &configuration.logins.bms.password)
            .env(CONTROLLER_PASSWORD_VARIABLE, &configuration.logins.controller.password)
            .status()
            .await?;
        ensure!(applied.success(), "`riser apply` refuses the demo's configuration");
        Ok(())
    }

    /// Starts the host and waits until everything listens. Its log goes where ours goes.
    pub(super) async fn serve(&self, portal_port: u16) -> anyhow::Result<Host> {
        let mut child = self
            .command(&["serve", "--announce", "--ends-with-stdin"])
            .args(["--portal-listen", &format!("127.0.0.1:{portal_port}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
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
    pub(super) fn portal_url(&self) -> &str {
        &self.announced.portal_url
    }

    /// Where the EWS server is, if there is one.
    pub(super) fn ews_url(&self) -> Option<&str> {
        self.announced.ews_servers.first().map(|server| server.url.as_str())
    }

    /// Completes when it ends by itself.
    pub(super) async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Tells it to end; tells it again when it takes long or when a person is in a hurry; then ends it.
    pub(super) async fn end(mut self, ending: &mut Ending) {
        drop(self.stdin);
        tokio::select! {
            _ = self.child.wait() => return,
            () = tokio::time::sleep(GENTLE) => {}
            () = ending.told() => {}
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
