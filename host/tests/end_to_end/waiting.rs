//! Waits for conditions.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// A generous limit, also for a busy machine.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// Polling interval.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Polls until the condition returns a value. The test fails with the last observation after the limit.
pub(crate) async fn until<T, Seen: Debug>(what: &str, mut poll: impl AsyncFnMut() -> Result<T, Seen>) -> T {
    let deadline = Instant::now() + LONGEST_WAIT;
    loop {
        match poll().await {
            Ok(found) => return found,
            Err(seen) => {
                assert!(Instant::now() < deadline, "{what} did not occur; last observation: {seen:?}");
            }
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
