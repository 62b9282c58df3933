//! Accepting connections, with a deadline for each thing a client may be slow at.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::routes::router;
use crate::state::{Portal, PortalState, Reach};
use crate::tls::{TlsError, TlsFiles};

/// Time for the header of a request, and between two requests of one connection.
const HEADER_DEADLINE: Duration = Duration::from_secs(15);
/// Time for the handshake of TLS.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
/// Connections served at once; more wait to be accepted.
const CONNECTIONS_AT_ONCE: usize = 256;
/// Pause after a connection could not be accepted, because no file handle is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The address a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerAddress(pub(crate) SocketAddr);

/// Why the portal is not served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Without TLS it is for this machine only.
    #[error(
        "other machines would reach the portal on {0} without encryption; give it a certificate and its key with \
         --portal-certificate and --portal-key, let it listen on 127.0.0.1, or allow this with --portal-allow-http"
    )]
    PlainBeyondLoopback(SocketAddr),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The listener has no address.
    #[error("the portal's listening socket cannot be used")]
    Listener(#[source] std::io::Error),
}

/// A listening socket on which a portal may be served.
pub struct Entrance {
    listener: TcpListener,
    reach: Reach,
    tls: Option<TlsAcceptor>,
}

impl Entrance {
    /// Looks whether a portal may be served here, so that what forbids it is told before anything runs.
    ///
    /// `is_plain_allowed`: without TLS, too, on an address that other machines reach; the portal then shows it as
    /// a problem.
    ///
    /// # Errors
    /// When it may not be served like this, or when the files of TLS cannot be used.
    pub fn new(
        listener: TcpListener,
        tls: Option<&TlsFiles>,
        is_plain_allowed: bool,
    ) -> Result<Self, ServeError> {
        let address = listener.local_addr().map_err(ServeError::Listener)?;
        let is_beyond_loopback = !address.ip().is_loopback();
        if is_beyond_loopback && tls.is_none() && !is_plain_allowed {
            return Err(ServeError::PlainBeyondLoopback(address));
        }
        let reach = Reach { port: address.port(), is_tls: tls.is_some(), is_beyond_loopback };
        Ok(Self { listener, reach, tls: tls.map(TlsFiles::acceptor).transpose()? })
    }

    /// Serves the portal until it is dropped; connections end with it.
    pub async fn serve(self, portal: Portal) {
        let Self { listener, reach, tls } = self;
        accept(listener, router(PortalState::new(portal, reach)), tls).await;
    }
}

/// The acceptor of TLS holds the key and prints nothing.
impl std::fmt::Debug for Entrance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entrance").field("reach", &self.reach).finish_non_exhaustive()
    }
}

async fn accept(listener: TcpListener, router: Router, tls: Option<TlsAcceptor>) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_AT_ONCE));
    let mut connections = JoinSet::new();
    loop {
        let slot = Arc::clone(&slots).acquire_owned().await.expect("the semaphore is never closed");
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, peer)) => {
                let (router, tls) = (router.clone(), tls.clone());
                connections.spawn(async move {
                    serve_stream(stream, peer, router, tls).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the portal could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve_stream(stream: TcpStream, peer: SocketAddr, router: Router, tls: Option<TlsAcceptor>) {
    // Live parts are small and should not wait for more.
    let _ = stream.set_nodelay(true);
    match tls {
        None => serve_connection(stream, peer, router).await,
        Some(tls) => match tokio::time::timeout(HANDSHAKE_DEADLINE, tls.accept(stream)).await {
            Ok(Ok(stream)) => serve_connection(stream, peer, router).await,
            Ok(Err(error)) => tracing::debug!(client.address = %peer, %error, "no TLS handshake with {peer}"),
            Err(_) => tracing::debug!(client.address = %peer, "the TLS handshake with {peer} took too long"),
        },
    }
}

async fn serve_connection(stream: impl AsyncRead + AsyncWrite + Unpin, peer: SocketAddr, router: Router) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(PeerAddress(peer));
        router.clone().oneshot(request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(client.address = %peer, %error, "the connection of {peer} ended early");
    }
}
