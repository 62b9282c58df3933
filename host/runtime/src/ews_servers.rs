//! The EWS servers of this host: kept as the configuration says. An address that is taken is tried again, and a
//! server that cannot move stays where it is.

mod address_check;
mod serving_threads;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use riser_calendar::{MachineZone, Zone};
use riser_domain::{Clock, EwsServer, EwsServerId, EwsTls, Problem, count_words};
use riser_ews::{
    EndpointStatistics, EwsEndpoint, Exchange, ListenCause, ListenError, Listener, ListenerOptions,
    ReadOperation, TlsFiles, Traffic,
};
use riser_secrets::Keyring;
use riser_store::{Account, Configuration};

use crate::configuration::Configurations;
use crate::ews_problem::{Place, code, listen_problem};
use crate::ews_source::{ItemParts, ServerAccounts, ServerItems};
use crate::problems::Problems;
use crate::site_zone::site_zone;
use crate::status::{EwsServerStatus, LinkState};
use serving_threads::ServingThreads;

/// Time until an address is taken over again after a failure. Every attempt closes the connections of a server.
const TAKE_OVER_RETRY_INTERVAL: Duration = Duration::from_mins(5);

/// Open listeners, by the address as configured, and the endpoints they serve.
pub(crate) struct EwsServers {
    parts: EwsParts,
    threads: ServingThreads,
    open: Mutex<Open>,
    /// Held while the servers are brought in line with the configuration.
    aligning: tokio::sync::Mutex<()>,
}

/// What the EWS servers are made from.
#[derive(Debug)]
pub(crate) struct EwsParts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) configurations: Arc<Configurations>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) problems: Arc<Problems>,
    /// Its zone is that of a site without one.
    pub(crate) machine_zone: MachineZone,
    pub(crate) items: Arc<ItemParts>,
}

#[derive(Default)]
struct Open {
    listeners: HashMap<String, Listener>,
    endpoints: HashMap<EwsServerId, Served>,
}

/// An open server.
#[derive(Clone)]
struct Served {
    endpoint: Arc<EwsEndpoint>,
    accounts: Vec<Account>,
    local: SocketAddr,
    failed_take_over: Option<FailedTakeOver>,
}

/// An attempt to listen on the port that a server leaves, which another program has on another address.
#[derive(Clone, Debug)]
struct FailedTakeOver {
    listen: String,
    configuration_version: i64,
    at: Instant,
}

impl Served {
    /// The address it is served at, as configured.
    fn listen(&self) -> &str {
        &self.endpoint.server().listen
    }

    /// Whether nothing changed.
    fn is(&self, server: &EwsServer, accounts: &[Account], zone: &Zone) -> bool {
        self.endpoint.server() == server && self.accounts == accounts && self.endpoint.zone() == zone
    }
}

impl fmt::Debug for EwsServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EwsServers").finish_non_exhaustive()
    }
}

impl EwsServers {
    /// Starts their threads.
    pub(crate) fn new(parts: EwsParts) -> io::Result<Self> {
        let (threads, open) = (ServingThreads::start()?, Mutex::default());
        Ok(Self { parts, threads, open, aligning: tokio::sync::Mutex::default() })
    }

    /// Opens, changes, moves and closes servers until they are as the configuration says. Returns the
    /// obstacles as problems, which it also raises; the next call tries again. Renewed certificates are read. Unchanged
    /// servers are not touched.
    pub(crate) async fn align(&self) -> Vec<Problem> {
        let _aligning = self.aligning.lock().await;
        let configuration = self.parts.configurations.now();
        let mut failed = Vec::new();
        for server in &configuration.ews_servers {
            if let Err(error) = self.align_one(server, &configuration).await {
                failed.push((server, error));
            }
        }
        self.close_removed(&configuration);
        self.close_unused_listeners();
        // Only now it is certain who is served where: a server may take the place of one before it.
        failed.into_iter().map(|(server, error)| self.raise(server, &error)).collect()
    }

    /// Returns a request for an item with the response of a server, whether it listens or not; `None` for an unknown
    /// server. Its clients and their statistics are not touched.
    pub(crate) async fn exchange(
        &self,
        server: EwsServerId,
        operation: ReadOperation,
        id: &str,
    ) -> Option<Exchange> {
        let configuration = self.parts.configurations.now();
        let server = configuration.ews_servers.iter().find(|known| known.id == server)?;
        let items = Arc::new(ServerItems::new(Arc::clone(&self.parts.items), server));
        let nobody = Arc::new(ServerAccounts::new(Arc::clone(&self.parts.keyring), server, &[]));
        let zone = site_zone(&configuration.site, &self.parts.machine_zone);
        let clock = Arc::clone(&self.parts.clock);
        Some(EwsEndpoint::new(server.clone(), items, nobody, clock, zone).exchange(operation, id).await)
    }

