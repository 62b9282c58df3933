//! Where the portal listens, and how a person gets there.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use riser_portal::TlsFiles;
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
    #[arg(long = "portal-plain")]
    pub(crate) plain: bool,
}

impl PortalArgs {
    /// Takes the address.
    pub(crate) async fn bind(&self) -> anyhow::Result<TcpListener> {
        TcpListener::bind(self.listen).await.with_context(|| {
            let address = self.listen;
            format!("the portal cannot listen on {address}; choose another address with --portal-listen")
        })
    }

    /// The certificate, if there is one.
    pub(crate) fn tls(&self) -> Option<TlsFiles> {
        Some(TlsFiles { certificate: self.certificate.clone()?, key: self.key.clone()? })
    }

    /// The portal's address for a browser on this machine.
    pub(crate) fn url(&self, local: SocketAddr) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        if local.ip().is_unspecified() {
            return format!("{scheme}://localhost:{}", local.port());
        }
        format!("{scheme}://{local}")
    }

    /// Writes into the log where the portal is, how to reach it from another machine, and who may log in.
    pub(crate) fn say_where(&self, url: &str, has_people: bool) {
        tracing::info!("the portal is at {url}");
        if self.listen.ip().is_loopback() {
            let port = url.rsplit(':').next().unwrap_or_default();
            tracing::info!(
                "from another machine: ssh -L {port}:127.0.0.1:{port} user@this-machine, then open \
                 http://localhost:{port} there; or give Riser --portal-listen, --portal-certificate and --portal-key"
            );
        }
        if !has_people {
            tracing::warn!(
                "nobody can log in yet: stop Riser and run `riser user add NAME --role admin`, then start it again"
            );
        }
    }
}
