use url::{Host, Url};

/// Returns the address that a BMS can use. A server that listens on all addresses has the name of this machine in it.
pub(crate) fn bms_address(address: &str, machine_name: &str) -> String {
    // Most addresses are others, and parsing takes long.
    if !["0.0.0.0", "[::]"].iter().any(|host| address.contains(host)) {
        return address.to_owned();
    }
    let Ok(mut url) = Url::parse(address) else { return address.to_owned() };
    let is_for_all = match url.host() {
        Some(Host::Ipv4(host)) => host.is_unspecified(),
        Some(Host::Ipv6(host)) => host.is_unspecified(),
        _ => false,
    };
    if is_for_all && url.set_host(Some(machine_name)).is_ok() { url.into() } else { address.to_owned() }
}

/// Returns whether only programs on this machine reach an address.
pub(crate) fn is_for_this_machine(address: &str) -> bool {
    match Url::parse(address).ok().as_ref().and_then(Url::host) {
        Some(Host::Ipv4(host)) => host.is_loopback(),
        Some(Host::Ipv6(host)) => host.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_named_by_its_machine() {
        let path = "/EcoStruxure/DataExchange";
        for (address, shown) in [
            ("http://0.0.0.0:51358", "http://riser-north:51358"),
            ("https://[::]:51358", "https://riser-north:51358"),
            ("http://192.0.2.7:51358", "http://192.0.2.7:51358"),
            ("http://bms.example", "http://bms.example"),
        ] {
            assert_eq!(bms_address(&format!("{address}{path}"), "riser-north"), format!("{shown}{path}"));
        }
        let all = "http://0.0.0.0:51358/x";
        assert_eq!(bms_address(all, "Office Park North"), all, "the name cannot be a host");
    }

    #[test]
    fn loopback_addresses_are_for_this_machine() {
        let is_local = |host: &str| is_for_this_machine(&format!("http://{host}:1/x"));
        assert!(is_local("127.0.0.1") && is_local("[::1]") && is_local("localhost"));
        assert!(!is_local("0.0.0.0") && !is_local("192.0.2.7") && !is_local("bms.example"));
    }
}
