//! The examples in the documentation, compiled and run by rustdoc.

use std::process::Stdio;

use anyhow::Context as _;

use super::tally::Tally;
use crate::workspace;

/// Runs them; shows what rustdoc says when one fails.
pub(super) fn run() -> anyhow::Result<Tally> {
    let mut cargo = workspace::cargo();
    cargo.args(["test", "--quiet", "--workspace", "--doc", "--no-fail-fast"]).stderr(Stdio::inherit());
    let output = cargo.output().context("cargo could not be started")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let tally = Tally::read(&text).unwrap_or_default();
    if output.status.success() && tally.is_clean() {
        return Ok(tally);
    }
    super::say(&text)?;
    // An example that does not even compile may be missing from the counts.
    Ok(if tally.is_clean() { tally + Tally::ONE_FAILED } else { tally })
}
