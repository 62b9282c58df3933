//! The `version` attribute of a request and its consequences (`ews-semantics`, section 2).

/// A version of EWS that this server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EwsVersion {
    V1_0,
    V1_1,
    V1_2,
}

impl EwsVersion {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
        }
    }
}

/// The version of a request: the effective one, and whether the client sent one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestVersion {
    pub(crate) effective: EwsVersion,
    /// Whether the client sent a version; only then the response has one.
    pub(crate) is_stated: bool,
    /// Whether the client explicitly sent an old version.
    is_old: bool,
}

impl RequestVersion {
    /// Parses the attribute. Anything from 1.2 is 1.2; a missing or invalid number is 1.0.
    pub(crate) fn parse(attribute: Option<&str>) -> Self {
        let Some(text) = attribute else {
            return Self { effective: EwsVersion::V1_0, is_stated: false, is_old: false };
        };
        let mut numbers = text.trim().split('.').map(str::parse::<u32>);
        let major = numbers.next();
        let minor = numbers.next().unwrap_or(Ok(0));
        let (effective, is_old) = match (major, minor) {
            (Some(Ok(1)), Ok(0)) => (EwsVersion::V1_0, true),
            (Some(Ok(1)), Ok(1)) => (EwsVersion::V1_1, true),
            (Some(Ok(major)), Ok(_)) if major >= 1 => (EwsVersion::V1_2, false),
            _ => (EwsVersion::V1_0, false),
        };
        Self { effective, is_stated: true, is_old }
    }

    /// Whether to reject an operation that 1.2 introduced: a client that sends an older version cannot know
    /// it, one that sends none may.
    pub(crate) const fn excludes_newer_operations(self) -> bool {
        self.is_old
    }

    /// The version in the response.
    pub(crate) fn response_version(self) -> Option<&'static str> {
        self.is_stated.then(|| self.effective.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_parsed_as_the_newest_compatible_one() {
        let check = |attribute, effective, excludes| {
            let version = RequestVersion::parse(attribute);
            assert_eq!(
                (version.effective, version.excludes_newer_operations()),
                (effective, excludes),
                "{attribute:?}"
            );
            assert_eq!(version.response_version(), attribute.map(|_| effective.as_str()));
        };
        check(None, EwsVersion::V1_0, false);
        check(Some("1.0"), EwsVersion::V1_0, true);
        check(Some("1"), EwsVersion::V1_0, true);
        check(Some("1.1"), EwsVersion::V1_1, true);
        for newer in ["1.2", "2", "1.10", "3.0.1"] {
            check(Some(newer), EwsVersion::V1_2, false);
        }
        for junk in ["", "x", "0.9", "-1", "1.x"] {
            check(Some(junk), EwsVersion::V1_0, false);
        }
    }
}
