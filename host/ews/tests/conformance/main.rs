//! Tests of the whole server: HTTP, Digest, SOAP and each operation, over items in memory. Every
//! response is checked against the reference contract. Cases are numbered as in the conformance list of the
//! protocol's design (`E1` to `E89`).

#![expect(clippy::unwrap_used, reason = "what fails in a test may panic")]

mod bad_input;
mod connections;
mod contract_check;
mod description;
mod ews_client;
mod exchange;
mod foreign_clients;
mod get_container_items;
mod get_history;
mod get_items;
mod get_values;
mod get_web_service_information;
mod http_rules;
mod https;
mod login;
mod set_values;
mod several_servers;
mod site;
mod traffic;
