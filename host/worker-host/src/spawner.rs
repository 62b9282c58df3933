//! The thread that starts workers and clears up behind them.
//!
//! There is one, and it lives as long as the host: a worker's parent-death signal follows the *thread* that
//! started it. It also knows all living workers, so that it can tell what they left behind.

use std::collections::BTreeMap;
use std::io;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use riser_platform::{Adopted, Channel, ChildProcess, kill_adopted, kill_marked, wait_for_group};
use tokio::sync::oneshot;

use super::launcher::{INSTANCE_VARIABLE, LaunchOptions, WORKER_VARIABLE, entry};

/// Adopted processes that ended by themselves are collected this often.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);

/// What a worker gets of the host's environment. Not all of it: passwords may be in there.
const INHERITED: &[&str] =
    &["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "RUST_BACKTRACE"];

#[derive(Debug)]
enum Request {
    Spawn { channel: Channel, reply: oneshot::Sender<io::Result<ChildProcess>> },
    Ended { pid: u32, reply: oneshot::Sender<usize> },
}

/// Reaches the spawner thread, which ends with the last of these.
#[derive(Clone, Debug)]
pub(crate) struct Spawner {
    requests: Sender<Request>,
}

impl Spawner {
    pub(crate) fn start(options: LaunchOptions) -> io::Result<Self> {
        let (requests, received) = channel();
        let thread = Thread { options, started: 0, workers: BTreeMap::new() };
        std::thread::Builder::new()
            .name("riser-spawner".to_owned())
            .spawn(move || thread.serve(&received))?;
        Ok(Self { requests })
    }

    /// Starts a worker with `channel` as its standard input.
    pub(crate) async fn spawn(&self, channel: Channel) -> io::Result<ChildProcess> {
        let (reply, replied) = oneshot::channel();
        let _answer_tells = self.requests.send(Request::Spawn { channel, reply });
        replied
            .await
            .unwrap_or_else(|_gone| Err(io::Error::other("the thread that starts workers has ended")))
    }

    /// A worker's status was collected: ends what it left behind. Returns how many processes that were.
    pub(crate) async fn worker_ended(&self, pid: u32) -> usize {
        let (reply, replied) = oneshot::channel();
        let _answer_tells = self.requests.send(Request::Ended { pid, reply });
        replied.await.unwrap_or_default()
    }
}

struct Thread {
    options: LaunchOptions,
    started: u64,
    /// The living ones, by process number, each with the environment entry that names it.
    workers: BTreeMap<u32, String>,
}

impl Thread {
    fn serve(mut self, requests: &Receiver<Request>) {
        loop {
            match requests.recv_timeout(SWEEP_INTERVAL) {
                Ok(Request::Spawn { channel, reply }) => {
                    let _launch_given_up = reply.send(self.spawn(channel));
                }
                Ok(Request::Ended { pid, reply }) => {
                    let _host_ends = reply.send(self.clear_up_behind(pid));
                }
                Err(RecvTimeoutError::Timeout) => {
                    kill_adopted(Adopted { workers: &self.workers, ended: None });
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn spawn(&mut self, channel: Channel) -> io::Result<ChildProcess> {
        self.started += 1;
        let name = format!("{}.{}", std::process::id(), self.started);
        let mut command = Command::new(&self.options.executable);
        command
            .args(&self.options.arguments)
            .env_clear()
            .envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .env(INSTANCE_VARIABLE, &self.options.instance)
            .env(WORKER_VARIABLE, &name);
        let child = riser_platform::spawn(&mut command, channel)?;
        self.workers.insert(child.id(), entry(WORKER_VARIABLE, &name));
        Ok(child)
    }

    fn clear_up_behind(&mut self, pid: u32) -> usize {
        let Some(worker) = self.workers.remove(&pid) else { return 0 };
        wait_for_group(pid);
        kill_marked(&[entry(INSTANCE_VARIABLE, &self.options.instance), worker])
            + kill_adopted(Adopted { workers: &self.workers, ended: Some(pid) })
    }
}
