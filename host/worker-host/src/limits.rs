//! What a worker may use and how long the host waits for it.

use std::time::Duration;

use riser_worker_protocol::frames::LimitsFrame;

/// What a worker may use, and how long the host waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerLimits {
    /// Memory, in MiB.
    pub memory_mib: u32,
    /// Open file descriptors.
    pub open_files: u64,
    /// Its process is ended when nothing was heard of it for this long.
    pub heartbeat_within: Duration,
    /// It is ended when the plugin neither called the host nor waited for this long; `None` for ever.
    pub sign_of_life_within: Option<Duration>,
    /// Time to end after it was asked to stop.
    pub stop_grace: Duration,
    /// Time it may run; `None` for ever.
    pub time_limit: Option<Duration>,
}

impl WorkerLimits {
    /// Limits for a long-running class with this much memory.
    pub fn with_memory_mib(memory_mib: u32) -> Self {
        Self { memory_mib, ..Self::default() }
    }

    /// The heartbeats' distance: ten of them may be late before the host acts.
    pub(crate) fn heartbeat_period(&self) -> Duration {
        self.heartbeat_within / 10
    }

    pub(crate) fn memory_bytes(&self) -> u64 {
        u64::from(self.memory_mib) << 20
    }

    pub(crate) fn frame(&self) -> LimitsFrame {
        LimitsFrame {
            memory_bytes: self.memory_bytes(),
            open_files: self.open_files,
            heartbeat_ms: u64::try_from(self.heartbeat_period().as_millis()).unwrap_or(u64::MAX).max(1),
        }
    }
}

impl Default for WorkerLimits {
    /// 256 MiB, 256 files, 10 s without a heartbeat, 60 s without a sign of life, 10 s to stop.
    fn default() -> Self {
        Self {
            memory_mib: 256,
            open_files: 256,
            heartbeat_within: Duration::from_secs(10),
            sign_of_life_within: Some(Duration::from_mins(1)),
            stop_grace: Duration::from_secs(10),
            time_limit: None,
        }
    }
}
