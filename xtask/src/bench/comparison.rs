//! Two builds, measured in turn in one run: this one and an older one. Each is measured by its own bench, so the
//! older one may have other names and flags; the lines that both have are compared.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use super::statistics::median;
use super::{BenchArgs, print, programs};

/// How often each build is measured.
const ROUNDS: usize = 5;

/// A build: its bench, and the directory of its programs.
struct Build {
    bench: PathBuf,
    programs: PathBuf,
}

/// A line as a bench prints it.
#[derive(Deserialize)]
struct Measured {
    name: String,
    value: f64,
    ratio: Option<f64>,
}

#[derive(Default)]
struct Rounds {
    values: Vec<f64>,
    ratios: Vec<f64>,
}

/// One line of both builds; ratios are missing for a line without a floor.
#[derive(Serialize)]
struct Compared<'a> {
    name: &'a str,
    value: f64,
    value_before: f64,
    ratio: Option<f64>,
    ratio_before: Option<f64>,
}

/// Measures this build and the one at `other`, in turn.
pub(super) fn run(arguments: &BenchArgs, other: &Path) -> anyhow::Result<ExitCode> {
    let (bench, programs) = programs::build()?;
    let now = Build { bench, programs };
    let before = Build::at(other)?;
    let mut all: [BTreeMap<String, Rounds>; 2] = Default::default();
    for round in 1..=ROUNDS {
        for (build, lines) in [&before, &now].into_iter().zip(&mut all) {
            print(&format!("round {round} of {ROUNDS}: {}", build.programs.display()));
            for measured in build.measure(arguments.filter.as_deref())? {
                let rounds = lines.entry(measured.name).or_default();
                rounds.values.push(measured.value);
                rounds.ratios.extend(measured.ratio);
            }
        }
    }
    let [mut before, now] = all;
    for (name, rounds) in now {
        let Some(earlier) = before.remove(&name) else { continue };
        let compared = Compared {
            name: &name,
            value: median(rounds.values).context("no round")?,
            value_before: median(earlier.values).context("no round")?,
            ratio: median(rounds.ratios),
            ratio_before: median(earlier.ratios),
        };
        let text = if arguments.json { serde_json::to_string(&compared)? } else { compared.words() };
        writeln!(std::io::stdout(), "{text}")?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Build {
    /// The build in a directory of programs, or of a checkout, which is built first.
    fn at(directory: &Path) -> anyhow::Result<Self> {
        let directory = directory.canonicalize().with_context(|| format!("{}", directory.display()))?;
        let bench = directory.join("xtask");
        if bench.is_file() {
            return Ok(Self { bench, programs: directory });
        }
        ensure!(
            directory.join("Cargo.toml").is_file(),
            "{} is neither a checkout nor a directory of release programs",
            directory.display()
        );
        let (bench, programs) = programs::build_in(&directory)?;
        Ok(Self { bench, programs })
    }

    fn measure(&self, filter: Option<&str>) -> anyhow::Result<Vec<Measured>> {
        let mut bench = Command::new(&self.bench);
        bench.args(["bench", "--json", "--programs"]).arg(&self.programs).args(filter);
        let output = bench.stderr(Stdio::inherit()).output().context("a bench could not be started")?;
        ensure!(output.status.success(), "the bench of {} failed", self.programs.display());
        let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).context("a bench printed something else")).collect()
    }
}

impl Compared<'_> {
    fn words(&self) -> String {
        let Self { name, value, value_before, ratio, ratio_before } = self;
        let values = format!("{name:<32} {value_before:.3} before, {value:.3} now");
        match ratio_before.zip(*ratio) {
            Some((before, now)) => {
                format!("{values}; ratio {before:.3} before, {now:.3} now: {:.2} times", now / before)
            }
            None => values,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_builds_are_compared_by_their_ratios() {
        let compared = Compared {
            name: "plugin to EWS",
            value: 1.0,
            value_before: 2.5,
            ratio: Some(0.15),
            ratio_before: Some(0.06),
        };
        let words = compared.words();
        assert!(words.contains("2.500 before, 1.000 now"), "{words}");
        assert!(words.ends_with("ratio 0.060 before, 0.150 now: 2.50 times"), "{words}");
        let without = Compared { ratio: None, ratio_before: None, ..compared };
        assert!(!without.words().contains("ratio"));
    }

    #[test]
    fn a_directory_without_a_build_is_refused() {
        let empty = tempfile::tempdir().unwrap();
        let refusal = Build::at(empty.path()).map(|_| ()).unwrap_err().to_string();
        assert!(refusal.ends_with("is neither a checkout nor a directory of release programs"), "{refusal}");
    }
}
