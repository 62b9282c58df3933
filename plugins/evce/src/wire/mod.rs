//! Paths, field names, units and enum values of the controller's API. No other module knows them.
//!
//! They are data in a [`Profile`], a TOML file: `profiles/v2-a.toml` is built in, and a connection may name a
//! file that replaces any of its keys.

mod decode;
mod encode;
mod extractor;
mod fields;
mod json_pointers;
mod profile;
mod scalar;
mod unusable;

pub(crate) use decode::{DecodeError, Version};
pub(crate) use profile::{Profile, ProfileError};

#[cfg(test)]
mod tests;
