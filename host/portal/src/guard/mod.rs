//! Checks that every request passes before its handler, and headers that every response gets.

mod base_path;
mod host_name;
mod same_origin;
mod security_headers;
mod trusted_proxies;

pub use base_path::{BasePath, NotABasePath};
pub(crate) use host_name::{KnownNames, check_host_name, requested_host};
pub(crate) use same_origin::check_same_origin;
pub(crate) use security_headers::add_security_headers;
pub use trusted_proxies::{NotANetwork, ProxyNetwork};
pub(crate) use trusted_proxies::{TrustedProxies, read_proxy_headers};
