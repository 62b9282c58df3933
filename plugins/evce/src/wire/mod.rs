//! The only place that knows a path, a field name, a unit or a word of the controller's API.
//!
//! All of that stands in a [`Profile`], a TOML file: `profiles/v2-a.toml` is compiled in, and a connection may
//! replace any of its keys with a file of its own.

mod decode;
mod encode;
mod fields;
mod place;
mod profile;
mod scalar;
mod shape;

pub(crate) use decode::{DecodeError, Version};
pub(crate) use profile::{Profile, ProfileError};

#[cfg(test)]
mod tests;
