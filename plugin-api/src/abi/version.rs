use abi_stable::StableAbi;

/// A version of the contract.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContractVersion {
    /// Grows when something is renamed or removed.
    pub major: u16,
    /// Grows when something is added.
    pub minor: u16,
}

/// The contract of this crate.
pub const CONTRACT: ContractVersion = ContractVersion { major: 1, minor: 1 };

impl std::fmt::Display for ContractVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Returns whether a host of the contract `host` can use a plugin built from the contract `plugin`. An older minor
/// version is always fine; a newer one is, because abilities it could ask for are asked for by name.
///
/// # Errors
/// One sentence with both versions and the remedy.
pub fn compatibility(plugin: ContractVersion, host: ContractVersion) -> Result<(), String> {
    if plugin.major == host.major {
        return Ok(());
    }
    let remedy = if plugin.major > host.major {
        "install a newer Riser, or an older release of the plugin"
    } else {
        "install a newer release of the plugin"
    };
    Err(format!("the plugin was built for contract {plugin} and this Riser speaks {host}: {remedy}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_major_version_is_refused_in_one_sentence_that_names_both() {
        let version = |major, minor| ContractVersion { major, minor };
        assert_eq!(compatibility(version(1, 0), version(1, 1)), Ok(()));
        assert_eq!(compatibility(version(1, 2), version(1, 1)), Ok(()));
        let refusal = compatibility(version(2, 0), version(1, 1)).unwrap_err();
        assert!(refusal.contains("2.0") && refusal.contains("1.1") && refusal.contains("newer Riser"));
    }
}
