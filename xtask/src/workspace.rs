//! The directory of this workspace, and its cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Prefixes of the variables that cargo sets for a running program.
const ABOUT_A_PACKAGE: [&str; 2] = ["CARGO_PKG_", "CARGO_MANIFEST_"];

/// Returns the directory of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the workspace")
}

/// Returns the target directory of cargo.
pub(crate) fn target_dir() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    root().join(named.unwrap_or_else(|| "target".into()))
}

/// The cargo that started this program, to be run in the workspace.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    forget_package(&mut cargo);
    cargo.current_dir(root());
    cargo
}

/// Removes the variables of this program's package from a command's environment: the build script of ring
/// reads them, so cargo would recompile everything above ring.
pub(crate) fn forget_package(command: &mut Command) {
    let names = std::env::vars_os().map(|(name, _)| name);
    let about = |name: &str| ABOUT_A_PACKAGE.iter().any(|begin| name.starts_with(begin));
    for name in names.filter(|name| name.to_str().is_some_and(about)) {
        command.env_remove(name);
    }
}
