//! What happens beside the runs: values are saved, set points expire, histories are sorted in, libraries are
//! looked for.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::ews_servers::EwsServers;
use crate::supervisor::Context;

/// Time between two savings of changed values: what a power cut may cost, below the promised 5 s.
const VALUES_SAVED_EVERY: Duration = Duration::from_secs(2);
/// Time between two looks for set points whose time ran out.
const WISHES_LOOKED_AT_EVERY: Duration = Duration::from_millis(500);
/// Time between two tries of an EWS address that was taken.
const ADDRESSES_TRIED_EVERY: Duration = Duration::from_secs(5);
/// Time between two looks into the plugin folders.
const FOLDERS_LOOKED_AT_EVERY: Duration = Duration::from_secs(2);
/// Time between two sortings of the journal into the histories.
const JOURNAL_SORTED_EVERY: Duration = Duration::from_hours(6);
/// How long the journal keeps samples before they are sorted in.
const JOURNAL_KEPT: Duration = Duration::from_hours(6);
/// How long an item that its source no longer has is still served.
const VANISHED_KEPT: Duration = Duration::from_hours(24 * 30);

/// Starts the recurring work.
pub(crate) fn start(context: &Arc<Context>, ews: &Arc<EwsServers>, tasks: &mut JoinSet<()>) {
    let ews = Arc::clone(ews);
    every(tasks, context, ADDRESSES_TRIED_EVERY, move |context| {
        let ews = Arc::clone(&ews);
        async move { ews.open_missing(&context).await }
    });
    every(tasks, context, VALUES_SAVED_EVERY, |context| async move { save(&context).await });
    every(tasks, context, WISHES_LOOKED_AT_EVERY, |context| async move { expire_wishes(&context).await });
    every(tasks, context, FOLDERS_LOOKED_AT_EVERY, |context| async move {
        context.libraries.scan(&context.launcher, &context.problems).await;
    });
    every(tasks, context, JOURNAL_SORTED_EVERY, |context| async move { tidy(&context).await });
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

async fn expire_wishes(context: &Context) {
    match context.outbox.expire().await {
        Ok(expired) => {
            for wish in expired {
                tracing::warn!(
                    ews_item.id = wish.item.as_str(),
                    "the set point for {} expired before it was confirmed",
                    wish.item
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
}
