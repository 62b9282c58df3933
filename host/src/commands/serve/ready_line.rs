//! The line with the addresses, for the program that started this one.

use std::io::Write as _;

use riser_runtime::Runtime;
use serde::Serialize;

#[derive(Serialize)]
struct ReadyLine<'a> {
    portal_url: &'a str,
    ews_servers: Vec<Address>,
}

#[derive(Serialize)]
struct Address {
    name: String,
    url: String,
}

/// Prints it as one line of JSON on standard output.
pub(crate) fn print(portal_url: &str, runtime: &Runtime) -> anyhow::Result<()> {
    let servers = runtime.ews_servers().into_iter();
    let ews_servers = servers.map(|server| Address { name: server.name, url: server.address }).collect();
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &ReadyLine { portal_url, ews_servers })?;
    writeln!(out)?;
    out.flush()?;
    Ok(())
}
