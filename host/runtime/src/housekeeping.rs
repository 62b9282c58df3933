//! Recurring work beside the runs: saving values, expiring set points, sorting histories, finding
//! libraries.

use std::sync::Arc;
use std::time::Duration;

use riser_calendar::ZoneDatabase;
use riser_domain::{Clock, Timestamp, count_words};
use riser_store::{Store, StoreError};
use riser_worker_host::Launcher;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::clock_watch::ClockWatch;
use crate::connection_health::ConnectionHealth;
use crate::ews_servers::EwsServers;
use crate::items::ItemStore;
use crate::libraries::Libraries;
use crate::outbox::Outbox;
use crate::problems::Problems;
use crate::site_power::{self, SitePower};
use crate::store_failures::StoreFailures;
use crate::zone_problems::update_zone_data_problems;

/// Time between two savings of changed values. A power cut loses at most this, less than the promised 5 s.
const VALUES_SAVE_INTERVAL: Duration = Duration::from_secs(2);
/// Time between two checks for expired set points.
const EXPIRY_CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// Time between two attempts to use an EWS address in use.
const ADDRESS_RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// Time between two scans of the plugin directories.
const DIR_SCAN_INTERVAL: Duration = Duration::from_secs(2);
/// Time between two checks of the connections.
const HEALTH_INTERVAL: Duration = Duration::from_mins(1);
/// Time between two sortings of the journal into the histories, and two removals of old data.
const RETENTION_INTERVAL: Duration = Duration::from_hours(6);
/// Time between two comparisons of wall time with uptime. A correction is noticed within this time.
const CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// How long the journal keeps samples before they are sorted in.
const JOURNAL_KEPT: Duration = Duration::from_hours(6);
/// How long an item that vanished from its source is still served.
const VANISHED_KEPT: Duration = Duration::from_hours(24 * 30);
/// How long runs with their logs, and set points that ended, can be looked up.
const RECORDS_KEPT: Duration = Duration::from_hours(24 * 90);
/// How long a removed processor can be restored.
const REMOVED_PROCESSORS_KEPT: Duration = Duration::from_hours(24 * 30);
/// How long samples are kept. A BMS fetches them within days; the previous year is kept for comparison.
const SAMPLES_KEPT: Duration = Duration::from_hours(24 * 731);
/// Lines kept of one run: a long-running class may go on for years.
const LOG_LINES_KEPT: u32 = 20_000;

/// The recurring work and the parts it uses.
#[derive(Debug)]
pub(crate) struct Housekeeping {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) clock_watch: Arc<ClockWatch>,
    pub(crate) store: Store,
    pub(crate) failures: StoreFailures,
    pub(crate) items: Arc<ItemStore>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) libraries: Arc<Libraries>,
    pub(crate) launcher: Launcher,
    pub(crate) problems: Arc<Problems>,
    pub(crate) ews: Arc<EwsServers>,
    pub(crate) site_power: Arc<SitePower>,
    pub(crate) health: Arc<ConnectionHealth>,
}

impl Housekeeping {
    /// Starts the recurring work. It ends with the tasks.
    pub(crate) fn start(self: &Arc<Self>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        self.every(&mut tasks, ADDRESS_RETRY_INTERVAL, |it| async move {
            it.ews.align().await;
        });
        self.every(&mut tasks, CLOCK_CHECK_INTERVAL, |it| async move { it.watch_clock().await });
        self.every(&mut tasks, VALUES_SAVE_INTERVAL, |it| async move { it.save().await });
        self.every(&mut tasks, EXPIRY_CHECK_INTERVAL, |it| async move { it.expire_writes().await });
        self.every(&mut tasks, DIR_SCAN_INTERVAL, |it| async move { it.find_libraries().await });
        self.every(&mut tasks, site_power::SAMPLE_INTERVAL, |it| async move { it.record_power().await });
        self.every(&mut tasks, HEALTH_INTERVAL, |it| async move { it.health.check().await });
        self.every(&mut tasks, RETENTION_INTERVAL, |it| async move { it.tidy().await });
        tasks
    }

