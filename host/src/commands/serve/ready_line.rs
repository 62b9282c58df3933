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

/// The line of a start that failed.
#[derive(Serialize)]
struct FailedLine<'a> {
    failed: &'a str,
    failed_portal_url: &'a str,
}

/// Prints it as one line of JSON on standard output.
pub(crate) fn print(portal_url: &str, runtime: &Runtime) -> anyhow::Result<()> {
    let servers = runtime.ews_servers().into_iter();
    let ews_servers = servers.map(|server| Address { name: server.name, url: server.address }).collect();
    print_line(&ReadyLine { portal_url, ews_servers })
}

/// Prints that nothing but the page with the reason listens.
pub(crate) fn print_failed(portal_url: &str, reason: &str) -> anyhow::Result<()> {
    print_line(&FailedLine { failed: reason, failed_portal_url: portal_url })
}

fn print_line(line: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, line)?;
    writeln!(out)?;
    out.flush()?;
    Ok(())
}
