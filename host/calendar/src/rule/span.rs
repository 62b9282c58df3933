//! Time spans of rules, in whole milliseconds.

use std::time::Duration;

use riser_plugin::time_span;

use super::error::{RuleError, excerpt};

/// Reads a span as settings of plugins have them: `15 min`. Each use limits it.
pub(super) fn parse_span(text: &str) -> Result<Duration, RuleError> {
    let span = time_span::parse(text).ok_or_else(|| RuleError::Span(excerpt(text)))?;
    Ok(Duration::from_millis(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
}

pub(super) fn span_text(span: Duration) -> String {
    time_span::format(span)
}
