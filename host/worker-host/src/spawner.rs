//! The thread that starts workers and kills their orphans.
//!
//! It runs as long as the host, because a worker receives its parent-death signal when the *thread* that started it
//! ends. It knows all running workers, so that it can distinguish their processes from orphans.

use std::collections::BTreeMap;
use std::io;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use riser_platform::{
    Adopted, Channel, ChildProcess, give_precedence_to_host, kill_adopted, kill_marked, wait_for_group,
};
use tokio::sync::oneshot;

use super::launcher::{INSTANCE_VARIABLE, LaunchOptions, WORKER_VARIABLE, entry};

/// Interval at which the status of ended adopted processes is collected.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);

/// Environment variables that a worker inherits. Others may contain passwords.
const INHERITED: &[&str] =
    &["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "RUST_BACKTRACE"];

#[derive(Debug)]
enum Request {
    Spawn { channel: Channel, reply: oneshot::Sender<io::Result<ChildProcess>> },
    Ended { pid: u32, reply: oneshot::Sender<usize> },
}

/// Sends requests to the spawner thread, which ends with the last clone.
#[derive(Clone, Debug)]
pub(crate) struct Spawner {
    requests: Sender<Request>,
}

impl Spawner {
    pub(crate) fn start(options: LaunchOptions) -> io::Result<Self> {
        let (requests, received) = channel();
        let thread = SpawnerThread { options, started: 0, workers: BTreeMap::new() };
        std::thread::Builder::new()
            .name("riser-spawner".to_owned())
            .spawn(move || thread.serve(&received))?;
        Ok(Self { requests })
    }

    /// Starts a worker with `channel` as its standard input.
    pub(crate) async fn spawn(&self, channel: Channel) -> io::Result<ChildProcess> {
        let (reply, replied) = oneshot::channel();
        let _checked_by_reply = self.requests.send(Request::Spawn { channel, reply });
        replied
            .await
            .unwrap_or_else(|_gone| Err(io::Error::other("the thread that starts workers has ended")))
    }

    /// Kills the orphans of a worker whose status has been collected. Returns how many it killed.
    pub(crate) async fn worker_ended(&self, pid: u32) -> usize {
        let (reply, replied) = oneshot::channel();
        let _checked_by_reply = self.requests.send(Request::Ended { pid, reply });
        replied.await.unwrap_or_default()
    }
}

struct SpawnerThread {
    options: LaunchOptions,
    started: u64,
    /// Running workers by process number, each with the environment entry that names it.
    workers: BTreeMap<u32, String>,
}

impl SpawnerThread {
    fn serve(mut self, requests: &Receiver<Request>) {
        // Precedence of the host is worth having and no reason to run nothing.
        let _equal_priority = give_precedence_to_host();
        loop {
            match requests.recv_timeout(SWEEP_INTERVAL) {
                Ok(Request::Spawn { channel, reply }) => {
                    let _launch_cancelled = reply.send(self.spawn(channel));
                }
                Ok(Request::Ended { pid, reply }) => {
                    let _host_exits = reply.send(self.kill_orphans_of(pid));
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

    fn kill_orphans_of(&mut self, pid: u32) -> usize {
        let Some(worker) = self.workers.remove(&pid) else { return 0 };
        wait_for_group(pid);
        kill_marked(&[entry(INSTANCE_VARIABLE, &self.options.instance), worker])
            + kill_adopted(Adopted { workers: &self.workers, ended: Some(pid) })
    }
}
