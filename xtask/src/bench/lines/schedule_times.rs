//! The next 1,000 times of a cron rule over clock changes, in the crate of schedule rules. The baseline is croner.

use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::programs::Programs;

/// The output of the measuring program, for one rule.
#[derive(Deserialize)]
struct Measured {
    median_ms: f64,
    /// The same times computed by croner.
    floor_ms: f64,
}

pub(in crate::bench) fn measure(name: &'static str, programs: &Programs) -> anyhow::Result<Measurement> {
    let measuring = Command::new(&programs.cron_times)
        .stderr(Stdio::inherit())
        .output()
        .context("the measuring program could not be started")?;
    ensure!(measuring.status.success(), "the measuring program failed");
    let measured: Measured = serde_json::from_slice(&measuring.stdout)?;
    Ok(Measurement {
        name,
        value: measured.median_ms,
        unit: Unit::Milliseconds,
        baseline: Some(measured.floor_ms),
        target: Target::RatioAtLeast(5.0),
    })
}
