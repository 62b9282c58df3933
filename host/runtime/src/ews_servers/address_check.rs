//! Tries an address before a server is configured to use it.

use std::net::SocketAddr;

use riser_domain::EwsServerId;
use riser_ews::{ListenCause, Listener, ListenerOptions};

use super::EwsServers;
use crate::ews_problem::socket_remedy;

impl EwsServers {
    /// Returns why a server could not be served at an address, with the remedy. `None` if it could be, and for a text
    /// that is not an address. `server` is `None` for a new one.
    pub(crate) async fn address_obstacle(&self, server: Option<EwsServerId>, listen: &str) -> Option<String> {
        let wanted: SocketAddr = listen.parse().ok()?;
        let listen = wanted.to_string();
        if self.lock().listeners.contains_key(&listen) {
            return None;
        }
        // Its listener has the port, and the server takes it along to the other address.
        let has_port = server.and_then(|server| self.served(server)).map(|served| served.local.port());
        if has_port == Some(wanted.port()) {
            return None;
        }
        let error = Listener::bind(&listen, ListenerOptions::default()).await.err()?;
        let ListenCause::Socket(cause) = &error.source else { return None };
        let blocker = self.blocker_of(server, wanted);
        let remedy = socket_remedy(cause.kind(), &listen, blocker.as_deref());
        Some(format!("{listen} cannot be listened on: {cause}; {remedy}"))
    }
}
