//! The web portal: pages that show the state of this host, and buttons that act on it.
//!
//! A request passes the checks in `guard` and reaches its handler in `pages`. The handler reads the runtime and
//! fills a page struct. The struct's template in `web/templates` writes the HTML. The browser then follows one
//! event stream, which sends each part of the page again when it changes (`live`).
//!
//! To add a page:
//!
//! 1. Add a file to `pages` with the page struct and its handler, and a template with the same name.
//! 2. Give it an address in `routes`, and an entry in `page_layout::MenuEntry` if the menu shows it.
//! 3. If parts of it are live, implement `live::LivePage` in the page's file.
//! 4. Add examples of the page to `testing/examples.rs`; the tests in `tests/examples.rs` check them all.
//!
//! A form describes its fields; `parts::form` draws them and shows the errors of a `ConfigurationDraft` at the fields they
//! belong to. A handler takes a role from `sessions::roles`, which is the only way to a signed-in person.
//!
//! **Invariant:** this crate contains no SQL, and no HTML outside the templates.

mod certificate;
mod csv_text;
mod current_user;
mod file_form;
mod first_run;
mod form;
mod form_input;
mod guard;
mod help;
mod history_series;
mod history_span;
mod host_log;
mod items_address;
mod items_view;
mod live;
mod page;
mod page_layout;
mod pages;
mod parts;
mod people;
mod pins;
mod request_context;
mod response_kind;
mod return_path;
mod routes;
mod running_tests;
mod schedule_form;
mod server;
mod sessions;
mod start_failure;
mod state;
mod static_files;
mod system_status;
mod theme;
mod wall_time;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use first_run::SetupCode;
pub use guard::{BasePath, NotABasePath, NotANetwork, ProxyNetwork};
pub use host_log::{HostLog, LogLevels, LogLines};
pub use riser_http_server::{TlsError, TlsFiles};
pub use server::{PortalListener, ServeError};
pub use state::{Portal, PortalSettings};
