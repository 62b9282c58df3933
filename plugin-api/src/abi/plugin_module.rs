use abi_stable::StableAbi;
use abi_stable::library::RootModule;
use abi_stable::sabi_types::VersionStrings;
use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};

use super::{ContractVersion, PluginRunBox};

/// The root module of a plugin library.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PluginModuleRef)))]
#[sabi(missing_field(option))]
pub struct PluginModule {
    /// The contract the library was built from.
    pub contract: ContractVersion,
    /// The description of the library: the JSON document of [`crate::description::LibraryDescription`]. Runs no
    /// plugin logic. [any thread]
    pub describe: extern "C" fn() -> RString,
    /// Makes a run of a class, by its id; the error is a sentence. [run thread]
    #[sabi(last_prefix_field)]
    pub create: extern "C" fn(class: RStr<'_>) -> RResult<PluginRunBox, RString>,
    /// Since 1.1: whether the library has the ability `name/revision`. [any thread]
    pub has_ability: extern "C" fn(ability: RStr<'_>) -> bool,
    /// Since 1.1: passes stored settings through the `migrate` of their class or connection kind. JSON of
    /// `messages::MigrationMessage` in, the JSON object of the settings out; the error is a sentence. Secrets are
    /// not among them: the host puts placeholder texts in their places. [any thread] Never blocks.
    pub migrate_settings: extern "C" fn(request: RSlice<'_, u8>) -> RResult<RVec<u8>, RString>,
    /// Since 1.1: reads settings as a run does and passes them through the `check` of their class or connection kind.
    /// JSON of `messages::SettingsMessage` in, with secrets; a JSON list of `messages::SettingFaultMessage` out, empty
    /// if a run accepts the settings; the error is a sentence. [any thread] May read local files.
    pub check_settings: extern "C" fn(request: RSlice<'_, u8>) -> RResult<RVec<u8>, RString>,
}

impl RootModule for PluginModuleRef {
    abi_stable::declare_root_module_statics! {PluginModuleRef}
    const BASE_NAME: &'static str = "riser_plugin";
    const NAME: &'static str = "riser_plugin";
    // Layouts and MAJOR.MINOR are compared by `compatibility`; the version of this crate is irrelevant.
    const VERSION_STRINGS: VersionStrings = VersionStrings::new("1.0.0");
}
