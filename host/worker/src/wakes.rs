//! The queue of wakes that `wait` returns.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use riser_plugin::abi::messages::WakeMessage;

/// Why `wait` returned no wake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitError {
    /// The host has asked the run to stop.
    Stop,
    /// Another thread already waits.
    SecondThread,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<WakeMessage>,
    is_stopping: bool,
    has_waiter: bool,
}

/// Wakes in the order in which they arrived.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    state: Mutex<State>,
    changed: Condvar,
}

impl Wakes {
    pub(crate) fn push(&self, wake: WakeMessage) {
        self.state.lock().queue.push_back(wake);
        self.changed.notify_all();
    }

    pub(crate) fn stop(&self) {
        self.state.lock().is_stopping = true;
        self.changed.notify_all();
    }

    /// Waits for a wake, for `at_most` this long.
    pub(crate) fn wait(&self, at_most: Duration) -> Result<WakeMessage, WaitError> {
        let mut state = self.state.lock();
        if state.has_waiter {
            return Err(WaitError::SecondThread);
        }
        state.has_waiter = true;
        let must_wait = |state: &mut State| state.queue.is_empty() && !state.is_stopping;
        let _timeout = self.changed.wait_while_for(&mut state, must_wait, at_most);
        state.has_waiter = false;
        if state.is_stopping {
            return Err(WaitError::Stop);
        }
        Ok(state.queue.pop_front().unwrap_or(WakeMessage::Elapsed))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_hours(1);

    #[test]
    fn wakes_are_returned_in_order_and_a_wait_ends_after_its_time() {
        let wakes = Wakes::default();
        wakes.push(WakeMessage::SetPoints(Vec::new()));
        wakes.push(WakeMessage::TreeChanged);
        assert_eq!(wakes.wait(LONG), Ok(WakeMessage::SetPoints(Vec::new())));
        assert_eq!(wakes.wait(Duration::MAX), Ok(WakeMessage::TreeChanged));
        assert_eq!(wakes.wait(Duration::ZERO), Ok(WakeMessage::Elapsed));
    }

    #[test]
    fn a_second_waiting_thread_is_refused_and_a_stop_ends_the_first_wait() {
        let wakes = Arc::new(Wakes::default());
        let first = {
            let wakes = Arc::clone(&wakes);
            thread::spawn(move || wakes.wait(Duration::MAX))
        };
        while !wakes.state.lock().has_waiter {
            thread::yield_now();
        }
        assert_eq!(wakes.wait(LONG), Err(WaitError::SecondThread));
        wakes.stop();
        assert_eq!(first.join().unwrap(), Err(WaitError::Stop));
        assert_eq!(wakes.wait(LONG), Err(WaitError::Stop));
    }
}
