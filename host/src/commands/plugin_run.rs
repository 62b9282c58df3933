//! `riser plugin run FILE COMMAND KEY=VALUE…`: runs a command of a plugin library once, in a worker.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use riser_domain::LogLevel;
use riser_runtime::reply_in_dry_run;
use riser_worker_host::{
    ClassDescription, DryRun, DryRunConnection, LibraryDescription, Setting, SettingKind, SettingValues,
    SettingsOwner, SettingsSchema, check_plugin_settings, check_settings, describe, dry_run, open_settings,
};
use serde_json::Value;

use super::plugin::OpenLibrary;
use super::write_line;
use crate::FAILED;

/// A person waits for it.
const TIME_LIMIT: Duration = Duration::from_mins(10);
/// Lines of output; a command that writes more shows the last ones.
const MOST_LINES: usize = 100_000;
/// As for a processor by default.
const MEMORY_MIB: u32 = 256;

/// Arguments of `riser plugin run`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RunArgs {
    /// The library, such as `libriser_evce.so`
    file: PathBuf,
    /// The command, such as `probe`
    command: String,
    /// Settings of the command and of the connection that it needs
    #[arg(value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Read a secret from a file; others are asked for
    #[arg(long, value_name = "KEY=FILE")]
    secret_file: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  riser plugin run libriser_evce.so probe base_url=https://10.141.208.28/api/v2 login=bmsApi certificate_sha256=…
  riser plugin run libriser_evce.so probe base_url=… login=… --secret-file password=pw profile=site.toml
  riser plugin run libriser_evce.so probe base_url=… login=… record=recording.json init=site.toml

The output is that of the command. The exit code is 0 if it succeeds.";

/// Runs the command.
pub(crate) async fn run(arguments: RunArgs) -> anyhow::Result<ExitCode> {
    let OpenLibrary { library, launcher, .. } = &OpenLibrary::open(&arguments.file)?;
    let described = describe(launcher, library).await?;
    let command = find(&described, &arguments)?;
    let kind = command.connection.as_deref();
    let connection = kind.and_then(|kind| described.connection(kind));
    let none = SettingsSchema::default();
    let (own, of_connection) =
        given(&arguments, [&command.settings, connection.map_or(&none, |connection| &connection.settings)])?;
    let settings = complete(&command.settings, &own)?;
    let mut checks = vec![(SettingsOwner::Class(command.id.clone()), values(&settings))];
    let mut opened = None;
    if let Some(connection) = connection {
        let settings = complete(&connection.settings, &of_connection)?;
        let id = connection.kind.rsplit('/').next().unwrap_or_default().to_owned();
        checks.push((SettingsOwner::Connection(id), values(&settings)));
        opened = Some(DryRunConnection {
            name: arguments.command.clone(),
            kind: connection.kind.clone(),
            settings,
        });
    }
    let faults = check_plugin_settings(launcher, library, checks).await?;
    if let Some(fault) = faults.into_iter().flatten().next() {
        let remedy = if fault.remedy.is_empty() { String::new() } else { format!("; {}", fault.remedy) };
        bail!("{}: {}{remedy}", fault.setting, fault.what);
    }
    let run = DryRun {
        class: command.id.clone(),
        configuration: command.name.clone(),
        instance: format!("command-{}", std::process::id()),
        settings,
        connection: opened,
        memory_mib: MEMORY_MIB,
        time_limit: TIME_LIMIT,
        kept_lines: MOST_LINES,
        reply: reply_in_dry_run,
    };
    let report = dry_run(launcher, library, run).await?;
    let mut out = io::stdout().lock();
    for (level, line) in &report.log {
        match level {
            LogLevel::Error | LogLevel::Warn => write_line(&mut io::stderr(), format_args!("{line}"))?,
            _ => write_line(&mut out, format_args!("{line}"))?,
        }
    }
    let Some(failure) = report.failure else { return Ok(ExitCode::SUCCESS) };
    let remedy = if failure.remedy.is_empty() { String::new() } else { format!("; {}", failure.remedy) };
    write_line(&mut io::stderr(), format_args!("riser: {}{remedy}", failure.what))?;
    Ok(ExitCode::from(FAILED))
}

