//! The accept loop.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::deadline_stream::{ConnectionPhase, DeadlineStream};
use crate::limits::HttpLimits;
use crate::request_body::RequestBody;
use crate::service::{ConnectionAddrs, HttpService};

/// Bytes of a request's header.
const HEADER_BYTES: usize = 64 * 1024;
/// Lines of a request's header.
const HEADER_LINES: usize = 64;
/// Connections above the limit that get a response; the listener closes more of them at once.
const OVERLOAD_RESPONSES: usize = 64;
/// Time for requests to finish when the listener closes.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause after a failed accept, which fails again immediately while the process has no free descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A listening socket and its connections. Dropping it closes both.
pub struct HttpListener {
    local: SocketAddr,
    stop: watch::Sender<bool>,
    tls: watch::Sender<Option<TlsAcceptor>>,
    /// Its sender is dropped with the socket.
    listening: watch::Receiver<()>,
    accepting: JoinHandle<()>,
    open_connections: OpenConnections,
}

/// Counts the open connections of a listener.
#[derive(Clone, Debug, Default)]
pub struct OpenConnections(Arc<AtomicUsize>);

impl OpenConnections {
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for HttpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpListener").field("local", &self.local).finish_non_exhaustive()
    }
}

impl HttpListener {
    /// Starts to accept connections. Call it within a tokio runtime.
    ///
    /// # Errors
    /// When the socket has no address.
    pub fn start(
        socket: TcpListener,
        tls: Option<TlsAcceptor>,
        limits: HttpLimits,
        service: impl HttpService,
    ) -> io::Result<Self> {
        let local = socket.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let (tls, current_tls) = watch::channel(tls);
        let open_connections = OpenConnections::default();
        let shared = Shared { service, limits, open: Arc::clone(&open_connections.0) };
        let (open, listening) = watch::channel(());
        let ends = Ends { stopped, tls: current_tls };
        let accepting = tokio::spawn(accept((socket, open), Arc::new(shared), ends));
        Ok(Self { local, stop, tls, listening, accepting, open_connections })
    }

    /// Returns the address of the socket, with the port that the system chose.
    pub const fn local_address(&self) -> SocketAddr {
        self.local
    }

    /// Returns the counter of its open connections.
    pub fn open_connections(&self) -> OpenConnections {
        self.open_connections.clone()
    }

    /// Uses another certificate, or none, for new connections. Open connections finish their request and close.
    pub fn set_tls(&self, tls: Option<TlsAcceptor>) {
        self.tls.send_replace(tls);
    }

    /// Returns if the accept loop panicked, and not before.
    pub async fn failed(&mut self) {
        let _panic = (&mut self.accepting).await;
    }

    /// Stops listening; returns when the port is free. Open requests finish.
    pub async fn stop_listening(&mut self) {
        self.stop.send_replace(true);
        while self.listening.changed().await.is_ok() {}
    }

    /// Stops listening, lets open requests finish, and closes all connections.
    pub async fn close(self) {
        self.stop.send_replace(true);
        // After a panic nothing is left to close.
        let _ended = self.accepting.await;
    }
}

/// Parts that all connections use.
struct Shared<S> {
    service: S,
    limits: HttpLimits,
    open: Arc<AtomicUsize>,
}

/// Counts as an open connection until it is dropped.
struct OpenConnection<S>(Arc<Shared<S>>);

impl<S> Drop for OpenConnection<S> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Signals that end a connection: the listener closes, or has another certificate.
#[derive(Clone)]
struct Ends {
    stopped: watch::Receiver<bool>,
    tls: watch::Receiver<Option<TlsAcceptor>>,
}

impl Ends {
    /// Waits for a signal. A dropped listener has closed, too.
    async fn wait(&mut self) {
        let Self { stopped, tls } = self;
        tokio::select! {
            () = wait_for(stopped) => {}
            _changed = tls.changed() => {}
        }
    }
}

