//! Paths, field names, units and words of the controller's API. No other module knows them.
//!
//! They are data in a [`Profile`], a TOML file: those in `profiles` are built in, and a connection may name a file
//! that completes or replaces one of them.

mod check;
mod decode;
mod documents;
mod encode;
mod extractor;
mod fields;
mod json_pointers;
mod load;
mod object_fields;
mod parsed;
mod profile;
mod scalar;
mod site;
mod survey;
mod template;
mod time_format;
mod unusable;
mod words;

pub(crate) use decode::{Ack, DecodeError, PageFacts, Version};
pub(crate) use documents::{Document, Pages, SiteDocuments};
pub(crate) use encode::{PagePlace, ReductionWrite};
pub(crate) use load::{BUILT_IN, ProfileError};
pub(crate) use profile::{LoginKind, PagingKind, Profile, ReadStep};
pub(crate) use survey::{SeenValue, SurveyRow, seen_values};

#[cfg(test)]
mod load_tests;
#[cfg(test)]
mod tests;
