//! Resources of a worker and its deadlines.

use std::time::Duration;

use riser_worker_protocol::frames::LimitsFrame;

/// Resources of a worker and its deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerLimits {
    pub memory_mib: u32,
    pub open_files: u64,
    pub threads: u32,
    /// The host kills a worker that sends nothing for this long.
    pub heartbeat_within: Duration,
    /// The host kills a worker whose plugin neither calls the host nor waits for this long; `None` disables this.
    pub sign_of_life_within: Option<Duration>,
    /// Time to finish after a request to stop.
    pub stop_grace: Duration,
    /// Longest run; `None` for no limit.
    pub time_limit: Option<Duration>,
}

impl WorkerLimits {
    /// Returns the default limits with this much memory.
    pub fn with_memory_mib(memory_mib: u32) -> Self {
        Self { memory_mib, ..Self::default() }
    }

    /// Ten heartbeats may be missing before the host kills the worker.
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
    /// 256 MiB, 256 files, 256 threads, 10 s without a heartbeat, 60 s without a sign of life, 10 s to stop.
    fn default() -> Self {
        Self {
            memory_mib: 256,
            open_files: 256,
            threads: 256,
            heartbeat_within: Duration::from_secs(10),
            sign_of_life_within: Some(Duration::from_mins(1)),
            stop_grace: Duration::from_secs(10),
            time_limit: None,
        }
    }
}
