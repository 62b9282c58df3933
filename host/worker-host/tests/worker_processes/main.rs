//! Worker processes as the host sees them, with real processes and real libraries.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contracts;
mod fixture;
mod hard_end;
mod libraries;
mod misbehaving_plugins;
mod scripts;
