//! Tests through the front door: a request goes in, a status and a page come out, over a real runtime and real
//! SQLite files.

mod guards;
mod live;
mod pages;
mod sign_in;
mod world;

pub(crate) use world::TestPortal;