    async fn align_one(&self, server: &EwsServer, configuration: &Configuration) -> Result<(), ListenError> {
        let accounts: Vec<Account> =
            configuration.accounts.iter().filter(|it| it.ews_server == server.id).cloned().collect();
        // Times without an offset that a BMS sends are in the zone of the site.
        let zone = site_zone(&configuration.site, &self.parts.machine_zone);
        let opened = self.listener_address(server, configuration.version).await;
        let served = self.served(server.id);
        match opened {
            Ok((local, is_new)) => {
                let is_current = served.is_some_and(|served| served.is(server, &accounts, &zone));
                if is_new || !is_current {
                    self.serve(server, accounts, zone, local);
                }
                self.parts.problems.clear(None, &code(server.id));
                Ok(())
            }
            Err(error) => {
                if let Some(served) = &served {
                    let before = served.endpoint.server();
                    let stays = EwsServer {
                        listen: before.listen.clone(),
                        path: before.path.clone(),
                        tls: before.tls.clone(),
                        ..server.clone()
                    };
                    if !served.is(&stays, &accounts, &zone) {
                        self.serve(&stays, accounts, zone, served.local);
                    }
                }
                Err(error)
            }
        }
    }

    /// Stops serving; requests under way finish.
    pub(crate) async fn close(&self) {
        let _aligning = self.aligning.lock().await;
        let open = std::mem::take(&mut *self.lock());
        for listener in open.listeners.into_values() {
            listener.close().await;
        }
    }

    /// Returns how a server is doing.
    pub(crate) fn status(&self, server: &EwsServer, items: usize) -> EwsServerStatus {
        let served = self.served(server.id);
        let (local, asked) = match &served {
            Some(served) => (Some(served.local), served.endpoint.statistics()),
            None => (None, EndpointStatistics::default()),
        };
        let waits_to_move = served.as_ref().is_some_and(|served| served.listen() != server.listen);
        let waits_for_certificate =
            served.as_ref().is_some_and(|served| served.endpoint.server().tls != server.tls);
        let listen = local.map_or_else(|| server.listen.clone(), |local| local.to_string());
        let shown = served.as_ref().map_or(server, |served| served.endpoint.server());
        let address = server
            .public_url
            .clone()
            .unwrap_or_else(|| format!("{}://{listen}{}", shown.scheme(), shown.path));
        let (state, sentence) = match (local, asked.last_client) {
            (None, _) if server.tls.is_some() => {
                (LinkState::Down, format!("{listen} is not served; see the problem of this server"))
            }
            (None, _) => match self.successor(server.id) {
                Some((place, name)) => (
                    LinkState::Down,
                    format!("{listen} cannot be listened on, and EWS server {name} has its place at {place}"),
                ),
                None => (LinkState::Down, format!("{listen} cannot be listened on")),
            },
            (Some(local), _) if waits_to_move => (
                LinkState::Degraded,
                format!("{} cannot be listened on; still served at {local}", server.listen),
            ),
            (Some(_), _) if waits_for_certificate => (
                LinkState::Degraded,
                "its certificate cannot be used; still served with the old one".to_owned(),
            ),
            (Some(_), None) if asked.refused_logins > 0 => (
                LinkState::Degraded,
                format!("{} refused, none accepted yet", count_words(asked.refused_logins, "login")),
            ),
            (Some(_), None) => (LinkState::NotKnown, "no client has read yet".to_owned()),
            (Some(_), Some(client)) => (
                LinkState::Good,
                format!("{}, the last from {client}", count_words(asked.requests, "request")),
            ),
        };
        EwsServerStatus {
            ews_server: server.id,
            name: server.name.clone(),
            address,
            state,
            sentence,
            requests: asked.requests,
            last_request_at: asked.last_request_at,
            last_client: asked.last_client.map(|client| client.to_string()),
            items,
        }
    }

    /// Returns the requests and clients of a server; nothing while it has not been served.
    pub(crate) fn traffic(&self, server: EwsServerId) -> Traffic {
        let endpoint = self.lock().endpoints.get(&server).map(|served| Arc::clone(&served.endpoint));
        endpoint.map(|endpoint| endpoint.traffic()).unwrap_or_default()
    }

    /// Returns the number of open connections to the listener of a server; `None` if it is not served.
    pub(crate) fn open_connections(&self, server: EwsServerId) -> Option<usize> {
        let served = self.served(server)?;
        self.lock().listeners.get(served.listen()).map(Listener::open_connections)
    }

