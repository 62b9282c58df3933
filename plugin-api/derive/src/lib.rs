//! Derive macros of riser-plugin.
