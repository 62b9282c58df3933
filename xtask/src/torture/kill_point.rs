//! The points at which the host is killed.

use std::time::{Duration, Instant};

use anyhow::ensure;

use super::random::Random;
use super::site::Site;
use super::writers::Writers;
use crate::processes::Host;

/// Longest random time after the start of the clients.
const RANDOM_TIME: Duration = Duration::from_millis(700);
/// Longest random time after a point that was observed: most commits take less.
const AFTER_POINT: Duration = Duration::from_millis(15);
/// Longest random time after a request to stop.
const WHILE_STOPPING: Duration = Duration::from_millis(150);
/// A point that is not reached after this long has failed.
const POINT_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(1);
/// The host writes this before it commits a change of the command line.
const CHANGE_IN_LOG: &str = "change the configuration";

/// When the host is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KillPoint {
    AtRandomTime,
    WhileItStarts,
    AsSoonAsItListens,
    AfterItLogsAChange,
    AfterItsLogFileGrows,
    WhileAClientWaits,
    WhileItStops,
}

impl KillPoint {
    pub(super) const ALL: [Self; 7] = [
        Self::AtRandomTime,
        Self::WhileItStarts,
        Self::AsSoonAsItListens,
        Self::AfterItLogsAChange,
        Self::AfterItsLogFileGrows,
        Self::WhileAClientWaits,
        Self::WhileItStops,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::AtRandomTime => "at a random time",
            Self::WhileItStarts => "while it starts",
            Self::AsSoonAsItListens => "as soon as it listens",
            Self::AfterItLogsAChange => "0 to 15 ms after it logs a change",
            Self::AfterItsLogFileGrows => "as the write-ahead log of riser.db grows",
            Self::WhileAClientWaits => "0 to 15 ms after `riser apply` starts",
            Self::WhileItStops => "0 to 150 ms after SIGTERM",
        }
    }

    /// Waits for the point, while the clients work.
    pub(super) async fn wait(
        self,
        site: &Site,
        host: &Host,
        writers: &Writers,
        random: &mut Random,
    ) -> anyhow::Result<()> {
        match self {
            Self::AtRandomTime => tokio::time::sleep(random.up_to(RANDOM_TIME)).await,
            Self::WhileItStarts | Self::AsSoonAsItListens => {}
            Self::AfterItLogsAChange => {
                let before = site.count_in_log(CHANGE_IN_LOG)?;
                until("a change in the log", || Ok(site.count_in_log(CHANGE_IN_LOG)? > before)).await?;
                tokio::time::sleep(random.up_to(AFTER_POINT)).await;
            }
            Self::AfterItsLogFileGrows => {
                // Not at the first change, which may be that of the start.
                tokio::time::sleep(random.up_to(RANDOM_TIME)).await;
                let before = site.write_ahead_log_bytes();
                until("a growing file", || Ok(site.write_ahead_log_bytes() != before)).await?;
            }
            Self::WhileAClientWaits => {
                let before = writers.applies_started();
                until("`riser apply`", || Ok(writers.applies_started() > before)).await?;
                tokio::time::sleep(random.up_to(AFTER_POINT)).await;
            }
            Self::WhileItStops => {
                tokio::time::sleep(random.up_to(RANDOM_TIME)).await;
                host.ask_to_end();
                tokio::time::sleep(random.up_to(WHILE_STOPPING)).await;
            }
        }
        Ok(())
    }
}

async fn until(what: &str, is_reached: impl Fn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let begin = Instant::now();
    while !is_reached()? {
        ensure!(begin.elapsed() < POINT_TIMEOUT, "{what} did not occur");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    Ok(())
}
