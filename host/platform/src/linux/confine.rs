//! Confines a worker before it loads foreign code.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use rustix::io::fcntl_dupfd_cloexec;
use rustix::net::sockopt::socket_peercred;
use rustix::process::{
    Resource, Rlimit, Signal, getpgrp, getpid, getppid, kill_current_process_group, kill_process,
    set_parent_process_death_signal, setpgid, setrlimit,
};
use rustix::stdio::dup2_stdin;

use super::channel::Channel;

/// Descriptors up to here are standard input, output and error.
const FIRST_FREE_DESCRIPTOR: i32 = 3;

/// Takes the channel that [`spawn`](super::spawn) passed as standard input. Foreign code finds the null device
/// there instead and cannot pass the channel on to a program it starts.
pub fn take_channel() -> io::Result<Channel> {
    let stdin = io::stdin();
    // Fails for anything but a socket.
    socket_peercred(&stdin)?;
    let socket = fcntl_dupfd_cloexec(&stdin, FIRST_FREE_DESCRIPTOR)?;
    dup2_stdin(File::open("/dev/null")?.as_fd())?;
    Ok(Channel::from(socket))
}

/// Moves this process into its own group, forbids core files (they would contain secrets), and makes the
/// process end with the host.
pub fn confine(channel: &Channel) -> io::Result<()> {
    if getpgrp() != getpid() {
        setpgid(None, None)?;
    }
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The host may have ended between spawning this process and the line above.
    let host = socket_peercred(channel.socket())?.pid;
    if getppid() == Some(host) { Ok(()) } else { Err(io::Error::other("the host that started it is gone")) }
}

/// Shows this process as `riser-worker` in process lists. Otherwise it would be `exe`.
pub fn name_this_process() {
    // The name serves people only, so a failure is harmless.
    let _unnamed = rustix::thread::set_name(c"riser-worker");
}

/// Limits memory for data and the number of open files.
///
/// `RLIMIT_DATA` and not `RLIMIT_AS`: allocators and thread stacks reserve far more address space than they
/// use, so a limit on address space refuses threads at a few megabytes of memory in use.
pub fn limit(memory_bytes: u64, open_files: u64) -> io::Result<()> {
    let exactly = |value| Rlimit { current: Some(value), maximum: Some(value) };
    setrlimit(Resource::Data, exactly(memory_bytes))?;
    Ok(setrlimit(Resource::Nofile, exactly(open_files))?)
}

/// Returns the memory this process uses, in bytes; 0 if unknown.
pub fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok())
        .unwrap_or_default();
    pages * rustix::param::page_size() as u64
}

/// Ends this process and all others of its group immediately, whatever other threads do or hold.
pub fn kill_own_group() -> ! {
    // Before `confine` the group belongs to the process that started this one.
    if getpgrp() == getpid() {
        let _ends_anyway = kill_current_process_group(Signal::KILL);
    }
    let _ends_anyway = kill_process(getpid(), Signal::KILL);
    std::process::abort()
}
