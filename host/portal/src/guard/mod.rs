//! Checks that every request passes before its handler, and headers that every response gets.

mod host_name;
mod same_origin;
mod security_headers;

pub(crate) use host_name::{KnownNames, check_host_name, requested_host};
pub(crate) use same_origin::check_same_origin;
pub(crate) use security_headers::add_security_headers;
