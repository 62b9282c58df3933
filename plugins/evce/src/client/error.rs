//! Errors of a controller, and their remedies for an administrator.

use riser_plugin::http::HttpError;
use riser_plugin::{Failure, HostError, Problem};

use crate::wire::{DecodeError, ProfileError};

/// Why a call of a controller failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EvceError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error("the charge controller {address} refused login and password")]
    CredentialsRefused { address: String },
    #[error(
        "the charge controller {address} ends each session right after the login (HTTP status {status}{detail})"
    )]
    SessionLost { address: String, status: u16, detail: String },
    #[error("the charge controller {address} has too many sessions (HTTP status {status}{detail})")]
    TooManySessions { address: String, status: u16, detail: String },
    #[error("the charge controller {address} has locked this user out")]
    LockedOut { address: String },
    #[error("the charge controller {address} reports an internal error (HTTP status {status}{detail})")]
    Unwell { address: String, status: u16, detail: String },
    #[error("the charge controller rejected the request (HTTP status {status}{detail})")]
    Refused { status: u16, detail: String },
    #[error("the profile of the charge controller has no call to write {what}")]
    NotOffered { what: &'static str },
    #[error("unexpected response of the charge controller: {0}")]
    Response(#[from] DecodeError),
}

/// The code of a problem, and what to do about it.
pub(crate) type CodeAndRemedy = (&'static str, &'static str);

impl EvceError {
    /// Returns the code of the related problem and its remedy.
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
            Self::Http(HttpError::Denied(_)) => ("waiting", "none; Riser tries again automatically"),
            Self::Http(HttpError::Address { .. }) => ("address", "correct the address of the connection"),
            Self::Http(HttpError::Request) => (
                "profile",
                "correct login, password or profile of the connection: one has a control character",
            ),
            Self::Http(HttpError::CaFile { .. }) => ("ca-file", "enter a PEM file with a certificate"),
            Self::Http(_) => {
                ("unreachable", "check that the charge controller is on and reachable from this machine")
            }
            Self::Profile(_) | Self::NotOffered { .. } => {
                ("profile", "correct the profile file of the connection")
            }
            Self::SessionLost { .. } => (
                "session-lost",
                "none; Riser logs in again with growing pauses. If it persists, check whether other clients use this user",
            ),
            Self::TooManySessions { .. } => (
                "too-many-sessions",
                "end other sessions of this user at the controller, or give Riser a user of its own",
            ),
            Self::Unwell { .. } => {
                ("unwell", "wait; if it persists, check the messages of the charge controller")
            }
            // Another service lacks the paths of the API, or redirects.
            Self::Response(_) | Self::Refused { status: 300..=399 | 404 | 405, .. } => (
                "not-understood",
                "check that the address is that of the API (…/api/v2) and the version is supported",
            ),
            Self::Refused { .. } => ("refused", "check the rights of this user in the charge controller"),
        }
    }

    /// Converts to a problem.
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

    /// Converts to a failure of the run, which is retried only if that can help.
    pub(crate) fn as_failure(&self, effect: &str) -> Failure {
        let failure = Failure::problem(self.as_problem(effect));
        if self.needs_operator() { failure.permanent() } else { failure }
    }

    /// Returns whether an operator must act before a retry can help.
    pub(crate) fn needs_operator(&self) -> bool {
        matches!(
            self,
            Self::CredentialsRefused { .. }
                | Self::LockedOut { .. }
                | Self::Profile(_)
                | Self::Http(
                    HttpError::Certificate { .. }
                        | HttpError::Address { .. }
                        | HttpError::CaFile { .. }
                        | HttpError::Request
                )
        )
    }

    /// Returns whether the controller responded.
    pub(crate) const fn has_response(&self) -> bool {
        matches!(self, Self::Response(_) | Self::Refused { .. } | Self::Unwell { .. })
    }

    /// Returns whether a call for one object failed because of this object, as far as the error tells: the controller was
    /// reached, and did not ask for a pause of all calls.
    pub(crate) fn is_of_object(&self) -> bool {
        match self {
            Self::Unwell { status, .. } => *status != 429,
            Self::Response(_)
            | Self::Refused { .. }
            | Self::Http(HttpError::TimedOut { .. } | HttpError::TooLarge { .. }) => true,
            Self::Http(HttpError::Unreachable { source, .. }) => !source.is_connect(),
            _ => false,
        }
    }

    /// Returns whether calls for other objects should wait: this one took long, or they would fail as well.
    pub(crate) fn delays_others(&self) -> bool {
        !self.is_of_object() || matches!(self, Self::Http(HttpError::TimedOut { .. }))
    }

    /// Returns whether a write may have taken effect although its response is missing.
    pub(crate) fn may_have_taken_effect(&self) -> bool {
        match self {
            Self::Http(
                HttpError::Denied(_)
                | HttpError::Host(_)
                | HttpError::Request
                | HttpError::Certificate { .. }
                | HttpError::Address { .. }
                | HttpError::CaFile { .. },
            ) => false,
            Self::Http(HttpError::Unreachable { source, .. }) => !source.is_connect(),
            Self::Http(_) | Self::Response(_) => true,
            Self::Unwell { status, .. } => !matches!(status, 429 | 503),
            _ => false,
        }
    }

    /// Returns the host's error if the run must end.
    pub(crate) fn host_error(&self) -> Option<HostError> {
        match self {
            Self::Http(HttpError::Host(error)) => Some(error.clone()),
            _ => None,
        }
    }

    /// Propagates the end of the run.
    pub(crate) fn propagate_stop(&self) -> Result<(), HostError> {
        self.host_error().map_or(Ok(()), Err)
    }
}
