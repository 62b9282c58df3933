//! Opens a plugin library: the only place where foreign code enters a process.

use std::path::Path;

use abi_stable::StableAbi;
use abi_stable::abi_stability::abi_checking::check_layout_compatibility;
use abi_stable::library::{IsLayoutChecked, LibHeader, LibraryError, RootModule, lib_header_from_path};
use abi_stable::type_layout::TypeLayout;
use riser_plugin::abi::{CONTRACT, ContractVersion, PluginModuleRef, compatibility};

use riser_worker_protocol::frames::LoadFault;

/// Of the text about a layout, which may run to 30 kB, this much is shown.
const SHOWN_BYTES: usize = 200;

/// Loads the library and checks that it is a plugin of a contract that this host speaks. It is never unloaded:
/// thread-locals and tables of it outlive every handle.
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

/// The root module, of which only the contract's version may be read before the layouts are compared.
#[expect(unsafe_code, reason = "abi_stable refuses an older library before its contract can be read")]
fn unchecked(header: &'static LibHeader) -> Result<PluginModuleRef, LoadFault> {
    // SAFETY: the library names itself a plugin of Riser, and in every contract the first field of the root
    // module is its version, two `u16`. Everything else is read after `check_layout`.
    let module = unsafe { header.init_root_module_with_unchecked_layout::<PluginModuleRef>() };
    module.map_err(|error| load_fault(&error))
}

/// Compares the layouts of the two contracts. The older one is what the newer one must still contain:
/// `abi_stable`'s own check lets only the library be the newer one.
fn check_layout(contract: ContractVersion, header: &'static LibHeader) -> Result<(), LoadFault> {
    let host = PluginModuleRef::LAYOUT;
    let differs = |difference: String| LoadFault::OtherLayout { plugin: contract.to_string(), difference };
    let IsLayoutChecked::Yes(plugin) = header.root_mod_consts().layout() else {
        return Err(differs("it does not say how it is built".to_owned()));
    };
    let (older, newer): (&'static TypeLayout, &'static TypeLayout) =
        if contract.minor < CONTRACT.minor { (plugin, host) } else { (host, plugin) };
    check_layout_compatibility(older, newer).map_err(|errors| differs(first_words(&errors.to_string())))
}

fn load_fault(error: &LibraryError) -> LoadFault {
    match error {
        LibraryError::OpenError { err, .. } => LoadFault::Unloadable { why: first_words(&err.to_string()) },
        LibraryError::GetSymbolError { .. } => LoadFault::NoPlugin,
        other => LoadFault::OtherLayout {
            plugin: CONTRACT.to_string(),
            difference: first_words(&other.to_string()),
        },
    }
}

/// A long text of many lines as one short one.
fn first_words(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.len() > SHOWN_BYTES {
        words.truncate(words.floor_char_boundary(SHOWN_BYTES));
        words.push('…');
    }
    words
}
