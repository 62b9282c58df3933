//! The services that a plugin calls. Most of them send a frame to the host.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RErr, ROk, RSlice, RStr, RString, RVec};
use riser_domain::{LogLevel, PointHandle};
use riser_platform::return_free_memory;
use riser_plugin::abi::messages as contract;
use riser_plugin::abi::{
    HostServices, HostServices_TO, HostServicesBox, LogLevelCode, ReadingBatch, SampleBatch, ServiceError,
    ServiceResult,
};

use super::link::{CallError, OnStop};
use super::records::{log_text, readings, samples};
use super::session::WorkerSession;
use super::wakes::WaitError;
use riser_worker_protocol::codec::FrameError;
use riser_worker_protocol::frames::{Call, FromWorker, Reply};
use riser_worker_protocol::value_batch::ValueBatch;

/// Most random bytes in one reply.
const MOST_RANDOM_BYTES: u32 = 1 << 16;

/// A longer reply leaves memory behind that is worth returning.
const LARGE_REPLY_BYTES: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct Services {
    session: Arc<WorkerSession>,
    /// A large reply came since the plugin waited last.
    has_large_reply: AtomicBool,
}

impl Services {
    pub(crate) fn boxed(session: Arc<WorkerSession>) -> HostServicesBox {
        HostServices_TO::from_value(Self { session, has_large_reply: AtomicBool::new(false) }, TD_Opaque)
    }

    /// Calls the host. A refusal is an error.
    fn call_host(&self, call: Call, on_stop: OnStop) -> Result<Reply, ServiceError> {
        match self.session.link.call(call, on_stop) {
            Ok(Reply::Refused { code, what }) => Err(refused(&code, what)),
            Ok(reply) => Ok(reply),
            Err(CallError::Stop) => Err(ServiceError::Stop),
            Err(CallError::TooLong) => Err(refused(
                "too-long",
                "the call exceeds the size of one message: split it into several calls",
            )),
            Err(CallError::Lost) => Err(ServiceError::Lost),
        }
    }

    fn call_json(&self, request: &[u8]) -> Result<RVec<u8>, ServiceError> {
        let call: contract::Call =
            serde_json::from_slice(request).map_err(|error| refused("not-understood", error.to_string()))?;
        if let contract::Call::Notify(notice) = call {
            self.session.link.send(&FromWorker::Notice(notice)).map_err(|error| match error {
                FrameError::TooLong(_) => {
                    refused("too-long", "the notice exceeds the size of one message: shorten its text")
                }
                _ => ServiceError::Lost,
            })?;
            return json(&contract::Reply::Done);
        }
        let on_stop = if call.ends_with_run() { OnStop::Fail } else { OnStop::Proceed };
        match self.call_host(Call::Contract(call), on_stop)? {
            Reply::Contract(reply) => {
                let reply = json(&reply)?;
                if reply.len() > LARGE_REPLY_BYTES {
                    self.has_large_reply.store(true, Ordering::Relaxed);
                }
                Ok(reply)
            }
            Reply::Done => json(&contract::Reply::Done),
            _ => Err(refused("not-understood", "the host sent a reply to another call")),
        }
    }

    fn wait_for_wake(&self, duration_ns: u64) -> Result<RVec<u8>, ServiceError> {
        if self.has_large_reply.swap(false, Ordering::Relaxed) {
            return_free_memory();
        }
        let wake =
            self.session.wakes.wait(Duration::from_nanos(duration_ns)).map_err(|error| match error {
                WaitError::Stop => ServiceError::Stop,
                WaitError::SecondThread => refused("second-wait", "another thread of this run already waits"),
            })?;
        json(&wake)
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

    fn publish(&self, values: RSlice<'_, u8>) -> ServiceResult<()> {
        let _inside = self.session.link.enter();
        // The host checks them.
        let values = ValueBatch::from_packed(values.to_vec());
        reply(self.call_host(Call::Publish { values }, OnStop::Fail).map(drop))
    }

    fn record(&self, batch: SampleBatch<'_>) -> ServiceResult<()> {
        let _inside = self.session.link.enter();
        if str::from_utf8(batch.texts.as_str().as_bytes()).is_err() {
            return RErr(refused("invalid", "a text of the samples is not valid UTF-8"));
        }
        let samples = match samples(batch) {
            Ok(samples) => samples,
            Err(error) => return RErr(refused("invalid", error.to_string())),
        };
        reply(self.call_host(Call::Record { samples }, OnStop::Fail).map(drop))
    }

    fn latest(&self, handles: RSlice<'_, u32>) -> ServiceResult<ReadingBatch> {
        let _inside = self.session.link.enter();
        let points = handles.iter().copied().map(PointHandle).collect();
        match self.call_host(Call::Latest { points }, OnStop::Fail) {
            Ok(Reply::Latest(read)) => ROk(readings(read)),
            Ok(_) => RErr(refused("not-understood", "the host sent a reply to another call")),
            Err(error) => RErr(error),
        }
    }

    fn wait(&self, duration_ns: u64) -> ServiceResult<RVec<u8>> {
        let _inside = self.session.link.enter();
        reply(self.wait_for_wake(duration_ns))
    }

    fn log(&self, level: LogLevelCode, text: RStr<'_>) {
        let _inside = self.session.link.enter();
        let level = match level {
            0 => LogLevel::Debug,
            2 => LogLevel::Warn,
            3 => LogLevel::Error,
            _ => LogLevel::Info,
        };
        let _host_gone = self.session.link.send(&FromWorker::Log { level, text: log_text(text) });
    }

    fn is_stopping(&self) -> bool {
        let _inside = self.session.link.enter();
        self.session.link.is_stopping()
    }

    #[expect(clippy::disallowed_methods, reason = "the clock of the plugin contract")]
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
            // A reply shorter than requested reports the failure.
            Err(_no_randomness) => RVec::new(),
        }
    }
}
