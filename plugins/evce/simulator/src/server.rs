//! The two listeners: the API over TLS, the control interface in plain HTTP on loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::api::{self, exchange};
use crate::controller::Controller;

/// A handshake or a request's head that takes longer ends the connection.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Interval of advancing the site without requests.
const CATCH_UP_INTERVAL: Duration = Duration::from_secs(1);

/// Serves the API until it is dropped.
pub(crate) async fn serve_api(controller: Arc<Controller>, listener: TcpListener) {
    let router = api::router(Arc::clone(&controller));
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let connection = Connection { controller: Arc::clone(&controller), router: router.clone() };
                tokio::spawn(connection.serve(stream));
            }
            // No free file descriptor, most likely: others will end.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Serves the API without TLS until it is dropped; for ever nothing without a listener.
pub(crate) async fn serve_without_tls(controller: Arc<Controller>, listener: Option<TcpListener>) {
    let Some(listener) = listener else { return std::future::pending().await };
    let router = api::router(Arc::clone(&controller));
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let connection = Connection { controller: Arc::clone(&controller), router: router.clone() };
                let cuts = connection.controller.cuts.subscribe();
                tokio::spawn(connection.respond(stream, cuts));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Serves the control interface until it is dropped.
pub(crate) async fn serve_control(router: Router, listener: TcpListener) -> std::io::Result<()> {
    axum::serve(listener, router).await
}

/// Advances the site regularly, so that no request has much to compute.
pub(crate) async fn keep_moving(controller: Arc<Controller>) {
    let mut beat = tokio::time::interval(CATCH_UP_INTERVAL);
    loop {
        beat.tick().await;
        controller.catch_up();
    }
}

struct Connection {
    controller: Arc<Controller>,
    router: Router,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        let mut cuts = self.controller.cuts.subscribe();
        if self.controller.refuses_connection() {
            // The peer sees a reset, as from a closed port.
            let _ = stream.set_zero_linger();
            return;
        }
        let _ = stream.set_nodelay(true);
        let Some(tls) = self.controller.certificates.current().tls else {
            // A handshake that never goes on ends with the next certificate.
            let _ = cuts.changed().await;
            return;
        };
        let accepted = TlsAcceptor::from(tls).accept(stream);
        let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIMEOUT, accepted).await else {
            return;
        };
        self.respond(stream, cuts).await;
    }

    /// Responds to the requests of one connection until it ends or is cut.
    async fn respond(self, stream: impl AsyncRead + AsyncWrite + Unpin, mut cuts: watch::Receiver<u64>) {
        let served = AtomicBool::new(false);
        let service = service_fn(move |request| {
            let is_reused = served.swap(true, Ordering::Relaxed);
            exchange::respond(Arc::clone(&self.controller), self.router.clone(), request, is_reused)
        });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(stream), service);
        tokio::select! {
            // Errors are the peer's going away or a fault that drops the connection.
            _ = served => {}
            _ = cuts.changed() => {}
        }
    }
}
