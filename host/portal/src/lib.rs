//! The pages of Riser: what a person sees of this host, and the buttons that act on it.
//!
//! A request passes the guards, meets its handler in `pages`, which reads the runtime and fills a page struct;
//! the struct's template in `web/templates` writes the HTML. A browser follows one stream of events that sends
//! parts of the page again when they changed.
//!
//! To add a page: a file in `pages` with its struct, handler and tests, a template of the same name, a line in
//! `routes`, and a sample in `samples`.
//!
//! **Invariant:** no SQL, and no HTML outside the templates.

mod cookies;
mod form;
mod guard;
mod items_address;
mod items_view;
mod live;
mod page;
mod pages;
mod parts;
mod reader;
mod return_path;
mod routes;
mod server;
mod sessions;
mod shell;
mod standing;
mod state;
mod static_files;
mod theme;
mod wall_time;

#[cfg(test)]
mod contrast;
#[cfg(test)]
mod front_door;

#[cfg(test)]
mod samples;

pub use riser_http_server::{TlsError, TlsFiles};
pub use server::{PortalListener, ServeError};
pub use state::{Portal, PortalSettings};
