//! Moments in words.

use std::time::SystemTime;

use chrono::{DateTime, Utc};

/// Returns a moment to the minute: `2026-01-05 06:15 UTC`.
pub(crate) fn to_the_minute(moment: SystemTime) -> String {
    DateTime::<Utc>::from(moment).format("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_moment_is_shown_in_utc() {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_593_715);
        assert_eq!(to_the_minute(moment), "2026-01-05 06:15 UTC");
    }
}
