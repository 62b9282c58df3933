use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use riser_plugin::prelude::*;

/// Starts a process in a new session whose parent ends at once, and succeeds.
pub(crate) struct LeftBehind;

impl Processor for LeftBehind {
    type Settings = ();
    const CLASS: Class = Class::scheduled("left-behind", "Left behind")
        .about("Starts a process in a new session and leaves it behind.");

    fn run(&self, _host: &Host, (): ()) -> Outcome {
        let mut child = Command::new("setsid")
            .args(["--fork", "sh", "-c", "echo started; exec sleep 3600 >&-"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        // The line comes from the new session. Until then the process would end with the group of the worker.
        let mut line = String::new();
        let output = child.stdout.take().ok_or_else(|| Failure::new("setsid has no output"))?;
        BufReader::new(output).read_line(&mut line)?;
        child.wait()?;
        if line == "started\n" { Ok(()) } else { Err(Failure::new("setsid did not start a process")) }
    }
}
