//! The worker's end of the socket. Any thread may send frames and make calls that wait for their reply.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use parking_lot::Mutex;
use riser_platform::{Channel, Usage};

use riser_worker_protocol::codec::{FrameError, encode};
use riser_worker_protocol::frames::{Call, FromWorker, Reply};

/// Why a call has no reply.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The host has asked the run to stop.
    Stop,
    /// The call exceeds the size of a frame.
    TooLong,
    /// The host is gone; this process is about to end.
    Lost,
}

/// Behaviour of a call once the host has asked the run to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnStop {
    /// The call fails with [`CallError::Stop`].
    Fail,
    /// The call proceeds, so that a plugin can clean up.
    Proceed,
}

#[derive(Debug)]
struct PendingCall {
    on_stop: OnStop,
    slot: SyncSender<Reply>,
}

#[derive(Debug, Default)]
struct Calls {
    is_stopping: bool,
    pending: BTreeMap<u32, PendingCall>,
}

#[derive(Debug)]
pub(crate) struct Link {
    channel: Mutex<Channel>,
    calls: Mutex<Calls>,
    last_request: AtomicU32,
    signs_of_life: AtomicU64,
    open_calls: AtomicU32,
}

impl Link {
    pub(crate) fn new(channel: Channel) -> Self {
        Self {
            channel: Mutex::new(channel),
            calls: Mutex::default(),
            last_request: AtomicU32::new(0),
            signs_of_life: AtomicU64::new(0),
            open_calls: AtomicU32::new(0),
        }
    }

    /// Sends a complete frame. Blocks while the host does not read.
    pub(crate) fn send(&self, frame: &FromWorker) -> Result<(), FrameError> {
        let bytes = encode(frame)?;
        Ok(self.channel.lock().write_all(&bytes)?)
    }

    /// Marks plugin code as inside a service until the guard is dropped.
    pub(crate) fn enter(&self) -> CallGuard<'_> {
        self.signs_of_life.fetch_add(1, Ordering::Relaxed);
        self.open_calls.fetch_add(1, Ordering::Relaxed);
        CallGuard(self)
    }

    pub(crate) fn heartbeat(&self, usage: Usage) -> FromWorker {
        FromWorker::Heartbeat {
            resident_bytes: usage.resident_bytes,
            threads: usage.threads,
            signs_of_life: self.signs_of_life.load(Ordering::Relaxed),
            is_inside_a_call: self.open_calls.load(Ordering::Relaxed) > 0,
        }
    }

    /// Calls the host and waits for its reply.
    pub(crate) fn call(&self, call: Call, on_stop: OnStop) -> Result<Reply, CallError> {
        let request = self.last_request.fetch_add(1, Ordering::Relaxed);
        let (slot, reply) = sync_channel(1);
        {
            let mut calls = self.calls.lock();
            if calls.is_stopping && on_stop == OnStop::Fail {
                return Err(CallError::Stop);
            }
            calls.pending.insert(request, PendingCall { on_stop, slot });
        }
        if let Err(error) = self.send(&FromWorker::Call { request, call }) {
            self.calls.lock().pending.remove(&request);
            return Err(match error {
                FrameError::TooLong(_) => CallError::TooLong,
                _ => CallError::Lost,
            });
        }
        // Only `stop` drops the slot without a reply.
        reply.recv().map_err(|_dropped| CallError::Stop)
    }

    /// Passes a reply to the thread that waits for it.
    pub(crate) fn reply(&self, request: u32, reply: Reply) {
        if let Some(call) = self.calls.lock().pending.remove(&request) {
            let _caller_gone = call.slot.try_send(reply);
        }
    }

    /// Makes calls fail with [`CallError::Stop`], including those that already wait.
    pub(crate) fn stop(&self) {
        let mut calls = self.calls.lock();
        calls.is_stopping = true;
        calls.pending.retain(|_, call| call.on_stop == OnStop::Proceed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.calls.lock().is_stopping
    }
}

pub(crate) struct CallGuard<'link>(&'link Link);

impl Drop for CallGuard<'_> {
    fn drop(&mut self) {
        self.0.open_calls.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use riser_plugin::abi::messages as contract;

    use super::*;
    use riser_worker_protocol::codec::read_blocking;
    use riser_worker_protocol::value_batch::ValueBatch;

    fn pair() -> (Arc<Link>, Channel) {
        let (worker, host) = Channel::pair().unwrap();
        (Arc::new(Link::new(worker)), host)
    }

    fn request_number(host: &mut Channel) -> u32 {
        match read_blocking(host).unwrap().unwrap() {
            FromWorker::Call { request, .. } => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn replies_in_any_order_reach_the_threads_that_wait_for_them() {
        let (link, mut host) = pair();
        let caller = |key: &'static str| {
            let link = Arc::clone(&link);
            thread::spawn(move || {
                link.call(Call::Contract(contract::Call::StateGet { key: key.to_owned() }), OnStop::Proceed)
            })
        };
        let first = caller("first");
        let first_request = request_number(&mut host);
        let second = caller("second");
        let second_request = request_number(&mut host);
        let state = |value: &str| Reply::Contract(contract::Reply::State(Some(value.to_owned())));
        link.reply(second_request, state("two"));
        link.reply(first_request, state("one"));
        let received = |caller: thread::JoinHandle<Result<Reply, CallError>>, value: &str| {
            let expected = contract::Reply::State(Some(value.to_owned()));
            matches!(caller.join().unwrap(), Ok(Reply::Contract(reply)) if reply == expected)
        };
        assert!(received(first, "one"));
        assert!(received(second, "two"));
    }

    #[test]
    fn a_stop_fails_waiting_calls_but_lets_a_plugin_clean_up() {
        let (link, mut host) = pair();
        let waiting = {
            let link = Arc::clone(&link);
            thread::spawn(move || link.call(Call::Publish { values: ValueBatch::default() }, OnStop::Fail))
        };
        request_number(&mut host);
        link.stop();
        assert!(matches!(waiting.join().unwrap(), Err(CallError::Stop)));
        assert!(matches!(
            link.call(Call::Contract(contract::Call::Points), OnStop::Fail),
            Err(CallError::Stop)
        ));
        let cleanup = {
            let link = Arc::clone(&link);
            thread::spawn(move || {
                link.call(
                    Call::Contract(contract::Call::StateRemove { key: "x".to_owned() }),
                    OnStop::Proceed,
                )
            })
        };
        link.reply(request_number(&mut host), Reply::Done);
        assert!(matches!(cleanup.join().unwrap(), Ok(Reply::Done)));
    }

    #[test]
    fn a_heartbeat_reports_whether_the_plugin_is_inside_a_call() {
        let (link, _host) = pair();
        let inside = link.enter();
        let usage = Usage { resident_bytes: 5, threads: 4 };
        assert!(matches!(
            link.heartbeat(usage),
            FromWorker::Heartbeat { resident_bytes: 5, threads: 4, signs_of_life: 1, is_inside_a_call: true }
        ));
        drop(inside);
        assert!(matches!(
            link.heartbeat(usage),
            FromWorker::Heartbeat { signs_of_life: 1, is_inside_a_call: false, .. }
        ));
    }
}
