//! The pages, each in its own file: its input, its content and its handlers.

pub(crate) mod about;
pub(crate) mod account;
pub(crate) mod add_processor;
pub(crate) mod audit;
pub(crate) mod connection;
pub(crate) mod connections;
pub(crate) mod error;
pub(crate) mod ews_server;
pub(crate) mod ews_servers;
pub(crate) mod history;
pub(crate) mod items;
pub(crate) mod login;
pub(crate) mod overview;
pub(crate) mod problems;
pub(crate) mod processor;
pub(crate) mod processors;
pub(crate) mod run;
pub(crate) mod schedule;
pub(crate) mod schedules;
pub(crate) mod set_point;
pub(crate) mod setup;
pub(crate) mod status;
pub(crate) mod theme;
pub(crate) mod users;
