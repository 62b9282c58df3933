//! Enums of the domain in messages, as their texts.

macro_rules! by_word {
    ($module:ident, $kind:ty) => {
        pub(super) mod $module {
            use serde::de::Error as _;
            use serde::{Deserialize as _, Deserializer, Serializer};

            pub(in crate::control) fn serialize<S: Serializer>(
                value: &$kind,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(value.as_str())
            }

            pub(in crate::control) fn deserialize<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<$kind, D::Error> {
                let word = String::deserialize(deserializer)?;
                word.parse().map_err(|_| D::Error::custom("unknown word"))
            }
        }
    };
}

by_word!(log_level, riser_domain::LogLevel);
by_word!(role, riser_domain::Role);
by_word!(run_state, riser_domain::RunState);
