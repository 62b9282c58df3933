//! Drafts, checked and committed to a real store.

mod fixture;
mod property;
mod rules;
mod settings;