    /// Returns a server that is served: its listener is open, and its path leads to it.
    fn served(&self, server: EwsServerId) -> Option<Served> {
        let open = self.lock();
        let served = open.endpoints.get(&server)?;
        let listener = open.listeners.get(served.listen())?;
        listener.serves(&served.endpoint).then(|| served.clone())
    }

    /// Returns the place that a server had, and the name of the server that is served there now.
    fn successor(&self, server: EwsServerId) -> Option<(SocketAddr, String)> {
        let open = self.lock();
        let lost = open.endpoints.get(&server)?;
        let there = open.listeners.get(lost.listen())?.endpoint_at(&lost.endpoint.server().path)?;
        let other = there.server();
        (other.id != server).then(|| (lost.local, other.name.clone()))
    }

    /// Returns the local address of the listener of a server, and whether it was opened for it. Gives the listener
    /// the certificate of the server. A server that moves may take over the port of the listener that it leaves.
    async fn listener_address(
        &self,
        server: &EwsServer,
        configuration_version: i64,
    ) -> Result<(SocketAddr, bool), ListenError> {
        let listen = &server.listen;
        let tls = server.tls.as_ref().map(tls_files);
        if let Some(listener) = self.lock().listeners.get(listen) {
            let is_renewal = listener.tls() == tls;
            if !is_renewal || !listener.is_tls_current() {
                let set = listener.set_tls(tls);
                set.map_err(|error| ListenError { address: listen.clone(), source: error.into() })?;
                if is_renewal {
                    tracing::info!(
                        ews_server.name = server.name,
                        "EWS server {} uses its renewed certificate",
                        server.name
                    );
                }
            }
            return Ok((listener.local_address(), false));
        }
        let options = ListenerOptions { tls, ..ListenerOptions::default() };
        let listener = match self.threads.listen(listen, options.clone()).await {
            Ok(listener) => listener,
            Err(error) => {
                let served = self.served(server.id);
                let failure =
                    FailedTakeOver { listen: listen.clone(), configuration_version, at: Instant::now() };
                match served.filter(|mover| is_taken(&error) && self.blocks(mover, &failure)) {
                    Some(mover) => self.take_over(&mover, options, failure).await.ok_or(error)?,
                    None => return Err(error),
                }
            }
        };
        let local = listener.local_address();
        self.lock().listeners.insert(listen.to_owned(), listener);
        Ok((local, true))
    }

    /// Whether the listener that a server leaves has the wanted port and serves nobody else, and taking over did
    /// not fail lately.
    fn blocks(&self, mover: &Served, attempt: &FailedTakeOver) -> bool {
        let wanted_port = attempt.listen.parse::<SocketAddr>().ok().map(|wanted| wanted.port());
        let open = self.lock();
        let is_shared = open
            .endpoints
            .values()
            .any(|other| other.listen() == mover.listen() && !Arc::ptr_eq(&other.endpoint, &mover.endpoint));
        let failed_lately = mover.failed_take_over.as_ref().is_some_and(|failed| {
            failed.listen == attempt.listen
                && failed.configuration_version == attempt.configuration_version
                && attempt.at.duration_since(failed.at) < TAKE_OVER_RETRY_INTERVAL
        });
        wanted_port == Some(mover.local.port()) && !is_shared && !failed_lately
    }

    /// Closes the listener that a server leaves, and listens on another address with the same port. When that
    /// fails the server is back where it was, and the failure is remembered.
    async fn take_over(
        &self,
        mover: &Served,
        options: ListenerOptions,
        failure: FailedTakeOver,
    ) -> Option<Listener> {
        let mut left = self.lock().listeners.remove(mover.listen())?;
        let options_before = ListenerOptions { tls: left.tls(), ..ListenerOptions::default() };
        left.stop_listening().await;
        // Its connections may take their time to end.
        tokio::spawn(left.close());
        if let Ok(listener) = self.threads.listen(&failure.listen, options).await {
            return Some(listener);
        }
        match self.threads.listen(&mover.local.to_string(), options_before).await {
            Ok(back) => {
                let mut open = self.lock();
                back.add(Arc::clone(&mover.endpoint));
                open.listeners.insert(mover.listen().to_owned(), back);
                if let Some(served) = open.endpoints.get_mut(&mover.endpoint.server().id) {
                    served.failed_take_over = Some(failure);
                }
            }
            Err(error) => tracing::error!(
                ews_server.name = mover.endpoint.server().name,
                "EWS server {} cannot return to {}: {}",
                mover.endpoint.server().name,
                mover.local,
                error.source
            ),
        }
        None
    }

