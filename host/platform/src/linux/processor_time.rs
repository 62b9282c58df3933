//! The processor time of another process.

use std::time::Duration;

/// Index of the ticks in user mode in `/proc/<number>/stat`, counted from the state of the process. Those in the
/// kernel follow.
const USER_TICKS_FIELD: usize = 11;

/// Returns the processor time that a process has used; `None` if the process does not exist.
pub fn processor_time(process_id: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process_id}/stat")).ok()?;
    from_stat(&stat, rustix::param::clock_ticks_per_second())
}

fn from_stat(stat: &str, ticks_per_second: u64) -> Option<Duration> {
    // The name before it may contain anything, even closing parentheses.
    let (_, after_name) = stat.rsplit_once(") ")?;
    let field = |index: usize| after_name.split(' ').nth(index)?.parse::<u64>().ok();
    let ticks = field(USER_TICKS_FIELD)?.saturating_add(field(USER_TICKS_FIELD + 1)?);
    Some(Duration::from_millis(ticks.saturating_mul(1_000) / ticks_per_second.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_kernel_time_are_added() {
        let stat = "7 (a) name) S 1 7 0 0 -1 4194304 1 2 3 4 150 50 7 8 20 0";
        assert_eq!(from_stat(stat, 100), Some(Duration::from_secs(2)));
        assert_eq!(from_stat("7 (x) S 1", 100), None);
    }

    #[test]
    fn this_process_has_used_some_and_a_missing_one_none() {
        assert!(processor_time(std::process::id()).is_some());
        assert_eq!(processor_time(u32::MAX), None);
    }
}
