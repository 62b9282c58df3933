//! The EWS servers of this host: opened from the configuration; an address that is taken is tried again.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use chrono_tz::Tz;
use riser_domain::{EwsServer, EwsServerId, Problem};
use riser_ews::{EndpointStatistics, EwsEndpoint, Listener, ListenerOptions};

use crate::ews_source::{ServerAccounts, ServerItems};
use crate::status::{EwsServerStatus, LinkState};
use crate::supervisor::Context;

/// Open listeners, by the address as configured, and the endpoints they serve.
#[derive(Default)]
pub(crate) struct EwsServers {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    listeners: HashMap<String, Listener>,
    endpoints: HashMap<EwsServerId, Served>,
}

struct Served {
    endpoint: Arc<EwsEndpoint>,
    local: SocketAddr,
}

impl fmt::Debug for EwsServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EwsServers").finish_non_exhaustive()
    }
}

impl EwsServers {
    /// Opens what is configured and not open yet; what cannot be opened stands as a problem.
    pub(crate) async fn open_missing(&self, context: &Arc<Context>) {
        for server in &context.configurations.now().ews_servers {
            if self.is_open(server.id) {
                continue;
            }
            match self.listener_address(&server.listen).await {
                Ok(local) => self.serve(context, server, local),
                Err(error) => raise(context, server, &error.to_string(), &error.source.to_string()),
            }
        }
    }

    /// Stops serving; requests under way are answered.
    pub(crate) async fn close(&self) {
        let open = std::mem::take(&mut *self.lock());
        for listener in open.listeners.into_values() {
            listener.close().await;
        }
    }

    /// How a server stands.
    pub(crate) fn status(&self, server: &EwsServer, items: usize) -> EwsServerStatus {
        let (local, asked) = match self.lock().endpoints.get(&server.id) {
            Some(open) => (Some(open.local), open.endpoint.statistics()),
            None => (None, EndpointStatistics::default()),
        };
        let listen = local.map_or_else(|| server.listen.clone(), |local| local.to_string());
        let address = server.public_url.clone().unwrap_or_else(|| format!("http://{listen}{}", server.path));
        let (state, sentence) = match (local, asked.last_client) {
            (None, _) => (LinkState::Down, format!("{listen} cannot be listened on")),
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

    fn is_open(&self, server: EwsServerId) -> bool {
        self.lock().endpoints.contains_key(&server)
    }

    /// The local address of a listener, which is opened when it is the first for its address.
    async fn listener_address(&self, listen: &str) -> Result<SocketAddr, riser_ews::ListenError> {
        let present = self.lock().listeners.get(listen).map(Listener::local_address);
        if let Some(local) = present {
            return Ok(local);
        }
        let listener = Listener::bind(listen, ListenerOptions::default()).await?;
        let local = listener.local_address();
        self.lock().listeners.insert(listen.to_owned(), listener);
        Ok(local)
    }

    fn serve(&self, context: &Arc<Context>, server: &EwsServer, local: SocketAddr) {
        let items =
            ServerItems { context: Arc::clone(context), server: server.id, name: server.name.clone() };
        let accounts = ServerAccounts::new(Arc::clone(context), server);
        let endpoint = Arc::new(EwsEndpoint::new(
            server.clone(),
            Arc::new(items),
            Arc::new(accounts),
            Arc::clone(&context.clock),
            zone_of_this_machine(),
        ));
        let mut open = self.lock();
        if let Some(listener) = open.listeners.get(&server.listen) {
            listener.add(Arc::clone(&endpoint));
        }
        open.endpoints.insert(server.id, Served { endpoint, local });
        drop(open);
        context.problems.clear(None, &code(server));
        tracing::info!(
            ews_server.name = server.name,
            "EWS server {} listens on http://{local}{}",
            server.name,
            server.path
        );
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn code(server: &EwsServer) -> String {
    format!("ews-address-unusable {}", server.id.0)
}

fn raise(context: &Context, server: &EwsServer, what: &str, why: &str) {
    let problem = Problem {
        code: code(server),
        what: format!("EWS server {}: {what}: {why}", server.name),
        effect: "the BMS cannot read or write anything on it".to_owned(),
        remedy: format!(
            "end the program that uses {}, or give this server another address; Riser tries again by itself",
            server.listen
        ),
        setting: Some("listen".to_owned()),
    };
    let line = problem.what.clone();
    if context.problems.raise(None, "Riser", problem) {
        tracing::error!(ews_server.name = server.name, "{line}");
    }
}

/// Where a BMS's times without an offset are meant.
fn zone_of_this_machine() -> Tz {
    iana_time_zone::get_timezone().ok().and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC)
}
