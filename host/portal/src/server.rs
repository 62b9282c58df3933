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
        "the portal would be reachable on {0} without encryption; give it a certificate and its key, let it \
         listen on 127.0.0.1, or allow plain HTTP explicitly"
    )]
    PlainBeyondLoopback(SocketAddr),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The listener has no address.
    #[error("the portal's listening socket cannot be used")]
    Listener(#[source] std::io::Error),
}

/// Serves the portal until it is dropped; connections end with it.
///
/// # Errors
/// Before anything is served, when it may not be served like this.
pub async fn serve(listener: TcpListener, portal: Portal, tls: Option<TlsFiles>) -> Result<(), ServeError> {
    let address = listener.local_addr().map_err(ServeError::Listener)?;
    let is_beyond_loopback = !address.ip().is_loopback();
    if is_beyond_loopback && tls.is_none() && !portal.settings.plain_allowed {
        return Err(ServeError::PlainBeyondLoopback(address));
    }
    let reach = Reach { port: address.port(), is_tls: tls.is_some(), is_beyond_loopback };
    let acceptor = tls.map(|files| files.acceptor()).transpose()?;
    accept(listener, router(PortalState::new(portal, reach)), acceptor).await;
    Ok(())
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
