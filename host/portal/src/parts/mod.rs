//! Parts of pages. Each one renders alone, because the event stream sends it again by its id when it changes.

mod bms_address;
mod client_rows;
mod connection_bar;
mod connection_test;
mod current_value;
mod data_path;
mod drawer;
mod form;
mod icon;
mod item_row;
mod not_running;
mod placed_row;
mod problem_list;
mod processor_head;
mod processor_line;
mod processor_row;
mod request_rate;
mod request_rows;
mod run_attempts;
mod run_head;
mod run_log;
mod running_stages;
mod schedule_words;
mod set_point_list;
mod shown_value;
mod state_mark;
mod tabs;
mod tree;
mod week;
mod write_status;

#[cfg(test)]
pub(crate) mod testing;

pub(crate) use bms_address::{bms_address, is_for_this_machine};
pub(crate) use client_rows::ClientRows;
pub(crate) use connection_bar::ConnectionBar;
pub(crate) use connection_test::ConnectionTest;
#[cfg(test)]
pub(crate) use connection_test::{CertificatePin, ShownStage};
pub(crate) use current_value::CurrentValue;
pub(crate) use data_path::DataPath;
pub(crate) use drawer::{Drawer, location, range_words, value_of};
pub(crate) use form::{
    ErrorSummary, Field, FieldDescription, FieldKind, FormErrors, FormFields, SecretOrigin, SummaryLine,
    add_settings, describe_settings, id_of_field, settings_of,
};
pub(crate) use icon::Icon;
pub(crate) use item_row::ItemRow;
pub(crate) use placed_row::PlacedRow;
pub(crate) use problem_list::{ProblemList, capitalised};
pub(crate) use processor_head::ProcessorHead;
pub(crate) use processor_line::ProcessorLine;
pub(crate) use processor_row::{ProcessorRow, precise_duration, progress_words};
pub(crate) use request_rate::{RequestRate, last_full_minute};
pub(crate) use request_rows::{RequestRow, RequestRows};
pub(crate) use run_attempts::RunAttempts;
pub(crate) use run_head::{RunFacts, RunHead, RunProgress, as_sentence, mode_words, trigger_words};
pub(crate) use run_log::{RunLogLines, RunLogNote};
pub(crate) use running_stages::RunningStages;
pub(crate) use schedule_words::ScheduleWords;
pub(crate) use set_point_list::SetPointList;
pub(crate) use shown_value::{is_known, value_with_unit};
pub(crate) use state_mark::StateMark;
pub(crate) use tabs::TabLink;
pub(crate) use tree::{RollUp, Tree, icon_of, name_of};
pub(crate) use week::Week;
pub(crate) use write_status::WriteStatus;
