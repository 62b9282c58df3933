//! Child processes: start in their own groups, output, end.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::pin::Pin;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::task::{Context, Poll};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::unix::pipe::Receiver;
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};

use super::channel::Channel;

/// Starts a process in its own group, with `channel` as its standard input and pipes for its output.
///
/// The process ends with the *thread* that calls this, once it has called [`confine`](super::confine()).
pub fn spawn(command: &mut Command, channel: Channel) -> io::Result<ChildProcess> {
    let child = command
        .process_group(0)
        .stdin(Stdio::from(OwnedFd::from(channel)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    Ok(ChildProcess(child))
}

/// A process that [`spawn`] started. Dropping it leaves the process running.
#[derive(Debug)]
pub struct ChildProcess(Child);

impl ChildProcess {
    /// Returns the number of the process, which is also the number of its group.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Returns standard output and standard error, once. Call it within a tokio runtime.
    pub fn take_output(&mut self) -> io::Result<[OutputPipe; 2]> {
        let output = self.0.stdout.take().map(OwnedFd::from);
        let error = self.0.stderr.take().map(OwnedFd::from);
        let (Some(output), Some(error)) = (output, error) else {
            return Err(io::Error::other("the output of the process was already taken"));
        };
        Ok([OutputPipe(Receiver::from_owned_fd(output)?), OutputPipe(Receiver::from_owned_fd(error)?)])
    }

    /// Kills the process, even if it has left its group, and the rest of its group.
    ///
    /// Call it before [`wait`](Self::wait): afterwards the number may belong to another group.
    pub fn kill_group(&self) {
        if let Ok(group) = pid_from(self.id()) {
            // An empty group is the wanted result.
            let _already_empty = kill_process_group(group, Signal::KILL);
            let _already_ended = kill_process(group, Signal::KILL);
        }
    }

    /// Waits for the end of the process and collects its status.
    pub fn wait(&mut self) -> io::Result<Exit> {
        self.0.wait().map(Exit::from)
    }
}

/// Standard output or standard error of a child process.
#[derive(Debug)]
pub struct OutputPipe(Receiver);

impl AsyncRead for OutputPipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    Signal(i32),
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        match status.signal() {
            Some(signal) => Self::Signal(signal),
            None => Self::Code(status.code().unwrap_or_default()),
        }
    }
}

/// Waits for the end of a child without collecting its status, so that its number stays reserved.
#[derive(Debug)]
pub struct ExitWatch {
    pid: Pid,
    child_signals: Signals,
}

impl ExitWatch {
    /// Watches a child. No other code may wait for it. Call it within a tokio runtime.
    pub fn new(child: &ChildProcess) -> io::Result<Self> {
        Ok(Self { pid: pid_from(child.id())?, child_signals: signal(SignalKind::child())? })
    }

    /// Returns once the process has ended. No event is lost when the future is dropped early.
    pub async fn ended(&mut self) {
        while !self.has_ended() {
            // Signals of several children may arrive as one, so each only triggers a check.
            self.child_signals.recv().await;
        }
    }

    fn has_ended(&self) -> bool {
        let check_only = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        match waitid(WaitId::Pid(self.pid), check_only) {
            Ok(status) => status.is_some(),
            // No such child: its status was collected elsewhere.
            Err(error) => error != Errno::INTR,
        }
    }
}

fn pid_from(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::other(format!("{pid} is not a process number")))
}

/// Returns the common name of a signal, such as "segmentation fault".
pub fn signal_name(number: i32) -> &'static str {
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

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn a_child_gives_its_output_and_its_group_ends_with_it() {
        let (host, channel) = Channel::pair().unwrap();
        let script = "sleep 600 & echo failed >&2; echo started; cat >/dev/null";
        let mut child = spawn(Command::new("/bin/sh").args(["-c", script]), channel).unwrap();
        let mut exit = ExitWatch::new(&child).unwrap();
        let [mut output, mut error] = child.take_output().unwrap();
        let mut text = [0; 8];
        output.read_exact(&mut text).await.unwrap();
        assert_eq!(&text, b"started\n");
        child.take_output().unwrap_err();

        child.kill_group();
        exit.ended().await;
        assert_eq!(child.wait().unwrap(), Exit::Signal(9));
        let mut rest = String::new();
        error.read_to_string(&mut rest).await.unwrap();
        // The pipe closes only when the background process has ended, too.
        assert_eq!(rest, "failed\n");
        drop(host);
    }

    #[tokio::test]
    async fn an_exit_code_is_returned() {
        let (_host, channel) = Channel::pair().unwrap();
        let mut child = spawn(Command::new("/bin/sh").args(["-c", "exit 3"]), channel).unwrap();
        ExitWatch::new(&child).unwrap().ended().await;
        assert_eq!(child.wait().unwrap(), Exit::Code(3));
        assert_eq!(signal_name(11), "segmentation fault");
    }
}