    /// Serves a server with these settings, in place of the endpoint it had.
    fn serve(&self, server: &EwsServer, accounts: Vec<Account>, zone: Zone, local: SocketAddr) {
        let items = Arc::new(ServerItems::new(Arc::clone(&self.parts.items), server));
        let logins = Arc::new(ServerAccounts::new(Arc::clone(&self.parts.keyring), server, &accounts));
        // Also of a server that lost its place: its clients stay logged in.
        let before = self.lock().endpoints.get(&server.id).cloned();
        let endpoint = Arc::new(match &before {
            Some(before) => before.endpoint.changed(server.clone(), items, logins, zone),
            None => EwsEndpoint::new(server.clone(), items, logins, Arc::clone(&self.parts.clock), zone),
        });
        let mut open = self.lock();
        if let Some(listener) = open.listeners.get(&server.listen) {
            listener.add(Arc::clone(&endpoint));
        }
        if let Some(before) = &before
            && let Some(listener) = open.listeners.get(before.listen())
        {
            listener.remove(&before.endpoint);
        }
        let failed_take_over = before.as_ref().and_then(|before| before.failed_take_over.clone());
        open.endpoints.insert(server.id, Served { endpoint, accounts, local, failed_take_over });
        drop(open);
        let scheme = server.scheme();
        if before.is_none_or(|before| before.local != local || before.endpoint.server().scheme() != scheme) {
            tracing::info!(
                ews_server.name = server.name,
                "EWS server {} listens on {scheme}://{local}{}",
                server.name,
                server.path
            );
        }
    }

    fn close_removed(&self, configuration: &Configuration) {
        let mut open = self.lock();
        let Open { listeners, endpoints } = &mut *open;
        let is_configured = |id: EwsServerId| configuration.ews_servers.iter().any(|server| server.id == id);
        endpoints.retain(|id, served| {
            let stays = is_configured(*id);
            if !stays {
                if let Some(listener) = listeners.get(served.listen()) {
                    listener.remove(&served.endpoint);
                }
                tracing::info!("EWS server {} is closed", served.endpoint.server().name);
            }
            stays
        });
    }

    /// Closes listeners that serve nothing. Requests under way finish.
    fn close_unused_listeners(&self) {
        let mut open = self.lock();
        let unused: Vec<String> = open
            .listeners
            .iter()
            .filter(|(_, listener)| listener.is_unused())
            .map(|(listen, _)| listen.clone())
            .collect();
        for listen in unused {
            if let Some(listener) = open.listeners.remove(&listen) {
                tokio::spawn(listener.close());
            }
        }
    }

    /// Raises the problem of a server that cannot be served as configured.
    fn raise(&self, server: &EwsServer, error: &ListenError) -> Problem {
        let served = self.served(server.id);
        let place = match (&served, self.successor(server.id)) {
            (Some(served), _) => Place::Kept { server: served.endpoint.server(), local: served.local },
            (None, Some((local, successor))) => Place::Lost { local, successor },
            (None, None) => Place::None,
        };
        let problem = listen_problem(server, error, &place, self.blocker(server).as_deref());
        if self.parts.problems.raise(None, "Riser", problem.clone()) {
            tracing::error!(ews_server.name = server.name, "{}", problem.what);
        }
        problem
    }

    /// Returns the name of another EWS server whose listener has the address of this one.
    fn blocker(&self, server: &EwsServer) -> Option<String> {
        self.blocker_of(Some(server.id), server.listen.parse().ok()?)
    }

    /// Returns the name of an EWS server, except one, whose listener has the wanted address.
    fn blocker_of(&self, except: Option<EwsServerId>, wanted: SocketAddr) -> Option<String> {
        let is_in_the_way = |local: SocketAddr| {
            local.port() == wanted.port()
                && (local.ip() == wanted.ip() || local.ip().is_unspecified() || wanted.ip().is_unspecified())
        };
        let open = self.lock();
        let other = open.endpoints.iter().find(|(id, other)| {
            let listener = open.listeners.get(other.listen());
            Some(**id) != except && listener.is_some_and(|listener| is_in_the_way(listener.local_address()))
        });
        other.map(|(_, other)| other.endpoint.server().name.clone())
    }

    /// Ends the problem of a server that was removed.
    pub(crate) fn forget(&self, server: EwsServerId) {
        self.parts.problems.clear(None, &code(server));
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock()
    }
}

/// Whether another listener has the address.
fn is_taken(error: &ListenError) -> bool {
    matches!(error.source, ListenCause::Socket(_))
}

fn tls_files(tls: &EwsTls) -> TlsFiles {
    TlsFiles { certificate: PathBuf::from(&tls.certificate), key: PathBuf::from(&tls.key) }
}

#[cfg(test)]
mod tests;
