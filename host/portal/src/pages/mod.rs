//! The pages, one in a file: what it is asked with, what it shows, its handler, its tests.

pub(crate) mod error;
pub(crate) mod items;
pub(crate) mod login;
pub(crate) mod overview;
pub(crate) mod processors;
pub(crate) mod theme;
