//! The dialects of the API. The real one is not known, so a plugin must cope with any.

use std::str::FromStr;

/// A dialect of the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// A bearer token, whole lists, stations with their connectors, W and Wh.
    #[default]
    V2A,
    /// OAuth 2, pages in an envelope, capital names, kW and kWh, the rest of a limit for a limited time.
    V2B,
    /// A cookie, one call for each object, numbers as texts and codes, milliseconds since 1970.
    V2C,
}

/// The name of a dialect was not understood.
#[derive(Debug, thiserror::Error)]
#[error("no dialect is called '{name}': use v2-a, v2-b or v2-c")]
pub struct UnknownDialect {
    name: String,
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        match name {
            "v2-a" => Ok(Self::V2A),
            "v2-b" => Ok(Self::V2B),
            "v2-c" => Ok(Self::V2C),
            _ => Err(UnknownDialect { name: name.to_owned() }),
        }
    }
}

impl std::fmt::Display for Dialect {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        text.write_str(match self {
            Self::V2A => "v2-a",
            Self::V2B => "v2-b",
            Self::V2C => "v2-c",
        })
    }
}
