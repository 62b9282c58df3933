//! `riser plugin check FILE`: shows the content of a plugin library and the faults in its description. `riser plugin
//! run FILE COMMAND` runs one of its commands.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use riser_domain::RunMode;
use riser_platform::create_private_dir;
use riser_worker_host::{
    CachedLibrary, LaunchOptions, Launcher, LibraryCache, LibraryDescription, Setting, SettingKind,
    SettingValues, SettingsSchema, check_settings, describe,
};

use super::plugin_run::{self, RunArgs};
use super::write_line;
use crate::FAILED;

/// Arguments of `riser plugin`.
#[derive(Args, Debug)]
pub(crate) struct PluginArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Load a plugin library in a worker process, show its content, and find faults in its description
    ///
    /// Installs and changes nothing, and does not use a running Riser.
    Check {
        /// The library, such as `target/debug/libmy_plugin.so`
        file: PathBuf,
    },
    /// Run a command of a plugin library once, in a worker process, and print its output
    ///
    /// Installs and changes nothing, and does not use a running Riser. `riser plugin check` lists the commands.
    Run(RunArgs),
}

/// Runs the action. An unusable library is an error. A library with faults ends with code 1.
pub(crate) async fn run(arguments: PluginArgs) -> anyhow::Result<ExitCode> {
    match arguments.action {
        Action::Check { file } => check(&file).await,
        Action::Run(arguments) => plugin_run::run(arguments).await,
    }
}

/// A library in a separate directory, and what starts its workers.
pub(super) struct OpenLibrary {
    pub(super) library: CachedLibrary,
    pub(super) launcher: Launcher,
    /// Removed last.
    _directory: TemporaryDir,
}

impl OpenLibrary {
    pub(super) fn open(file: &Path) -> anyhow::Result<Self> {
        ensure!(
            file.exists(),
            "{} does not exist; name a plugin library such as target/debug/libmy_plugin.so",
            file.display()
        );
        let directory =
            TemporaryDir::new().context("the directory for a copy of the library cannot be created")?;
        let library = LibraryCache::open(&directory.0)?.copy_in(file)?;
        let launcher =
            Launcher::start(LaunchOptions::of_this_program(format!("check-{}", std::process::id())))?;
        Ok(Self { library, launcher, _directory: directory })
    }
}

async fn check(file: &Path) -> anyhow::Result<ExitCode> {
    let OpenLibrary { library, launcher, .. } = &OpenLibrary::open(file)?;
    let library = describe(launcher, library).await?;
    let faults = faults(&library);
    let mut out = io::stdout();
    show(&mut out, &library)?;
    for fault in &faults {
        write_line(&mut out, format_args!("fault: {fault}"))?;
    }
    write_line(&mut out, format_args!("{}", verdict(faults.len())))?;
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn verdict(faults: usize) -> String {
    match faults {
        0 => "no faults found".to_owned(),
        1 => "1 fault found".to_owned(),
        many => format!("{many} faults found"),
    }
}

fn show(out: &mut impl Write, library: &LibraryDescription) -> io::Result<()> {
    let LibraryDescription { id, name, version, company, contract, .. } = library;
    write_line(
        out,
        format_args!("{name} ({id}) {version} by {company}, built for plugin contract {contract}"),
    )?;
    for class in &library.classes {
        let mode = match class.mode {
            RunMode::Scheduled => "runs to completion",
            RunMode::LongRunning => "runs until it is stopped",
        };
        write_line(out, format_args!("class {id}/{}: {}; {mode}", class.id, class.name))?;
        show_settings(out, &class.settings)?;
    }
    for command in &library.commands {
        write_line(out, format_args!("command {}: {}", command.id, command.about))?;
        show_settings(out, &command.settings)?;
    }
    for connection in &library.connections {
        write_line(out, format_args!("connection {}: {}", connection.kind, connection.name))?;
        show_settings(out, &connection.settings)?;
    }
    Ok(())
}

fn show_settings(out: &mut impl Write, schema: &SettingsSchema) -> io::Result<()> {
    for setting in &schema.settings {
        let needed = match &setting.default {
            Some(default) => format!("{default} by default"),
            None if setting.required => "required".to_owned(),
            None => "optional".to_owned(),
        };
        write_line(out, format_args!("  {}: {}; {needed}", setting.key, setting.help))?;
    }
    Ok(())
}

/// Returns violations of the contract that the parser of the description does not find.
fn faults(library: &LibraryDescription) -> Vec<String> {
    let mut faults = Vec::new();
    for (what, text) in
        [("name", &library.name), ("version", &library.version), ("company", &library.company)]
    {
        if text.trim().is_empty() {
            faults.push(format!("the library has no {what}: set it in `export_plugin!`"));
        }
    }
    for class in library.classes.iter().chain(&library.commands) {
        if class.about.trim().is_empty() {
            faults.push(format!("the class {} has no description: add `.about(…)` to its `CLASS`", class.id));
        }
        faults.extend(setting_faults(&format!("class {}", class.id), &class.settings));
    }
    for connection in &library.connections {
        faults.extend(setting_faults(&format!("connection {}", connection.kind), &connection.settings));
    }
    faults
}

fn setting_faults(of: &str, schema: &SettingsSchema) -> Vec<String> {
    let faults_of = |setting: &Setting| {
        let mut faults = Vec::new();
        let key = &setting.key;
        if schema.settings.iter().filter(|other| other.key == *key).count() > 1 {
            faults.push(format!("the setting {key} of {of} occurs twice"));
        }
        if setting.help.trim().is_empty() {
            faults.push(format!("the setting {key} of {of} has no help: add a doc comment to its field"));
        }
        if setting.kind == SettingKind::Secret && setting.default.is_some() {
            faults.push(format!(
                "the secret {key} of {of} has a default, so it is not secret: remove the default"
            ));
        }
        let alone = SettingsSchema { settings: vec![setting.clone()] };
        if setting.default.is_some()
            && let Err(unfit) = check_settings(&alone, &SettingValues::new(), &[])
        {
            faults.extend(
                unfit
                    .into_iter()
                    .map(|fault| format!("the default of {} of {of}: it {}", fault.key, fault.what)),
            );
        }
        faults
    };
    schema.settings.iter().flat_map(faults_of).collect()
}

/// A directory that only this user can read. It is removed on drop.
struct TemporaryDir(PathBuf);

impl TemporaryDir {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("riser-plugin-check-{}", std::process::id()));
        create_private_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryDir {
    fn drop(&mut self) {
        // If this fails, a copy remains in the system's temporary directory.
        let _left = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incomplete_or_contradictory_description_has_faults() {
        let library = LibraryDescription::parse(
            r#"{
                "schema": 1, "contract": "1.1", "id": "a.b", "name": "B", "version": "1", "company": " ",
                "classes": [{ "id": "poll", "name": "Poll", "mode": "scheduled", "settings": [
                    { "key": "every", "label": "Every", "kind": { "is": "duration", "min_ms": 5000 }, "default": "1 s" },
                    { "key": "word", "label": "Word", "help": "Said.", "kind": { "is": "secret" }, "default": "x" }
                ] }]
            }"#,
        )
        .unwrap();
        assert_eq!(
            faults(&library),
            [
                "the library has no company: set it in `export_plugin!`",
                "the class poll has no description: add `.about(…)` to its `CLASS`",
                "the setting every of class poll has no help: add a doc comment to its field",
                "the default of every of class poll: it takes 5 s or more",
                "the secret word of class poll has a default, so it is not secret: remove the default",
            ]
        );
    }
}
