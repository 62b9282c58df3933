use std::process::{Command, Stdio};

use riser_plugin::prelude::*;

/// Starts a process in a new session whose parent ends at once, and succeeds.
pub(crate) struct LeftBehind;

impl Processor for LeftBehind {
    type Settings = ();
    const CLASS: Class = Class::scheduled("left-behind", "Left behind")
        .about("Starts a process in a new session and leaves it behind.");

    fn run(&self, _host: &Host, (): ()) -> Outcome {
        let status = Command::new("setsid")
            .args(["--fork", "sleep", "3600"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if status.success() { Ok(()) } else { Err(Failure::new("setsid did not start a process")) }
    }
}
