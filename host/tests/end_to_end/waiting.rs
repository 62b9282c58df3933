//! Waiting for what must become true.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Far longer than anything takes, also on a machine that does ten other things.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// Time between two looks.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Looks until the condition gives something; the test fails with the last look when it never does.
pub(crate) async fn until<T, Seen: Debug>(what: &str, mut look: impl AsyncFnMut() -> Result<T, Seen>) -> T {
    let deadline = Instant::now() + LONGEST_WAIT;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) => assert!(Instant::now() < deadline, "{what} never came true; last seen: {seen:?}"),
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
