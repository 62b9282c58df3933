use std::sync::LazyLock;
use std::time::Instant;

use riser_domain::{Clock, Timestamp, Uptime};

/// The first reading of uptime, early in the start of the process.
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The clocks of this machine: the one place of the host that reads them.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time is handed in from")]
    fn now(&self) -> Timestamp {
        let since_epoch =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_ms(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

    fn uptime(&self) -> Uptime {
        Uptime::from_start(STARTED.elapsed())
    }
}
