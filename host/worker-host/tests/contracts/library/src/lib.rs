//! The least that a library can be: one class, which logs a line with its contract and ends well.

use abi_stable::export_root_module;
use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};
use riser_plugin::abi::{
    CONTRACT, HostServicesBox, PluginModule, PluginModuleRef, PluginRun, PluginRun_TO, PluginRunBox,
};

#[export_root_module]
pub fn root() -> PluginModuleRef {
    PluginModule {
        contract: CONTRACT,
        describe,
        create,
        #[cfg(feature = "contract-1-2")]
        has_ability,
        #[cfg(feature = "contract-1-2")]
        migrate_settings,
        #[cfg(feature = "contract-1-2")]
        check_settings,
        #[cfg(feature = "contract-1-2")]
        one_field_more,
    }
    .leak_into_prefix()
}

extern "C" fn describe() -> RString {
    RString::from(format!(
        r#"{{"schema": 1, "contract": "{}.{}", "id": "riser.contract", "name": "Contract", "version": "1",
            "company": "Riser", "classes": [{{"id": "log", "name": "Log", "mode": "scheduled"}}]}}"#,
        CONTRACT.major, CONTRACT.minor
    ))
}

extern "C" fn create(_class: RStr<'_>) -> RResult<PluginRunBox, RString> {
    RResult::ROk(PluginRun_TO::from_value(Log, TD_Opaque))
}

#[cfg(feature = "contract-1-2")]
extern "C" fn has_ability(_ability: RStr<'_>) -> bool {
    false
}

#[cfg(feature = "contract-1-2")]
extern "C" fn migrate_settings(_request: RSlice<'_, u8>) -> RResult<RVec<u8>, RString> {
    RResult::RErr(RString::from("it has no settings"))
}

#[cfg(feature = "contract-1-2")]
extern "C" fn check_settings(_request: RSlice<'_, u8>) -> RResult<RVec<u8>, RString> {
    RResult::RErr(RString::from("it has no settings"))
}

#[cfg(feature = "contract-1-2")]
extern "C" fn one_field_more() {}

struct Log;

impl PluginRun for Log {
    fn run(&self, _order: RSlice<'_, u8>, services: HostServicesBox) -> RResult<(), RVec<u8>> {
        let line = format!("built from contract {}.{}", CONTRACT.major, CONTRACT.minor);
        services.log(1, RStr::from(line.as_str()));
        RResult::ROk(())
    }

    fn test_connection(&self, _order: RSlice<'_, u8>, _services: HostServicesBox) -> RResult<(), RVec<u8>> {
        RResult::ROk(())
    }
}
