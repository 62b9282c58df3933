//! The API version of a controller and its consequences.

use riser_plugin::prelude::*;

/// The supported major version (seed guide, 2.3).
const SUPPORTED_MAJOR: &str = "6";
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
    /// Checks the version of a controller, if it has one.
    pub(crate) fn of(version: Option<&str>) -> Self {
        let is_supported = version.is_none_or(|version| version.split('.').next() == Some(SUPPORTED_MAJOR));
        if is_supported { Self::Supported } else { Self::Unsupported }
    }

    /// Classifies a version such as `6.0`, and raises or clears the problem.
    pub(crate) fn classify(host: &Host, version: Option<String>) -> Self {
        let Some(version) = version.filter(|version| Self::of(Some(version)) == Self::Unsupported) else {
            host.clear(UNSUPPORTED);
            return Self::Supported;
        };
        let what = format!("the charge controller has API version {version}, not {SUPPORTED_MAJOR}");
        let problem = Problem::new(UNSUPPORTED, what)
            .effect("values are Uncertain, and set points are refused")
            .remedy("install a newer version of this plugin");
        host.raise(problem);
        Self::Unsupported
    }
}

/// Marks the values of an unsupported controller as Uncertain.
pub(crate) fn downgrade(values: &mut [Publication]) {
    for value in values.iter_mut().filter(|value| value.state == ValueState::Good) {
        value.state = ValueState::Uncertain;
        value.reason = Some("the API version of the charge controller is not supported".into());
    }
}
