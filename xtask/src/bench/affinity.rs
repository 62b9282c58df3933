//! Pins a thread and its children to a processor.

use anyhow::Context as _;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Where the measured server and all of its children run.
pub(super) const SERVER: usize = 0;
/// Where its client runs.
pub(super) const CLIENT: usize = 1;

/// Pins this thread and its new children to one processor until dropped.
pub(super) struct Pinned(CpuSet);

impl Pinned {
    /// # Errors
    /// When this machine has no such processor.
    pub(super) fn to(processor: usize) -> anyhow::Result<Self> {
        let before = sched_getaffinity(None)?;
        let mut wanted = CpuSet::new();
        wanted.set(processor);
        sched_setaffinity(None, &wanted)
            .with_context(|| format!("measuring needs two processors; processor {processor} is missing"))?;
        Ok(Self(before))
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // It was allowed before.
        let _ = sched_setaffinity(None, &self.0);
    }
}
