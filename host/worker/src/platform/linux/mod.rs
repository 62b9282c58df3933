//! Linux: `/proc`, process descriptors, resource limits.

mod confine;
mod exit;
mod orphans;

use std::path::PathBuf;

pub(crate) use confine::{confine, end_own_group, limit, name_this_process, resident_bytes, take_socket};
pub(crate) use exit::{Exit, ExitWatch, exit_of, kill_group, signal_name};
pub(crate) use orphans::{Adopted, become_subreaper, end_adopted, end_marked, wait_for_group};

/// The program this process was started from, also when its file was replaced since: both sides of the
/// frames come from one build.
pub(crate) fn own_executable() -> PathBuf {
    PathBuf::from("/proc/self/exe")
}