    fn every<Work>(
        self: &Arc<Self>,
        tasks: &mut JoinSet<()>,
        period: Duration,
        work: impl Fn(Arc<Self>) -> Work + Send + 'static,
    ) where
        Work: Future<Output = ()> + Send,
    {
        let this = Arc::clone(self);
        tasks.spawn(async move {
            let mut ticks = tokio::time::interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                work(Arc::clone(&this)).await;
            }
        });
    }

    /// Finds new and changed plugin libraries.
    pub(crate) async fn find_libraries(&self) {
        self.libraries.scan(&self.launcher, &self.problems).await;
    }

    /// Saves the values changed since the last time. Those that cannot be saved are tried again.
    pub(crate) async fn save(&self) {
        let unsaved = self.items.values.take_unsaved();
        if unsaved.is_empty() {
            return;
        }
        match self.store.save_last_values(&unsaved).await {
            Ok(()) => self.failures.clear(),
            Err(error) => {
                self.items.values.put_back_unsaved(&unsaved);
                self.failures.report("the last values could not be saved", &error);
            }
        }
    }

    async fn watch_clock(&self) {
        if self.clock_watch.check()
            && let Err(error) = self.outbox.follow_clock().await
        {
            self.failures.report("the ends of set points could not be stored", &error);
        }
        if let Err(error) = self.clock_watch.save().await {
            self.failures.report("the time could not be saved", &error);
        }
    }

    async fn record_power(&self) {
        if let Err(error) = self.site_power.record().await {
            self.failures.report("the power of the site could not be recorded", &error);
        }
    }

    async fn expire_writes(&self) {
        match self.outbox.expire().await {
            Ok(expired) => {
                for write in expired {
                    tracing::warn!(
                        ews_item.id = write.item.as_str(),
                        "the set point for {} expired before it was confirmed",
                        write.item
                    );
                }
            }
            Err(error) => self.failures.report("a set point could not be marked as expired", &error),
        }
    }

    async fn tidy(&self) {
        update_zone_data_problems(&self.problems, ZoneDatabase::current(), self.clock.now());
        let before = self.clock.now().minus(JOURNAL_KEPT);
        if let Err(error) = self.store.flush_journal(before).await {
            self.failures.report("the journal could not be sorted into the histories", &error);
        }
        // A change while Riser was not running, or a run that ended late, leaves some.
        if let Err(error) = self.store.remove_records_of_removed_items().await {
            self.failures.report("the values and samples of removed items could not be removed", &error);
        }
        if let Err(error) = self.store.trim_run_logs(LOG_LINES_KEPT).await {
            self.failures.report("the logs of runs could not be shortened", &error);
        }
        if self.clock_watch.may_remove()
            && let Err(error) = self.site_power.remove_old(self.clock.now()).await
        {
            self.failures.report("old samples of the power of the site could not be removed", &error);
        }
        match remove_old(&self.clock_watch, &self.items, &self.store, self.clock.now()).await {
            Ok(removed) if removed == Removed::default() => {}
            Ok(Removed { items, runs, writes, samples }) => tracing::info!(
                "removed as old: {}, {}, {}, {}",
                count_words(items, "vanished item"),
                count_words(runs, "run"),
                count_words(writes, "set point"),
                count_words(samples, "sample")
            ),
            Err(error) => {
                self.failures.report("old items, runs, set points and samples could not be removed", &error);
            }
        }
    }
}

/// The numbers of removed objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Removed {
    pub(crate) items: usize,
    pub(crate) runs: u64,
    pub(crate) writes: u64,
    pub(crate) samples: u64,
}

