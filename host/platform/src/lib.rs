//! Everything in the host that depends on the operating system.
//!
//! | subject | here |
//! |---|---|
//! | channel between host and worker | [`Channel`], and its asynchronous ends [`ChannelReader`] and [`ChannelWriter`] |
//! | processes, seen from the host | [`spawn`], [`ChildProcess`], [`ExitWatch`], [`kill_marked`], [`kill_adopted`], [`processor_time`] |
//! | confinement, inside a worker | [`take_channel`], [`confine`], [`limit`], [`kill_own_group`] |
//! | private files and directories | [`create_private_file`], [`create_private_dir`], [`is_writable_directory`], [`sync_directory`], [`FileStamp`] |
//! | lock of a data directory | [`DirectoryLock`] |
//! | control socket of a data directory | [`ControlListener`], [`connect_control`], [`Peer`] |
//! | turns on the processor | [`take_short_turns`], [`give_precedence_to_host`] |
//! | memory of this process | [`share_one_heap`], [`return_free_memory`] |
//! | signals that stop the host | [`StopSignals`] |
//! | library files | [`LIBRARY_EXTENSION`], [`library_format`] |
//! | facts about this machine | [`machine_name`], [`default_data_directory`], [`own_executable`] |
//!
//! To support another system, write a module beside `linux` that exports the same names.
//!
//! **Invariant:** the other crates of the host use no interface of one operating system. A test in
//! `xtask/tests/workspace_rules` checks it.

mod directory_lock;
#[cfg(target_os = "linux")]
mod linux;

pub use directory_lock::{DirectoryLock, LockError};
#[cfg(target_os = "linux")]
pub use linux::{
    Adopted, Channel, ChannelReader, ChannelWriter, ChildProcess, ControlConnectError, ControlListener,
    ControlStream, Exit, ExitWatch, FileStamp, LIBRARY_HEADER_BYTES, LibraryFormat, OutputPipe, Peer,
    StopSignals, SystemUser, Usage, UsageReader, become_subreaper, confine, connect_control,
    create_private_dir, create_private_dir_all, create_private_file, default_data_directory,
    exhausted_open_files, give_precedence_to_host, is_closed_here, is_private, is_writable_directory,
    kill_adopted, kill_marked, kill_own_group, library_format, limit, machine_name, name_this_process,
    own_executable, processor_time, return_free_memory, set_read_only, share_one_heap, signal_name, spawn,
    sync_directory, take_channel, take_short_turns, this_target, wait_for_group,
};

#[cfg(not(target_os = "linux"))]
compile_error!("riser-platform supports Linux only: write a module beside `linux` for this system");

/// Extension of plugin libraries, without the dot: `so` on Linux.
pub const LIBRARY_EXTENSION: &str = std::env::consts::DLL_EXTENSION;
