//! The whole product: the program, real plugins in worker processes, a charge controller, and a BMS client. The
//! tests use only the interfaces that users have.

#![expect(clippy::unwrap_used, reason = "a failing test may panic")]
#![expect(clippy::future_not_send, reason = "a test runs its futures on one thread")]

mod admission;
mod apply;
mod apply_while_running;
mod bms;
mod browser;
mod canary;
mod canary_forms;
mod configuration;
mod connection_pages;
mod connection_test;
mod control_socket;
mod controller;
mod credentials;
mod damaged_data;
mod discovery;
mod ews_server_pages;
mod f1_points;
mod first_run;
mod form_fields;
mod histories;
mod host;
mod https;
mod item_pages;
mod keyboard;
mod library_swap;
mod misbehaving_plugins;
mod plugin_install;
mod plugin_run;
mod plugin_settings;
mod portal;
mod portal_address;
mod processor_pages;
mod programs;
mod quarantine;
mod random_changes;
mod reverse_proxy;
mod running_changes;
mod running_host;
mod schedule_next;
mod schedule_preview;
mod schedules;
mod set_points;
mod settings_migration;
mod shifted_clock;
mod site;
mod start;
mod time_zone;
mod two_connections;
mod users;
mod waiting;
mod wizard;
mod wrong_clock;