/// Removes what is old by the wall clock; nothing while that clock is implausible.
pub(crate) async fn remove_old(
    clock_watch: &ClockWatch,
    items: &ItemStore,
    store: &Store,
    now: Timestamp,
) -> Result<Removed, StoreError> {
    if !clock_watch.may_remove() {
        return Ok(Removed::default());
    }
    store.forget_removed_processors(now.minus(REMOVED_PROCESSORS_KEPT)).await?;
    Ok(Removed {
        items: items.remove_vanished(VANISHED_KEPT).await?,
        runs: store.remove_old_runs(now.minus(RECORDS_KEPT)).await?,
        writes: store.remove_old_writes(now.minus(RECORDS_KEPT)).await?,
        samples: store.remove_old_samples(now.minus(SAMPLES_KEPT)).await?,
    })
}

#[cfg(test)]
mod tests {
    use riser_domain::{
        Clock as _, HistorySample, LogLevel, RunState, RunTrigger, Value, ValueState, WriteState,
    };
    use riser_store::HistoryRange;

    use super::*;
    use crate::changes::Changes;
    use crate::testing::{Fixture, fixture};

    async fn record_run(fixture: &Fixture, state: RunState, lines: u32) -> riser_domain::RunId {
        let now = fixture.clock.now();
        let run = fixture.store.add_run(fixture.processor, &RunTrigger::Schedule(now), now).await.unwrap();
        let lines: Vec<_> = (0..lines).map(|number| (now, LogLevel::Info, number.to_string())).collect();
        fixture.store.record_run_log(run, &lines).await.unwrap();
        fixture.store.end_run(run, state, "", now).await.unwrap();
        run
    }

    #[tokio::test]
    async fn what_is_old_goes_and_what_is_still_needed_stays() {
        let fixture = fixture().await;
        let [a, _] = fixture.points;
        let history = fixture.items.server(fixture.owner.ews_server).find("t1.a/history").unwrap();
        let sample = |time| HistorySample { value: Value::Long(1), state: ValueState::Good, time };
        let succeeded = record_run(&fixture, RunState::Succeeded, 1).await;
        record_run(&fixture, RunState::Failed, 1).await;
        let old = fixture.clock.now();
        fixture.store.journal_samples(&[(history, sample(old))]).await.unwrap();
        fixture.store.flush_journal(old.plus(Duration::from_secs(1))).await.unwrap();
        for number in [2, 3] {
            let write = fixture.write([(a, number)]).await.remove(0);
            fixture.outbox.record_status(write.id, WriteState::Confirmed, "").await.unwrap();
        }
        fixture.clock.advance(SAMPLES_KEPT + Duration::from_secs(1));
        let recent = record_run(&fixture, RunState::Failed, LOG_LINES_KEPT + 5).await;
        fixture.store.journal_samples(&[(history, sample(fixture.clock.now()))]).await.unwrap();

        let problems = Arc::new(Problems::new(fixture.clock.clone(), Changes::new()));
        let watch = ClockWatch::load(fixture.store.clone(), fixture.clock.clone(), problems).await.unwrap();
        remove_old(&watch, &fixture.items, &fixture.store, fixture.clock.now()).await.unwrap();
        fixture.store.trim_run_logs(LOG_LINES_KEPT).await.unwrap();

        let runs = fixture.store.list_recent_runs(9).await.unwrap();
        assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [recent, succeeded]);
        let first = fixture.store.list_run_log(recent, 0, 1).await.unwrap().remove(0);
        assert_eq!(first.line, "5");
        let all = HistoryRange { from: Timestamp::EPOCH, to: fixture.clock.now(), after: None, limit: 9 };
        assert_eq!(fixture.store.read_history(history, all).await.unwrap(), [sample(fixture.clock.now())]);
        // The newest write explains the value of its point.
        let writes = fixture.store.latest_writes().await.unwrap();
        assert_eq!(writes.iter().map(|write| write.value.clone()).collect::<Vec<_>>(), [Value::Long(3)]);
        assert_eq!(fixture.store.remove_old_writes(fixture.clock.now()).await.unwrap(), 0);
    }
}
