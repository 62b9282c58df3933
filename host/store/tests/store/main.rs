//! The store on real SQLite, through its public methods.

#![expect(clippy::unwrap_used, reason = "a failing test may panic")]

mod configuration;
mod durability;
mod fixture;
mod form_drafts;
mod histories;
mod items;
mod outbox;
mod people;
mod plugin_state;
mod quarantines;
mod recovery;
mod runs;
