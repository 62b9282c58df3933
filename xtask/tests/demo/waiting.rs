//! Waits for conditions.

use std::fmt::Debug;
use std::time::{Duration, Instant};

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Polls until the condition returns a value. Fails with the last observation after the limit.
#[track_caller]
pub(crate) fn until<T, Seen: Debug>(
    what: &str,
    limit: Duration,
    mut poll: impl FnMut() -> Result<T, Seen>,
) -> T {
    let deadline = Instant::now() + limit;
    loop {
        match poll() {
            Ok(found) => return found,
            Err(seen) => {
                assert!(Instant::now() < deadline, "{what} within {limit:?}; last observation: {seen:?}");
            }
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}
