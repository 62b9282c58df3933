//! The live board in real Chromium: a person plugs in a car, breaks a link and adds a fault.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod board;
mod chromium;
