//! The status of the host, from the snapshots of the runtime.

use riser_domain::{ConnectionId, EwsServerId, Timestamp};
use riser_runtime::{LinkState, ProcessorState, ProcessorStatus, RaisedProblem, Runtime};
use riser_store::{Configuration, StoreError};

use super::moment::Moment;
use super::protocol::{
    Activity, ConnectionReport, EwsServerReport, Health, LastRunReport, ProblemReport, ProcessorReport,
    ProgressReport, SchedulesReport, StatusReport,
};
use super::time_zone_report::TimeZoneReport;
use super::{not_running, stored};

pub(super) async fn status(runtime: &Runtime) -> Result<StatusReport, StoreError> {
    let configuration = runtime.store().load_configuration().await?;
    let facts = runtime.host_facts();
    let now = runtime.clock().now();
    Ok(StatusReport {
        version: facts.version.to_owned(),
        process_id: std::process::id(),
        started_at: Moment(facts.started_at),
        data_directory: facts.data_dir,
        time_zone: TimeZoneReport::of_site(&runtime.site(), runtime.machine_zone()),
        connections: runtime
            .connections()
            .into_iter()
            .map(|connection| ConnectionReport {
                name: connection.name,
                kind: connection.kind,
                state: health(connection.state),
                detail: connection.sentence,
                last_good_at: connection.last_good_at.map(Moment),
            })
            .collect(),
        processors: runtime
            .processors()
            .iter()
            .map(|status| processor(status, &configuration, now))
            .collect(),
        ews_servers: runtime
            .ews_servers()
            .into_iter()
            .map(|server| EwsServerReport {
                name: server.name,
                url: server.address,
                state: health(server.state),
                detail: server.sentence,
                items: server.items,
                requests: server.requests,
                last_request_at: server.last_request_at.map(Moment),
                last_client: server.last_client,
            })
            .collect(),
        problems: problems(runtime),
    })
}

/// The stored schedules, and the zone of the site.
pub(super) async fn schedules(runtime: &Runtime) -> Result<SchedulesReport, StoreError> {
    Ok(SchedulesReport {
        time_zone: TimeZoneReport::of_site(&runtime.site(), runtime.machine_zone()),
        schedules: stored::schedules(&runtime.store().load_configuration().await?),
    })
}

/// The open problems, newest first.
pub(super) fn problems(runtime: &Runtime) -> Vec<ProblemReport> {
    runtime.problems().into_iter().map(problem).collect()
}

fn problem(raised: RaisedProblem) -> ProblemReport {
    let RaisedProblem { problem, raised_by, since, .. } = raised;
    ProblemReport {
        code: problem.code,
        raised_by,
        since: Moment(since),
        what: problem.what,
        effect: problem.effect,
        remedy: problem.remedy,
        setting: problem.setting,
    }
}

fn processor(status: &ProcessorStatus, configuration: &Configuration, now: Timestamp) -> ProcessorReport {
    let of_processor = configuration.processors.iter().find(|it| it.id == status.configuration);
    let (state, running_since) = match status.state {
        ProcessorState::Inactive => (Activity::Disabled, None),
        ProcessorState::Idle => (Activity::Idle, None),
        ProcessorState::WaitingFor { .. } => (Activity::Waiting, None),
        ProcessorState::Running { since } => (Activity::Running, Some(Moment(since))),
        ProcessorState::Retrying { .. } => (Activity::Retrying, None),
        ProcessorState::Quarantined { .. } => (Activity::Quarantined, None),
        ProcessorState::Unable { .. } => (Activity::Unable, None),
    };
    ProcessorReport {
        name: status.name.clone(),
        class: status.class.to_string(),
        connection: status.connection.and_then(|id| connection_name(configuration, id)),
        ews_server: ews_server_name(configuration, status.ews_server),
        state,
        not_running_because: not_running::reason(status, of_processor, now),
        schedule: status.schedule.as_ref().map(stored::schedule_report),
        running_since,
        next_run_at: status.next_run_at.map(Moment),
        progress: status.progress.as_ref().map(|progress| ProgressReport {
            step: progress.step.clone(),
            done: progress.done,
            of: (progress.of > 0).then_some(progress.of),
        }),
        last_run: status.last_run.as_ref().map(|run| LastRunReport {
            run: run.id.0,
            state: run.state,
            reason: run.reason.clone(),
            started_at: run.started_at.map(Moment),
            ended_at: run.ended_at.map(Moment),
        }),
    }
}

fn connection_name(configuration: &Configuration, id: ConnectionId) -> Option<String> {
    configuration.connections.iter().find(|it| it.id == id).map(|it| it.name.clone())
}

fn ews_server_name(configuration: &Configuration, id: EwsServerId) -> Option<String> {
    configuration.ews_servers.iter().find(|it| it.id == id).map(|it| it.name.clone())
}

const fn health(state: LinkState) -> Health {
    match state {
        LinkState::Good => Health::Ok,
        LinkState::Degraded => Health::Degraded,
        LinkState::Down => Health::Down,
        LinkState::NotKnown => Health::Unknown,
    }
}
