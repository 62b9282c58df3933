//! From the request to start a worker to its first values, in the crate that starts workers.

use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::programs::Programs;

/// Values in the batch: as many as a controller with some twenty connectors has.
const VALUES: &str = "1000";

/// The output of the measuring program.
#[derive(Deserialize)]
struct Measured {
    median_ms: f64,
    /// A process of the same program that does nothing.
    floor_ms: f64,
}

pub(in crate::bench) fn measure(name: &'static str, programs: &Programs) -> anyhow::Result<Measurement> {
    let measuring = Command::new(&programs.first_batch)
        .arg(&programs.riser)
        .arg(&programs.metronome_plugin)
        .arg(VALUES)
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
        target: Target::AtMost(5.0),
    })
}
