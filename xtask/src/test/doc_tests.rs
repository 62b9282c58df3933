//! The examples in the documentation, compiled and run by rustdoc.

use std::process::Stdio;

use anyhow::Context as _;

use super::summary::Summary;
use crate::workspace;

/// Runs them; prints the output of rustdoc if one fails.
pub(super) fn run() -> anyhow::Result<Summary> {
    let mut cargo = workspace::cargo();
    cargo.args(["test", "--quiet", "--workspace", "--doc", "--no-fail-fast"]).stderr(Stdio::inherit());
    let output = cargo.output().context("cargo could not be started")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let summary = Summary::read(&text).unwrap_or_default();
    if output.status.success() && summary.is_clean() {
        return Ok(summary);
    }
    super::print(&text)?;
    // An example that does not even compile may be missing from the counts.
    Ok(if summary.is_clean() { summary + Summary::ONE_FAILED } else { summary })
}
