//! Secrets and settings of a draft.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A secret of a draft. Its `Debug` prints no secret; it is written out only where a draft is serialized.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretInput {
    Value(#[serde(with = "exposed")] SecretString),
    /// Keeps the stored secret.
    Stored {
        /// The reason for the error if none is stored.
        reason: String,
    },
    /// The secret could not be read from its source.
    Unreadable {
        reason: String,
    },
}

/// Follows the reason of [`SecretInput::Stored`] when no secret is stored.
pub(super) const NOT_STORED: &str = ", and no secret is stored yet";

/// Follows the name of a secret that is given as a table without a source.
pub(super) const SECRET_SOURCES: &str =
    "takes { env = \"VARIABLE\" } or { file = \"PATH\" }: one of the two, a text";

/// Settings of a draft, by key.
pub type SettingInputs = BTreeMap<String, SettingInput>;

/// The value of a setting in a draft.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingInput {
    /// A value that is not a secret. Null restores the default; an empty text does so, too, except for a text with a
    /// default. An empty text removes a stored secret.
    Plain(Value),
    List(Vec<Self>),
    Group(SettingInputs),
    Secret(SecretInput),
    /// A table of one key that a file may mean in two ways: where a secret is, or a group with one setting. The
    /// plugin's description of the setting decides.
    Reference {
        key: String,
        text: String,
        secret: SecretInput,
    },
}

impl fmt::Debug for SettingInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // It may contain a secret by mistake.
            Self::Plain(_) => f.write_str("Plain(…)"),
            Self::List(entries) => f.debug_list().entries(entries).finish(),
            Self::Group(settings) => f.debug_map().entries(settings).finish(),
            Self::Secret(secret) => f.debug_tuple("Secret").field(secret).finish(),
            Self::Reference { key, .. } => {
                f.debug_struct("Reference").field("key", key).finish_non_exhaustive()
            }
        }
    }
}

mod exposed {
    use secrecy::{ExposeSecret as _, SecretString};
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose_secret())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
        String::deserialize(deserializer).map(SecretString::from)
    }
}

pub(super) mod exposed_option {
    use secrecy::{ExposeSecret, SecretString};
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    #[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
    pub(in super::super) fn serialize<S: Serializer>(
        secret: &Option<SecretString>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SecretString>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
    }
}
