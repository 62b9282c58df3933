//! Prerequisites of the tests besides the toolchain: a browser, curl, a clock that can be shifted, reverse proxies, and
//! Python with an independent SOAP client.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::workspace;

/// The Python packages, with their versions.
const REQUIREMENTS: &str = "host/ews/tests/python/requirements.txt";

/// A Debian package, and a command that works once it is installed.
const PACKAGES: [(&str, &[&str]); 7] = [
    ("chromium", &["chromium", "--version"]),
    ("chromium-driver", &["chromedriver", "--version"]),
    ("curl", &["curl", "--version"]),
    ("faketime", &["faketime", "--version"]),
    ("haproxy", &["haproxy", "-v"]),
    ("nginx-light", &["nginx", "-v"]),
    ("python3-venv", &["python3", "-c", "import ensurepip, venv"]),
];

/// Installs missing prerequisites. Returns the Python with the packages.
pub(super) fn install() -> anyhow::Result<PathBuf> {
    let missing: Vec<_> =
        PACKAGES.iter().filter(|(_, probe)| !works(probe)).map(|(package, _)| *package).collect();
    if !missing.is_empty() {
        super::print(&format!("installing {}", missing.join(", ")))?;
        apt_get(&["update"])?;
        apt_get(&[&["install", "--yes", "--no-install-recommends"], missing.as_slice()].concat())?;
    }
    python()
}

fn works(command: &[&str]) -> bool {
    let mut probe = Command::new(command[0]);
    probe.args(&command[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

fn apt_get(arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = if rustix::process::geteuid().is_root() {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.arg("apt-get");
        sudo
    };
    // Its output is not part of our result.
    command.arg("--quiet").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(std::io::stderr());
    let names = PACKAGES.map(|(package, _)| package).join(" ");
    let status = command
        .status()
        .with_context(|| format!("apt-get is missing; install these packages manually: {names}"))?;
    ensure!(status.success(), "apt-get {} failed", arguments.join(" "));
    Ok(())
}

/// Prepares a virtual environment with the packages. Recreates it after a change of the list.
fn python() -> anyhow::Result<PathBuf> {
    let requirements = workspace::root().join(REQUIREMENTS);
    let directory = workspace::target_dir().join("test-python");
    let python = directory.join("bin/python");
    let wanted = if requirements.exists() { std::fs::read_to_string(&requirements)? } else { String::new() };
    let stamp = directory.join("requirements.installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && python.exists() {
        return Ok(python);
    }
    super::print("making a Python environment")?;
    call(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory), &directory)?;
    if !wanted.trim().is_empty() {
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
        call(pip.arg(&requirements), &directory)?;
    }
    std::fs::write(stamp, wanted)?;
    Ok(python)
}

fn call(command: &mut Command, directory: &Path) -> anyhow::Result<()> {
    let status = command.stdout(std::io::stderr()).status().context("python3 could not be started")?;
    ensure!(status.success(), "the Python environment {} cannot be made", directory.display());
    Ok(())
}
