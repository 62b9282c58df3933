//! The state that all handlers share.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use riser_http_server::OpenConnections;
use riser_runtime::{EwsServerStatus, Runtime};

use crate::first_run::{FirstRun, SetupCode};
use crate::guard::{BasePath, KnownNames, ProxyNetwork, TrustedProxies};
use crate::host_log::HostLog;
use crate::parts::{SetPointList, bms_address};
use crate::running_tests::RunningTests;
use crate::sessions::{CookieKind, Sessions};
use crate::system_status::SystemStatus;
use crate::wall_time::WallTime;

/// Set points listed on the overview.
const RECENT_SET_POINTS: usize = 8;

/// The options of the portal.
#[derive(Clone, Debug)]
pub struct PortalSettings {
    /// Names a site without a name.
    pub machine_name: String,
    /// Names by which browsers may request this host, besides `localhost` and any IP address.
    pub host_names: Vec<String>,
    /// The reverse proxies whose headers name the clients.
    pub trusted_proxies: Vec<ProxyNetwork>,
    /// The path under which a reverse proxy shows the portal.
    pub base_path: BasePath,
}

/// The parts of a portal.
#[derive(Clone, Debug)]
pub struct Portal {
    /// Shown by the pages and changed by their buttons. Its store keeps users and their sessions.
    pub runtime: Runtime,
    pub settings: PortalSettings,
    /// The code of the first run, while nobody has an account.
    pub setup_code: Option<SetupCode>,
    /// The log of this host.
    pub log: HostLog,
}

/// Who can reach the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exposure {
    pub(crate) port: u16,
    pub(crate) is_tls: bool,
    /// Other machines reach it.
    pub(crate) is_beyond_loopback: bool,
}

/// The shared state. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct PortalState {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    portal: Portal,
    sessions: Sessions,
    first_run: FirstRun,
    known_names: KnownNames,
    trusted_proxies: TrustedProxies,
    is_tls: bool,
    /// Set when the portal is served.
    listener: OnceLock<(SocketAddr, OpenConnections)>,
    running_tests: RunningTests,
}

impl PortalState {
    pub(crate) fn new(portal: Portal, exposure: Exposure) -> Self {
        let cookie = CookieKind::new(exposure.port, exposure.is_tls);
        let runtime = &portal.runtime;
        let sessions = Sessions::new(runtime.store().clone(), Arc::clone(runtime.clock()), cookie);
        let known_names = KnownNames::new(&portal.settings.host_names);
        let first_run = FirstRun::new(portal.setup_code.clone());
        let trusted_proxies = TrustedProxies::new(&portal.settings.trusted_proxies);
        let (is_tls, listener) = (exposure.is_tls, OnceLock::new());
        let running_tests = RunningTests::default();
        let parts = Parts {
            portal,
            sessions,
            first_run,
            known_names,
            trusted_proxies,
            is_tls,
            listener,
            running_tests,
        };
        Self { parts: Arc::new(parts) }
    }

    /// Records the listener that serves the portal.
    pub(crate) fn set_listener(&self, local: SocketAddr, connections: OpenConnections) {
        // A portal has one listener.
        let _set_before = self.parts.listener.set((local, connections));
    }

    /// Returns the address of the listener and the number of its open connections; `None` before the portal is served.
    pub(crate) fn listener(&self) -> Option<(String, usize)> {
        let (local, connections) = self.parts.listener.get()?;
        let scheme = if self.parts.is_tls { "https" } else { "http" };
        Some((format!("{scheme}://{local}{}", self.base_path()), connections.count()))
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.parts.portal.runtime
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.parts.sessions
    }

    pub(crate) fn first_run(&self) -> &FirstRun {
        &self.parts.first_run
    }

    pub(crate) fn log(&self) -> &HostLog {
        &self.parts.portal.log
    }

    pub(crate) fn running_tests(&self) -> &RunningTests {
        &self.parts.running_tests
    }

    /// Returns the name of this machine.
    pub(crate) fn machine_name(&self) -> &str {
        &self.parts.portal.settings.machine_name
    }

    pub(crate) fn trusted_proxies(&self) -> &TrustedProxies {
        &self.parts.trusted_proxies
    }

    pub(crate) fn base_path(&self) -> &BasePath {
        &self.parts.portal.settings.base_path
    }

    pub(crate) fn known_names(&self) -> &KnownNames {
        &self.parts.known_names
    }

    /// Returns the name of the site, or else that of the machine.
    pub(crate) fn site_name(&self) -> String {
        self.runtime().site().name.unwrap_or_else(|| self.parts.portal.settings.machine_name.clone())
    }

    pub(crate) fn times_of_page(&self) -> WallTime {
        WallTime::for_page(self.runtime().zone(), self.runtime().clock().now())
    }

    pub(crate) fn times_of_live_parts(&self) -> WallTime {
        WallTime::for_live_parts(self.runtime().zone(), self.runtime().clock().now())
    }

    /// Takes a snapshot of the whole system.
    pub(crate) fn system_status(&self) -> SystemStatus {
        let runtime = self.runtime();
        SystemStatus {
            facts: runtime.host_facts(),
            processors: runtime.processors(),
            connections: runtime.connections(),
            servers: runtime.ews_servers().into_iter().map(|server| self.for_bms(server)).collect(),
            problems: runtime.problems(),
        }
    }

    /// Returns the status of a server with the address that a BMS can use.
    fn for_bms(&self, server: EwsServerStatus) -> EwsServerStatus {
        EwsServerStatus { address: bms_address(&server.address, self.machine_name()), ..server }
    }

    /// Returns the most recently written set points.
    pub(crate) fn set_points(&self, times: &WallTime) -> SetPointList {
        let writes = self.runtime().recent_writes(RECENT_SET_POINTS);
        SetPointList::new(&writes, |write| self.runtime().items(write.ews_server), times)
    }
}
