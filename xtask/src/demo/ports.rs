//! Ports that everyone knows, when they are free.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::ensure;

/// Returns the given port, which must be free; else the usual one if free; else 0 for any.
pub(super) fn choose(option: &str, given: Option<u16>, wanted: u16) -> anyhow::Result<u16> {
    let Some(port) = given else {
        return Ok(if is_free(wanted) { wanted } else { 0 });
    };
    ensure!(
        is_free(port),
        "port {port} is taken: end the program that uses it, or leave {option} out to get a free one"
    );
    Ok(port)
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_replaced_unless_it_was_given() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_eq!(choose("--ews-port", None, port).unwrap(), 0);
        let refusal = choose("--ews-port", Some(port), 0).unwrap_err().to_string();
        assert!(refusal.contains("is taken") && refusal.contains("--ews-port"), "{refusal}");
        assert_eq!(choose("--ews-port", Some(0), port).unwrap(), 0);
    }
}
