use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::RunState;
use riser_runtime::{Library, ProcessorState, ProcessorStatus};

use super::StateMark;
use super::processor_row::{Action, NextRun, actions, in_words, precise_duration};
use super::run_head::mode_words;
use crate::current_user::CurrentUser;
use crate::system_status::SystemStatus;
use crate::wall_time::{Moment, WallTime};

/// A processor in the table of all processors.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/processor_line.html")]
pub(crate) struct ProcessorLine {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// Mode and class, such as `Scheduled, EVCE Setup`.
    pub(crate) class: String,
    /// Name and version, such as `EVCE 1.4.0`.
    pub(crate) library: String,
    pub(crate) mark: StateMark,
    pub(crate) detail: String,
    pub(crate) connection: String,
    pub(crate) schedule: String,
    pub(crate) last_run: Option<LastRunCell>,
    pub(crate) next_run: Option<NextRun>,
    /// Failed runs of the last 24 hours.
    pub(crate) errors: u64,
    pub(crate) actions: Vec<Action>,
    pub(crate) csrf: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LastRunCell {
    pub(crate) run: i64,
    pub(crate) mark: StateMark,
    pub(crate) at: Option<Moment>,
    pub(crate) took: Option<String>,
}

impl HtmlSafe for ProcessorLine {}

impl ProcessorLine {
    pub(crate) fn new(
        status: &ProcessorStatus,
        system: &SystemStatus,
        (libraries, errors): (&[Library], u64),
        user: &CurrentUser,
        times: &WallTime,
    ) -> Self {
        let (mark, detail) = in_words(status, times);
        let library = libraries.iter().map(|it| &it.description).find(|it| it.id == status.class.plugin);
        let class = library.and_then(|library| library.class(&status.class.class));
        let connection = system.connections.iter().find(|it| Some(it.connection) == status.connection);
        let is_running = matches!(status.state, ProcessorState::Running { .. });
        let class = class.map_or_else(|| status.class.to_string(), |class| class.name.clone());
        Self {
            id: status.configuration.0,
            name: status.name.clone(),
            class: format!("{}, {class}", mode_words(status.mode)),
            library: library
                .map(|library| format!("{} {}", library.name, library.version))
                .unwrap_or_default(),
            mark,
            detail: if matches!(status.state, ProcessorState::Idle | ProcessorState::Inactive) {
                String::new()
            } else {
                detail
            },
            connection: connection.map(|it| it.name.clone()).unwrap_or_default(),
            schedule: status.schedule.as_ref().map(|it| it.name.clone()).unwrap_or_default(),
            last_run: status.last_run.as_ref().map(|run| LastRunCell {
                run: run.id.0,
                mark: StateMark::of_run(run.state),
                at: run.ended_at.or(run.started_at).map(|at| times.moment(at)),
                took: run
                    .started_at
                    .zip(run.ended_at)
                    .filter(|_| run.state == RunState::Succeeded)
                    .map(|(start, end)| precise_duration(end.since(start).as_millis())),
            }),
            next_run: status.next_run_at.filter(|_| !is_running).map(|at| NextRun::new(at, times)),
            errors,
            actions: if user.may_operate() { actions(status, system) } else { Vec::new() },
            csrf: user.csrf.clone(),
        }
    }
}
