//! The log on standard error, one line per event, and its newest lines in memory for the portal.

use std::fmt::{self, Write as _};
use std::io::IsTerminal as _;

use riser_domain::{Clock as _, LogLevel};
use riser_portal::{HostLog, LogLevels, LogLines};
use riser_runtime::SystemClock;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt as stderr_format, reload};

/// The filter if `RISER_LOG` is not set.
const USUAL: &str = "info,sqlx=warn,hyper=warn";

/// Starts the log. `RISER_LOG` takes filters as `info,riser_runtime=debug`.
pub(crate) fn start() -> HostLog {
    let given = std::env::var("RISER_LOG").ok().filter(|text| EnvFilter::try_new(text).is_ok());
    let usual = given.unwrap_or_else(|| USUAL.to_owned());
    let (filter, handle) = reload::Layer::new(EnvFilter::new(&usual));
    let lines = LogLines::default();
    let on_stderr = stderr_format::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    tracing_subscriber::registry()
        .with(filter)
        .with(on_stderr)
        .with(InMemory { lines: lines.clone() })
        .init();
    let levels = LogLevels::new(usual, move |filter| {
        let filter = EnvFilter::try_new(filter).map_err(|error| error.to_string())?;
        handle.reload(filter).map_err(|error| error.to_string())
    });
    HostLog { lines, levels }
}

/// Adds each event to the lines in memory.
struct InMemory {
    lines: LogLines,
}

impl<S: Subscriber> Layer<S> for InMemory {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let level = match *metadata.level() {
            Level::ERROR => LogLevel::Error,
            Level::WARN => LogLevel::Warn,
            Level::INFO => LogLevel::Info,
            Level::DEBUG | Level::TRACE => LogLevel::Debug,
        };
        let mut text = EventText::default();
        event.record(&mut text);
        self.lines.add(SystemClock.now(), level, metadata.target(), &text.into_line());
    }
}

/// The message of an event, and its fields as on standard error.
#[derive(Default)]
struct EventText {
    message: String,
    fields: String,
}

impl EventText {
    fn into_line(self) -> String {
        self.message + &self.fields
    }
}

impl Visit for EventText {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a text cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_with_its_fields() {
        let lines = LogLines::default();
        let subscriber = tracing_subscriber::registry().with(InMemory { lines: lines.clone() });
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(run.id = 7, name = "a b", "the run\n{} failed", 7);
        });
        let shown = format!("{lines:?}");
        assert!(shown.contains(r#"the run\\n7 failed run.id=7 name=\"a b\""#), "{shown}");
    }
}
