//! Names and paths that this machine gives.

use std::path::PathBuf;

/// The data directory of a Riser that the machine runs.
const SYSTEM_DATA: &str = "/var/lib/riser";

/// Returns the host name of this machine.
pub fn machine_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Returns the default data directory: `/var/lib/riser` for root, else `riser` in the
/// user's data home. `None` if neither `XDG_DATA_HOME` nor `HOME` is set.
pub fn default_data_directory() -> Option<PathBuf> {
    if rustix::process::geteuid().is_root() {
        return Some(PathBuf::from(SYSTEM_DATA));
    }
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = variable("XDG_DATA_HOME").or_else(|| Some(variable("HOME")?.join(".local/share")))?;
    Some(home.join("riser"))
}

/// Returns the program this process was started from, even if its file was replaced since: host and worker
/// come from one build.
pub fn own_executable() -> PathBuf {
    PathBuf::from("/proc/self/exe")
}
