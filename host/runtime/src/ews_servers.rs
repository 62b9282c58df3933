//! The EWS servers of this host: kept as the configuration says. An address that is taken is tried again, and a
//! server that cannot move stays where it is.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use parking_lot::{Mutex, MutexGuard};
use riser_domain::{Clock, EwsServer, EwsServerId, EwsTls, Problem};
use riser_ews::{
    EndpointStatistics, EwsEndpoint, ListenCause, ListenError, Listener, ListenerOptions, TlsFiles,
};
use riser_secrets::Keyring;
use riser_store::{Account, Configuration};

use crate::configuration::Configurations;
use crate::ews_source::{ItemParts, ServerAccounts, ServerItems};
use crate::problems::Problems;
use crate::status::{EwsServerStatus, LinkState};

/// Attempts to take over an address from another listener of this host, and the time between two.
const TAKE_OVER_ATTEMPTS: u32 = 50;
const TAKE_OVER_INTERVAL: Duration = Duration::from_millis(10);

/// Open listeners, by the address as configured, and the endpoints they serve.
pub(crate) struct EwsServers {
    parts: EwsParts,
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
}

impl Served {
    /// The address it is served at, as configured.
    fn listen(&self) -> &str {
        &self.endpoint.server().listen
    }

    /// Whether nothing changed.
    fn is(&self, server: &EwsServer, accounts: &[Account]) -> bool {
        self.endpoint.server() == server && self.accounts == accounts
    }
}

impl fmt::Debug for EwsServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EwsServers").finish_non_exhaustive()
    }
}

impl EwsServers {
    pub(crate) fn new(parts: EwsParts) -> Self {
        Self { parts, open: Mutex::default(), aligning: tokio::sync::Mutex::default() }
    }

    /// Opens, changes, moves and closes servers until they are as the configuration says. Returns what stands in
    /// the way; it is raised as a problem, and the next call tries again. Servers that did not change are not
    /// touched.
    pub(crate) async fn align(&self) -> Vec<Problem> {
        let _aligning = self.aligning.lock().await;
        let configuration = self.parts.configurations.now();
        let mut open_problems = Vec::new();
        for server in &configuration.ews_servers {
            let accounts: Vec<Account> =
                configuration.accounts.iter().filter(|it| it.ews_server == server.id).cloned().collect();
            if let Err(problem) = self.align_one(server, accounts).await {
                open_problems.push(problem);
            }
        }
        self.close_removed(&configuration);
        self.close_unused_listeners();
        open_problems
    }

