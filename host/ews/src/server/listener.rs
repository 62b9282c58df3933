use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::endpoint::EwsEndpoint;
use super::guarded_stream::{ConnectionPhase, GuardedStream};
use super::service::{ConnectionEnds, Endpoints, overloaded, serve};

/// Bytes of a request's header.
const HEADER_BYTES: usize = 64 * 1024;
/// Lines of a request's header.
const HEADER_LINES: usize = 64;
/// Connections above the cap that are told so; more are closed without a word.
const TOLD_OVERLOADED: usize = 64;
/// How long connections may take to finish when the listener closes.
const CLOSING: Duration = Duration::from_secs(5);
/// Pause after a failed accept, which fails again at once while the process is out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long clients may take and how many may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerOptions {
    /// From the first byte of a header, or from the opening of a connection, to the whole header.
    pub header_deadline: Duration,
    /// Between two requests on a connection; longer than a BMS polls, or each poll pays for a new login.
    pub idle_timeout: Duration,
    /// For the body of a request.
    pub body_deadline: Duration,
    /// For a disk to take a write or to give a history; then the client is told to try again.
    pub disk_deadline: Duration,
    /// For a client to read on.
    pub write_deadline: Duration,
    /// Connections served at once.
    pub connections: usize,
}

impl Default for ListenerOptions {
    fn default() -> Self {
        Self {
            header_deadline: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(90),
            body_deadline: Duration::from_secs(30),
            disk_deadline: Duration::from_secs(10),
            write_deadline: Duration::from_secs(30),
            connections: 1_000,
        }
    }
}

/// Why an address cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct ListenError {
    /// The address that was asked for.
    pub address: String,
    /// What the system says.
    #[source]
    pub source: io::Error,
}

/// One listen address that serves any number of EWS servers at different paths.
#[derive(Debug)]
pub struct Listener {
    local: SocketAddr,
    endpoints: Arc<Endpoints>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Listener {
    /// Listens on an address, such as `127.0.0.1:51358`. Nothing is served until an endpoint is added.
    ///
    /// # Errors
    /// When the address is taken, not this machine's, or no address.
    pub async fn bind(address: &str, options: ListenerOptions) -> Result<Self, ListenError> {
        let failed = |source| ListenError { address: address.to_owned(), source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        let endpoints = Arc::new(Endpoints::default());
        let (stop, stopped) = watch::channel(false);
        let server =
            ListenerTask { endpoints: Arc::clone(&endpoints), options, stopped, open: Arc::default() };
        let accepting = tokio::spawn(server.accept(socket));
        Ok(Self { local, endpoints, stop, accepting })
    }

    /// The address that is listened on, with the port that the system chose.
    pub fn local_address(&self) -> SocketAddr {
        self.local
    }

    /// Serves an endpoint at its path from now on, in place of one that was there.
    pub fn add(&self, endpoint: Arc<EwsEndpoint>) {
        self.endpoints.add(endpoint);
    }

    /// Stops serving an endpoint, unless another one took its path meanwhile. Requests under way are answered.
    pub fn remove(&self, endpoint: &Arc<EwsEndpoint>) {
        self.endpoints.remove(endpoint);
    }

    /// Whether it serves no endpoint.
    pub fn is_unused(&self) -> bool {
        self.endpoints.is_empty()
    }

    /// Stops listening, lets requests under way end, and closes all connections.
    pub async fn close(self) {
        self.stop.send_replace(true);
        // The task ends by itself; when it panicked there is nothing left to close.
        let _ = self.accepting.await;
    }
}

#[derive(Clone)]
struct ListenerTask {
    endpoints: Arc<Endpoints>,
    options: ListenerOptions,
    stopped: watch::Receiver<bool>,
    open: Arc<AtomicUsize>,
}

/// One of the connections that are counted.
struct OpenConnection(Arc<AtomicUsize>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ListenerTask {
    async fn accept(self, socket: TcpListener) {
        let mut stopped = self.stopped.clone();
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = told_to_stop(&mut stopped) => break,
                Some(_) = connections.join_next() => {}
                accepted = socket.accept() => match accepted {
                    Ok((stream, client)) => self.welcome(stream, client, &mut connections),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(socket);
        let finished = async { while connections.join_next().await.is_some() {} };
        // What is not finished by then ends with the set.
        let _ = tokio::time::timeout(CLOSING, finished).await;
    }

    fn welcome(&self, stream: TcpStream, client: SocketAddr, connections: &mut JoinSet<()>) {
        let others = self.open.fetch_add(1, Ordering::Relaxed);
        let counted = OpenConnection(Arc::clone(&self.open));
        if others >= self.options.connections.saturating_add(TOLD_OVERLOADED) {
            return;
        }
        let is_overloaded = others >= self.options.connections;
        let task = self.clone();
        connections.spawn(async move {
            if let Err(error) = task.connection(stream, client, is_overloaded).await {
                tracing::debug!(client.address = %client, error, "a connection ended early");
            }
            drop(counted);
        });
    }

    async fn connection(
        mut self,
        stream: TcpStream,
        client: SocketAddr,
        is_overloaded: bool,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        stream.set_nodelay(true)?;
        let ends = ConnectionEnds { client, local: stream.local_addr()? };
        let phase = ConnectionPhase::new();
        let options = self.options;
        let stream =
            GuardedStream::new(stream, Arc::clone(&phase), options.header_deadline, options.write_deadline);
        let endpoints = &*self.endpoints;
        let phase = &*phase;
        let service = service_fn(async |request| {
            phase.request_begins();
            let answer =
                if is_overloaded { overloaded() } else { serve(request, endpoints, ends, options).await };
            phase.request_ends();
            Ok::<_, Infallible>(answer)
        });
        let mut connection = std::pin::pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(options.idle_timeout)
                .max_buf_size(HEADER_BYTES)
                .max_headers(HEADER_LINES)
                .serve_connection(TokioIo::new(stream), service)
        );
        tokio::select! {
            ended = &mut connection => return Ok(ended?),
            () = told_to_stop(&mut self.stopped) => connection.as_mut().graceful_shutdown(),
        }
        Ok(connection.await?)
    }
}

/// Waits for the word to stop. A listener that is gone has said it too.
async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
