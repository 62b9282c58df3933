use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::ProcessorConfiguration;
use riser_runtime::ProcessorStatus;

use super::not_running::not_running;
use super::processor_row::{Action, actions, in_words};
use super::{Icon, StateMark};
use crate::current_user::CurrentUser;
use crate::system_status::SystemStatus;
use crate::wall_time::WallTime;

/// The heading of a processor's page: its state in a sentence, and its buttons.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/processor_head.html")]
pub(crate) struct ProcessorHead {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) mark: StateMark,
    pub(crate) detail: String,
    /// Why it is not running.
    pub(crate) reason: Option<String>,
    /// The current run, or the last one.
    pub(crate) run: Option<i64>,
    pub(crate) is_active: bool,
    pub(crate) actions: Vec<Action>,
    pub(crate) may_configure: bool,
    pub(crate) csrf: String,
}

impl HtmlSafe for ProcessorHead {}

impl ProcessorHead {
    pub(crate) fn new(
        status: &ProcessorStatus,
        configuration: &ProcessorConfiguration,
        system: &SystemStatus,
        user: &CurrentUser,
        times: &WallTime,
    ) -> Self {
        let (mark, detail) = in_words(status, times);
        Self {
            id: status.configuration.0,
            name: status.name.clone(),
            mark,
            detail,
            reason: not_running(status, configuration, times),
            run: status.last_run.as_ref().map(|run| run.id.0),
            is_active: configuration.flags.active,
            actions: if user.may_operate() { actions(status, system) } else { Vec::new() },
            may_configure: user.may_configure(),
            csrf: user.csrf.clone(),
        }
    }
}
