//! One file for each line, but for two that share how they are measured.

pub(super) mod first_batch;
pub(super) mod first_page;
pub(super) mod get_values;
pub(super) mod plugin_to_ews;
pub(super) mod poll_cycle;
pub(super) mod resident;
pub(super) mod set_point;
