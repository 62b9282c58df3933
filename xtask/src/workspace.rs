//! Where this workspace lies, and the cargo that builds it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables in which cargo tells a program that it runs about the program's package begin with these.
const ABOUT_A_PACKAGE: [&str; 2] = ["CARGO_PKG_", "CARGO_MANIFEST_"];

/// The folder with the workspace's manifest.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// The folder that cargo builds in.
pub(crate) fn target_folder() -> PathBuf {
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

/// Takes out of a command's environment what cargo told this program about its package: the build script of
/// ring looks at it, so a cargo that is started with it compiles everything above ring anew.
pub(crate) fn forget_package(command: &mut Command) {
    let names = std::env::vars_os().map(|(name, _)| name);
    let about = |name: &str| ABOUT_A_PACKAGE.iter().any(|begin| name.starts_with(begin));
    for name in names.filter(|name| name.to_str().is_some_and(about)) {
        command.env_remove(name);
    }
}
