//! One test in a process of its own.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::TestEnvironment;
use super::tally::Tally;
use super::test_programs::TestProgram;

/// A test that takes longer hangs.
const LONGEST: Duration = Duration::from_mins(5);

/// A test that is to be run.
pub(super) struct SingleTest {
    program: Arc<TestProgram>,
    test: String,
}

/// A test that was run.
pub(super) struct Finished {
    pub(super) name: String,
    pub(super) tally: Tally,
    pub(super) took: Duration,
    /// All that it printed.
    pub(super) output: String,
}

/// The processes of a test; dropping this ends those that are left.
struct Group(Option<Pid>);

impl SingleTest {
    pub(super) fn new(program: Arc<TestProgram>, test: &str) -> Self {
        Self { program, test: test.to_owned() }
    }

    /// Runs it to its end, at most for five minutes.
    pub(super) async fn run(self, environment: &TestEnvironment) -> anyhow::Result<Finished> {
        let begin = Instant::now();
        let mut command = tokio::process::Command::from(self.program.command(environment));
        command.args(["--exact", &self.test]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.process_group(0).kill_on_drop(true).spawn()?;
        let _group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
        let ended = tokio::time::timeout(LONGEST, child.wait_with_output()).await;
        let (tally, output) = match ended {
            Ok(output) => {
                let output = output?;
                let text =
                    [&output.stdout, &output.stderr].map(|part| String::from_utf8_lossy(part)).concat();
                let tally =
                    Tally::read(&text).filter(|tally| output.status.success() == tally.has_no_failure());
                (tally.unwrap_or(Tally::ONE_FAILED), format!("{text}\n{}", output.status))
            }
            Err(_) => (Tally::ONE_FAILED, format!("it did not end within {} s", LONGEST.as_secs())),
        };
        let name = format!("{} {}", self.program.name, self.test);
        Ok(Finished { name, tally, took: begin.elapsed(), output })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Usually it is gone.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