    async fn align_one(&self, server: &EwsServer, accounts: Vec<Account>) -> Result<(), Problem> {
        let served = self.served(server.id);
        match self.listener_address(server, served.as_ref()).await {
            Ok((local, is_new)) => {
                let is_current = served.as_ref().is_some_and(|served| served.is(server, &accounts));
                if is_new || !is_current {
                    self.serve(server.clone(), accounts, local, served.as_ref());
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
                    if !served.is(&stays, &accounts) {
                        self.serve(stays, accounts, served.local, Some(served));
                    }
                }
                Err(self.raise(server, &error, served.as_ref()))
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
        let scheme = served.as_ref().map_or(server, |served| served.endpoint.server()).scheme();
        let address =
            server.public_url.clone().unwrap_or_else(|| format!("{scheme}://{listen}{}", server.path));
        let (state, sentence) = match (local, asked.last_client) {
            (None, _) if server.tls.is_some() => {
                (LinkState::Down, format!("{listen} is not served; see the problem of this server"))
            }
            (None, _) => (LinkState::Down, format!("{listen} cannot be listened on")),
            (Some(local), _) if waits_to_move => (
                LinkState::Degraded,
                format!("{} cannot be listened on; still served at {local}", server.listen),
            ),
            (Some(_), _) if waits_for_certificate => (
                LinkState::Degraded,
                "its certificate cannot be used; still served with the old one".to_owned(),
            ),
            (Some(_), None) if asked.refused_logins > 0 => {
                (LinkState::Degraded, format!("{} logins refused, none accepted yet", asked.refused_logins))
            }
            (Some(_), None) => (LinkState::NotKnown, "no client has read yet".to_owned()),
            (Some(_), Some(client)) => {
                (LinkState::Good, format!("{} requests, the last from {client}", asked.requests))
            }
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

    fn served(&self, server: EwsServerId) -> Option<Served> {
        self.lock().endpoints.get(&server).cloned()
    }

    /// Returns the local address of the listener of a server, and whether it was opened for it. Gives the listener
    /// the certificate of the server. A server that moves may take over the port of the listener that it leaves.
    async fn listener_address(
        &self,
        server: &EwsServer,
        served: Option<&Served>,
    ) -> Result<(SocketAddr, bool), ListenError> {
        let listen = &server.listen;
        let tls = server.tls.as_ref().map(tls_files);
        if let Some(listener) = self.lock().listeners.get(listen) {
            if listener.tls() != tls {
                let set = listener.set_tls(tls);
                set.map_err(|error| ListenError { address: listen.clone(), source: error.into() })?;
            }
            return Ok((listener.local_address(), false));
        }
        let options = ListenerOptions { tls, ..ListenerOptions::default() };
        let listener = match Listener::bind(listen, options.clone()).await {
            Ok(listener) => listener,
            Err(error) => match served.filter(|mover| is_taken(&error) && self.blocks(mover, listen)) {
                Some(mover) => self.take_over(listen, options, mover).await.ok_or(error)?,
                None => return Err(error),
            },
        };
        let local = listener.local_address();
        self.lock().listeners.insert(listen.to_owned(), listener);
        Ok((local, true))
    }

    /// Whether the listener that a server leaves has the wanted port and serves nobody else.
    fn blocks(&self, mover: &Served, listen: &str) -> bool {
        let wanted_port = listen.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        let is_shared =
            self.lock().endpoints.values().any(|other| {
                other.listen() == mover.listen() && !Arc::ptr_eq(&other.endpoint, &mover.endpoint)
            });
        wanted_port == Some(mover.local.port()) && !is_shared
    }

    /// Closes the listener that a server leaves, and listens on another address with the same port. When that
    /// fails the server is back where it was.
    async fn take_over(&self, listen: &str, options: ListenerOptions, mover: &Served) -> Option<Listener> {
        let left = self.lock().listeners.remove(mover.listen())?;
        let options_before = ListenerOptions { tls: left.tls(), ..ListenerOptions::default() };
        // Its connections may take their time to end; its port is free at once.
        tokio::spawn(left.close());
        if let Some(listener) = bind_when_free(listen, &options).await {
            return Some(listener);
        }
        if let Some(back) = bind_when_free(&mover.local.to_string(), &options_before).await {
            back.add(Arc::clone(&mover.endpoint));
            self.lock().listeners.insert(mover.listen().to_owned(), back);
        }
        None
    }

    /// Serves a server with these settings, in place of the endpoint it had.
    fn serve(&self, server: EwsServer, accounts: Vec<Account>, local: SocketAddr, before: Option<&Served>) {
        let items = Arc::new(ServerItems::new(Arc::clone(&self.parts.items), &server));
        let logins = Arc::new(ServerAccounts::new(Arc::clone(&self.parts.keyring), &server, &accounts));
        let endpoint = Arc::new(match before {
            Some(before) => before.endpoint.changed(server.clone(), items, logins),
            None => {
                let clock = Arc::clone(&self.parts.clock);
                EwsEndpoint::new(server.clone(), items, logins, clock, zone_of_this_machine())
            }
        });
        let mut open = self.lock();
        if let Some(listener) = open.listeners.get(&server.listen) {
            listener.add(Arc::clone(&endpoint));
        }
        if let Some(before) = before
            && let Some(listener) = open.listeners.get(before.listen())
        {
            listener.remove(&before.endpoint);
        }
        open.endpoints.insert(server.id, Served { endpoint, accounts, local });
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

    fn raise(&self, server: &EwsServer, error: &ListenError, served: Option<&Served>) -> Problem {
        let (name, listen, why) = (&server.name, &server.listen, &error.source);
        let is_moving = served.is_some_and(|served| served.listen() != *listen);
        let what = match (&error.source, is_moving) {
            (ListenCause::Socket(_), true) => format!("EWS server {name} cannot move to {listen}: {why}"),
            (ListenCause::Socket(_), false) => format!("EWS server {name}: {error}: {why}"),
            (ListenCause::Tls(_), _) => format!("EWS server {name} cannot use its certificate: {why}"),
        };
        let effect = match (&error.source, served) {
            (_, None) => "the BMS cannot read or write anything on it".to_owned(),
            (ListenCause::Socket(_), Some(served)) => format!("it is still served at {}", served.local),
            (ListenCause::Tls(_), Some(served)) => {
                let scheme = served.endpoint.server().scheme();
                format!("it is still served at {scheme}://{} as before", served.local)
            }
        };
        let (remedy, setting) = match &error.source {
            ListenCause::Socket(_) => (
                format!(
                    "end the program that uses {listen}, or give this server another address; \
                     Riser tries again by itself"
                ),
                "listen",
            ),
            ListenCause::Tls(_) => (
                "correct the files, or apply a certificate and key that belong together; Riser tries again by itself"
                    .to_owned(),
                "certificate",
            ),
        };
        let problem =
            Problem { code: code(server.id), what, effect, remedy, setting: Some(setting.to_owned()) };
        if self.parts.problems.raise(None, "Riser", problem.clone()) {
            tracing::error!(ews_server.name = name, "{}", problem.what);
        }
        problem
    }

    /// Ends the problem of a server that was removed.
    pub(crate) fn forget(&self, server: EwsServerId) {
        self.parts.problems.clear(None, &code(server));
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock()
    }
}

/// Listens on an address as soon as it is free; `None` when it is not free for long.
async fn bind_when_free(listen: &str, options: &ListenerOptions) -> Option<Listener> {
    for _ in 0..TAKE_OVER_ATTEMPTS {
        if let Ok(listener) = Listener::bind(listen, options.clone()).await {
            return Some(listener);
        }
        tokio::time::sleep(TAKE_OVER_INTERVAL).await;
    }
    None
}

/// Whether another listener has the address.
fn is_taken(error: &ListenError) -> bool {
    matches!(error.source, ListenCause::Socket(_))
}

fn tls_files(tls: &EwsTls) -> TlsFiles {
    TlsFiles { certificate: PathBuf::from(&tls.certificate), key: PathBuf::from(&tls.key) }
}

fn code(server: EwsServerId) -> String {
    format!("ews-address-unusable {}", server.0)
}

/// Where a BMS's times without an offset are meant.
fn zone_of_this_machine() -> Tz {
    iana_time_zone::get_timezone().ok().and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC)
}
