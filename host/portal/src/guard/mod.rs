//! What every request passes before it meets a page, and every answer on its way out.

mod host_name;
mod same_origin;
mod security_headers;

pub(crate) use host_name::{KnownNames, check_host_name};
pub(crate) use same_origin::check_same_origin;
pub(crate) use security_headers::add_security_headers;
