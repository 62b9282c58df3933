//! How long a thread may keep a processor that others wait for, and which processors it may use.
//!
//! A thread whose turns are shorter than those of the running one gets the processor as soon as it wakes up; otherwise it
//! waits for the end of the turn, up to one tick of the system, which is 4 ms on many. Its share of the processor stays
//! the same (docs/adr/0025). Linux before 6.12 ignores all of this.

use std::io;

use libc::{SYS_sched_getattr, SYS_sched_setattr, c_long, sched_attr};
use rustix::process::nice;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The shortest turn that Linux accepts.
const SHORTEST_NS: u64 = 100_000;
/// A busy worker leaves the processor to the host, which serves the BMS.
const LOWER_PRIORITY: i32 = 10;

/// Leaves the length to the system.
const USUAL_NS: u64 = 0;

/// Gives short turns to this thread and to those that it starts later.
pub fn take_short_turns() -> io::Result<()> {
    set_turn(SHORTEST_NS)
}

/// Gives the host precedence over this thread and over the processes that it starts later: a lower priority, turns of
/// the usual length, and one processor that they leave to the host. A process that had this only after its start would
/// delay the host while it is loaded.
pub fn give_precedence_to_host() -> io::Result<()> {
    nice(LOWER_PRIORITY)?;
    set_turn(USUAL_NS)?;
    leave_first_processor()
}

/// Takes the first of its processors from this thread, unless it is the only one.
fn leave_first_processor() -> io::Result<()> {
    let mut processors = sched_getaffinity(None)?;
    if processors.count() > 1
        && let Some(first) = (0..CpuSet::MAX_CPU).find(|processor| processors.is_set(*processor))
    {
        processors.unset(first);
        sched_setaffinity(None, &processors)?;
    }
    Ok(())
}

fn set_turn(turn_ns: u64) -> io::Result<()> {
    let mut attributes = attributes()?;
    attributes.sched_runtime = turn_ns;
    attributes.sched_flags = 0;
    // SAFETY: the kernel only reads the attributes, whose size they contain; 0 is this thread.
    #[expect(unsafe_code, reason = "neither the standard library nor rustix has this call")]
    check(unsafe { libc::syscall(SYS_sched_setattr, 0, &raw const attributes, 0) })
}

/// Returns policy, priority and turn of this thread.
fn attributes() -> io::Result<sched_attr> {
    let size = u32::try_from(size_of::<sched_attr>()).unwrap_or(u32::MAX);
    let mut attributes = sched_attr {
        size,
        sched_policy: 0,
        sched_flags: 0,
        sched_nice: 0,
        sched_priority: 0,
        sched_runtime: 0,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: the kernel writes at most `size` bytes; 0 is this thread.
    #[expect(unsafe_code, reason = "neither the standard library nor rustix has this call")]
    check(unsafe { libc::syscall(SYS_sched_getattr, 0, &raw mut attributes, size, 0) })?;
    attributes.size = size;
    Ok(attributes)
}

fn check(result: c_long) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_have_the_turns_and_the_priority_of_the_thread_that_starts_them() {
        let turn = || std::thread::spawn(|| attributes().unwrap()).join().unwrap();
        let before = turn();
        take_short_turns().unwrap();
        let short = turn();
        give_precedence_to_host().unwrap();
        let after = turn();
        assert_eq!((short.sched_nice, short.sched_policy), (before.sched_nice, before.sched_policy));
        assert_eq!(before.sched_runtime, after.sched_runtime);
        assert_eq!(after.sched_nice, (before.sched_nice + LOWER_PRIORITY).min(19));
        // An older Linux has no turns to set.
        assert!(short.sched_runtime == SHORTEST_NS || short.sched_runtime == before.sched_runtime);
    }

    #[test]
    fn workers_leave_one_processor_to_the_host() {
        let processors = || {
            let set = sched_getaffinity(None).unwrap();
            (0..CpuSet::MAX_CPU).filter(|processor| set.is_set(*processor)).collect::<Vec<_>>()
        };
        let of_host = processors();
        give_precedence_to_host().unwrap();
        let of_worker = std::thread::spawn(processors).join().unwrap();
        assert_eq!(of_worker, if of_host.len() > 1 { &of_host[1..] } else { &of_host });
    }
}