async fn accept<S: HttpService>(
    (socket, open): (TcpListener, watch::Sender<()>),
    shared: Arc<Shared<S>>,
    mut ends: Ends,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = wait_for(&mut ends.stopped) => break,
            Some(_) = connections.join_next() => {}
            accepted = socket.accept() => match accepted {
                Ok((stream, client)) => {
                    accept_connection(&shared, stream, client, ends.clone(), &mut connections);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(socket);
    drop(open);
    let finished = async { while connections.join_next().await.is_some() {} };
    // Dropping the set ends the rest.
    let _finished = timeout(CLOSE_TIMEOUT, finished).await;
}

fn accept_connection<S: HttpService>(
    shared: &Arc<Shared<S>>,
    stream: TcpStream,
    client: SocketAddr,
    mut ends: Ends,
    connections: &mut JoinSet<()>,
) {
    let others = shared.open.fetch_add(1, Ordering::Relaxed);
    let open = OpenConnection(Arc::clone(shared));
    let limit = shared.limits.connections;
    if others >= limit.saturating_add(OVERLOAD_RESPONSES) {
        return;
    }
    let is_overloaded = others >= limit;
    let tls = ends.tls.borrow_and_update().clone();
    connections.spawn(async move {
        let connection = Connection { shared: &open.0, is_overloaded, ends };
        if let Err(error) = connection.serve(stream, client, tls).await {
            tracing::debug!(client.address = %client, error, "a connection ended early");
        }
    });
}

struct Connection<'shared, S> {
    shared: &'shared Shared<S>,
    is_overloaded: bool,
    ends: Ends,
}

type ConnectionResult = Result<(), Box<dyn Error + Send + Sync>>;

impl<S: HttpService> Connection<'_, S> {
    async fn serve(
        mut self,
        stream: TcpStream,
        client: SocketAddr,
        tls: Option<TlsAcceptor>,
    ) -> ConnectionResult {
        // Small parts of a stream of events must not wait for more.
        stream.set_nodelay(true)?;
        let limits = &self.shared.limits;
        let addrs = ConnectionAddrs { client, local: stream.local_addr()?, is_tls: tls.is_some() };
        let Some(tls) = tls else { return self.serve_stream(stream, addrs).await };
        let stream = tokio::select! {
            accepted = timeout(limits.handshake_deadline, tls.accept(stream)) => accepted??,
            () = self.ends.wait() => return Ok(()),
        };
        self.serve_stream(stream, addrs).await
    }

    async fn serve_stream(
        mut self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin,
        addrs: ConnectionAddrs,
    ) -> ConnectionResult {
        let Self { shared, is_overloaded, .. } = self;
        let Shared { service, limits, .. } = shared;
        let phase = ConnectionPhase::new();
        let stream = DeadlineStream::new(stream, Arc::clone(&phase), limits);
        let phase = &*phase;
        let respond = service_fn(move |request: hyper::Request<hyper::body::Incoming>| async move {
            phase.request_begins();
            let response = if is_overloaded {
                service.overloaded()
            } else {
                let request = request.map(|body| RequestBody::new(body, limits.body_deadline));
                service.respond(request, addrs).await
            };
            phase.request_ends();
            Ok::<_, Infallible>(response)
        });
        let mut connection = std::pin::pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.idle_timeout)
                .max_buf_size(HEADER_BYTES)
                .max_headers(HEADER_LINES)
                .serve_connection(TokioIo::new(stream), respond)
        );
        tokio::select! {
            ended = &mut connection => return Ok(ended?),
            () = self.ends.wait() => connection.as_mut().graceful_shutdown(),
        }
        Ok(connection.await?)
    }
}

/// Waits until the listener closes. A dropped listener has closed, too.
async fn wait_for(stopped: &mut watch::Receiver<bool>) {
    let _closed = stopped.wait_for(|stopped| *stopped).await;
}
