use std::fmt;

/// A secret as it lies in the file: sealed, and opaque to the store.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedValue {
    /// The data key it is sealed with.
    pub kid: String,
    /// The sealed bytes.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for SealedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedValue").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// The secret settings of a connection or a processor configuration, by setting key.
pub type SealedSettings = Vec<(String, SealedValue)>;
