//! Confines a worker before it loads foreign code.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt as _;

use rustix::io::fcntl_dupfd_cloexec;
use rustix::net::sockopt::socket_peercred;
use rustix::process::{
    Resource, Rlimit, Signal, getpgrp, getpid, getppid, getrlimit, kill_current_process_group, kill_process,
    set_parent_process_death_signal, setpgid, setrlimit,
};
use rustix::stdio::dup2_stdin;

use super::channel::Channel;

/// Descriptors up to here are standard input, output and error.
const FIRST_FREE_DESCRIPTOR: i32 = 3;

/// When the system runs out of memory, it ends workers before the host. The range is -1000 to 1000.
const ENDED_FIRST: &str = "500";

/// Index of the number of threads in `/proc/self/stat`, counted from the state of the process.
const THREADS_FIELD: usize = 17;
/// Index of the pages in memory.
const RESIDENT_FIELD: usize = 21;
/// The file is shorter: a name and 52 numbers.
const STAT_BYTES: usize = 2_048;

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

/// Moves this process into its own group, forbids core files (they would contain secrets), and makes the process end
/// with the host.
pub fn confine(channel: &Channel) -> io::Result<()> {
    if getpgrp() != getpid() {
        setpgid(None, None)?;
    }
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    let _ended_in_any_order = std::fs::write("/proc/self/oom_score_adj", ENDED_FIRST);
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

/// What this process uses at a moment; 0 if unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub resident_bytes: u64,
    pub threads: u32,
}

/// Reads what this process uses. It opens its file once, so that a process without free descriptors is still watched.
#[derive(Debug)]
pub struct UsageReader(File);

impl UsageReader {
    pub fn open() -> io::Result<Self> {
        File::open("/proc/self/stat").map(Self)
    }

    /// Returns the present usage.
    pub fn read(&self) -> Usage {
        let mut bytes = [0; STAT_BYTES];
        let length = self.0.read_at(&mut bytes, 0).unwrap_or_default();
        usage(&String::from_utf8_lossy(&bytes[..length])).unwrap_or_default()
    }
}

fn usage(stat: &str) -> Option<Usage> {
    // The name before it may contain anything, even closing parentheses.
    let (_, after_name) = stat.rsplit_once(") ")?;
    let field = |index: usize| after_name.split(' ').nth(index)?.parse::<u64>().ok();
    let pages = field(RESIDENT_FIELD)?;
    Some(Usage {
        resident_bytes: pages * rustix::param::page_size() as u64,
        threads: u32::try_from(field(THREADS_FIELD)?).unwrap_or(u32::MAX),
    })
}

/// Returns the limit of open files if a text names an error because of it.
pub fn exhausted_open_files(error_text: &str) -> Option<u64> {
    let error = format!("(os error {})", rustix::io::Errno::MFILE.raw_os_error());
    error_text.contains(&error).then(|| getrlimit(Resource::Nofile).current).flatten()
}

/// Returns whether an error of a channel means that this process itself has closed it.
pub fn is_closed_here(error: &io::Error) -> bool {
    let error = rustix::io::Errno::from_io_error(error);
    matches!(error, Some(rustix::io::Errno::BADF | rustix::io::Errno::NOTSOCK))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_counts_threads_and_memory_of_this_process() {
        let reader = UsageReader::open().unwrap();
        let before = reader.read();
        assert!(before.threads >= 1 && before.resident_bytes > 1 << 20, "{before:?}");
        let (keeps_running, ends) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || ends.recv());
        assert!(reader.read().threads > before.threads);
        drop(keeps_running);
        thread.join().unwrap().unwrap_err();
        assert_eq!(usage("7 (a) name) S 1 7 0 0 -1 4194304 0"), None);
    }
}
