//! The plugin contract as it was in 1.0: frozen, to prove that libraries built from it load today. The feature
//! `contract-1-2` adds what 1.1 added and one field more, for the way round.

#![allow(missing_docs, non_local_definitions, reason = "a frozen copy of what crosses the edge, and no more")]

pub mod abi {
    mod objects;
    mod plugin_module;
    mod records;

    use abi_stable::StableAbi;
    use abi_stable::std_types::{RResult, RString};

    pub use objects::*;
    pub use plugin_module::*;
    pub use records::*;

    #[repr(C)]
    #[derive(StableAbi, Clone, Debug, PartialEq, Eq)]
    pub enum ServiceError {
        Stop,
        Refused { code: RString, what: RString },
        Lost,
    }

    pub type ServiceResult<T> = RResult<T, ServiceError>;

    #[repr(C)]
    #[derive(StableAbi, Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ContractVersion {
        pub major: u16,
        pub minor: u16,
    }

    pub const CONTRACT: ContractVersion = if cfg!(feature = "contract-2-0") {
        ContractVersion { major: 2, minor: 0 }
    } else if cfg!(feature = "contract-1-2") {
        ContractVersion { major: 1, minor: 2 }
    } else {
        ContractVersion { major: 1, minor: 0 }
    };
}
