//! The plugin contract of Riser and the kit for authors.
//!
//! A plugin is a `cdylib` that names its classes with [`export_plugin!`]. A class is a type that implements
//! [`Processor`]: it gets its settings as a struct, talks to Riser through [`Host`], and ends when a service
//! returns an error and `?` returns it.
//!
//! # Calls and their order
//! The documentation of each method uses these words.
//!
//! - **\[run thread]**: the thread on which [`Processor::run`] is called, and no other. It may block as long as it
//!   likes.
//! - **\[any thread]**: threads that the plugin starts itself may call this too, until `run` returns.
//! - **described**: the host reads the description of the library. No logic of the plugin runs.
//! - **running**: from the call of `run` until it returns or is cancelled.
//! - **stopping**: cancelled, and not yet returned. `wait`, `declare`, `publish`, `publishes_every`, `record`,
//!   `latest`, `request_run` and `block_on` return [`HostError::Stop`]; all else goes on until the grace of 10 s
//!   ends.
//!
//! Methods of [`Processor`], [`Connection`] and [`Settings`] are called by Riser, all others by the plugin. All
//! services are synchronous. Returned values belong to the caller; arguments are copied before they
//! return. The process ends after `run` has returned.
#![deny(missing_docs)]

pub mod abi;
mod ability;
mod class;
mod connection;
mod connection_limiter;
pub mod description;
mod export;
mod failure;
mod host;
#[cfg(feature = "http")]
pub mod http;
mod packing;
mod points;
mod problem;
mod secret;
mod set_points;
pub mod settings;
pub mod time_span;
#[cfg(feature = "tokio")]
mod tokio_runtime;
mod tree;
mod value;

pub use ability::Ability;
pub use class::{Class, Mode, Processor};
pub use connection::{Connection, TestHost};
pub use connection_limiter::{ConnectionLimiter, Denied, Permit};
pub use failure::{Failure, HostError, Outcome};
pub use host::{DeclaredPoints, Host, LogLevel, State};
pub use packing::Batch;
pub use points::{Point, Points, Publication, Sample, Served, StoredPoint};
pub use problem::Problem;
pub use riser_plugin_derive::{Connection, Settings};
pub use secret::Secret;
pub use set_points::{SetPointWrite, Wake, WriteRequest};
pub use settings::Settings;
pub use tree::{Container, History, Item, Key, Tree, Value};
pub use value::{Kind, PointValue, State as ValueState};

#[doc(hidden)]
pub use export::{
    ConnectionTest, SettingsCheck, SettingsMigration, check_settings, class_check, class_description,
    class_migration, connection_check, connection_description, connection_migration, connection_test, create,
    create_test, describe_library, empty_description, has_no_ability, migrate_settings,
};
#[doc(hidden)]
pub use packing::{reading_batch, unpacked};
#[doc(hidden)]
pub use {abi_stable, serde_json};

/// The items that most plugins need.
pub mod prelude {
    pub use std::time::Duration;

    pub use crate::{
        Class, Connection, Container, Failure, History, Host, HostError, Key, Kind, Outcome, Point, Points,
        Problem, Processor, Publication, Sample, Secret, SetPointWrite, Settings, TestHost, Tree, Value,
        ValueState, Wake, WriteRequest, export_plugin,
    };
}
