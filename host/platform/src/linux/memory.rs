//! How the allocator of the system keeps memory.
//!
//! glibc gives each busy thread a heap of its own and keeps freed memory in it. The host declares a large tree on whatever
//! thread is free, so each of them would keep the memory of a whole declaration. Other C libraries do neither.

/// Makes all threads of this process share one heap. Threads keep small blocks for themselves, so they rarely wait for
/// each other. Call it before the process has a second thread.
pub fn share_one_heap() {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: it only sets a number in the allocator.
        #[expect(unsafe_code, reason = "the standard library does not have this call")]
        let _is_set = unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
    }
}

/// Returns freed memory to the system, which takes a tenth of a second for a gigabyte. Meanwhile other threads wait for
/// memory, so it is for the end of rare and large work.
pub fn return_free_memory() {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: it only unmaps pages that the allocator has free.
        #[expect(unsafe_code, reason = "the standard library does not have this call")]
        let _is_less = unsafe { libc::malloc_trim(0) };
    }
}

#[cfg(all(test, target_env = "gnu"))]
mod tests {
    use std::fs;

    use super::*;

    /// Returns the memory of this process that is in no file, in kilobytes.
    fn own_kilobytes() -> usize {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }

    #[test]
    fn freed_memory_of_all_threads_returns_to_the_system() {
        share_one_heap();
        let (before, kept) = (own_kilobytes(), std::sync::Mutex::default());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    // Blocks below the size that is always returned, with one that stays among them.
                    let blocks: Vec<Vec<u8>> = (0..10_000).map(|_| vec![1; 1_000]).collect();
                    let mut kept: std::sync::MutexGuard<'_, Vec<Vec<u8>>> = kept.lock().unwrap();
                    kept.extend(blocks.into_iter().step_by(1_000));
                });
            }
        });
        return_free_memory();
        let more = own_kilobytes() - before;
        assert!(more < 4_000, "{more} kB of 40,000 are still there");
    }
}
