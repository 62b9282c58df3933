//! The EWS servers of this host, as configured. An address in use is tried again, and a
//! server that cannot move stays at its address.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use parking_lot::{Mutex, MutexGuard};
use riser_domain::{Clock, EwsServer, EwsServerId, Problem};
use riser_ews::{EndpointStatistics, EwsEndpoint, ListenError, Listener, ListenerOptions};
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
    /// Held by [`EwsServers::align`].
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

    /// Opens, changes, moves and closes servers as configured. Raises and returns a problem for each server that
    /// cannot be; the next call tries again. Unchanged servers are not touched.
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
        let Some(current) = self.served(server.id) else {
            return match self.listener_address(&server.listen, None).await {
                Ok(local) => {
                    self.serve(server, accounts, local, None);
                    self.parts.problems.clear(None, &code(server.id));
                    Ok(())
                }
                Err(error) => Err(self.raise(server, &error, None)),
            };
        };
        if current.listen() == server.listen {
            if *current.endpoint.server() != *server || current.accounts != accounts {
                self.serve(server, accounts, current.local, Some(&current));
            }
            self.parts.problems.clear(None, &code(server.id));
            return Ok(());
        }
        match self.listener_address(&server.listen, Some(&current)).await {
            Ok(local) => {
                self.serve(server, accounts, local, Some(&current));
                self.parts.problems.clear(None, &code(server.id));
                Ok(())
            }
            Err(error) => {
                let (listen, path) = (current.listen().to_owned(), current.endpoint.server().path.clone());
                let stays = EwsServer { listen, path, ..server.clone() };
                if *current.endpoint.server() != stays || current.accounts != accounts {
                    self.serve(&stays, accounts, current.local, Some(&current));
                }
                Err(self.raise(server, &error, Some(&current)))
            }
        }
    }

    /// Stops serving. Requests under way are completed.
    pub(crate) async fn close(&self) {
        let _aligning = self.aligning.lock().await;
        let open = std::mem::take(&mut *self.lock());
        for listener in open.listeners.into_values() {
            listener.close().await;
        }
    }

    /// Returns how a server is doing.
    pub(crate) fn status(&self, server: &EwsServer, items: usize) -> EwsServerStatus {
        let current = self.served(server.id);
        let (local, asked) = match &current {
            Some(current) => (Some(current.local), current.endpoint.statistics()),
            None => (None, EndpointStatistics::default()),
        };
        let waits_to_move = current.is_some_and(|current| current.listen() != server.listen);
        let listen = local.map_or_else(|| server.listen.clone(), |local| local.to_string());
        let address = server.public_url.clone().unwrap_or_else(|| format!("http://{listen}{}", server.path));
        let (state, sentence) = match (local, asked.last_client) {
            (None, _) => (LinkState::Down, format!("{listen} cannot be listened on")),
            (Some(local), _) if waits_to_move => (
                LinkState::Degraded,
                format!("{} cannot be listened on; still served at {local}", server.listen),
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

    /// Returns the local address of a listener, and opens it when it is the first for its address. A server that
    /// moves may take over the port of the listener that it leaves.
    async fn listener_address(
        &self,
        listen: &str,
        mover: Option<&Served>,
    ) -> Result<SocketAddr, ListenError> {
        let present = self.lock().listeners.get(listen).map(Listener::local_address);
        if let Some(local) = present {
            return Ok(local);
        }
        let listener = match Listener::bind(listen, ListenerOptions::default()).await {
            Ok(listener) => listener,
            Err(error) => match mover.filter(|mover| self.blocks(mover, listen)) {
                Some(mover) => self.take_over(listen, mover).await.ok_or(error)?,
                None => return Err(error),
            },
        };
        let local = listener.local_address();
        self.lock().listeners.insert(listen.to_owned(), listener);
        Ok(local)
    }

    /// Returns whether the listener that a server leaves has the wanted port and serves no other server.
    fn blocks(&self, mover: &Served, listen: &str) -> bool {
        let wanted_port = listen.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        let is_shared =
            self.lock().endpoints.values().any(|other| {
                other.listen() == mover.listen() && !Arc::ptr_eq(&other.endpoint, &mover.endpoint)
            });
        wanted_port == Some(mover.local.port()) && !is_shared
    }

    /// Closes the listener that a server leaves, and listens on another address with the same port. When that
    /// fails the server is served at its former address again.
    async fn take_over(&self, listen: &str, mover: &Served) -> Option<Listener> {
        let left = self.lock().listeners.remove(mover.listen())?;
        // Its connections may end later; its port is free at once.
        tokio::spawn(left.close());
        if let Some(listener) = bind_when_free(listen).await {
            return Some(listener);
        }
        if let Some(back) = bind_when_free(&mover.local.to_string()).await {
            back.add(Arc::clone(&mover.endpoint));
            self.lock().listeners.insert(mover.listen().to_owned(), back);
        }
        None
    }

    /// Serves a server with these settings, in place of the endpoint it had.
    fn serve(&self, server: &EwsServer, accounts: Vec<Account>, local: SocketAddr, before: Option<&Served>) {
        let items = Arc::new(ServerItems::new(Arc::clone(&self.parts.items), server));
        let logins = Arc::new(ServerAccounts::new(Arc::clone(&self.parts.keyring), server, &accounts));
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
        if before.is_none_or(|before| before.local != local) {
            tracing::info!(
                ews_server.name = server.name,
                "EWS server {} listens on http://{local}{}",
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

    /// Closes unused listeners. Requests under way are completed.
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

    fn raise(&self, server: &EwsServer, error: &ListenError, current: Option<&Served>) -> Problem {
        let (name, listen, why) = (&server.name, &server.listen, &error.source);
        let (what, effect) = match current {
            Some(current) => (
                format!("EWS server {name} cannot move to {listen}: {why}"),
                format!("it is still served at {}", current.local),
            ),
            None => (
                format!("EWS server {name}: {error}: {why}"),
                "the BMS cannot read or write anything on it".to_owned(),
            ),
        };
        let problem = Problem {
            code: code(server.id),
            what,
            effect,
            remedy: format!(
                "end the program that uses {listen}, or give this server another address; Riser tries again by itself"
            ),
            setting: Some("listen".to_owned()),
        };
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

/// Listens on an address as soon as it is free. Returns `None` if it stays in use.
async fn bind_when_free(listen: &str) -> Option<Listener> {
    for _ in 0..TAKE_OVER_ATTEMPTS {
        if let Ok(listener) = Listener::bind(listen, ListenerOptions::default()).await {
            return Some(listener);
        }
        tokio::time::sleep(TAKE_OVER_INTERVAL).await;
    }
    None
}

fn code(server: EwsServerId) -> String {
    format!("ews-address-unusable {}", server.0)
}

/// Returns the time zone of a BMS's times without an offset.
fn zone_of_this_machine() -> Tz {
    iana_time_zone::get_timezone().ok().and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC)
}
