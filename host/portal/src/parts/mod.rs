//! Parts of pages. Each renders alone, because the live stream sends it by its id when it changed.

mod drawer;
mod hops;
mod item_row;
mod path;
mod problem_list;
mod processor_row;
mod receipt;
mod set_point_list;
mod shown_value;
mod state_mark;
mod tree;

#[cfg(test)]
pub(crate) mod samples;

pub(crate) use drawer::{Drawer, value_of};
pub(crate) use hops::HopStrip;
pub(crate) use item_row::ItemRow;
pub(crate) use path::DataPath;
pub(crate) use problem_list::{ProblemList, capitalised};
pub(crate) use processor_row::ProcessorRow;
pub(crate) use receipt::Receipt;
pub(crate) use set_point_list::SetPointList;
pub(crate) use state_mark::{Icon, StateMark, icon};
pub(crate) use tree::{RollUp, Tree, icon_of, name_of};
