//! The charge controller: our simulator in a separate process.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::{Login, riser};

/// Limit for ending after the request.
const TEST_TIMEOUT: Duration = Duration::from_millis(800);

/// The simulated site, as options of the simulator.
pub(crate) struct SimulatorOptions<'a> {
    pub(crate) fixture: &'a str,
    pub(crate) speed: &'a str,
}

/// A running simulator.
pub(crate) struct Simulator {
    child: Child,
    pub(crate) announced: Announced,
}

/// The ready line.
#[derive(Deserialize)]
pub(crate) struct Announced {
    pub(crate) api_url: String,
    pub(crate) control_url: String,
    pub(crate) certificate_sha256: String,
}

impl Simulator {
    /// Starts it on free ports and waits until it listens.
    pub(crate) async fn start(
        program: &Path,
        options: SimulatorOptions<'_>,
        login: &Login,
    ) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .args(["--print-ready", "--fixture", options.fixture])
            .args(["--speed", options.speed, "--user", login.user])
            .env("EVCE_SIMULATOR_PASSWORD", &login.password)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} could not be started", program.display()))?;
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().context("its output is not piped")?)
            .read_line(&mut line)
            .await?;
        let announced = serde_json::from_str(&line).context("the simulator did not start")?;
        Ok(Self { child, announced })
    }

    /// Completes when it ends by itself.
    pub(crate) async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Asks it to end, and ends it.
    pub(crate) async fn end(mut self) {
        riser::ask_to_end(&self.child);
        if tokio::time::timeout(TEST_TIMEOUT, self.child.wait()).await.is_err() {
            // It may have ended meanwhile.
            let _ = self.child.kill().await;
        }
    }
}
