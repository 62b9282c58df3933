//! `cargo xtask test`: all tests of the workspace, from a machine that has only the toolchain.
//!
//! Each test runs in a separate process (docs/adr/0060): a crash ends one test, a hanging test can be killed,
//! and durations are those of processes. The counts come from the output of the test programs. `cargo nextest
//! run` works, too (.config/nextest.toml).

mod doc_tests;
mod prerequisites;
mod single_test;
mod summary;
mod test_programs;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use self::single_test::{Finished, SingleTest};
use self::summary::Summary;
use crate::workspace;

/// Tests whose durations are shown.
const SLOWEST_SHOWN: usize = 10;

/// The environment of tests in addition to cargo's.
struct TestEnvironment {
    /// A Python with the packages in host/ews/tests/python/requirements.txt.
    python: std::path::PathBuf,
    /// The directory with the programs and libraries under test.
    programs: std::path::PathBuf,
    /// The path to the compiler's libraries, for tests of procedural macros.
    library_path: std::ffi::OsString,
}

/// Runs all tests; fails when one fails, is ignored, or when there is none.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let begin = Instant::now();
    let python = prerequisites::install()?;
    print("building the tests")?;
    let built = test_programs::build()?;
    let environment = TestEnvironment {
        python,
        programs: workspace::target_dir().join("debug"),
        library_path: test_programs::library_path()?,
    };
    let tests = test_programs::list_tests(&built, &environment)?;
    print(&format!("built after {:.0} s; running {} tests", begin.elapsed().as_secs_f64(), tests.len()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let finished = runtime.block_on(run_all(tests, Arc::new(environment)))?;
    let mut total: Summary = finished.iter().map(|test| test.summary).sum();
    print("running the examples in the documentation")?;
    total += doc_tests::run()?;
    report(&finished, total, begin.elapsed())
}

/// Runs as many tests at a time as there are processors; shows those that fail.
async fn run_all(tests: Vec<SingleTest>, environment: Arc<TestEnvironment>) -> anyhow::Result<Vec<Finished>> {
    let at_a_time = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let permits = Arc::new(Semaphore::new(at_a_time));
    let mut running = JoinSet::new();
    for test in tests {
        let (permits, environment) = (Arc::clone(&permits), Arc::clone(&environment));
        running.spawn(async move {
            let _permit = permits.acquire().await?;
            test.run(&environment).await
        });
    }
    let mut all = Vec::new();
    while let Some(finished) = running.join_next().await {
        let finished = finished??;
        if !finished.summary.is_clean() {
            print(&format!("\nFAILED: {}\n{}", finished.name, finished.output))?;
        }
        all.push(finished);
    }
    Ok(all)
}

/// Prints the failed tests, the slowest tests and, on the last line, the counts.
fn report(finished: &[Finished], total: Summary, took: Duration) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    let mut slowest: Vec<_> = finished.iter().collect();
    slowest.sort_by_key(|test| std::cmp::Reverse(test.took));
    writeln!(out, "\nthe slowest {SLOWEST_SHOWN}:")?;
    for test in slowest.into_iter().take(SLOWEST_SHOWN) {
        writeln!(out, "{:8.2} s  {}", test.took.as_secs_f64(), test.name)?;
    }
    for test in finished.iter().filter(|test| !test.summary.is_clean()) {
        writeln!(out, "failed: {}", test.name)?;
    }
    writeln!(out, "took {} min {:02} s", took.as_secs() / 60, took.as_secs() % 60)?;
    writeln!(out, "{total}")?;
    Ok(if total.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
