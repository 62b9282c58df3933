//! Compares random rules with croner and with a slow implementation in Python, and prints the differences by their
//! reason. Argument: the number of rules. Fails on a difference without a reason.

#![expect(clippy::unwrap_used, reason = "the modules belong to a test")]

#[path = "../tests/comparison/compare.rs"]
mod compare;
#[path = "../tests/comparison/croner_time.rs"]
mod croner_time;
#[path = "../tests/comparison/random_rule.rs"]
mod random_rule;
#[path = "../tests/comparison/zones.rs"]
mod zones;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use crate::compare::Summary;

/// Each has a Python process beside it.
const THREADS: usize = 2;
/// Differences that are printed.
const MOST_PRINTED: usize = 20;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let count: usize = std::env::args().nth(1).ok_or("usage: compare_schedules RULES [SEED]")?.parse()?;
    let seed: u64 = std::env::args().nth(2).map_or(Ok(1), |seed| seed.parse())?;
    let zoneinfo = tempfile::tempdir()?;
    zones::write_zoneinfo(zoneinfo.path())?;
    let begin = Instant::now();
    let mut summary = Summary::default();
    std::thread::scope(|scope| {
        let directory = zoneinfo.path();
        let parts: Vec<_> = (0..THREADS)
            .map(|thread| {
                let count = count / THREADS + usize::from(thread < count % THREADS);
                let seed = seed.wrapping_mul(1_000_003).wrapping_add(thread as u64);
                scope.spawn(move || compare::compare(count, seed, directory))
            })
            .collect();
        for part in parts {
            add(&mut summary, part.join().map_err(|_| "a thread of the comparison panicked")?);
        }
        Ok::<(), Box<dyn Error>>(())
    })?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} rules in {} zones, {} s",
        summary.rules,
        zones::ZONES.len(),
        begin.elapsed().as_secs()
    )?;
    writeln!(out, "{} never run and are refused", summary.refused)?;
    writeln!(out, "{} windows compared with croner", summary.windows_with_croner)?;
    writeln!(
        out,
        "{} windows with {} times compared with Python",
        summary.windows_with_python, summary.times
    )?;
    for (reason, windows) in &summary.explained {
        writeln!(out, "{windows} windows differ: {reason}")?;
    }
    writeln!(out, "{} differences without a reason", summary.unexplained.len())?;
    for difference in summary.unexplained.iter().take(MOST_PRINTED) {
        writeln!(out, "  {difference}")?;
    }
    Ok(if summary.unexplained.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Adds the results of other rules.
fn add(summary: &mut Summary, other: Summary) {
    summary.rules += other.rules;
    summary.refused += other.refused;
    summary.windows_with_croner += other.windows_with_croner;
    summary.windows_with_python += other.windows_with_python;
    summary.times += other.times;
    for (reason, count) in other.explained {
        *summary.explained.entry(reason).or_default() += count;
    }
    summary.unexplained.extend(other.unexplained);
}
