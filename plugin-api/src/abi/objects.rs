//! The trait objects that cross the edge. Panics never leave a method: the kit catches them on the plugin's
//! side, and the worker's implementation of the services has none.
//!
//! Services are called by the plugin, runs by the worker. Slices and texts that are given are the caller's and are
//! not kept; returned values belong to the caller and are freed through `abi_stable`. The words in brackets are those of
//! the crate's documentation.

use abi_stable::sabi_trait;
use abi_stable::std_types::{RBox, RResult, RSlice, RStr, RVec};

use super::ServiceResult;
use super::records::{LogLevelCode, ReadingBatch, SampleBatch};

/// The services that the host renders to a run. [any thread] unless a method documents another rule.
#[sabi_trait]
pub trait HostServices: Send + Sync {
    /// Performs a rare call: JSON of `messages::Call` in, JSON of `messages::Reply` out. May block until the host
    /// has replied. A call that the host does not know is refused with the code `not-understood`; what changes
    /// tree or values returns Stop while stopping.
    fn call(&self, request: RSlice<'_, u8>) -> ServiceResult<RVec<u8>>;

    /// Publishes packed values (`packed_values`), all or none; blocks until they are readable over EWS. Refused for a point of another
    /// class or kind, Stop while stopping.
    fn publish(&self, values: RSlice<'_, u8>) -> ServiceResult<()>;

    /// Records samples, all or none; blocks until they are journaled. Refused for a handle that is not a history of the
    /// class, Stop while stopping.
    fn record(&self, batch: SampleBatch<'_>) -> ServiceResult<()>;

    /// Returns the served values of these handles, in the order of the handles. Blocks for the reply;
    /// Stop while stopping.
    fn latest(&self, handles: RSlice<'_, u32>) -> ServiceResult<ReadingBatch>;

    /// Sleeps until the time is over or something happens: JSON of `messages::WakeMessage`. [run thread only;
    /// a second thread is refused with the code `second-wait`] Stop as soon as the run is stopping.
    fn wait(&self, duration_ns: u64) -> ServiceResult<RVec<u8>>;

    /// Writes a line to the run's log. Never fails; blocks only while the host is slow to read.
    fn log(&self, level: LogLevelCode, text: RStr<'_>);

    /// Returns whether the run must end. Never blocks.
    fn is_stopping(&self) -> bool;

    /// Returns the host's wall clock, in nanoseconds since 1970. Never blocks.
    fn now_ns(&self) -> i64;

    /// So many random bytes of the operating system, at most 64 KiB; fewer when there are none. Never blocks.
    #[sabi(last_prefix_field)]
    fn random(&self, bytes: u32) -> RVec<u8>;
}

/// The services, owned by the run.
pub type HostServicesBox = HostServices_TO<'static, RBox<()>>;

/// One run of a class, made by `create`, used once. [run thread]
#[sabi_trait]
pub trait PluginRun: Send {
    /// Runs to the end. `order` is JSON of `messages::RunRequestMessage`; the error is JSON of
    /// `messages::FailureMessage`. Blocks as long as the run lasts.
    fn run(&self, order: RSlice<'_, u8>, services: HostServicesBox) -> RResult<(), RVec<u8>>;

    /// Tests a connection with settings that need not be saved. `order` is JSON of
    /// `messages::TestRequestMessage`; stages are sent through `call`. Blocks, at most about 10 s.
    #[sabi(last_prefix_field)]
    fn test_connection(&self, order: RSlice<'_, u8>, services: HostServicesBox) -> RResult<(), RVec<u8>>;
}

/// A run, owned by the worker.
pub type PluginRunBox = PluginRun_TO<'static, RBox<()>>;
