use std::fmt;

/// A sealed secret. The store cannot open it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedValue {
    /// Id of the data key that opens it.
    pub kid: String,
    pub bytes: Vec<u8>,
}

impl fmt::Debug for SealedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedValue").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// The secret settings of a connection or a processor configuration, by setting key.
pub type SealedSettings = Vec<(String, SealedValue)>;
