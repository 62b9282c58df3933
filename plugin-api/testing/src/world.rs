//! The memory behind its lock, and the waits for its changes.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::memory::Memory;

/// How long a test waits for a run to wait or to end; a run that computes longer is broken.
pub(crate) const TEST_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(crate) struct World {
    memory: Mutex<Memory>,
    changed: Condvar,
}

impl World {
    pub(crate) fn of(memory: Memory) -> Self {
        Self { memory: Mutex::new(memory), changed: Condvar::new() }
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes all waiters after a change.
    pub(crate) fn notify(&self) {
        self.changed.notify_all();
    }

    /// Releases the lock until something changes.
    pub(crate) fn until_changed<'a>(&self, memory: MutexGuard<'a, Memory>) -> MutexGuard<'a, Memory> {
        self.changed.wait(memory).unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, in real time, for a change, at most this long.
    pub(crate) fn changed_within(&self, at_most: Duration) {
        drop(self.changed.wait_timeout(self.memory(), at_most));
    }

    /// Waits, in real time, until the condition holds; `None` after the time limit.
    pub(crate) fn until(
        &self,
        at_most: Duration,
        is_so: impl Fn(&Memory) -> bool,
    ) -> Option<MutexGuard<'_, Memory>> {
        let deadline = Instant::now() + at_most;
        let mut memory = self.memory();
        while !is_so(&memory) {
            let left = deadline.checked_duration_since(Instant::now())?;
            (memory, _) = self.changed.wait_timeout(memory, left).unwrap_or_else(PoisonError::into_inner);
        }
        Some(memory)
    }
}
