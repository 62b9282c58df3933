//! The tab of the runs that are under way.

use std::time::Duration;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::State;
use axum::response::IntoResponse;
use riser_runtime::{ProcessorStatus, WorkerStatus};

use super::{Frame, Tab, layout};
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{Icon, StateMark, progress_words};
use crate::sessions::Viewer;
use crate::state::PortalState;
use crate::wall_time::{Age, WallTime, duration_words};

const MIB: u64 = 1024 * 1024;

#[derive(Clone, Debug, Template)]
#[template(path = "pages/status/processor_threads.html")]
pub(crate) struct ProcessorThreadsPage {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) threads: ThreadRows,
}

/// The workers: the rows of a table.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/thread_rows.html")]
pub(crate) struct ThreadRows {
    pub(crate) rows: Vec<ThreadRow>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ThreadRow {
    pub(crate) number: usize,
    pub(crate) processor: i64,
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) run: i64,
    pub(crate) mark: StateMark,
    pub(crate) step: String,
    pub(crate) elapsed: Age,
    pub(crate) last_heartbeat: Option<Age>,
    pub(crate) process_id: u32,
    /// In MiB; `None` before the first heartbeat.
    pub(crate) memory: Option<String>,
    pub(crate) processor_time: Option<String>,
}

impl HtmlSafe for ThreadRows {}

/// `GET /status`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
) -> Page<ProcessorThreadsPage> {
    Page(ProcessorThreadsPage {
        frame: Tab::ProcessorThreads.frame(),
        threads: ThreadRows::of(&portal, &portal.times_of_page()),
        layout: layout(&portal, signed_in),
    })
}

/// `GET /events/status`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
) -> Result<impl IntoResponse, PageError> {
    live::follow(portal, &signed_in, Box::new(LiveThreads))
}

struct LiveThreads;

impl LivePage for LiveThreads {
    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        if update.system().is_some() {
            parts.add("threads", &ThreadRows::of(update.portal, &update.times));
        }
        Ok(())
    }
}

impl ThreadRows {
    fn of(portal: &PortalState, times: &WallTime) -> Self {
        Self::new(&portal.runtime().workers(), &portal.runtime().processors(), times)
    }

    pub(crate) fn new(workers: &[WorkerStatus], processors: &[ProcessorStatus], times: &WallTime) -> Self {
        let rows = workers.iter().enumerate().filter_map(|(index, worker)| {
            let processor = processors.iter().find(|it| it.configuration == worker.configuration)?;
            Some(ThreadRow::new(index + 1, worker, processor, times))
        });
        Self { rows: rows.collect() }
    }
}

impl ThreadRow {
    fn new(number: usize, worker: &WorkerStatus, processor: &ProcessorStatus, times: &WallTime) -> Self {
        let lasted = times.now().since(worker.since);
        Self {
            number,
            processor: worker.configuration.0,
            name: processor.name.clone(),
            class: processor.class.to_string(),
            run: worker.run.0,
            mark: StateMark::new("run", Icon::Running, "Running"),
            step: processor.progress.as_ref().map(progress_words).unwrap_or_default(),
            elapsed: times.age(worker.since),
            last_heartbeat: worker.last_heartbeat_at.map(|at| times.age(at)),
            process_id: worker.process_id,
            memory: (worker.resident_bytes > 0).then(|| mib_words(worker.resident_bytes)),
            processor_time: worker.processor_time.map(|used| processor_time_words(used, lasted)),
        }
    }
}

fn mib_words(bytes: u64) -> String {
    format!("{}.{}", bytes / MIB, bytes % MIB * 10 / MIB)
}

/// Returns the processor time, with its share of the time since the start: `12 s, 0.4 %`.
fn processor_time_words(used: Duration, lasted: Duration) -> String {
    let tenths = used.as_millis().saturating_mul(1_000) / lasted.as_millis().max(1);
    format!("{}, {}.{} %", duration_words(used), tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_shown_with_its_share() {
        let words =
            |used, lasted| processor_time_words(Duration::from_secs(used), Duration::from_secs(lasted));
        assert_eq!(words(12, 3_000), "12 s, 0.4 %");
        assert_eq!(words(150, 100), "2 min, 150.0 %");
        assert_eq!(mib_words(24 * MIB + MIB / 2), "24.5");
    }
}
