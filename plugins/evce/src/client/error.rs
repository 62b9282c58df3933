//! What can go wrong with a controller, and what an administrator can do about it.

use riser_plugin::http::HttpError;
use riser_plugin::{Failure, HostError, Problem};

use crate::wire::{DecodeError, ProfileError};

/// Why a controller did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EvceError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error("the charge controller {address} refused login and password")]
    CredentialsRefused { address: String },
    #[error("the charge controller {address} does not take the token that it has just given")]
    TokenRefused { address: String },
    #[error("the charge controller {address} has locked this user out")]
    LockedOut { address: String },
    #[error("the charge controller {address} is unwell (HTTP status {status}{said})")]
    Unwell { address: String, status: u16, said: String },
    #[error("the charge controller says no (HTTP status {status}{said})")]
    Refused { status: u16, said: String },
    #[error("the charge controller cannot be understood: {0}")]
    Answer(#[from] DecodeError),
}

/// The code of a problem, and what to do about it.
pub(crate) type CodeAndRemedy = (&'static str, &'static str);

impl EvceError {
    /// The code of the problem that this error is, and its remedy.
    pub(crate) fn problem(&self) -> CodeAndRemedy {
        match self {
            Self::CredentialsRefused { .. } => {
                ("credentials-refused", "enter login and password of a user of the charge controller again")
            }
            Self::LockedOut { .. } => (
                "locked-out",
                "check login and password, then wait until the controller lets the user in again",
            ),
            Self::Http(HttpError::Certificate { .. }) => (
                "certificate",
                "if the controller has a new certificate, compare the fingerprint with its own display and enter it",
            ),
            Self::Http(HttpError::Denied(_)) => ("waiting", "nothing: it is tried again by itself"),
            Self::Http(HttpError::Address { .. }) => ("address", "correct the address of the connection"),
            Self::Http(HttpError::CaFile { .. }) => ("ca-file", "give a file with a certificate in PEM"),
            Self::Http(_) => {
                ("unreachable", "check that the charge controller is on and reachable from this machine")
            }
            Self::Profile(_) => ("profile", "correct the profile file of the connection"),
            Self::Unwell { .. } | Self::TokenRefused { .. } => {
                ("unwell", "wait; if it lasts, look at the charge controller's own messages")
            }
            // What is not the API does not have its paths, or sends elsewhere.
            Self::Answer(_) | Self::Refused { status: 300..=399 | 404 | 405, .. } => (
                "not-understood",
                "check that the address is that of the API (…/api/v2) and the version is supported",
            ),
            Self::Refused { .. } => ("refused", "check what this user may do in the charge controller"),
        }
    }

    /// The same as a problem in the portal.
    pub(crate) fn as_problem(&self, effect: &str) -> Problem {
        let (code, remedy) = self.problem();
        let problem = Problem::new(code, self.to_string()).effect(effect).remedy(remedy);
        match code {
            "credentials-refused" | "locked-out" => problem.setting("password"),
            "certificate" => problem.setting("certificate_sha256"),
            "address" => problem.setting("base_url"),
            _ => problem,
        }
    }

    /// The same as the end of a run, tried again only if that can help.
    pub(crate) fn as_failure(&self, effect: &str) -> Failure {
        let failure = Failure::problem(self.as_problem(effect));
        if self.needs_operator() { failure.permanent() } else { failure }
    }

    /// Whether somebody has to act before trying again can help.
    pub(crate) fn needs_operator(&self) -> bool {
        matches!(
            self,
            Self::CredentialsRefused { .. }
                | Self::LockedOut { .. }
                | Self::Profile(_)
                | Self::Http(
                    HttpError::Certificate { .. } | HttpError::Address { .. } | HttpError::CaFile { .. }
                )
        )
    }

    /// Whether the controller was reached and answered something else than was asked for.
    pub(crate) const fn is_an_answer(&self) -> bool {
        matches!(self, Self::Answer(_) | Self::Refused { .. } | Self::Unwell { .. })
    }

    /// Whether a write may have been carried out although there is no answer.
    pub(crate) fn may_have_been_done(&self) -> bool {
        match self {
            Self::Http(
                HttpError::Denied(_)
                | HttpError::Host(_)
                | HttpError::Certificate { .. }
                | HttpError::Address { .. }
                | HttpError::CaFile { .. },
            ) => false,
            Self::Http(HttpError::Unreachable { source, .. }) => !source.is_connect(),
            Self::Http(_) | Self::Answer(_) => true,
            Self::Unwell { status, .. } => !matches!(status, 429 | 503),
            _ => false,
        }
    }

    /// The end of the run, when that is what this error is.
    pub(crate) fn host_error(&self) -> Option<HostError> {
        match self {
            Self::Http(HttpError::Host(error)) => Some(error.clone()),
            _ => None,
        }
    }

    /// Carries the end of the run out of whoever met it.
    pub(crate) fn propagate_stop(&self) -> Result<(), HostError> {
        self.host_error().map_or(Ok(()), Err)
    }
}
