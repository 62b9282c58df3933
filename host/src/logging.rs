//! The log on standard error, one line per event.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// The filter if `RISER_LOG` is not set.
const USUAL: &str = "info,sqlx=warn,hyper=warn";

/// Starts the log. `RISER_LOG` takes filters as `info,riser_runtime=debug`.
pub(crate) fn start() {
    let filter = std::env::var("RISER_LOG").ok().and_then(|text| EnvFilter::try_new(text).ok());
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|| EnvFilter::new(USUAL)))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}
