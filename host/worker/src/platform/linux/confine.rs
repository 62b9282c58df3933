//! What a worker does to itself before it loads foreign code.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use rustix::io::fcntl_dupfd_cloexec;
use rustix::net::sockopt::socket_peercred;
use rustix::process::{
    Resource, Rlimit, Signal, getpgrp, getpid, getppid, kill_current_process_group, kill_process,
    set_parent_process_death_signal, setpgid, setrlimit,
};
use rustix::stdio::dup2_stdin;

/// Descriptors up to here are standard input, output and error.
const FIRST_FREE_DESCRIPTOR: i32 = 3;

/// Moves the socket that arrived as standard input out of the way of foreign code, which gets the null
/// device in its place and cannot pass the socket on to a program it starts.
pub(crate) fn take_socket() -> io::Result<UnixStream> {
    let stdin = io::stdin();
    // Fails for anything but a socket.
    socket_peercred(&stdin)?;
    let socket = fcntl_dupfd_cloexec(&stdin, FIRST_FREE_DESCRIPTOR)?;
    dup2_stdin(File::open("/dev/null")?.as_fd())?;
    Ok(UnixStream::from(socket))
}

/// Own process group, no core file with secrets in it, and an end with the host.
pub(crate) fn confine(socket: &UnixStream) -> io::Result<()> {
    if getpgrp() != getpid() {
        setpgid(None, None)?;
    }
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The host may have gone between spawning this process and the line above.
    let host = socket_peercred(socket)?.pid;
    if getppid() == Some(host) { Ok(()) } else { Err(io::Error::other("the host that started it is gone")) }
}

/// Shows it as `riser-worker` in lists of processes, where it would be `exe`.
pub(crate) fn name_this_process() {
    // For people only.
    let _nameless = rustix::thread::set_name(c"riser-worker");
}

/// Bounds memory for data and open files.
///
/// `RLIMIT_DATA` and not `RLIMIT_AS`: allocators and thread stacks reserve far more address space than they
/// use, so a bound on address space refuses threads at a few megabytes of memory in use.
pub(crate) fn limit(memory_bytes: u64, open_files: u64) -> io::Result<()> {
    let exactly = |value| Rlimit { current: Some(value), maximum: Some(value) };
    setrlimit(Resource::Data, exactly(memory_bytes))?;
    Ok(setrlimit(Resource::Nofile, exactly(open_files))?)
}

/// Memory of this process in use, in bytes; 0 when the system does not say.
pub(crate) fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok())
        .unwrap_or_default();
    pages * rustix::param::page_size() as u64
}

/// Ends this process and all others of its group at once, whatever other threads do or hold.
pub(crate) fn end_own_group() -> ! {
    // Only when this is its own group: before `confine` it is the one of whoever started it.
    if getpgrp() == getpid() {
        let _gone_anyway = kill_current_process_group(Signal::KILL);
    }
    let _gone_anyway = kill_process(getpid(), Signal::KILL);
    std::process::abort()
}
