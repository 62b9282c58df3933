//! Processes that outlive the worker that started them. They are found by an entry in their environment or
//! because this process adopted them: a process in its own session outlives its group and its parent.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, pidfd_open, pidfd_send_signal, set_child_subreaper, waitpid,
};

/// Rounds after which a process that starts others as fast as they are killed is left running.
const MAX_ROUNDS: usize = 50;

/// Time a killed process needs at most, in milliseconds. Only a kernel that waits for a disk needs longer.
const EXIT_TIMEOUT_MS: i64 = 500;
/// Time between two checks whether it has ended, in milliseconds.
const CHECK_INTERVAL_MS: i64 = 5;

/// Makes this process the new parent of orphans below it, in place of the system's first process.
pub fn become_subreaper() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Kills all processes, except this one, whose environment has all of `entries` (`NAME=value`). Returns how
/// many it killed.
pub fn kill_marked(entries: &[String]) -> usize {
    let is_marked = |process: &Process| {
        let environment = process.environment();
        entries.iter().all(|entry| environment.split(|byte| *byte == 0).any(|part| part == entry.as_bytes()))
    };
    let mut killed = 0;
    for _ in 0..MAX_ROUNDS {
        let in_this_round = Process::all().filter(|process| kill(process, is_marked)).count();
        if in_this_round == 0 {
            break;
        }
        killed += in_this_round;
    }
    killed
}

/// Waits until the processes of a killed group have ended, so that none of them counts as an orphan.
pub fn wait_for_group(group: u32) {
    for _ in 0..EXIT_TIMEOUT_MS / CHECK_INTERVAL_MS {
        let is_alive = |process: Process| process.group.map(number) == Some(group) && !process.is_zombie;
        if !Process::all().any(is_alive) {
            return;
        }
        std::thread::sleep(Duration::from_millis(CHECK_INTERVAL_MS.unsigned_abs()));
    }
}

/// Distinguishes the children that this process adopted from those that it started: it starts all of them in
/// its own session, and only workers in their own groups.
#[derive(Clone, Copy, Debug)]
pub struct Adopted<'a> {
    /// The running workers, each with the environment entry that names it.
    pub workers: &'a BTreeMap<u32, String>,
    /// The worker that has just ended.
    pub ended: Option<u32>,
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

    /// Whether it has the name of a running worker in its environment.
    fn belongs_to_worker(&self, process: &Process) -> bool {
        let environment = process.environment();
        let mut parts = environment.split(|byte| *byte == 0);
        parts.any(|part| self.workers.values().any(|entry| entry.as_bytes() == part))
    }
}

/// Collects the status of adopted children that have ended, and kills those that belong to no running worker.
/// Returns how many it killed.
pub fn kill_adopted(rule: Adopted<'_>) -> usize {
    let mut killed = 0;
    for process in Process::all().filter(|process| rule.covers(process)) {
        if !process.is_zombie && !rule.belongs_to_worker(&process) {
            killed += usize::from(kill(&process, |process| rule.covers(process)));
        }
        // Does not wait: a child that still runs is checked again next time.
        let _still_running = waitpid(Some(process.pid), WaitOptions::NOHANG);
    }
    killed
}

/// Kills a process if `applies` still holds once its number can no longer pass to another process.
fn kill(process: &Process, applies: impl Fn(&Process) -> bool) -> bool {
    if process.pid == getpid() || process.is_zombie || !applies(process) {
        return false;
    }
    let Ok(descriptor) = pidfd_open(process.pid, PidfdFlags::empty()) else { return false };
    if !Process::read(process.pid).is_some_and(|process| applies(&process)) {
        return false;
    }
    if pidfd_send_signal(&descriptor, Signal::KILL).is_ok() {
        wait_for_exit(&descriptor);
        // Fails for a process that is not a child of this one.
        let _not_a_child = waitpid(Some(process.pid), WaitOptions::NOHANG);
    }
    true
}

fn wait_for_exit(descriptor: &OwnedFd) {
    let timeout = Timespec { tv_sec: 0, tv_nsec: EXIT_TIMEOUT_MS * 1_000_000 };
    let _checked_in_next_round = poll(&mut [PollFd::new(descriptor, PollFlags::IN)], Some(&timeout));
}

/// Facts about a process from `/proc`.
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
        entries.filter_map(|entry| Self::read(process_id(entry.file_name().to_str()?)?))
    }

    fn read(pid: Pid) -> Option<Self> {
        Self::parse(pid, &fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?)
    }

    fn parse(pid: Pid, stat: &str) -> Option<Self> {
        // The name before it may contain anything, even closing parentheses.
        let (_, after_name) = stat.rsplit_once(") ")?;
        let mut fields = after_name.split(' ');
        let state = fields.next()?;
        let mut number = || fields.next().and_then(process_id);
        let (parent, group, session) = (number(), number(), number());
        Some(Self { pid, parent, group, session, is_zombie: state == "Z" || state == "X" })
    }

    /// Returns nothing for a process that has ended or belongs to another user.
    fn environment(&self) -> Vec<u8> {
        fs::read(format!("/proc/{}/environ", self.pid.as_raw_nonzero())).unwrap_or_default()
    }
}

/// Returns the leader of this process's session. `None` if it is outside this PID namespace, as in many
/// containers: `getsid` returns 0 there.
fn own_session() -> Option<Pid> {
    Process::read(getpid())?.session
}

/// Returns the number of a process. There is none in the 0 of a process outside this namespace, nor in the -1 that Linux
/// writes for the group and the session of a process that is just ending.
fn process_id(text: &str) -> Option<Pid> {
    text.parse().ok().filter(|number| *number > 0).and_then(Pid::from_raw)
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
    fn a_marked_process_is_killed_and_an_unmarked_one_keeps_running() {
        let sleeper = |value: &str| {
            Command::new("sleep")
                .arg("600")
                .env("RISER_TEST_MARK", value)
                .stdin(Stdio::null())
                .spawn()
                .unwrap()
        };
        // Unique, since other tests may run at the same time.
        let mark = format!("orphans-{}", std::process::id());
        let (mut ours, mut other) = (sleeper(&mark), sleeper("orphans-other"));
        assert_eq!(kill_marked(&[format!("RISER_TEST_MARK={mark}")]), 1);
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        assert_eq!(other.wait().unwrap().signal(), Some(9));
        // `kill_marked` collected its status: it is a child of this process.
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

    #[test]
    fn a_process_that_is_just_ending_has_neither_group_nor_session() {
        let process = Process::parse(Pid::from_raw(7).unwrap(), "7 (name) X 1 -1 -1 0 -1 4227084 0").unwrap();
        assert_eq!((process.parent, process.group, process.session), (Pid::from_raw(1), None, None));
        assert!(process.is_zombie);
        assert_eq!(["-7", "0", "", "4294967296"].map(process_id), [None; 4]);
    }
}
