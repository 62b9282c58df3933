//! `cargo xtask check`: checks that are not tests. Every step runs, also after a failed one.

use std::io::Write as _;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, ensure};

use crate::{sqlx_data, workspace};

/// A step: its name and how it is done.
type Step = (&'static str, fn() -> anyhow::Result<()>);

const STEPS: [Step; 6] = [
    ("format", || cargo(&["fmt", "--all", "--check"])),
    ("lints", || {
        cargo(&[
            "clippy",
            "--quiet",
            "--keep-going",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ])
    }),
    ("documentation", document),
    ("rules of the workspace", || {
        cargo(&["test", "--quiet", "--package", "xtask", "--test", "workspace_rules"])
    }),
    ("query data", sqlx_data::check_fresh),
    ("licences and advisories", check_dependencies),
];

/// Goes through the steps; fails when one failed.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let mut failed = Vec::new();
    for (name, step) in STEPS {
        print(&format!("checking: {name}"))?;
        if let Err(error) = step() {
            print(&format!("{name}: {error:#}"))?;
            failed.push(name);
        }
    }
    if failed.is_empty() {
        print("all checks passed")?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&format!("failed: {}", failed.join(", ")))?;
    Ok(ExitCode::FAILURE)
}

fn cargo(arguments: &[&str]) -> anyhow::Result<()> {
    succeed(workspace::cargo().args(arguments))
}

fn document() -> anyhow::Result<()> {
    let mut cargo = workspace::cargo();
    cargo.args(["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"]);
    succeed(cargo.env("RUSTDOCFLAGS", "--deny warnings --allow rustdoc::private-intra-doc-links"))
}

/// Checks licences and advisories if cargo-deny is installed.
fn check_dependencies() -> anyhow::Result<()> {
    let is_installed = Command::new("cargo-deny").arg("--version").output().is_ok();
    if !is_installed {
        return Ok(print("skipped: cargo-deny is not installed")?);
    }
    cargo(&["deny", "check"])
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().context("cargo could not be started")?;
    ensure!(status.success(), "see above");
    Ok(())
}

fn print(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
