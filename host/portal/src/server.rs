//! The portal's listener.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use riser_domain::Problem;
use riser_http_server::{
    ConnectionAddrs, HttpLimits, HttpListener, HttpService, ReadTlsFiles, RequestBody, TlsAcceptor, TlsError,
    TlsFiles,
};
use tokio::net::TcpListener;

use crate::certificate::Certificate;
use crate::guard::BasePath;
use crate::pages::plugins::UPLOADS;
use crate::routes::{respond, router};
use crate::start_failure;
use crate::state::{Exposure, Portal, PortalSettings, PortalState};

/// Connections served at the same time. A browser opens a few for each tab.
const CONNECTIONS: usize = 256;
/// For the body of an upload: 64 MiB over a slow line.
const UPLOAD_DEADLINE: Duration = Duration::from_mins(10);
/// What clients above the limit receive.
const OVERLOADED: &str = "The portal has too many open connections. Try again in ten seconds.\n";

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
    /// The socket has no address.
    #[error("the portal's listening socket cannot be used")]
    Listener(#[source] std::io::Error),
}

/// A socket on which a portal may be served.
pub struct PortalListener {
    socket: TcpListener,
    exposure: Exposure,
    tls: Option<(TlsAcceptor, ReadTlsFiles)>,
    /// Why the configured certificate is not used.
    unusable: Option<TlsError>,
}

impl PortalListener {
    /// Checks whether a portal may be served on this socket, so that a start fails before anything runs.
    ///
    /// `is_plain_allowed` permits an address that other machines reach without TLS, which is then a
    /// [`problem`](Self::problem).
    ///
    /// # Errors
    /// When the portal may not be served like this, or when the files of TLS cannot be used.
    pub fn new(
        socket: TcpListener,
        tls: Option<&TlsFiles>,
        is_plain_allowed: bool,
    ) -> Result<Self, ServeError> {
        let address = socket.local_addr().map_err(ServeError::Listener)?;
        let is_beyond_loopback = !address.ip().is_loopback();
        if is_beyond_loopback && tls.is_none() && !is_plain_allowed {
            return Err(ServeError::PlainBeyondLoopback(address));
        }
        let exposure = Exposure { port: address.port(), is_tls: tls.is_some(), is_beyond_loopback };
        Ok(Self { socket, exposure, tls: tls.cloned().map(TlsFiles::read).transpose()?, unusable: None })
    }

    /// Returns a portal for this machine only, because its certificate cannot be used. EWS servers and processors do not
    /// need that certificate.
    ///
    /// # Errors
    /// When other machines reach the socket.
    pub fn without_certificate(socket: TcpListener, unusable: TlsError) -> Result<Self, ServeError> {
        Ok(Self { unusable: Some(unusable), ..Self::new(socket, None, false)? })
    }

    /// Returns the problem of a portal without TLS that should have it.
    pub fn problem(&self) -> Option<Problem> {
        match &self.unusable {
            Some(error) => Some(unusable_certificate(error)),
            None => (self.exposure.is_beyond_loopback && !self.exposure.is_tls).then(unencrypted_portal),
        }
    }

    /// Serves the portal until the future is dropped, which closes all connections. Returns only on a failure.
    pub async fn serve(self, portal: Portal) {
        let Self { socket, exposure, tls, .. } = self;
        let (acceptor, files) = tls.unzip();
        let runtime = portal.runtime.clone();
        let base_path = portal.settings.base_path.clone();
        let state = PortalState::new(portal, exposure);
        let service = PortalService { router: router(state.clone()), base_path };
        match HttpListener::start(socket, acceptor, limits(), service) {
            Ok(mut listener) => {
                state.set_listener(listener.local_address(), listener.open_connections());
                let mut certificate = Certificate::new(files);
                loop {
                    tokio::select! {
                        () = listener.failed() => break,
                        () = certificate.due() => {}
                    }
                    certificate.check(&listener, &runtime);
                }
            }
            Err(error) => tracing::error!(%error, "the portal's listening socket cannot be used"),
        }
    }

    /// Serves one page, which shows the problem that kept Riser from starting, until the future is dropped. Returns only
    /// on a failure.
    pub async fn serve_failed_start(self, problem: Problem, settings: &PortalSettings) {
        let router = start_failure::router(problem, settings);
        let service = PortalService { router, base_path: settings.base_path.clone() };
        match HttpListener::start(self.socket, self.tls.map(|(acceptor, _)| acceptor), limits(), service) {
            Ok(mut listener) => listener.failed().await,
            Err(error) => tracing::error!(%error, "the portal's listening socket cannot be used"),
        }
    }
}

fn limits() -> HttpLimits {
    HttpLimits { connections: CONNECTIONS, ..HttpLimits::default() }
}

/// The acceptor of TLS contains the key and cannot be printed.
impl std::fmt::Debug for PortalListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PortalListener").field("exposure", &self.exposure).finish_non_exhaustive()
    }
}

fn unusable_certificate(error: &TlsError) -> Problem {
    Problem {
        code: "portal-certificate-unusable-at-start".to_owned(),
        what: format!("the portal cannot use its certificate: {error}"),
        effect: "the portal is served without encryption, on this machine only; EWS servers and processors work"
            .to_owned(),
        remedy: "correct the files and restart Riser; until then, reach the portal through an SSH tunnel, as the log says"
            .to_owned(),
        setting: None,
    }
}

fn unencrypted_portal() -> Problem {
    Problem {
        code: "portal-without-tls".to_owned(),
        what: "other machines reach this portal without encryption".to_owned(),
        effect: "other people on the network can read passwords and take over sessions".to_owned(),
        remedy:
            "start Riser with a certificate and its key for the portal, or let it listen on this machine only"
                .to_owned(),
        setting: None,
    }
}

struct PortalService {
    router: Router,
    base_path: BasePath,
}

impl HttpService for PortalService {
    type ResponseBody = Body;

    async fn respond(
        &self,
        mut request: hyper::Request<RequestBody>,
        connection: ConnectionAddrs,
    ) -> Response {
        if request.uri().path().ends_with(UPLOADS) {
            request.body_mut().set_deadline(UPLOAD_DEADLINE);
        }
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(PeerAddress(connection.client));
        respond(self.router.clone(), &self.base_path, request).await
    }

    fn overloaded(&self) -> Response {
        let mut response = Response::new(Body::from(OVERLOADED));
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("10"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}
