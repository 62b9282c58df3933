//! Opens a plugin library. Foreign code enters a process only here.

use std::path::Path;

use abi_stable::StableAbi;
use abi_stable::abi_stability::abi_checking::check_layout_compatibility;
use abi_stable::library::{IsLayoutChecked, LibHeader, LibraryError, RootModule, lib_header_from_path};
use abi_stable::type_layout::TypeLayout;
use riser_plugin::abi::{CONTRACT, ContractVersion, PluginModuleRef, compatibility};

use riser_worker_protocol::frames::LoadFault;

/// Longest part shown of a loader's message, which may have 30 kB.
const SHOWN_BYTES: usize = 200;

/// Loads a library and checks that it is a plugin of a contract that this host supports. It is never unloaded,
/// because its thread-locals and tables outlive every handle.
pub(crate) fn load(library: &Path) -> Result<PluginModuleRef, LoadFault> {
    let header = lib_header_from_path(library).map_err(|error| load_fault(&error))?;
    if header.root_mod_consts().name().as_str() != PluginModuleRef::NAME {
        return Err(LoadFault::NoPlugin);
    }
    let module = unchecked(header)?;
    let contract = module.contract();
    if compatibility(contract, CONTRACT).is_err() {
        let (plugin, host) = (contract.to_string(), CONTRACT.to_string());
        return Err(if contract.major > CONTRACT.major {
            LoadFault::ContractTooNew { plugin, host }
        } else {
            LoadFault::ContractTooOld { plugin, host }
        });
    }
    check_layout(contract, header)?;
    Ok(module)
}

/// Returns the root module. Only its contract version may be read before `check_layout`.
#[expect(unsafe_code, reason = "abi_stable refuses an older library before its contract can be read")]
fn unchecked(header: &'static LibHeader) -> Result<PluginModuleRef, LoadFault> {
    // SAFETY: the library has the name of a Riser plugin, and in every contract the first field of the root
    // module is its version, two `u16`. Everything else is read after `check_layout`.
    let module = unsafe { header.init_root_module_with_unchecked_layout::<PluginModuleRef>() };
    module.map_err(|error| load_fault(&error))
}

/// Checks that the newer layout still contains the older one. The check of `abi_stable` accepts only a newer
/// library.
fn check_layout(contract: ContractVersion, header: &'static LibHeader) -> Result<(), LoadFault> {
    let host = PluginModuleRef::LAYOUT;
    let differs = |difference: String| LoadFault::OtherLayout { plugin: contract.to_string(), difference };
    let IsLayoutChecked::Yes(plugin) = header.root_mod_consts().layout() else {
        return Err(differs("it has no layout description".to_owned()));
    };
    let (older, newer): (&'static TypeLayout, &'static TypeLayout) =
        if contract.minor < CONTRACT.minor { (plugin, host) } else { (host, plugin) };
    check_layout_compatibility(older, newer).map_err(|errors| differs(shorten(&errors.to_string())))
}

fn load_fault(error: &LibraryError) -> LoadFault {
    match error {
        LibraryError::OpenError { err, .. } => LoadFault::Unloadable { why: shorten(&err.to_string()) },
        LibraryError::GetSymbolError { .. } => LoadFault::NoPlugin,
        other => {
            LoadFault::OtherLayout { plugin: CONTRACT.to_string(), difference: shorten(&other.to_string()) }
        }
    }
}

/// Returns the beginning of a long text as one line.
fn shorten(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.len() > SHOWN_BYTES {
        words.truncate(words.floor_char_boundary(SHOWN_BYTES));
        words.push('…');
    }
    words
}
