//! The worker's end of the socket: frames out from any thread, calls that wait for their reply.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

use riser_platform::Channel;

use riser_worker_protocol::codec::{FrameError, encode};
use riser_worker_protocol::frames::{Call, FromWorker, Reply};

/// Why a call has no reply.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The run is to end.
    Stop,
    /// The call is larger than a frame may be.
    TooLong,
    /// The host is gone; this process ends any moment.
    Lost,
}

/// Whether a call is still made, and still waited for, once the run is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtStop {
    /// It returns "stop".
    Ends,
    /// It is how a plugin leaves things in order.
    GoesOn,
}

#[derive(Debug)]
struct Waiting {
    at_stop: AtStop,
    slot: SyncSender<Reply>,
}

#[derive(Debug, Default)]
struct Calls {
    is_stopping: bool,
    waiting: BTreeMap<u32, Waiting>,
}

/// The worker's end of the socket. Shared by all threads.
#[derive(Debug)]
pub(crate) struct Link {
    channel: Mutex<Channel>,
    calls: Mutex<Calls>,
    last_request: AtomicU32,
    signs_of_life: AtomicU64,
    inside_calls: AtomicU32,
}

impl Link {
    pub(crate) fn new(channel: Channel) -> Self {
        Self {
            channel: Mutex::new(channel),
            calls: Mutex::default(),
            last_request: AtomicU32::new(0),
            signs_of_life: AtomicU64::new(0),
            inside_calls: AtomicU32::new(0),
        }
    }

    /// Sends a frame whole. Waits while the host takes nothing.
    pub(crate) fn send(&self, frame: &FromWorker) -> Result<(), FrameError> {
        let bytes = encode(frame)?;
        Ok(lock(&self.channel).write_all(&bytes)?)
    }

    /// Marks the time plugin code spends inside a service.
    pub(crate) fn enter(&self) -> InsideACall<'_> {
        self.signs_of_life.fetch_add(1, Ordering::Relaxed);
        self.inside_calls.fetch_add(1, Ordering::Relaxed);
        InsideACall(self)
    }

    /// What a heartbeat says of the plugin.
    pub(crate) fn heartbeat(&self, resident_bytes: u64) -> FromWorker {
        FromWorker::Heartbeat {
            resident_bytes,
            signs_of_life: self.signs_of_life.load(Ordering::Relaxed),
            is_inside_a_call: self.inside_calls.load(Ordering::Relaxed) > 0,
        }
    }

    /// Calls the host and waits for its reply.
    pub(crate) fn call(&self, call: Call, at_stop: AtStop) -> Result<Reply, CallError> {
        let request = self.last_request.fetch_add(1, Ordering::Relaxed);
        let (slot, reply) = sync_channel(1);
        {
            let mut calls = lock(&self.calls);
            if calls.is_stopping && at_stop == AtStop::Ends {
                return Err(CallError::Stop);
            }
            calls.waiting.insert(request, Waiting { at_stop, slot });
        }
        if let Err(error) = self.send(&FromWorker::Call { request, call }) {
            lock(&self.calls).waiting.remove(&request);
            return Err(match error {
                FrameError::TooLong(_) => CallError::TooLong,
                _ => CallError::Lost,
            });
        }
        // The slot is dropped without a reply only when the run is to end.
        reply.recv().map_err(|_dropped| CallError::Stop)
    }

    /// Hands a reply to the thread that waits for it.
    pub(crate) fn reply(&self, request: u32, reply: Reply) {
        if let Some(waiting) = lock(&self.calls).waiting.remove(&request) {
            // The slot has room for the one reply there is.
            let _received = waiting.slot.try_send(reply);
        }
    }

    /// From now on calls return "stop", also those that wait already.
    pub(crate) fn stop(&self) {
        let mut calls = lock(&self.calls);
        calls.is_stopping = true;
        calls.waiting.retain(|_, waiting| waiting.at_stop == AtStop::GoesOn);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        lock(&self.calls).is_stopping
    }
}

/// Plugin code is inside a service until this is dropped.
pub(crate) struct InsideACall<'link>(&'link Link);

impl Drop for InsideACall<'_> {
    fn drop(&mut self) {
        self.0.inside_calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Nothing that is done under these locks can panic halfway.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn answers_find_the_threads_that_wait_for_them_in_any_order() {
        let (link, mut host) = pair();
        let caller = |key: &'static str| {
            let link = Arc::clone(&link);
            thread::spawn(move || {
                link.call(Call::Contract(contract::Call::StateGet { key: key.to_owned() }), AtStop::GoesOn)
            })
        };
        let first = caller("first");
        let first_request = request_number(&mut host);
        let second = caller("second");
        let second_request = request_number(&mut host);
        let state = |value: &str| Reply::Contract(contract::Reply::State(Some(value.to_owned())));
        link.reply(second_request, state("two"));
        link.reply(first_request, state("one"));
        let answered = |caller: thread::JoinHandle<Result<Reply, CallError>>, value: &str| {
            let expected = contract::Reply::State(Some(value.to_owned()));
            matches!(caller.join().unwrap(), Ok(Reply::Contract(reply)) if reply == expected)
        };
        assert!(answered(first, "one"));
        assert!(answered(second, "two"));
    }

    #[test]
    fn a_stop_releases_those_that_wait_but_lets_a_plugin_leave_in_order() {
        let (link, mut host) = pair();
        let waiting = {
            let link = Arc::clone(&link);
            thread::spawn(move || link.call(Call::Publish { values: ValueBatch::default() }, AtStop::Ends))
        };
        request_number(&mut host);
        link.stop();
        assert!(matches!(waiting.join().unwrap(), Err(CallError::Stop)));
        assert!(matches!(
            link.call(Call::Contract(contract::Call::Points), AtStop::Ends),
            Err(CallError::Stop)
        ));
        let leaving = {
            let link = Arc::clone(&link);
            thread::spawn(move || {
                link.call(Call::Contract(contract::Call::StateRemove { key: "x".to_owned() }), AtStop::GoesOn)
            })
        };
        link.reply(request_number(&mut host), Reply::Done);
        assert!(matches!(leaving.join().unwrap(), Ok(Reply::Done)));
    }

    #[test]
    fn a_heartbeat_tells_whether_the_plugin_is_inside_a_call() {
        let (link, _host) = pair();
        let inside = link.enter();
        assert!(matches!(
            link.heartbeat(5),
            FromWorker::Heartbeat { resident_bytes: 5, signs_of_life: 1, is_inside_a_call: true }
        ));
        drop(inside);
        assert!(matches!(
            link.heartbeat(5),
            FromWorker::Heartbeat { signs_of_life: 1, is_inside_a_call: false, .. }
        ));
    }
}
