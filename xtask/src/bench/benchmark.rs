//! The benchmarks.

use super::lines::{
    apply_to_effect, damaged_start, event_to_pixel, first_batch, first_page, get_values, misbehaving,
    overview, pages, plugin_to_ews, poll_cycle, resident, schedule_times, schedules_idle, set_point,
    year_chart,
};
use super::measurement::Measurement;
use super::programs::Programs;

/// A benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Benchmark {
    GetValues,
    PluginToEws,
    SetPoint,
    FirstBatch,
    FirstBatchOfMany,
    FirstPage,
    DamagedStart,
    ResidentHost,
    ResidentWorker,
    PollCycle,
    ApplyToEffect,
    GapDuringApply,
    ScheduleTimes,
    SchedulesIdle,
    MisbehavingSlot,
    MisbehavingGap,
    MisbehavingP99,
    PageTime,
    PageWeight,
    Overview,
    EventToPixel,
    YearChart,
    MisbehavingFloor,
}

impl Benchmark {
    pub(super) const ALL: [Self; 23] = [
        Self::GetValues,
        Self::PluginToEws,
        Self::SetPoint,
        Self::FirstBatch,
        Self::FirstBatchOfMany,
        Self::FirstPage,
        Self::DamagedStart,
        Self::ResidentHost,
        Self::ResidentWorker,
        Self::PollCycle,
        Self::ApplyToEffect,
        Self::GapDuringApply,
        Self::ScheduleTimes,
        Self::SchedulesIdle,
        Self::MisbehavingSlot,
        Self::MisbehavingGap,
        Self::MisbehavingP99,
        Self::PageTime,
        Self::PageWeight,
        Self::Overview,
        Self::EventToPixel,
        Self::YearChart,
        Self::MisbehavingFloor,
    ];

    /// The name in output and filters.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::GetValues => "GetValues 1,000 ids",
            Self::PluginToEws => "plugin to EWS, 10,000 values",
            Self::SetPoint => "set point to controller",
            Self::FirstBatch => "worker spawn to first batch",
            Self::FirstBatchOfMany => "worker start, 10,000 points",
            Self::FirstPage => "start to first page",
            Self::DamagedStart => "start on damaged data to page",
            Self::ResidentHost => "resident host",
            Self::ResidentWorker => "resident EVCE worker",
            Self::PollCycle => "poll cycle, 1,000 stations",
            Self::ApplyToEffect => "apply to effect",
            Self::GapDuringApply => "apply to effect, longest gap",
            Self::ScheduleTimes => "schedule, 1,000 times",
            Self::SchedulesIdle => "idle, 10,000 schedules",
            Self::MisbehavingSlot => "misbehaving, worst time to a free slot",
            Self::MisbehavingGap => "misbehaving, longest gap between polls",
            Self::MisbehavingP99 => "misbehaving, GetValues p99",
            Self::PageTime => "pages, 5,000 items, slowest",
            Self::PageWeight => "pages, 5,000 items, heaviest",
            Self::Overview => "overview page",
            Self::EventToPixel => "event to pixel, 20 streams",
            Self::YearChart => "chart of a year",
            Self::MisbehavingFloor => "misbehaving, p99 beside plain loops",
        }
    }

    pub(super) fn names() -> String {
        Self::ALL.map(|benchmark| format!("\"{}\"", benchmark.as_str())).join(", ")
    }

    pub(super) async fn measure(self, programs: &Programs) -> anyhow::Result<Measurement> {
        let name = self.as_str();
        match self {
            Self::GetValues => get_values::measure(name, programs).await,
            Self::PluginToEws => plugin_to_ews::measure(name, programs).await,
            Self::SetPoint => set_point::measure(name, programs).await,
            Self::FirstBatch => first_batch::measure(name, programs),
            Self::FirstBatchOfMany => first_batch::measure_large(name, programs),
            Self::FirstPage => first_page::measure(name, programs).await,
            Self::DamagedStart => damaged_start::measure(name, programs).await,
            Self::ResidentHost => resident::measure_host(name, programs).await,
            Self::ResidentWorker => resident::measure_worker(name, programs).await,
            Self::PollCycle => poll_cycle::measure(name, programs).await,
            Self::ApplyToEffect => apply_to_effect::measure(name, programs).await,
            Self::GapDuringApply => apply_to_effect::measure_gap(name, programs).await,
            Self::ScheduleTimes => schedule_times::measure(name, programs),
            Self::SchedulesIdle => schedules_idle::measure(name, programs).await,
            Self::MisbehavingSlot => misbehaving::measure_slot(name, programs).await,
            Self::MisbehavingGap => misbehaving::measure_gap(name, programs).await,
            Self::MisbehavingP99 => misbehaving::measure_p99(name, programs).await,
            Self::PageTime => pages::measure_time(name, programs).await,
            Self::PageWeight => pages::measure_weight(name, programs).await,
            Self::Overview => overview::measure(name, programs).await,
            Self::EventToPixel => event_to_pixel::measure(name, programs).await,
            Self::YearChart => year_chart::measure(name, programs).await,
            Self::MisbehavingFloor => misbehaving::measure_floor(name, programs).await,
        }
    }
}
