//! The API version of a controller and its consequences.

use std::sync::Arc;

use riser_plugin::prelude::*;

const UNSUPPORTED: &str = "unsupported-version";

/// Whether this plugin supports a controller's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApiSupport {
    /// The supported version, or a controller without a version.
    Supported,
    /// Another version: Riser reads the controller and never writes.
    Unsupported,
}

impl ApiSupport {
    /// Checks the version of a controller, if it has one, against those of its profile; none: all.
    pub(crate) fn of(version: Option<&str>, supported: &[String]) -> Self {
        let is_among = |version: &str| supported.iter().any(|known| is_within(version, known));
        if supported.is_empty() || version.is_none_or(is_among) { Self::Supported } else { Self::Unsupported }
    }

    /// Classifies a version such as `6.0`, and raises or clears the problem.
    pub(crate) fn classify(host: &Host, version: Option<String>, supported: &[String]) -> Self {
        let is_unsupported = |version: &String| Self::of(Some(version), supported) == Self::Unsupported;
        let Some(version) = version.filter(is_unsupported) else {
            host.clear(UNSUPPORTED);
            return Self::Supported;
        };
        let what = format!("the charge controller has API version {version}, not {}", supported.join(" or "));
        let problem = Problem::new(UNSUPPORTED, what)
            .effect("values are Uncertain, and set points are refused")
            .remedy("install a newer version of this plugin");
        host.raise(problem);
        Self::Unsupported
    }
}

/// Returns whether a version is a supported one or a part of it: 6.1 is within 6.
fn is_within(version: &str, supported: &str) -> bool {
    version.strip_prefix(supported).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Returns what happens to the values of a controller: those of an unsupported one become Uncertain.
pub(crate) fn adapt_to(support: Option<ApiSupport>) -> impl Fn(Publication) -> Publication {
    let reason: Option<Arc<str>> = (support == Some(ApiSupport::Unsupported))
        .then(|| "the API version of the charge controller is not supported".into());
    move |value| match &reason {
        Some(reason) if value.state == ValueState::Good => {
            Publication { state: ValueState::Uncertain, reason: Some(Arc::clone(reason)), ..value }
        }
        _ => value,
    }
}
