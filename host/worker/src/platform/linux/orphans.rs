//! Processes that a worker left behind: found by the marker in their environment or by having been adopted,
//! since a process in its own session outlives the end of its group and of its parent.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, pidfd_open, pidfd_send_signal, set_child_subreaper, waitpid,
};

/// A process that starts others as fast as they are ended is given up after this many rounds.
const MOST_ROUNDS: usize = 50;

/// How long a killed process may take to go, in milliseconds: longer only while the kernel waits for a disk.
const EXIT_TIMEOUT_MS: i64 = 500;
/// Time between two looks whether it has gone, in milliseconds.
const POLL_INTERVAL_MS: i64 = 5;

/// Makes orphans of workers children of this process instead of the system's first one.
pub(crate) fn become_subreaper() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Ends all processes, but this one, whose environment has every one of `entries` (`NAME=value`). Returns
/// how many it found.
pub(crate) fn end_marked(entries: &[String]) -> usize {
    let is_marked = |process: &Process| {
        let environment = process.environment();
        entries.iter().all(|entry| environment.split(|byte| *byte == 0).any(|part| part == entry.as_bytes()))
    };
    let mut found = 0;
    for _ in 0..MOST_ROUNDS {
        let ended = Process::all().filter(|process| end(process, is_marked)).count();
        if ended == 0 {
            break;
        }
        found += ended;
    }
    found
}

/// Waits until the processes of a killed group are gone, so that none of them counts as left behind.
pub(crate) fn wait_for_group(group: u32) {
    for _ in 0..EXIT_TIMEOUT_MS / POLL_INTERVAL_MS {
        let is_alive = |process: Process| process.group.map(number) == Some(group) && !process.is_zombie;
        if !Process::all().any(is_alive) {
            return;
        }
        std::thread::sleep(Duration::from_millis(POLL_INTERVAL_MS.unsigned_abs()));
    }
}

/// Tells the children that this process adopted from those that it started: it starts all in its own session,
/// and workers, and only them, in groups of their own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adopted<'a> {
    /// The living workers with the environment entry that names each.
    pub(crate) workers: &'a BTreeMap<u32, String>,
    /// The worker that has just ended.
    pub(crate) ended: Option<u32>,
}

impl Adopted<'_> {
    fn covers(&self, process: &Process) -> bool {
        process.parent == Some(getpid())
            && !self.workers.contains_key(&number(process.pid))
            && (process.session != own_session() || process.group.is_some_and(|group| self.is_worker(group)))
    }

    fn is_worker(&self, group: Pid) -> bool {
        self.ended == Some(number(group)) || self.workers.contains_key(&number(group))
    }

    /// It carries the name of a living worker.
    fn may_go_on(&self, process: &Process) -> bool {
        let environment = process.environment();
        let mut parts = environment.split(|byte| *byte == 0);
        parts.any(|part| self.workers.values().any(|entry| entry.as_bytes() == part))
    }
}

/// Collects the status of adopted children that have ended, and ends those that belong to no living worker.
/// Returns how many it ended.
pub(crate) fn end_adopted(rule: Adopted<'_>) -> usize {
    let mut found = 0;
    for process in Process::all().filter(|process| rule.covers(process)) {
        if !process.is_zombie && !rule.may_go_on(&process) {
            found += usize::from(end(&process, |process| rule.covers(process)));
        }
        // Not hanging: one that goes on is looked at again next time.
        let _still_there = waitpid(Some(process.pid), WaitOptions::NOHANG);
    }
    found
}

/// Kills a process that `applies` still recognises once its number can no longer pass to another.
fn end(process: &Process, applies: impl Fn(&Process) -> bool) -> bool {
    if process.pid == getpid() || process.is_zombie || !applies(process) {
        return false;
    }
    let Ok(descriptor) = pidfd_open(process.pid, PidfdFlags::empty()) else { return false };
    if !Process::read(process.pid).is_some_and(|process| applies(&process)) {
        return false;
    }
    if pidfd_send_signal(&descriptor, Signal::KILL).is_ok() {
        wait_until_gone(&descriptor);
        // Ours when it was adopted; another's otherwise, and then not ours to collect.
        let _not_ours = waitpid(Some(process.pid), WaitOptions::NOHANG);
    }
    true
}

fn wait_until_gone(descriptor: &OwnedFd) {
    let timeout = Timespec { tv_sec: 0, tv_nsec: EXIT_TIMEOUT_MS * 1_000_000 };
    let _asked_again_next_round = poll(&mut [PollFd::new(descriptor, PollFlags::IN)], Some(&timeout));
}

/// What `/proc` says of a process.
#[derive(Debug)]
struct Process {
    pid: Pid,
    parent: Option<Pid>,
    group: Option<Pid>,
    session: Option<Pid>,
    is_zombie: bool,
}

impl Process {
    fn all() -> impl Iterator<Item = Self> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw)?;
            Self::read(pid)
        })
    }

    fn read(pid: Pid) -> Option<Self> {
        Self::parse(pid, &fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?)
    }

    fn parse(pid: Pid, stat: &str) -> Option<Self> {
        // The name before it may hold anything, also closing parentheses.
        let (_, after_name) = stat.rsplit_once(") ")?;
        let mut fields = after_name.split(' ');
        let state = fields.next()?;
        let mut number = || fields.next().and_then(|field| field.parse().ok()).and_then(Pid::from_raw);
        let (parent, group, session) = (number(), number(), number());
        Some(Self { pid, parent, group, session, is_zombie: state == "Z" || state == "X" })
    }

    /// Empty for a process that has ended or belongs to somebody else.
    fn environment(&self) -> Vec<u8> {
        fs::read(format!("/proc/{}/environ", self.pid.as_raw_nonzero())).unwrap_or_default()
    }
}

/// The leader of this process's session: none when it lives outside this PID namespace, as in many containers,
/// where `getsid` returns 0, which is no process.
fn own_session() -> Option<Pid> {
    Process::read(getpid())?.session
}

fn number(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_marked_process_is_ended_and_an_unmarked_one_goes_on() {
        let sleeper = |value: &str| {
            Command::new("sleep")
                .arg("600")
                .env("RISER_TEST_MARK", value)
                .stdin(Stdio::null())
                .spawn()
                .unwrap()
        };
        // Of this test alone: others may run at the same time.
        let mark = format!("orphans-{}", std::process::id());
        let (mut ours, mut other) = (sleeper(&mark), sleeper("orphans-other"));
        assert_eq!(end_marked(&[format!("RISER_TEST_MARK={mark}")]), 1);
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        assert_eq!(other.wait().unwrap().signal(), Some(9));
        // Collected by `end_marked` already: it was a child of this process.
        ours.wait().unwrap_err();
    }

    #[test]
    fn this_process_reads_itself() {
        let own = Process::read(getpid()).unwrap();
        assert!(own.pid == getpid() && !own.is_zombie);
        assert_eq!(own.session, own_session());
    }

    #[test]
    fn a_session_led_from_outside_the_pid_namespace_is_none() {
        let stat = "7 (a) name) S 1 7 0 0 -1 4194304 0";
        let process = Process::parse(Pid::from_raw(7).unwrap(), stat).unwrap();
        assert_eq!((process.parent, process.group), (Pid::from_raw(1), Pid::from_raw(7)));
        assert!(process.session.is_none() && !process.is_zombie);
    }
}
