//! Linux: Unix sockets, process descriptors, resource limits, `/proc`.

mod channel;
mod confine;
mod control_socket;
mod files;
mod library_format;
mod machine;
mod memory;
mod orphans;
mod process;
mod processor_time;
mod stop_signals;
mod turns;

pub use channel::{Channel, ChannelReader, ChannelWriter};
pub use confine::{
    Usage, UsageReader, confine, exhausted_open_files, is_closed_here, kill_own_group, limit,
    name_this_process, take_channel,
};
pub use control_socket::{
    ControlConnectError, ControlListener, ControlStream, Peer, SystemUser, connect_control,
};
pub use files::{
    FileStamp, create_private_dir, create_private_dir_all, create_private_file, is_private,
    is_writable_directory, set_read_only, sync_directory,
};
pub use library_format::{LIBRARY_HEADER_BYTES, LibraryFormat, library_format, this_target};
pub use machine::{default_data_directory, machine_name, own_executable};
pub use memory::{return_free_memory, share_one_heap};
pub use orphans::{Adopted, become_subreaper, kill_adopted, kill_marked, wait_for_group};
pub use process::{ChildProcess, Exit, ExitWatch, OutputPipe, signal_name, spawn};
pub use processor_time::processor_time;
pub use stop_signals::StopSignals;
pub use turns::{give_precedence_to_host, take_short_turns};
