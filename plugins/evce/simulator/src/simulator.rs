//! A running simulator: its own thread with its own runtime, so that any program can hold one.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::auth::{Account, Auth, Role, TokenRules};
use crate::certificate::{CertificateError, Certificates};
use crate::clock::Clock;
use crate::controller::{Controller, Parts};
use crate::options::Options;
use crate::world::Start;
use crate::{control, secrets, server};

/// A running simulator. Dropping it ends it and closes its ports.
pub struct Simulator {
    /// Base address of the API, `https://127.0.0.1:PORT/api/v2`.
    pub api_url: String,
    /// Base address of the API without TLS, if there is one.
    pub plain_url: Option<String>,
    /// Base address of the control interface, `http://127.0.0.1:PORT`.
    pub control_url: String,
    /// SHA-256 of the certificate, as lower-case hexadecimal digits.
    pub certificate_sha256: String,
    /// The certificate in DER.
    pub certificate_der: Vec<u8>,
    /// Login of the account with the role `bmsApi`.
    pub login: String,
    /// Password of all accounts.
    pub password: String,
    controller: Arc<Controller>,
    thread: Option<JoinHandle<()>>,
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or does not exist.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// The control interface has no login.
    #[error("the control interface has no login and listens on loopback addresses only, not on {0}")]
    ControlNotLoopback(SocketAddr),
    /// No certificate could be made.
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// The certificate was not accepted.
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
    /// The system gave no random numbers.
    #[error("no random numbers for a password")]
    Random(#[from] getrandom::Error),
    /// No thread or runtime could be started.
    #[error("cannot start a thread for the simulator")]
    Thread(#[source] io::Error),
}

impl From<CertificateError> for StartError {
    fn from(error: CertificateError) -> Self {
        match error {
            CertificateError::Make(error) => Self::Certificate(error),
            CertificateError::Use(error) => Self::Tls(error),
        }
    }
}

impl Simulator {
    /// Starts a simulator; both ports take connections when this returns.
    ///
    /// # Errors
    ///
    /// When an address cannot be listened on, the control address is not loopback, or the system refuses
    /// random numbers or a thread.
    pub fn start(options: Options) -> Result<Self, StartError> {
        if !options.control.ip().is_loopback() {
            return Err(StartError::ControlNotLoopback(options.control));
        }
        let (api_listener, api_address) = listen(options.listen)?;
        let plain = options.listen_without_tls.map(listen).transpose()?;
        let (plain_listener, plain_address) = plain.unzip();
        let (control_listener, control_address) = listen(options.control)?;
        let certificates = Certificates::new(api_address.ip())?;
        let identity = certificates.current();
        let password = options.password.clone().map_or_else(secrets::random_hex, Ok)?;
        let login = options.login.clone();
        let fixture_script = options.fixture.script(options.seed).filter(|_| options.site.is_none());
        let scripts = [fixture_script, options.script.clone()];
        let controller = Arc::new(controller(options, certificates, &password));
        for script in scripts.into_iter().flatten() {
            controller.with_world(|world, now| script.start(world, now));
        }
        let api_url = format!("https://{api_address}/api/v2");
        let control_router = control::router(Arc::clone(&controller), &api_url);

        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
        let served = Arc::clone(&controller);
        let run = move || {
            runtime.block_on(async move {
                let (Ok(api), Ok(control), Ok(plain)) = (
                    TcpListener::from_std(api_listener),
                    TcpListener::from_std(control_listener),
                    plain_listener.map(TcpListener::from_std).transpose(),
                ) else {
                    return;
                };
                let mut stop = served.stop.subscribe();
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => {}
                    () = server::serve_api(Arc::clone(&served), api) => {}
                    _ = server::serve_control(control_router, control) => {}
                    () = server::serve_without_tls(Arc::clone(&served), plain) => {}
                    () = server::keep_moving(Arc::clone(&served)) => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("evce-simulator".to_owned()).spawn(run);
        Ok(Self {
            api_url,
            plain_url: plain_address.map(|address| format!("http://{address}/api/v2")),
            control_url: format!("http://{control_address}"),
            certificate_sha256: identity.fingerprint(),
            certificate_der: identity.certificate_der,
            login,
            password,
            controller,
            thread: Some(thread.map_err(StartError::Thread)?),
        })
    }

    /// Completes when the control interface was asked to stop the simulator.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stop: watch::Receiver<bool> = self.controller.stop.subscribe();
        async move {
            // The sender lives as long as the simulator; its end is an end as well.
            let _ = stop.wait_for(|stop| *stop).await;
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.controller.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic in it has been printed already.
            let _ = thread.join();
        }
    }
}

fn listen(address: SocketAddr) -> Result<(StdListener, SocketAddr), StartError> {
    let bound = || {
        let listener = StdListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound().map_err(|source| StartError::Listen { address, source })
}

fn controller(options: Options, certificates: Certificates, password: &str) -> Controller {
    let account =
        |login: &str, role| Account { login: login.to_owned(), password: password.to_owned(), role };
    let accounts = vec![
        account(&options.login, Role::BmsApi),
        account("viewer", Role::Viewer),
        account("admin", Role::Admin),
    ];
    let life_ms = i64::try_from(options.token_life.as_millis()).unwrap_or(i64::MAX / 2);
    let rules = TokenRules { life_ms, max_sessions: options.max_sessions.max(1), refuses_more: false };
    let clock = Clock::new(options.wall_clock, options.speed.milli());
    let start = Start { seed: options.seed, unix_ms: clock.now().wall_ms };
    let (fixture, world) = match options.site {
        Some(site) => ("own".to_owned(), site.world(start)),
        None => (options.fixture.to_string(), options.fixture.world(start)),
    };
    Controller::new(Parts {
        clock,
        api_version: options.api_version,
        certificates,
        dialect: options.dialect,
        fixture,
        seed: options.seed,
        world,
        auth: Auth::new(accounts, rules),
    })
}
