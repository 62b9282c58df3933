//! Reading and reporting a configuration file, for `riser apply` and `riser plan`.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use riser_domain::count_words;
use riser_runtime::{ConfigurationFile, FieldError, Plan, SecretSources};

use super::write_line;
use crate::FAILED;

/// Reads the file with the environment and the working directory of this process.
pub(crate) fn read_file(file: &Path) -> anyhow::Result<ConfigurationFile> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(ConfigurationFile::read(&text, SecretSources::of_this_process()))
}

/// Prints the changes, one per line.
pub(crate) fn print_plan(plan: &Plan, nothing: &str) -> io::Result<()> {
    let mut out = io::stdout();
    if plan.lines.is_empty() {
        write_line(&mut out, format_args!("{nothing}"))?;
    }
    plan.lines.iter().try_for_each(|line| write_line(&mut out, format_args!("{}", line.text)))
}

/// Prints the errors of the file, each with its line, and their number followed by `ending`.
pub(crate) fn print_errors(
    file: &ConfigurationFile,
    path: &Path,
    errors: &[FieldError],
    ending: &str,
) -> anyhow::Result<ExitCode> {
    let mut out = io::stderr();
    let errors = file.locate(errors);
    for error in &errors {
        write_line(&mut out, format_args!("{}:{error}", path.display()))?;
    }
    writeln!(out, "{}{ending}", count_words(errors.len(), "error"))?;
    Ok(ExitCode::from(FAILED))
}
