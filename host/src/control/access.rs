//! Access of a command to the data: through the host that uses the directory, or in the directory itself.

use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use riser_platform::DirectoryLock;
use riser_runtime::SystemClock;
use riser_store::StoreError;
use tokio::time::Instant;

use super::client::Client;
use crate::open_data_dir::{OpenDataDir, open_data_dir};

/// Longest wait for a directory that another command uses, or whose host is starting.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest wait for the control socket of a host that is starting.
const START_TIMEOUT: Duration = Duration::from_secs(5);
/// Wait before a command prints what it waits for.
const NOTICE_DELAY: Duration = Duration::from_secs(1);
/// Time between two attempts to use it.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);
/// A file that every data directory has.
const DATABASE_FILE: &str = "riser.db";

/// The access of a command to the data.
pub(crate) enum Access {
    Host(Client),
    /// No host runs: the directory is open, and locked for this command.
    Directory(Box<OpenDataDir>),
}

/// The wait for a process that uses a directory and does not listen on its control socket.
struct Wait<'a> {
    directory: &'a Path,
    since: Instant,
    timeout: Duration,
    is_announced: bool,
}

impl<'a> Wait<'a> {
    fn new(directory: &'a Path, timeout: Duration) -> Self {
        Self { directory, since: Instant::now(), timeout, is_announced: false }
    }

    /// Waits a moment. Fails after the timeout.
    async fn pause(&mut self, pid: &str) -> anyhow::Result<()> {
        let shown = self.directory.display();
        let waited = self.since.elapsed();
        if waited >= self.timeout {
            bail!(
                "process {pid} uses the data directory {shown}, but its control socket control.sock cannot be \
                 reached: restart Riser if the socket was removed or replaced; the log of Riser may say why"
            );
        }
        if waited >= NOTICE_DELAY && !self.is_announced {
            self.is_announced = true;
            // The wait does not depend on the notice.
            let _ =
                writeln!(io::stderr(), "waiting for process {pid}, which uses the data directory {shown}");
        }
        tokio::time::sleep(RETRY_INTERVAL).await;
        Ok(())
    }
}

/// Finds the host of a directory, or else opens the directory and creates it if necessary.
pub(crate) async fn open(directory: &Path) -> anyhow::Result<Access> {
    let mut wait = Wait::new(directory, BUSY_TIMEOUT);
    loop {
        if let Some(client) = Client::connect(directory).await? {
            return Ok(Access::Host(client));
        }
        let error = match open_data_dir(directory, &SystemClock).await {
            Ok(open) => return Ok(Access::Directory(Box::new(open))),
            Err(error) => error,
        };
        let Some(StoreError::Locked { pid, .. }) = error.downcast_ref() else { return Err(error) };
        wait.pause(pid).await?;
    }
}

/// Finds the host of a directory, or else opens the directory, which must exist.
pub(crate) async fn open_existing(directory: &Path) -> anyhow::Result<Access> {
    // A command that only reads does not create a directory.
    match directory.join(DATABASE_FILE).try_exists() {
        Ok(true) => open(directory).await,
        Ok(false) => bail!(
            "there is no Riser data in {}; start Riser with `riser serve`, or name another data directory \
             with `--data-dir`",
            directory.display()
        ),
        Err(error) => {
            // The control socket explains a directory of another user better.
            Client::connect(directory).await?;
            Err(error).with_context(|| format!("the data directory {} cannot be read", directory.display()))
        }
    }
}

/// Finds the host of a directory, for a command that needs a running one.
pub(crate) async fn host(directory: &Path) -> anyhow::Result<Client> {
    let mut wait = Wait::new(directory, START_TIMEOUT);
    loop {
        if let Some(client) = Client::connect(directory).await? {
            return Ok(client);
        }
        let Some(pid) = DirectoryLock::holder(directory) else {
            bail!(
                "Riser is not running on {}; start it with `riser serve`, or name another data directory with \
                 `--data-dir`",
                directory.display()
            );
        };
        wait.pause(&pid).await?;
    }
}
