//! What `wait` waits for.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use riser_plugin::abi::messages::WakeMessage;

use super::link::lock;

/// Why `wait` gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitError {
    /// The run is to end.
    Stop,
    /// Another thread waits already.
    SecondThread,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<WakeMessage>,
    is_stopping: bool,
    is_waited_for: bool,
}

/// Wakes in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    state: Mutex<State>,
    changed: Condvar,
}

impl Wakes {
    pub(crate) fn push(&self, wake: WakeMessage) {
        lock(&self.state).queue.push_back(wake);
        self.changed.notify_all();
    }

    pub(crate) fn stop(&self) {
        lock(&self.state).is_stopping = true;
        self.changed.notify_all();
    }

    /// Waits for a wake, at most as long as given.
    pub(crate) fn wait(&self, at_most: Duration) -> Result<WakeMessage, WaitError> {
        let mut state = lock(&self.state);
        if state.is_waited_for {
            return Err(WaitError::SecondThread);
        }
        state.is_waited_for = true;
        let (mut state, _timeout) = self
            .changed
            .wait_timeout_while(state, at_most, |state| state.queue.is_empty() && !state.is_stopping)
            .unwrap_or_else(PoisonError::into_inner);
        state.is_waited_for = false;
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
    fn wakes_come_in_order_and_time_ends_a_wait() {
        let wakes = Wakes::default();
        wakes.push(WakeMessage::SetPoints(Vec::new()));
        wakes.push(WakeMessage::TreeChanged);
        assert_eq!(wakes.wait(LONG), Ok(WakeMessage::SetPoints(Vec::new())));
        assert_eq!(wakes.wait(Duration::MAX), Ok(WakeMessage::TreeChanged));
        assert_eq!(wakes.wait(Duration::ZERO), Ok(WakeMessage::Elapsed));
    }

    #[test]
    fn a_second_thread_may_not_wait_and_a_stop_ends_the_first_ones_wait() {
        let wakes = Arc::new(Wakes::default());
        let first = {
            let wakes = Arc::clone(&wakes);
            thread::spawn(move || wakes.wait(Duration::MAX))
        };
        while !lock(&wakes.state).is_waited_for {
            thread::yield_now();
        }
        assert_eq!(wakes.wait(LONG), Err(WaitError::SecondThread));
        wakes.stop();
        assert_eq!(first.join().unwrap(), Err(WaitError::Stop));
        assert_eq!(wakes.wait(LONG), Err(WaitError::Stop));
    }
}
