//! Which generation of the API a controller speaks, and what follows from it.

use riser_plugin::prelude::*;

/// The generation that this plugin was made for (seed guide, 2.3).
const KNOWN: &str = "6";
const UNSUPPORTED: &str = "unsupported-version";

/// What a controller speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generation {
    /// The known one, or one that the controller does not tell.
    Supported,
    /// Another: it is read, and never written.
    Unsupported,
}

impl Generation {
    /// The generation of the version that a controller tells, if it does.
    pub(crate) fn of(version: Option<&str>) -> Self {
        let is_known = version.is_none_or(|version| version.split('.').next() == Some(KNOWN));
        if is_known { Self::Supported } else { Self::Unsupported }
    }

    /// Judges the version that a controller tells, such as `6.0`, and raises or clears the problem.
    pub(crate) fn judge(host: &Host, version: Option<String>) -> Self {
        let Some(version) = version.filter(|version| Self::of(Some(version)) == Self::Unsupported) else {
            host.clear(UNSUPPORTED);
            return Self::Supported;
        };
        let what = format!("the charge controller speaks API version {version}, not {KNOWN}");
        let problem = Problem::new(UNSUPPORTED, what)
            .effect("values are read as well as they can be and are Uncertain; set points are refused")
            .remedy("look for a newer version of this plugin");
        host.raise(problem);
        Self::Unsupported
    }
}

/// Of a controller that this plugin was not made for, nothing is certain.
pub(crate) fn doubt(values: &mut [Publication]) {
    for value in values.iter_mut().filter(|value| value.state == ValueState::Good) {
        value.state = ValueState::Uncertain;
        value.reason = Some("the API version of the charge controller is not supported".into());
    }
}
