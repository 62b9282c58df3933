use abi_stable::StableAbi;
use abi_stable::library::RootModule;
use abi_stable::sabi_types::VersionStrings;
#[cfg(feature = "contract-1-2")]
use abi_stable::std_types::{RSlice, RVec};
use abi_stable::std_types::{RResult, RStr, RString};

use super::{ContractVersion, PluginRunBox};

#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PluginModuleRef)))]
#[sabi(missing_field(option))]
pub struct PluginModule {
    pub contract: ContractVersion,
    pub describe: extern "C" fn() -> RString,
    #[sabi(last_prefix_field)]
    pub create: extern "C" fn(class: RStr<'_>) -> RResult<PluginRunBox, RString>,
    #[cfg(feature = "contract-1-2")]
    pub has_ability: extern "C" fn(ability: RStr<'_>) -> bool,
    #[cfg(feature = "contract-1-2")]
    pub migrate_settings: extern "C" fn(request: RSlice<'_, u8>) -> RResult<RVec<u8>, RString>,
    #[cfg(feature = "contract-1-2")]
    pub check_settings: extern "C" fn(request: RSlice<'_, u8>) -> RResult<RVec<u8>, RString>,
    #[cfg(feature = "contract-1-2")]
    pub one_field_more: extern "C" fn(),
}

impl RootModule for PluginModuleRef {
    abi_stable::declare_root_module_statics! {PluginModuleRef}
    const BASE_NAME: &'static str = "riser_plugin";
    const NAME: &'static str = "riser_plugin";
    const VERSION_STRINGS: VersionStrings = VersionStrings::new("1.0.0");
}
