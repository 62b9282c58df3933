//! How a worker ended, and waiting for it.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};

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
pub(crate) struct ExitWatch {
    pid: Pid,
    child_signals: Signals,
}

impl ExitWatch {
    /// Watches a child that nobody else waits for. Called within a tokio runtime.
    pub(crate) fn new(pid: u32) -> io::Result<Self> {
        Ok(Self { pid: pid_from(pid)?, child_signals: signal(SignalKind::child())? })
    }

    /// Returns once the process has ended. Nothing is lost when the future is dropped early.
    pub(crate) async fn ended(&mut self) {
        while !self.has_ended() {
            // Signals of several children may come as one, so each is only a reason to look.
            self.child_signals.recv().await;
        }
    }

    fn has_ended(&self) -> bool {
        let only_look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        match waitid(WaitId::Pid(self.pid), only_look) {
            Ok(status) => status.is_some(),
            // No such child: somebody else collected it.
            Err(error) => error != Errno::INTR,
        }
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
