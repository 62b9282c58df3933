//! The address of the portal, and its URLs for people.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use riser_portal::{BasePath, PortalListener, PortalSettings, ProxyNetwork, ServeError, TlsFiles};
use tokio::net::TcpListener;

/// Arguments about the portal.
#[derive(Args, Debug)]
pub(crate) struct PortalArgs {
    /// Where the portal listens; an address that other machines reach needs a certificate and its key
    #[arg(long = "portal-listen", value_name = "ADDRESS", default_value = "127.0.0.1:8082")]
    listen: SocketAddr,
    /// Certificate of the portal, PEM
    #[arg(long = "portal-certificate", value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// Its key, PEM
    #[arg(id = "key", long = "portal-key", value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Let other machines reach the portal without encryption; the portal shows it as a problem
    #[arg(long = "portal-allow-http")]
    plain: bool,
    /// Name of this host that browsers use, besides the name of this machine; may be repeated
    #[arg(long = "portal-hostname", value_name = "NAME")]
    names: Vec<String>,
    /// Address or network of a reverse proxy in front of the portal, such as 127.0.0.1 or 10.1.0.0/16, whose
    /// X-Forwarded-For or Forwarded names the clients; may be repeated
    #[arg(long = "trusted-proxy", value_name = "NETWORK")]
    trusted_proxies: Vec<ProxyNetwork>,
    /// Path under which a reverse proxy shows the portal, such as /riser
    #[arg(long = "portal-base-path", value_name = "PATH", default_value = "/")]
    base_path: BasePath,
}

impl PortalArgs {
    /// Binds the address, and checks whether the portal may be served there. With a certificate that cannot be used, the
    /// portal is for this machine only.
    pub(crate) async fn bind(&self) -> anyhow::Result<(PortalListener, PortalAddress)> {
        let socket = listen(self.listen).await?;
        let local = socket.local_addr()?;
        match PortalListener::new(socket, self.tls().as_ref(), self.plain) {
            Ok(listener) => Ok((listener, PortalAddress { local, is_tls: self.certificate.is_some() })),
            Err(ServeError::Tls(error)) => {
                let socket = listen(on_this_machine(local)).await?;
                let address = PortalAddress { local: socket.local_addr()?, is_tls: false };
                Ok((PortalListener::without_certificate(socket, error)?, address))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn tls(&self) -> Option<TlsFiles> {
        Some(TlsFiles { certificate: self.certificate.clone()?, key: self.key.clone()? })
    }

    /// Returns the options of the portal. Browsers may use the given host names and that of the machine.
    pub(crate) fn settings(&self, machine: &str) -> PortalSettings {
        PortalSettings {
            machine_name: machine.to_owned(),
            host_names: self.names.iter().cloned().chain([machine.to_owned()]).collect(),
            trusted_proxies: self.trusted_proxies.clone(),
            base_path: self.base_path.clone(),
        }
    }
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("the portal cannot listen on {address}; choose another address with --portal-listen")
    })
}

/// Returns the same port on the loopback address.
fn on_this_machine(address: SocketAddr) -> SocketAddr {
    let loopback: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(if address.ip().is_loopback() { address.ip() } else { loopback }, address.port())
}

/// Where the portal listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PortalAddress {
    local: SocketAddr,
    is_tls: bool,
}

impl PortalAddress {
    /// Returns the URL for a browser on this machine.
    pub(crate) fn url(self) -> String {
        if self.local.ip().is_unspecified() { self.url_at("localhost") } else { self.url_at(&self.host()) }
    }

    /// Logs the URL of the portal and how to reach it from another machine, which knows this one
    /// as `host`.
    pub(crate) fn say_where(self, host: &str) {
        let (url, port) = (self.url(), self.local.port());
        tracing::info!("the portal is at {url}");
        if self.local.ip().is_loopback() {
            tracing::info!(
                "from another machine: ssh -L {port}:{}:{port} user@{host}, then open {} there; or give Riser \
                 --portal-listen, --portal-certificate and --portal-key",
                self.host(),
                self.url_at("localhost")
            );
        } else if self.local.ip().is_unspecified() {
            tracing::info!("from another machine: open {}", self.url_at(host));
        } else {
            tracing::info!("from another machine: open {url}");
        }
    }

    /// Returns the listening address as in a URL.
    fn host(self) -> String {
        match self.local.ip() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        }
    }

    fn url_at(self, host: &str) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{host}:{}", self.local.port())
    }
}
