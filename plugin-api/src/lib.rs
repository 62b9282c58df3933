//! The plugin contract of Riser and the kit for authors.
