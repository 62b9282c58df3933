//! Real clients at a listener, over plain TCP and over TLS.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, StatusCode};
use riser_http_server::{
    ConnectionAddrs, HttpLimits, HttpListener, HttpService, RequestBody, RequestBodyError, TlsFiles,
};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;

/// A deadline that a test waits for.
const SHORT: Duration = Duration::from_millis(50);
/// More than the buffers of two sockets hold.
const LARGE_BYTES: usize = 32 << 20;
const BOTH: [Scheme; 2] = [Scheme::Http, Scheme::Https];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

/// Counts requests to `/held` and lets them finish.
struct Barrier {
    entered: Semaphore,
    released: Semaphore,
}

struct TestService(Arc<Barrier>);

fn response(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response
}

impl HttpService for TestService {
    type ResponseBody = Full<Bytes>;

    async fn respond(
        &self,
        request: Request<RequestBody>,
        connection: ConnectionAddrs,
    ) -> Response<Full<Bytes>> {
        match request.uri().path() {
            "/large" => response(StatusCode::OK, vec![b'x'; LARGE_BYTES]),
            "/held" => {
                self.0.entered.add_permits(1);
                self.0.released.acquire().await.unwrap().forget();
                response(StatusCode::OK, "released")
            }
            "/body" => match request.into_body().collect().await {
                Ok(body) => response(StatusCode::OK, body.to_bytes()),
                Err(RequestBodyError::TooSlow) => response(StatusCode::REQUEST_TIMEOUT, "too slow"),
                Err(RequestBodyError::Broken(error)) => response(StatusCode::BAD_REQUEST, error.to_string()),
            },
            _ => response(StatusCode::OK, format!("{} {}", connection.client, connection.is_tls)),
        }
    }

    fn overloaded(&self) -> Response<Full<Bytes>> {
        let mut response = response(StatusCode::SERVICE_UNAVAILABLE, "overloaded");
        response.headers_mut().insert("connection", "close".parse().unwrap());
        response
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

struct Server {
    listener: HttpListener,
    address: SocketAddr,
    connector: Option<TlsConnector>,
    barrier: Arc<Barrier>,
}

impl Server {
    async fn start(scheme: Scheme, limits: HttpLimits) -> Self {
        let barrier = Arc::new(Barrier { entered: Semaphore::new(0), released: Semaphore::new(0) });
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (acceptor, connector) = match scheme {
            Scheme::Http => (None, None),
            Scheme::Https => {
                let (acceptor, connector) = tls();
                (Some(acceptor), Some(connector))
            }
        };
        let listener =
            HttpListener::start(socket, acceptor, limits, TestService(Arc::clone(&barrier))).unwrap();
        Self { address: listener.local_address(), listener, connector, barrier }
    }

    async fn connect(&self) -> Box<dyn Stream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        match &self.connector {
            None => Box::new(stream),
            Some(tls) => {
                Box::new(tls.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap())
            }
        }
    }

    /// Sends a request without a body on a new connection, and returns the status and the body.
    async fn get(&self, path: &str) -> (u16, String) {
        let mut stream = self.connect().await;
        send(&mut stream, path).await;
        receive(&mut stream).await
    }

    /// Repeats a request until the server has room for the connection, and returns the status.
    async fn get_when_there_is_room(&self) -> u16 {
        loop {
            let (status, _) = self.get("/").await;
            if status != 503 {
                return status;
            }
        }
    }
}

fn tls() -> (tokio_rustls::TlsAcceptor, TlsConnector) {
    let directory = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files =
        TlsFiles { certificate: directory.path().join("cert.pem"), key: directory.path().join("key.pem") };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (files.acceptor().unwrap(), TlsConnector::from(Arc::new(config)))
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), path: &str) {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
}

/// Reads one response.
async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> (u16, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, String::from_utf8(body).unwrap())
}

/// Reads until the server closes or aborts the connection.
async fn read_to_end(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut received = Vec::new();
    let _aborted = stream.read_to_end(&mut received).await;
    String::from_utf8(received).unwrap()
}

