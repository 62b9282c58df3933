use std::error::Error;
use std::fmt;

use crate::Problem;
use crate::abi::ServiceError;
use crate::abi::messages::FailureMessage;

/// The result of a run: success, or a [`Failure`].
pub type Outcome = Result<(), Failure>;

/// The error of a service of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostError {
    /// The run must end. `?` returns it from `run`, and the run counts as cancelled.
    Stop,
    /// The host refused the call.
    Refused {
        /// A stable code.
        code: String,
        /// The refusal and its cause.
        what: String,
    },
    /// The connection to the host is lost; the process ends soon.
    Lost,
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stop => f.write_str("the run must end"),
            Self::Refused { code, what } => write!(f, "refused by the host ({code}): {what}"),
            Self::Lost => f.write_str("the connection to the host is gone"),
        }
    }
}

impl Error for HostError {}

impl From<ServiceError> for HostError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Stop => Self::Stop,
            ServiceError::Refused { code, what } => {
                Self::Refused { code: code.into_string(), what: what.into_string() }
            }
            ServiceError::Lost => Self::Lost,
        }
    }
}

/// The failure of a run.
///
/// It does not implement [`Error`], so that every error turns into one with `?`. A [`HostError::Stop`] anywhere
/// among the causes makes it "cancelled".
#[derive(Debug)]
pub struct Failure {
    what: String,
    problem: Option<Box<Problem>>,
    is_retryable: bool,
    is_stop: bool,
    is_panic: bool,
}

impl Failure {
    /// Returns a failure with a sentence. A retry may help. [any thread]
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), problem: None, is_retryable: true, is_stop: false, is_panic: false }
    }

    /// Returns a failure that is a problem for the administrator.
    pub fn problem(problem: Problem) -> Self {
        Self { what: problem.what().to_owned(), problem: Some(Box::new(problem)), ..Self::new("") }
    }

    /// Marks the failure as permanent: a retry cannot help until an operator acts.
    #[must_use]
    pub fn permanent(mut self) -> Self {
        self.is_retryable = false;
        self
    }

    /// Returns whether the run was cancelled rather than failed.
    pub const fn is_stop(&self) -> bool {
        self.is_stop
    }

    /// Returns the sentence with its causes.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Returns the failure of a caught panic, with its message and position.
    pub(crate) fn panic(what: String) -> Self {
        Self { is_panic: true, ..Self::new(what) }
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut failure = Self::new(error.to_string());
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(error) = cause {
            failure.is_stop |= matches!(error.downcast_ref(), Some(HostError::Stop));
            cause = error.source();
            if let Some(next) = cause {
                failure.what.push_str(": ");
                failure.what.push_str(&next.to_string());
            }
        }
        failure
    }
}

#[cfg(feature = "anyhow")]
impl Failure {
    /// Returns an `anyhow` error with its causes, which `?` alone does not convert:
    /// `.map_err(Failure::from_anyhow)?`. A [`HostError::Stop`] among them makes it "cancelled".
    #[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
    pub fn from_anyhow(error: anyhow::Error) -> Self {
        let mut failure = Self::new(format!("{error:#}"));
        failure.is_stop = error.chain().any(|cause| matches!(cause.downcast_ref(), Some(HostError::Stop)));
        failure
    }
}

impl From<Failure> for FailureMessage {
    fn from(failure: Failure) -> Self {
        let Failure { what, problem, is_retryable, is_stop, is_panic } = failure;
        Self { what, problem: problem.map(|problem| *problem), is_retryable, is_stop, is_panic }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Wrapped(HostError);

    impl fmt::Display for Wrapped {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the list could not be read")
        }
    }

    impl Error for Wrapped {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn a_stop_among_the_causes_means_cancelled() {
        assert!(Failure::from(HostError::Stop).is_stop());
        assert!(Failure::from(Wrapped(HostError::Stop)).is_stop());
        let lost = Failure::from(Wrapped(HostError::Lost));
        assert!(!lost.is_stop());
        assert_eq!(lost.what(), "the list could not be read: the connection to the host is gone");
    }
    #[cfg(feature = "anyhow")]
    #[test]
    fn an_anyhow_error_keeps_its_causes_and_its_stop() {
        use anyhow::Context as _;

        let failed = |error: HostError| Err::<(), _>(error).context("the list could not be read");
        let stopped = failed(HostError::Stop).map_err(Failure::from_anyhow);
        assert!(stopped.is_err_and(|failure| failure.is_stop()));
        let lost = failed(HostError::Lost).map_err(Failure::from_anyhow);
        let what = "the list could not be read: the connection to the host is gone";
        assert!(lost.is_err_and(|failure| !failure.is_stop() && failure.what() == what));
    }
}
