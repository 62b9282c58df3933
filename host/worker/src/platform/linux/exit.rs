//! How a worker ended, and waiting for it.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Code(i32),
    Signal(i32),
}

/// What the status of an ended process says.
pub(crate) fn exit_of(status: ExitStatus) -> Exit {
    match status.signal() {
        Some(signal) => Exit::Signal(signal),
        None => Exit::Code(status.code().unwrap_or_default()),
    }
}

/// Waits for the end of a child without collecting its status, so that its number is not given away yet.
#[derive(Debug)]
pub(crate) struct ExitWatch(AsyncFd<OwnedFd>);

impl ExitWatch {
    /// Watches a child that nobody has waited for yet. Called within a tokio runtime.
    pub(crate) fn new(pid: u32) -> io::Result<Self> {
        let descriptor = pidfd_open(pid_from(pid)?, PidfdFlags::empty())?;
        Ok(Self(AsyncFd::register_with_interest(descriptor, Interest::READABLE)?))
    }

    /// Returns once the process has ended.
    pub(crate) async fn ended(&self) -> io::Result<()> {
        self.0.readable().await.map(drop)
    }
}

/// Kills a worker and what is still in its group.
///
/// Called before the worker's status is collected: until then its number belongs to no other group.
pub(crate) fn kill_group(pid: u32) {
    if let Ok(group) = pid_from(pid) {
        // A group without processes is what was wanted.
        let _nobody_left = kill_process_group(group, Signal::KILL);
    }
}

pub(super) fn pid_from(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::other("no process number"))
}

/// The common name of a signal, such as "segmentation fault".
pub(crate) fn signal_name(number: i32) -> &'static str {
    match Signal::from_named_raw(number) {
        Some(Signal::ABORT) => "aborted",
        Some(Signal::BUS) => "bus error",
        Some(Signal::FPE) => "arithmetic fault",
        Some(Signal::HUP) => "hangup",
        Some(Signal::ILL) => "illegal instruction",
        Some(Signal::INT) => "interrupted",
        Some(Signal::KILL) => "killed",
        Some(Signal::PIPE) => "broken pipe",
        Some(Signal::SEGV) => "segmentation fault",
        Some(Signal::SYS) => "forbidden system call",
        Some(Signal::TERM) => "terminated",
        Some(Signal::TRAP) => "trap",
        Some(Signal::XCPU) => "processor time used up",
        _ => "unnamed signal",
    }
}
