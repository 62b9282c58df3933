//! The services of the host, as a plugin sees them: each a frame over the link.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RErr, ROk, RSlice, RStr, RString, RVec};
use riser_plugin::abi::messages as plugin;
use riser_plugin::abi::{
    HostServices, HostServices_TO, HostServicesBox, LogLevelCode, ReadingBatch, SampleBatch, ServiceError,
    ServiceResult, ValueBatch,
};

use super::link::{AtStop, CallError};
use super::messages::{Outgoing, incoming, outgoing, wake_message};
use super::records::{log_text, published, readings, samples};
use super::session::WorkerSession;
use super::wakes::WaitError;
use crate::frames::{Call, FromWorker, LogLevelFrame, Reply};

/// Most random bytes that a plugin gets at once.
const MOST_RANDOM_BYTES: u32 = 1 << 16;

/// The services of one run.
#[derive(Debug)]
pub(crate) struct Services {
    session: Arc<WorkerSession>,
}

impl Services {
    /// The services as an object that crosses the edge.
    pub(crate) fn boxed(session: Arc<WorkerSession>) -> HostServicesBox {
        HostServices_TO::from_value(Self { session }, TD_Opaque)
    }

    /// Calls the host; a refusal is an error.
    fn ask(&self, call: Call, at_stop: AtStop) -> Result<Reply, ServiceError> {
        match self.session.link.call(call, at_stop) {
            Ok(Reply::Refused { code, what }) => Err(refused(&code, what)),
            Ok(reply) => Ok(reply),
            Err(CallError::Stop) => Err(ServiceError::Stop),
            Err(CallError::TooLong) => {
                Err(refused("too-long", "more than fits one message: send it in parts"))
            }
            Err(CallError::Lost) => Err(ServiceError::Lost),
        }
    }

    fn call_json(&self, request: &[u8]) -> Result<RVec<u8>, ServiceError> {
        let call: plugin::Call =
            serde_json::from_slice(request).map_err(|error| refused("not-understood", error.to_string()))?;
        let reply = match outgoing(call).map_err(|error| refused("invalid", error.to_string()))? {
            Outgoing::Call(call) => {
                let at_stop = at_stop(&call);
                incoming(self.ask(call, at_stop)?).map_err(|(code, what)| refused(&code, what))?
            }
            Outgoing::Answered(reply) => reply,
            Outgoing::Tell(frame) => {
                self.session.link.send(&frame).map_err(|_gone| ServiceError::Lost)?;
                plugin::Reply::Done
            }
        };
        json(&reply)
    }

    fn wake(&self, duration_ns: u64) -> Result<RVec<u8>, ServiceError> {
        let wake =
            self.session.wakes.wait(Duration::from_nanos(duration_ns)).map_err(|error| match error {
                WaitError::Stop => ServiceError::Stop,
                WaitError::SecondThread => refused("second-wait", "another thread of this run waits already"),
            })?;
        json(&wake_message(wake))
    }
}

/// Reading the tree, the durable state, and the way to a device go on after a stop, so that a plugin can leave it in
/// order; what changes the tree or its values does not.
const fn at_stop(call: &Call) -> AtStop {
    match call {
        Call::Declare { .. }
        | Call::Publish { .. }
        | Call::PublishesEvery { .. }
        | Call::Record { .. }
        | Call::Latest { .. }
        | Call::RequestRun { .. } => AtStop::Ends,
        Call::Points
        | Call::LimiterAcquire { .. }
        | Call::LimiterRelease { .. }
        | Call::StateGet { .. }
        | Call::StatePut { .. }
        | Call::StateRemove { .. } => AtStop::GoesOn,
    }
}

fn refused(code: &str, what: impl Into<String>) -> ServiceError {
    ServiceError::Refused { code: RString::from(code), what: RString::from(what.into()) }
}

fn json(message: &impl serde::Serialize) -> Result<RVec<u8>, ServiceError> {
    serde_json::to_vec(message).map(RVec::from).map_err(|error| refused("not-understood", error.to_string()))
}

fn reply<T>(result: Result<T, ServiceError>) -> ServiceResult<T> {
    match result {
        Ok(value) => ROk(value),
        Err(error) => RErr(error),
    }
}

impl HostServices for Services {
    fn call(&self, request: RSlice<'_, u8>) -> ServiceResult<RVec<u8>> {
        let _inside = self.session.link.enter();
        reply(self.call_json(request.as_slice()))
    }

    fn publish(&self, batch: ValueBatch<'_>) -> ServiceResult<()> {
        let _inside = self.session.link.enter();
        let values = match published(batch) {
            Ok(values) => values,
            Err(error) => return RErr(refused("invalid", error.to_string())),
        };
        reply(self.ask(Call::Publish { values }, AtStop::Ends).map(drop))
    }

    fn record(&self, batch: SampleBatch<'_>) -> ServiceResult<()> {
        let _inside = self.session.link.enter();
        let samples = match samples(batch) {
            Ok(samples) => samples,
            Err(error) => return RErr(refused("invalid", error.to_string())),
        };
        reply(self.ask(Call::Record { samples }, AtStop::Ends).map(drop))
    }

    fn latest(&self, handles: RSlice<'_, u32>) -> ServiceResult<ReadingBatch> {
        let _inside = self.session.link.enter();
        match self.ask(Call::Latest { handles: handles.to_vec() }, AtStop::Ends) {
            Ok(Reply::Latest(frames)) => ROk(readings(frames)),
            Ok(_) => RErr(refused("not-understood", "the host answered otherwise")),
            Err(error) => RErr(error),
        }
    }

    fn wait(&self, duration_ns: u64) -> ServiceResult<RVec<u8>> {
        let _inside = self.session.link.enter();
        reply(self.wake(duration_ns))
    }

    fn log(&self, level: LogLevelCode, text: RStr<'_>) {
        let _inside = self.session.link.enter();
        let level = match level {
            0 => LogLevelFrame::Debug,
            2 => LogLevelFrame::Warn,
            3 => LogLevelFrame::Error,
            _ => LogLevelFrame::Info,
        };
        // Without a host there is nobody left to tell.
        let _unheard = self.session.link.send(&FromWorker::Log { level, text: log_text(text) });
    }

    fn is_stopping(&self) -> bool {
        let _inside = self.session.link.enter();
        self.session.link.is_stopping()
    }

    #[expect(clippy::disallowed_methods, reason = "the clock that a plugin is handed")]
    fn now_ns(&self) -> i64 {
        let _inside = self.session.link.enter();
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_1970.as_nanos()).unwrap_or(i64::MAX)
    }

    fn random(&self, bytes: u32) -> RVec<u8> {
        let _inside = self.session.link.enter();
        let length = bytes.min(MOST_RANDOM_BYTES) as usize;
        let mut random = vec![0; length];
        match getrandom::fill(&mut random) {
            Ok(()) => RVec::from(random),
            // Shorter than asked for is how a plugin learns that there is none.
            Err(_no_randomness) => RVec::new(),
        }
    }
}
