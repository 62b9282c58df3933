//! What is particular to an operating system, behind the functions named here: confinement, process groups,
//! limits, the end of processes. Another system is one more directory with the same functions.

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    Adopted, Exit, ExitWatch, become_subreaper, confine, end_adopted, end_marked, end_own_group, exit_of,
    kill_group, limit, name_this_process, own_executable, resident_bytes, signal_name, take_socket,
    wait_for_group,
};

#[cfg(not(target_os = "linux"))]
compile_error!("riser-worker runs on Linux so far: write platform/ for this system");
