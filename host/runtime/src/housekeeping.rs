//! What happens beside the runs: values are saved, set points expire, histories are sorted in, libraries are
//! looked for.

use std::sync::Arc;
use std::time::Duration;

use riser_domain::Timestamp;
use riser_store::{Store, StoreError};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::ews_servers::EwsServers;
use crate::supervisor::Context;

/// Time between two savings of changed values: what a power cut may cost, below the promised 5 s.
const VALUES_SAVE_INTERVAL: Duration = Duration::from_secs(2);
/// Time between two looks for set points whose time ran out.
const EXPIRY_CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// Time between two tries of an EWS address that was taken.
const ADDRESS_RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// Time between two looks into the plugin directories.
const DIR_SCAN_INTERVAL: Duration = Duration::from_secs(2);
/// Time between two sortings of the journal into the histories, and two removals of what is old.
const RETENTION_INTERVAL: Duration = Duration::from_hours(6);
/// How long the journal keeps samples before they are sorted in.
const JOURNAL_KEPT: Duration = Duration::from_hours(6);
/// How long an item that its source no longer has is still served.
const VANISHED_KEPT: Duration = Duration::from_hours(24 * 30);
/// How long runs with their logs, and set points that ended, can be looked up.
const RECORDS_KEPT: Duration = Duration::from_hours(24 * 90);
/// How long samples are kept: a BMS fetches them within days; the year before is there to compare with.
const SAMPLES_KEPT: Duration = Duration::from_hours(24 * 731);
/// Lines kept of one run: a long-running class may go on for years.
const LOG_LINES_KEPT: u32 = 20_000;

/// Starts the recurring work.
pub(crate) fn start(context: &Arc<Context>, ews: &Arc<EwsServers>, tasks: &mut JoinSet<()>) {
    let ews = Arc::clone(ews);
    every(tasks, context, ADDRESS_RETRY_INTERVAL, move |context| {
        let ews = Arc::clone(&ews);
        async move { ews.open_missing(&context).await }
    });
    every(tasks, context, VALUES_SAVE_INTERVAL, |context| async move { save(&context).await });
    every(tasks, context, EXPIRY_CHECK_INTERVAL, |context| async move { expire_writes(&context).await });
    every(tasks, context, DIR_SCAN_INTERVAL, |context| async move {
        context.libraries.scan(&context.launcher, &context.problems).await;
    });
    every(tasks, context, RETENTION_INTERVAL, |context| async move { tidy(&context).await });
}

fn every<Work>(
    tasks: &mut JoinSet<()>,
    context: &Arc<Context>,
    period: Duration,
    work: impl Fn(Arc<Context>) -> Work + Send + 'static,
) where
    Work: Future<Output = ()> + Send,
{
    let context = Arc::clone(context);
    tasks.spawn(async move {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            work(Arc::clone(&context)).await;
        }
    });
}

/// Saves the values changed since the last time; those that cannot be saved are tried again.
pub(crate) async fn save(context: &Context) {
    let unsaved = context.items.values.take_unsaved();
    if unsaved.is_empty() {
        return;
    }
    match context.store.save_last_values(&unsaved).await {
        Ok(()) => context.problems.clear(None, "store-failed"),
        Err(error) => {
            context.items.values.put_back_unsaved(&unsaved);
            context.report_store_failure("the last values could not be saved", &error);
        }
    }
}

async fn expire_writes(context: &Context) {
    match context.outbox.expire().await {
        Ok(expired) => {
            for write in expired {
                tracing::warn!(
                    ews_item.id = write.item.as_str(),
                    "the set point for {} expired before it was confirmed",
                    write.item
                );
            }
        }
        Err(error) => context.report_store_failure("a set point could not be marked as expired", &error),
    }
}

async fn tidy(context: &Context) {
    let before = context.clock.now().minus(JOURNAL_KEPT);
    if let Err(error) = context.store.flush_journal(before).await {
        context.report_store_failure("the journal could not be sorted into the histories", &error);
    }
    match context.items.remove_vanished(VANISHED_KEPT).await {
        Ok(0) => {}
        Ok(count) => tracing::info!("{count} items that were gone for 30 days were removed"),
        Err(error) => context.report_store_failure("items that are gone could not be removed", &error),
    }
    if let Err(error) = forget_old(&context.store, context.clock.now()).await {
        context.report_store_failure("old runs, set points and samples could not be removed", &error);
    }
}

async fn forget_old(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let runs = store.remove_old_runs(now.minus(RECORDS_KEPT)).await?;
    let writes = store.remove_old_writes(now.minus(RECORDS_KEPT)).await?;
    let samples = store.remove_old_samples(now.minus(SAMPLES_KEPT)).await?;
    let lines = store.trim_run_logs(LOG_LINES_KEPT).await?;
    if runs + writes + samples + lines > 0 {
        tracing::info!(
            "removed as old: {runs} runs, {writes} set points, {samples} samples, {lines} lines of run logs"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use riser_domain::{
        Clock as _, HistorySample, LogLevel, RunState, RunTrigger, Value, ValueState, WriteState,
    };
    use riser_store::HistoryRange;

    use super::*;
    use crate::testing::{Fixture, fixture};

    async fn record_run(fixture: &Fixture, state: RunState, lines: u32) -> riser_domain::RunId {
        let now = fixture.clock.now();
        let run = fixture.store.add_run(fixture.processor, &RunTrigger::Schedule, now).await.unwrap();
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
            fixture.outbox.receipt(write.id, WriteState::Confirmed, "").await.unwrap();
        }
        fixture.clock.advance(SAMPLES_KEPT + Duration::from_secs(1));
        let recent = record_run(&fixture, RunState::Failed, LOG_LINES_KEPT + 5).await;
        fixture.store.journal_samples(&[(history, sample(fixture.clock.now()))]).await.unwrap();

        forget_old(&fixture.store, fixture.clock.now()).await.unwrap();

        let runs = fixture.store.list_recent_runs(9).await.unwrap();
        assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [recent, succeeded]);
        let first = fixture.store.list_run_log(recent, 0, 1).await.unwrap().remove(0);
        assert_eq!(first.line, "5");
        let all = HistoryRange { from: Timestamp::EPOCH, to: fixture.clock.now(), after: None, limit: 9 };
        assert_eq!(fixture.store.read_history(history, all).await.unwrap(), [sample(fixture.clock.now())]);
        // The newest write says how the point came to its value.
        let writes = fixture.store.latest_writes().await.unwrap();
        assert_eq!(writes.iter().map(|write| write.value.clone()).collect::<Vec<_>>(), [Value::Long(3)]);
        assert_eq!(fixture.store.remove_old_writes(fixture.clock.now()).await.unwrap(), 0);
    }
}
