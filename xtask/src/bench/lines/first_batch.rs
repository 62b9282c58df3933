//! From the request to start a worker to its first values, in the crate that starts workers.

use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::programs::Programs;

/// The output of the measuring program.
#[derive(Deserialize)]
struct Measured {
    median_ms: f64,
    /// A process of the same program that does nothing.
    floor_ms: f64,
}

/// Measures with as many values as a controller with some twenty connectors has.
pub(in crate::bench) fn measure(name: &'static str, programs: &Programs) -> anyhow::Result<Measurement> {
    measure_with(name, programs, 1_000, 5.0)
}

/// Measures with as many stored points as a large site has.
pub(in crate::bench) fn measure_large(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    measure_with(name, programs, 10_000, 6.0)
}

fn measure_with(
    name: &'static str,
    programs: &Programs,
    values: u32,
    most_ms: f64,
) -> anyhow::Result<Measurement> {
    let measuring = Command::new(&programs.first_batch)
        .arg(&programs.riser)
        .arg(&programs.metronome_plugin)
        .arg(values.to_string())
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
        target: Target::AtMost(most_ms),
    })
}
