use riser_domain::count_words;
use riser_secrets::SecretError;
use riser_store::StoreError;
use riser_worker_host::{LaunchError, LibraryError, QueryError};

use super::field_path::FieldError;

/// Why the configuration was not changed. Nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// All errors of the draft.
    #[error("the change has {}", count_words(.0.len(), "error"))]
    Fields(Vec<FieldError>),
    #[error("the configuration changed meanwhile; read it again and repeat the change")]
    Stale,
    #[error("Riser is stopping; nothing was changed")]
    Ending,
    #[error("the configuration could not be stored")]
    Store(#[source] StoreError),
    #[error("a secret could not be sealed")]
    Secret(#[from] SecretError),
    #[error("the operating system gives no random numbers ({0})")]
    Random(getrandom::Error),
    #[error("the plugin could not check settings")]
    Plugin(#[source] Box<QueryError>),
    #[error("worker processes cannot be started")]
    Launch(#[from] LaunchError),
    #[error("the directory for copies of plugin libraries cannot be used")]
    Library(#[from] LibraryError),
}

impl ConfigureError {
    /// Returns the errors of the draft, if they are the reason.
    pub fn fields(&self) -> Option<&[FieldError]> {
        match self {
            Self::Fields(errors) => Some(errors),
            _ => None,
        }
    }
}

impl From<QueryError> for ConfigureError {
    fn from(error: QueryError) -> Self {
        Self::Plugin(Box::new(error))
    }
}

impl From<getrandom::Error> for ConfigureError {
    fn from(error: getrandom::Error) -> Self {
        Self::Random(error)
    }
}

impl From<StoreError> for ConfigureError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Stale,
            other => Self::Store(other),
        }
    }
}
