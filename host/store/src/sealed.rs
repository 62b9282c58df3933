use std::fmt;

use riser_domain::Timestamp;

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

/// Who stored a secret setting, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretOrigin {
    pub key: String,
    pub set_at: Timestamp,
    pub set_by: String,
}

impl SecretOrigin {
    pub(crate) fn new(key: String, set_at_ms: i64, set_by: String) -> Self {
        Self { key, set_at: Timestamp::from_unix_ms(set_at_ms), set_by }
    }
}
