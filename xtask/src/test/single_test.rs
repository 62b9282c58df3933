//! One test in a separate process.

use std::fmt::Write as _;
use std::io::{Read as _, Seek as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::TestEnvironment;
use super::summary::Summary;
use super::test_programs::TestProgram;

/// A longer test is hanging.
const LONGEST: Duration = Duration::from_mins(5);

/// A test that is to be run.
pub(super) struct SingleTest {
    program: Arc<TestProgram>,
    test: String,
}

/// A test that was run.
pub(super) struct Finished {
    pub(super) name: String,
    pub(super) summary: Summary,
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
        // A file instead of a pipe: leftover processes would keep a pipe open.
        let mut output = tempfile::tempfile()?;
        let mut command = tokio::process::Command::from(self.program.command(environment));
        command.args(["--exact", &self.test]).stdout(output.try_clone()?).stderr(output.try_clone()?);
        let mut child = command.process_group(0).kill_on_drop(true).spawn()?;
        let group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
        let ended = tokio::time::timeout(LONGEST, child.wait()).await;
        drop(group);
        let mut text = Vec::new();
        output.rewind()?;
        output.read_to_end(&mut text)?;
        let mut text = String::from_utf8_lossy(&text).into_owned();
        let summary = match ended {
            Ok(status) => {
                let status = status?;
                writeln!(text, "{status}")?;
                Summary::read(&text).filter(|summary| status.success() == summary.has_no_failure())
            }
            Err(_) => {
                writeln!(text, "the test did not end within {} s", LONGEST.as_secs())?;
                None
            }
        };
        let name = format!("{} {}", self.program.name, self.test);
        let summary = summary.unwrap_or(Summary::ONE_FAILED);
        Ok(Finished { name, summary, took: begin.elapsed(), output: text })
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
