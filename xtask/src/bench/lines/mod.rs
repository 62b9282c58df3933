//! One file per benchmark, except two that share their setup.

pub(super) mod apply_to_effect;
pub(super) mod damaged_start;
pub(super) mod event_to_pixel;
pub(super) mod first_batch;
pub(super) mod first_page;
pub(super) mod get_values;
pub(super) mod misbehaving;
pub(super) mod overview;
pub(super) mod pages;
pub(super) mod plugin_to_ews;
pub(super) mod poll_cycle;
pub(super) mod resident;
pub(super) mod schedule_times;
pub(super) mod schedules_idle;
pub(super) mod set_point;
pub(super) mod year_chart;
