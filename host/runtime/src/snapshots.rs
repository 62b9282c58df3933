//! Snapshots of the runtime for pages.

use std::collections::HashMap;

use riser_calendar::Schedule;
use riser_domain::{EwsServer, EwsServerId, ProcessorConfiguration, ScheduleId};
use riser_ews::Traffic;

use crate::Runtime;
use crate::configuration::owner_of;
use crate::status::{
    ConnectionStatus, EwsServerStatus, HostFacts, ProcessorState, ProcessorStatus, RaisedProblem,
    WorkerStatus,
};

impl Runtime {
    /// Returns all processor configurations, by name.
    pub fn processors(&self) -> Vec<ProcessorStatus> {
        let configurations = self.inner.configurations.now();
        let schedules: HashMap<ScheduleId, &Schedule> =
            configurations.schedules.iter().map(|schedule| (schedule.id, schedule)).collect();
        let schedule = |id: Option<ScheduleId>| id.and_then(|id| schedules.get(&id).copied());
        let processors = configurations.processors.iter();
        processors.map(|processor| self.processor(processor, schedule(processor.schedule))).collect()
    }

    fn processor(
        &self,
        configuration: &ProcessorConfiguration,
        schedule: Option<&Schedule>,
    ) -> ProcessorStatus {
        let inner = &*self.inner;
        let live = inner.processors.status(configuration.id);
        let mode = inner.libraries.class(&configuration.class).map(|class| class.mode);
        let state = match (&live, inner.libraries.check(&configuration.class.plugin), mode) {
            (None, ..) if configuration.flags.active => ProcessorState::Idle,
            (None, ..) => ProcessorState::Inactive,
            (Some(live), Err(missing), _) if !matches!(live.state, ProcessorState::Running { .. }) => {
                ProcessorState::Unable { reason: missing.to_string() }
            }
            (Some(live), Ok(()), None) if !matches!(live.state, ProcessorState::Running { .. }) => {
                let class = &configuration.class;
                let reason = format!("the library of {} has no class {}", class.plugin, class.class);
                ProcessorState::Unable { reason }
            }
            (Some(live), ..) => live.state.clone(),
        };
        let writer =
            inner.items.values.writer(&owner_of(configuration), &configuration.class.class.as_str().into());
        ProcessorStatus {
            configuration: configuration.id,
            name: configuration.name.clone(),
            class: configuration.class.clone(),
            mode,
            connection: configuration.connection,
            ews_server: configuration.ews_server,
            state,
            last_run: live.as_ref().and_then(|live| live.last_run.clone()),
            schedule: schedule.cloned(),
            next_run_at: live
                .as_ref()
                .filter(|live| live.quarantine.is_none())
                .and_then(|live| live.next_run_at),
            progress: live.and_then(|live| live.progress),
            last_activity_at: inner.items.values.last_value_at(writer),
            manually_startable: configuration.flags.manually_startable,
            manually_stoppable: configuration.flags.manually_stoppable,
        }
    }

    /// Returns the workers that execute a run, the oldest first.
    pub fn workers(&self) -> Vec<WorkerStatus> {
        let now = self.inner.clock.now();
        let workers = self.inner.processors.workers().into_iter();
        let mut workers: Vec<WorkerStatus> = workers
            .map(|(configuration, worker)| WorkerStatus {
                configuration,
                run: worker.run,
                since: worker.since,
                process_id: worker.handle.pid(),
                resident_bytes: worker.handle.resident_bytes(),
                last_heartbeat_at: worker.handle.since_heartbeat().map(|age| now.minus(age)),
                processor_time: worker.handle.processor_time(),
            })
            .collect();
        workers.sort_by_key(|worker| (worker.since, worker.run));
        workers
    }

    /// Returns all connections, by name.
    pub fn connections(&self) -> Vec<ConnectionStatus> {
        let inner = &*self.inner;
        inner
            .configurations
            .now()
            .connections
            .iter()
            .map(|connection| {
                let (state, sentence, last_good_at) = inner.health.status(connection);
                ConnectionStatus {
                    connection: connection.id,
                    name: connection.name.clone(),
                    kind: connection.kind.clone(),
                    state,
                    sentence,
                    last_good_at,
                    address: inner.health.address(connection),
                    response_time: inner.limiters.of(connection.id).response_time(),
                    certificate_expires_at: inner.health.certificate_expires_at(connection.id),
                }
            })
            .collect()
    }

    /// Returns all EWS servers, by name.
    pub fn ews_servers(&self) -> Vec<EwsServerStatus> {
        let servers = self.inner.configurations.now();
        servers.ews_servers.iter().map(|server| self.ews_server(server)).collect()
    }

    fn ews_server(&self, server: &EwsServer) -> EwsServerStatus {
        let items = self.items(server.id).len();
        self.inner.ews.status(server, items)
    }

    /// Returns the latest requests and the clients of an EWS server; nothing while it has not been served.
    pub fn ews_traffic(&self, server: EwsServerId) -> Traffic {
        self.inner.ews.traffic(server)
    }

    /// Returns the number of open connections to the listen address of an EWS server; `None` if it is not served.
    pub fn ews_connections(&self, server: EwsServerId) -> Option<usize> {
        self.inner.ews.open_connections(server)
    }

    /// Returns why an EWS server could not be served at an address, with the remedy. Tries to listen there. `server` is
    /// `None` for a new one.
    pub async fn ews_address_obstacle(&self, server: Option<EwsServerId>, listen: &str) -> Option<String> {
        self.inner.ews.address_obstacle(server, listen).await
    }

    /// Returns all open problems, newest first.
    pub fn problems(&self) -> Vec<RaisedProblem> {
        self.inner.problems.list()
    }

    /// Facts about this host.
    pub fn host_facts(&self) -> HostFacts {
        let inner = &*self.inner;
        HostFacts {
            version: env!("CARGO_PKG_VERSION"),
            started_at: inner.clock.wall_time_of(inner.started),
            up_for: inner.clock.uptime().since(inner.started.uptime),
            workers_running: inner.processors.running(),
            open_writes: inner.outbox.open_count(),
            items: inner.items.len(),
            data_dir: self.inner.data_dir.display().to_string(),
        }
    }

    /// Returns the plugin libraries in use.
    pub fn libraries(&self) -> Vec<crate::Library> {
        self.inner.libraries.list()
    }

    /// Returns the files in the plugin directories, by path.
    pub fn plugin_files(&self) -> Vec<crate::PluginFile> {
        self.inner.libraries.files()
    }
}
