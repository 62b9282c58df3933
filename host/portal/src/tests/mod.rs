//! Tests through the router: each sends a request and checks the status and the page, over a real runtime and real
//! SQLite files.

mod audit;
mod clock;
mod connections;
mod ews_servers;
mod examples;
mod forms;
mod guards;
mod help;
mod history;
mod items;
mod live;
mod log;
mod overview;
mod pages;
mod plugins;
mod processors;
mod proxy;
mod roles;
mod runs;
mod schedules;
mod set_point;
mod setup;
mod sign_in;
mod status;
mod users;
mod wizard;