fn find<'d>(described: &'d LibraryDescription, arguments: &RunArgs) -> anyhow::Result<&'d ClassDescription> {
    let found = described.commands.iter().find(|command| command.id == arguments.command);
    found.with_context(|| {
        let names: Vec<&str> = described.commands.iter().map(|command| command.id.as_str()).collect();
        let known =
            if names.is_empty() { "it has none".to_owned() } else { format!("use {}", names.join(", ")) };
        format!("{} has no command {:?}; {known}", arguments.file.display(), arguments.command)
    })
}

/// Returns the given values of two schemas.
fn given(
    arguments: &RunArgs,
    schemas: [&SettingsSchema; 2],
) -> anyhow::Result<(SettingValues, SettingValues)> {
    let mut values = [SettingValues::new(), SettingValues::new()];
    let setting_of = |key: &str| {
        let found =
            schemas.iter().enumerate().find_map(|(index, schema)| Some((index, schema.setting(key)?)));
        found.with_context(|| {
            let keys: Vec<&str> = schemas
                .iter()
                .flat_map(|schema| &schema.settings)
                .map(|setting| setting.key.as_str())
                .collect();
            format!("{key:?} is not a setting; use {}", keys.join(", "))
        })
    };
    for pair in &arguments.settings {
        let (key, text) =
            pair.split_once('=').with_context(|| format!("{pair:?} has not the form KEY=VALUE"))?;
        let (index, setting) = setting_of(key)?;
        ensure!(
            setting.kind != SettingKind::Secret,
            "{key} is a secret, which others see on a command line; leave it out to be asked for it, or use --secret-file"
        );
        values[index].insert(key.to_owned(), value(setting, text)?);
    }
    for pair in &arguments.secret_file {
        let (key, file) =
            pair.split_once('=').with_context(|| format!("{pair:?} has not the form KEY=FILE"))?;
        let (index, _) = setting_of(key)?;
        let secret = std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
        values[index].insert(key.to_owned(), secret.trim_end_matches(['\r', '\n']).into());
    }
    for (schema, values) in schemas.into_iter().zip(&mut values) {
        for setting in schema.settings.iter().filter(|setting| setting.kind == SettingKind::Secret) {
            if setting.required && !values.contains_key(&setting.key) {
                values.insert(setting.key.clone(), ask(setting)?.into());
            }
        }
    }
    let [own, of_connection] = values;
    Ok((own, of_connection))
}

fn ask(setting: &Setting) -> anyhow::Result<String> {
    ensure!(io::stdin().is_terminal(), "{} is missing; give --secret-file {}=FILE", setting.key, setting.key);
    rpassword::prompt_password(format!("{}: ", setting.label)).context("the secret cannot be read")
}

/// Converts the text of an argument to a value of its setting.
fn value(setting: &Setting, text: &str) -> anyhow::Result<Value> {
    let is_json = matches!(
        setting.kind,
        SettingKind::Number { .. }
            | SettingKind::WholeNumber { .. }
            | SettingKind::YesNo
            | SettingKind::List { .. }
            | SettingKind::Group(_)
    );
    if is_json {
        return serde_json::from_str(text)
            .with_context(|| format!("{} does not accept this value", setting.key));
    }
    if setting.kind == SettingKind::File {
        let path = std::path::absolute(text).with_context(|| format!("{} needs a path", setting.key))?;
        return Ok(path.display().to_string().into());
    }
    Ok(text.into())
}

/// Checks values against their schema, and adds defaults.
fn complete(schema: &SettingsSchema, given: &SettingValues) -> anyhow::Result<Value> {
    let checked = check_settings(schema, given, &[]).map_err(|faults| {
        let faults: Vec<String> =
            faults.iter().map(|fault| format!("{} {}", fault.key, fault.what)).collect();
        anyhow::anyhow!(faults.join("; "))
    })?;
    Ok(open_settings(checked.values, &checked.secrets))
}

fn values(settings: &Value) -> SettingValues {
    settings.as_object().cloned().unwrap_or_default()
}
