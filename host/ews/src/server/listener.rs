//! A listen address with the EWS servers on it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use parking_lot::Mutex;
use riser_http_server::{
    ConnectionAddrs, HttpLimits, HttpListener, HttpService, ReadTlsFiles, RequestBody, TlsError, TlsFiles,
};
use tokio::net::TcpListener;

use super::endpoint::EwsEndpoint;
use super::service::{Endpoints, overloaded, serve};

/// How a listener serves its clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerOptions {
    /// HTTPS with this certificate; plain HTTP without.
    pub tls: Option<TlsFiles>,
    /// How long clients may take, and how many may connect.
    pub limits: HttpLimits,
    /// For a disk to take a write or to give a history. Then the client is asked to try again.
    pub disk_deadline: Duration,
}

impl Default for ListenerOptions {
    fn default() -> Self {
        Self { tls: None, limits: HttpLimits::default(), disk_deadline: Duration::from_secs(10) }
    }
}

/// An address cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct ListenError {
    pub address: String,
    #[source]
    pub source: ListenCause,
}

/// Why an address cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ListenCause {
    /// The address is taken, belongs to another machine, or is not an address.
    #[error(transparent)]
    Socket(#[from] io::Error),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// One listen address that serves any number of EWS servers at different paths.
#[derive(Debug)]
pub struct Listener {
    endpoints: Arc<Endpoints>,
    http: HttpListener,
    tls: Mutex<Option<ReadTlsFiles>>,
}

impl Listener {
    /// Listens on an address, such as `127.0.0.1:51358`. Nothing is served until an endpoint is added.
    ///
    /// # Errors
    /// When the address or the files of TLS cannot be used.
    pub async fn bind(address: &str, options: ListenerOptions) -> Result<Self, ListenError> {
        Self::try_bind(address, options)
            .await
            .map_err(|source| ListenError { address: address.to_owned(), source })
    }

    async fn try_bind(address: &str, options: ListenerOptions) -> Result<Self, ListenCause> {
        let ListenerOptions { tls, limits, disk_deadline } = options;
        let (acceptor, tls) = tls.map(TlsFiles::read).transpose()?.unzip();
        let socket = TcpListener::bind(address).await?;
        let endpoints = Arc::new(Endpoints::default());
        let service = EwsService { endpoints: Arc::clone(&endpoints), disk_deadline };
        let http = HttpListener::start(socket, acceptor, limits, service)?;
        Ok(Self { endpoints, http, tls: Mutex::new(tls) })
    }

    /// Returns the address of the socket, with the port that the system chose.
    pub fn local_address(&self) -> SocketAddr {
        self.http.local_address()
    }

    /// Returns the number of open connections.
    pub fn open_connections(&self) -> usize {
        self.http.open_connections().count()
    }

    /// Returns the certificate in use; `None` for plain HTTP.
    pub fn tls(&self) -> Option<TlsFiles> {
        self.tls.lock().as_ref().map(|tls| tls.files().clone())
    }

    /// Returns whether the files of the certificate in use are as they were read.
    pub fn is_tls_current(&self) -> bool {
        self.tls.lock().as_ref().is_none_or(ReadTlsFiles::is_current)
    }

    /// Uses another certificate, or plain HTTP, for new connections. Open connections finish their request and
    /// close.
    ///
    /// # Errors
    /// When the files cannot be used. The listener then keeps its certificate.
    pub fn set_tls(&self, tls: Option<TlsFiles>) -> Result<(), TlsError> {
        let (acceptor, tls) = tls.map(TlsFiles::read).transpose()?.unzip();
        *self.tls.lock() = tls;
        self.http.set_tls(acceptor);
        Ok(())
    }

    /// Serves an endpoint at its path from now on, in place of one that was there.
    pub fn add(&self, endpoint: Arc<EwsEndpoint>) {
        self.endpoints.add(endpoint);
    }

    /// Stops serving an endpoint, unless another one took its path meanwhile. Open requests are completed.
    pub fn remove(&self, endpoint: &Arc<EwsEndpoint>) {
        self.endpoints.remove(endpoint);
    }

    /// Whether requests to the path of this endpoint reach it.
    pub fn serves(&self, endpoint: &Arc<EwsEndpoint>) -> bool {
        self.endpoints.serves(endpoint)
    }

    /// Returns the endpoint that is served at a path.
    pub fn endpoint_at(&self, path: &str) -> Option<Arc<EwsEndpoint>> {
        self.endpoints.find(path)
    }

    /// Whether it serves no endpoint.
    pub fn is_unused(&self) -> bool {
        self.endpoints.is_empty()
    }

    /// Stops listening; returns when the port is free. Open requests finish.
    pub async fn stop_listening(&mut self) {
        self.http.stop_listening().await;
    }

    /// Stops listening, lets open requests finish, and closes all connections.
    pub async fn close(self) {
        self.http.close().await;
    }
}

struct EwsService {
    endpoints: Arc<Endpoints>,
    disk_deadline: Duration,
}

impl HttpService for EwsService {
    type ResponseBody = Full<Bytes>;

    async fn respond(
        &self,
        request: Request<RequestBody>,
        connection: ConnectionAddrs,
    ) -> Response<Full<Bytes>> {
        serve(request, &self.endpoints, connection, self.disk_deadline).await
    }

    fn overloaded(&self) -> Response<Full<Bytes>> {
        overloaded()
    }
}
