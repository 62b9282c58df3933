//! EVCE Probe: finds the profile that fits a controller, and writes a first one if none does.

mod skeleton;
mod trial;
mod unit_check;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use riser_plugin::LogLevel;
use riser_plugin::prelude::*;

use crate::client::EvceError;
use crate::connection::EvceConnection;
use crate::wire::{BUILT_IN, Profile, SurveyRow};
use trial::{Reached, Trial};

/// Settings of the probe.
#[derive(Settings)]
pub(crate) struct ProbeSettings {
    /// Write the responses to this file, without secrets.
    #[setting(example = "/tmp/recording.json")]
    record: Option<PathBuf>,
    /// Write a first profile to this file.
    #[setting(example = "/tmp/site.toml")]
    init: Option<PathBuf>,
}

/// Tries profiles on a controller.
pub(crate) struct Probe;

impl Processor for Probe {
    type Settings = ProbeSettings;
    const CLASS: Class = Class::scheduled("probe", "EVCE Probe").needs::<EvceConnection>().about(
        "Logs in to a charge controller, tries the known profiles or one of yours, and shows which fields, words and units fit.",
    );

    fn run(&self, host: &Host, settings: ProbeSettings) -> Outcome {
        let connection = host.connection::<EvceConnection>()?;
        let mut best: Option<Trial> = None;
        for (name, profile) in candidates(&connection)? {
            let trial = Trial::run(host, &connection, name, profile).map_err(|error| failure(&error))?;
            host.log(LogLevel::Info, &trial.summary());
            if best.as_ref().is_none_or(|best| trial.rank() > best.rank()) {
                best = Some(trial);
            }
        }
        let Some(best) = best else { return Ok(()) };
        show(host, &best);
        if let Some(file) = &settings.record {
            let text = serde_json::to_string_pretty(&best.recording)?;
            write_new(file, &text, "record")?;
            host.log(LogLevel::Info, &format!("recording without secrets: {}", file.display()));
        }
        if let Some(file) = &settings.init {
            write_new(file, &skeleton::of(&best), "init")?;
            host.log(LogLevel::Info, &format!("first profile: {}", file.display()));
        }
        if best.reached == Reached::Read {
            return Ok(());
        }
        let remedy = "write a profile for this API, and run the probe again with it";
        Err(Failure::problem(Problem::new("no-profile", "no known profile fits this API").remedy(remedy))
            .permanent())
    }
}

/// Converts an error that no profile avoids.
fn failure(error: &EvceError) -> Failure {
    match error.host_error() {
        Some(stop) => stop.into(),
        None => error.as_failure("no profile was tried"),
    }
}

/// Returns the profile of the connection, or all that are built in.
fn candidates(connection: &EvceConnection) -> Result<Vec<(String, Profile)>, Failure> {
    if let Some(file) = &connection.profile {
        return Ok(vec![(file.display().to_string(), connection.read_profile()?)]);
    }
    let built_in = BUILT_IN.into_iter();
    Ok(built_in
        .map(|(name, text)| Ok((name.to_owned(), Profile::from_text(text, name)?)))
        .collect::<Result<_, crate::wire::ProfileError>>()?)
}

/// The value of a field that a profile does not have.
const NO_PLACE: &str = "(not in the profile)";

/// Logs the table of fields and what does not fit.
fn show(host: &Host, trial: &Trial) {
    let print = |line: &str| host.log(LogLevel::Info, line);
    print(&format!("profile {}:", trial.name));
    if !trial.rows.is_empty() {
        print(&line(["field", "found", "value", "unit check"]));
    }
    for row in &trial.rows {
        let found = format!("{} of {}", row.found, row.objects);
        let value = if row.places.is_empty() && row.found == 0 { NO_PLACE } else { &row.example };
        print(&line([&row.field, &found, value, &trial.unit_check(row)]));
    }
    let is_missing = |row: &&SurveyRow| row.found < row.objects && !row.places.is_empty();
    for row in trial.rows.iter().filter(is_missing) {
        let (without, places) = (row.objects - row.found, &row.places);
        print(&format!("not found: {} in {without} of {} ({places})", row.field, row.objects));
    }
    for row in trial.rows.iter().filter(|row| !row.unknown_words.is_empty()) {
        let words: Vec<&str> = row.unknown_words.iter().map(String::as_str).collect();
        print(&format!("unknown words: {}: {}", row.field, words.join(", ")));
    }
    for message in &trial.skipped {
        print(&format!("does not fit: {message}"));
    }
    for (path, seen) in &trial.unused {
        for value in seen {
            print(&format!("not used: {path} {} = {}", value.pointer, value.example));
        }
    }
}

/// Returns a line of the table.
fn line(cells: [&str; 4]) -> String {
    let [field, found, value, check] = cells;
    format!("{field:<45} {found:<11} {value:<42} {check}").trim_end().to_owned()
}

/// Writes a new file; an existing one stays.
fn write_new(file: &Path, text: &str, setting: &'static str) -> Result<(), Failure> {
    let written = std::fs::File::create_new(file).and_then(|mut open| open.write_all(text.as_bytes()));
    written.map_err(|error| {
        let problem = Problem::new("file", format!("cannot write {}: {error}", file.display()));
        Failure::problem(problem.remedy("give the path of a new file").setting(setting)).permanent()
    })
}