#[tokio::test]
async fn a_response_knows_the_addresses_of_its_connection() {
    for (scheme, is_tls) in BOTH.into_iter().zip([" false", " true"]) {
        let server = Server::start(scheme, HttpLimits::default()).await;
        let (status, text) = server.get("/").await;
        assert!(status == 200 && text.starts_with("127.0.0.1:") && text.ends_with(is_tls), "{text}");
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_start_ends_the_connection() {
    let limits = HttpLimits { handshake_deadline: SHORT, ..HttpLimits::default() };
    let server = Server::start(Scheme::Https, limits).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(read_to_end(&mut silent).await, "");
    assert_eq!(server.get("/").await.0, 200, "others are served");
}

#[tokio::test]
async fn plain_http_at_an_https_port_ends_the_connection() {
    let server = Server::start(Scheme::Https, HttpLimits::default()).await;
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    send(&mut plain, "/").await;
    let mut received = Vec::new();
    let _aborted = plain.read_to_end(&mut received).await;
    assert!(!received.starts_with(b"HTTP"));
}

#[tokio::test]
async fn an_incomplete_header_ends_the_connection() {
    for scheme in BOTH {
        let limits = HttpLimits { header_deadline: SHORT, ..HttpLimits::default() };
        let server = Server::start(scheme, limits).await;
        let mut stream = server.connect().await;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: ").await.unwrap();
        assert_eq!(read_to_end(&mut stream).await, "", "{scheme:?}");
    }
}

#[tokio::test]
async fn an_idle_connection_closes_after_its_own_time() {
    for scheme in BOTH {
        let limits = HttpLimits { idle_timeout: SHORT, ..HttpLimits::default() };
        let server = Server::start(scheme, limits).await;
        let mut stream = server.connect().await;
        send(&mut stream, "/").await;
        assert_eq!(receive(&mut stream).await.0, 200);
        assert_eq!(read_to_end(&mut stream).await, "", "{scheme:?}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_fails_with_its_own_error() {
    for scheme in BOTH {
        let limits = HttpLimits { body_deadline: SHORT, ..HttpLimits::default() };
        let server = Server::start(scheme, limits).await;
        let mut stream = server.connect().await;
        stream.write_all(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\npart").await.unwrap();
        assert_eq!(receive(&mut stream).await, (408, "too slow".to_owned()), "{scheme:?}");
        let mut stream = server.connect().await;
        stream.write_all(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nwhole").await.unwrap();
        assert_eq!(receive(&mut stream).await, (200, "whole".to_owned()), "{scheme:?}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_connection() {
    for scheme in BOTH {
        let limits = HttpLimits { connections: 1, write_deadline: SHORT, ..HttpLimits::default() };
        let server = Server::start(scheme, limits).await;
        let mut deaf = server.connect().await;
        send(&mut deaf, "/large").await;
        assert_eq!(server.get_when_there_is_room().await, 200, "{scheme:?}");
        assert!(read_to_end(&mut deaf).await.len() < LARGE_BYTES, "{scheme:?}");
    }
}

#[tokio::test]
async fn a_client_that_reads_receives_a_large_response() {
    for scheme in BOTH {
        let server = Server::start(scheme, HttpLimits::default()).await;
        let (status, text) = server.get("/large").await;
        assert_eq!((status, text.len()), (200, LARGE_BYTES), "{scheme:?}");
    }
}

#[tokio::test]
async fn connections_above_the_limit_get_the_overload_response_and_more_are_closed() {
    for scheme in BOTH {
        let server = Server::start(scheme, HttpLimits { connections: 1, ..HttpLimits::default() }).await;
        let mut first = server.connect().await;
        send(&mut first, "/").await;
        assert_eq!(receive(&mut first).await.0, 200);
        let mut waiting = Vec::new();
        for _ in 0..64 {
            waiting.push(server.connect().await);
        }
        let mut one_more = TcpStream::connect(server.address).await.unwrap();
        assert_eq!(read_to_end(&mut one_more).await, "", "{scheme:?}");
        send(&mut waiting[0], "/").await;
        assert_eq!(receive(&mut waiting[0]).await, (503, "overloaded".to_owned()), "{scheme:?}");
        send(&mut first, "/").await;
        assert_eq!(receive(&mut first).await.0, 200, "an accepted connection keeps its place");
    }
}

#[tokio::test]
async fn closing_lets_an_open_request_finish() {
    for scheme in BOTH {
        let server = Server::start(scheme, HttpLimits::default()).await;
        let mut idle = server.connect().await;
        send(&mut idle, "/").await;
        assert_eq!(receive(&mut idle).await.0, 200);
        let mut stream = server.connect().await;
        send(&mut stream, "/held").await;
        server.barrier.entered.acquire().await.unwrap().forget();

        let closing = tokio::spawn(server.listener.close());
        assert_eq!(read_to_end(&mut idle).await, "", "{scheme:?}");
        server.barrier.released.add_permits(1);
        assert_eq!(receive(&mut stream).await, (200, "released".to_owned()), "{scheme:?}");
        assert_eq!(read_to_end(&mut stream).await, "");
        closing.await.unwrap();
        TcpStream::connect(server.address).await.unwrap_err();
    }
}
