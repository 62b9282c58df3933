//! The trait objects that cross the edge. Panics never leave a method: the kit catches them on the plugin's
//! side, and the worker's implementation of the services has none.

use abi_stable::sabi_trait;
use abi_stable::std_types::{RBox, RResult, RSlice, RStr, RVec};

use super::ServiceResult;
use super::records::{LogLevelCode, ReadingBatch, SampleBatch};

/// The services that the host renders to a run. [any thread] unless a method says otherwise.
#[sabi_trait]
pub trait HostServices: Send + Sync {
    /// A rare call: JSON of `messages::Call` in, JSON of `messages::Reply` out. May block until the host
    /// has answered.
    fn call(&self, request: RSlice<'_, u8>) -> ServiceResult<RVec<u8>>;

    /// Publishes values; returns when they are readable over EWS.
    fn publish(&self, values: RSlice<'_, u8>) -> ServiceResult<()>;

    /// Records samples; returns when they are journaled.
    fn record(&self, batch: SampleBatch<'_>) -> ServiceResult<()>;

    /// What is served now for these handles.
    fn latest(&self, handles: RSlice<'_, u32>) -> ServiceResult<ReadingBatch>;

    /// Sleeps until the time is over or something happens: JSON of `messages::WakeMessage`. [run thread only;
    /// a second thread is refused]
    fn wait(&self, duration_ns: u64) -> ServiceResult<RVec<u8>>;

    /// A line of the run's log. Never fails.
    fn log(&self, level: LogLevelCode, text: RStr<'_>);

    /// Whether the run is to end. Never blocks.
    fn is_stopping(&self) -> bool;

    /// The host's wall clock, in nanoseconds since 1970. Never blocks.
    fn now_ns(&self) -> i64;

    /// Fills the buffer's length with random bytes of the host.
    #[sabi(last_prefix_field)]
    fn random(&self, bytes: u32) -> RVec<u8>;
}

/// The services, owned by the run.
pub type HostServicesBox = HostServices_TO<'static, RBox<()>>;

/// One run of a class, made by `create`, used once. [run thread]
#[sabi_trait]
pub trait PluginRun: Send {
    /// Runs to its end. `order` is JSON of `messages::RunRequestMessage`; the error is JSON of
    /// `messages::FailureMessage`. Blocks as long as the run lasts.
    fn run(&self, order: RSlice<'_, u8>, services: HostServicesBox) -> RResult<(), RVec<u8>>;

    /// Tests a connection with settings that need not be saved. `order` is JSON of
    /// `messages::TestRequestMessage`; stages are told through `call`. Blocks, at most about 10 s.
    #[sabi(last_prefix_field)]
    fn test_connection(&self, order: RSlice<'_, u8>, services: HostServicesBox) -> RResult<(), RVec<u8>>;
}

/// A run, owned by the worker.
pub type PluginRunBox = PluginRun_TO<'static, RBox<()>>;
