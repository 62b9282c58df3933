//! `riser shell-files`: completions and man pages, for the distribution.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Command};
use clap_complete::Shell;

/// Shells that completions are written for.
const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// Arguments of `riser shell-files`.
#[derive(Args, Debug)]
pub(crate) struct ShellFilesArgs {
    /// Directory that gets `completions` and `man`
    directory: PathBuf,
}

/// Writes the completions of the shells and a man page for each command.
pub(crate) fn run(arguments: &ShellFilesArgs, command: Command) -> anyhow::Result<ExitCode> {
    write(&arguments.directory, command)
        .with_context(|| format!("files could not be written to {}", arguments.directory.display()))?;
    writeln!(std::io::stdout(), "{}", arguments.directory.display())?;
    Ok(ExitCode::SUCCESS)
}

fn write(directory: &Path, mut command: Command) -> std::io::Result<()> {
    let completions = directory.join("completions");
    fs::create_dir_all(&completions)?;
    for shell in SHELLS {
        clap_complete::generate_to(shell, &mut command, "riser", &completions)?;
    }
    let man = directory.join("man");
    fs::create_dir_all(&man)?;
    clap_mangen::generate_to(command.disable_help_subcommand(true), man)
}
