//! `riser connection test NAME`: tests a connection stage by stage, before or after its settings are applied.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use riser_runtime::{ConfigurationFile, ConnectionDraft, Identity, TestStage};
use serde::Serialize;

use super::configuration_access::{AccessError, ConfigurationAccess};
use super::configuration_file::{print_errors, read_file};
use super::runs::duration_text;
use super::{write_json, write_line};
use crate::FAILED;
use crate::paths::{DataDir, PluginDirs};

/// Arguments of `riser connection`.
#[derive(Args, Debug)]
pub(crate) struct ConnectionArgs {
    #[command(subcommand)]
    command: ConnectionCommand,
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    plugins: PluginDirs,
}

#[derive(Debug, Subcommand)]
enum ConnectionCommand {
    /// Test a connection stage by stage, such as name, port, certificate, login and a first read
    Test(TestArgs),
}

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
struct TestArgs {
    /// The name of the connection
    name: String,
    /// Take its settings from a configuration file, which need not be applied; settings that the file leaves out are
    /// the stored ones
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Print JSON, with stable keys
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  riser connection test EVCE
  riser connection test EVCE --file site.toml
  riser connection test EVCE --json | jq -r '.stages[] | select(.passed | not) | .advice'

The test changes nothing, takes 10 s at most, and stops at the first stage that fails. Riser need not run. The exit code
is 0 if the connection works.";

/// The output of the command as JSON.
#[derive(Debug, Serialize)]
struct TestReport {
    passed: bool,
    stages: Vec<TestStage>,
}

/// Tests a connection.
pub(crate) async fn run(arguments: ConnectionArgs) -> anyhow::Result<ExitCode> {
    let ConnectionArgs { command: ConnectionCommand::Test(arguments), data, plugins } = arguments;
    let file = arguments.file.as_deref().map(|path| Ok::<_, anyhow::Error>((read_file(path)?, path)));
    let file = file.transpose()?;
    if let Some((file, path)) = file.as_ref().filter(|(file, _)| !file.is_readable()) {
        return print_errors(file, path, &[], NOT_TESTED);
    }
    let draft = draft(&arguments.name, file.as_ref())?;
    let access = ConfigurationAccess::open_existing(&data, &plugins).await?;
    let tested = test(&access, &draft, arguments.json).await;
    access.close().await;
    match tested {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Ok(ExitCode::from(FAILED)),
        Err(error) => match (error.downcast_ref::<AccessError>().and_then(AccessError::fields), &file) {
            (Some(errors), Some((file, path))) => print_errors(file, path, errors, NOT_TESTED),
            (Some(errors), None) => {
                for error in errors {
                    write_line(&mut io::stderr(), format_args!("riser: {}", error.message))?;
                }
                Ok(ExitCode::from(FAILED))
            }
            (None, _) => Err(error),
        },
    }
}

/// Follows the number of errors.
const NOT_TESTED: &str = "; nothing was tested";

/// Returns the connection with the settings of the file.
fn draft(name: &str, file: Option<&(ConfigurationFile, &Path)>) -> anyhow::Result<ConnectionDraft> {
    let Some((file, path)) = file else {
        return Ok(ConnectionDraft { identity: Identity::named(name), ..ConnectionDraft::default() });
    };
    let connections = file.draft.connections.iter();
    let found = connections.filter(|draft| !draft.identity.remove).find(|draft| draft.identity.name == name);
    found.cloned().with_context(|| {
        format!("{} has no connection {name:?}; leave out --file to test the stored one", path.display())
    })
}

async fn test(access: &ConfigurationAccess, draft: &ConnectionDraft, json: bool) -> anyhow::Result<bool> {
    let mut stages = Vec::new();
    let mut printed = Ok(());
    let passed = access
        .test_connection(draft, |stage| {
            if stage.passed.is_none() {
                return;
            }
            if !json && printed.is_ok() {
                printed = write_stage(&mut io::stdout().lock(), &stage);
            }
            stages.push(stage);
        })
        .await?;
    printed?;
    let mut out = io::stdout().lock();
    let name = &draft.identity.name;
    if json {
        write_json(&mut out, &TestReport { passed, stages })?;
    } else if passed {
        write_line(&mut out, format_args!("{name} works"))?;
    } else {
        write_line(&mut out, format_args!("{name} does not work"))?;
    }
    Ok(passed)
}

fn write_stage(out: &mut impl Write, stage: &TestStage) -> io::Result<()> {
    let TestStage { stage, passed, finding, advice, took_ms } = stage;
    let state = if *passed == Some(true) { "ok" } else { "failed" };
    let took = duration_text(Duration::from_millis(*took_ms));
    write_line(out, format_args!("{stage:8}  {state:6}  {took:>8}  {finding}"))?;
    if !advice.is_empty() {
        write_line(out, format_args!("{:8}  remedy: {advice}", ""))?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_a_line_and_its_remedy_another_one() {
        let stage = |passed, advice: &str| TestStage {
            stage: "TLS".to_owned(),
            passed: Some(passed),
            finding: "two\nlines".to_owned(),
            advice: advice.to_owned(),
            took_ms: 1_500,
        };
        let mut text = Vec::new();
        write_stage(&mut text, &stage(true, "")).unwrap();
        write_stage(&mut text, &stage(false, "turn round")).unwrap();
        let text = String::from_utf8(text).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[0].starts_with("TLS       ok") && lines[1].starts_with("TLS       failed"), "{text}");
        assert_eq!(lines[2], "          remedy: turn round");
    }
}
