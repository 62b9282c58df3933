//! Reads a configuration file into a draft. Needs neither a store nor plugins: environment and working directory are
//! those of whoever reads.
//!
//! A new kind of object is a function here that names its keys; its rules are in [`check`](super::check).

mod section;
mod settings;

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use toml::de::DeTable;

use self::section::Section;
use self::settings::{read_secret, read_settings};
use super::check::{SMALLEST_MEMORY_LIMIT_MIB, SMALLEST_PAGE_ITEMS};
use super::draft::{
    AccountDraft, ConfigurationDraft, ConnectionDraft, EwsServerDraft, Identity, ProcessorDraft,
    ScheduleDraft, SiteDraft,
};
use super::field_path::{FieldError, FieldPath};

/// Where secrets come from.
#[derive(Clone, Copy)]
pub struct SecretSources<'a> {
    /// The value of an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The content of a file.
    pub file: &'a dyn Fn(&str) -> std::io::Result<String>,
}

impl SecretSources<'static> {
    /// The environment and the files of this process.
    pub fn of_this_process() -> Self {
        Self { variable: &|name| std::env::var(name).ok(), file: &|path| std::fs::read_to_string(path) }
    }
}

/// A file, read as far as it can be.
pub struct ConfigurationFile {
    pub draft: ConfigurationDraft,
    places: HashMap<FieldPath, Range<usize>>,
    text: String,
    errors: Vec<(usize, String)>,
}

impl fmt::Debug for ConfigurationFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A secret may be in the text by mistake.
        f.debug_struct("ConfigurationFile").field("draft", &self.draft).finish_non_exhaustive()
    }
}

/// An error of a file and its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// Names the error and the remedy.
    pub message: String,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// The errors and positions that reading collects.
struct Reading<'a> {
    sources: SecretSources<'a>,
    places: HashMap<FieldPath, Range<usize>>,
    errors: Vec<(usize, String)>,
}

impl Reading<'_> {
    fn error(&mut self, place: &Range<usize>, message: impl Into<String>) {
        self.errors.push((place.start, message.into()));
    }
}

impl ConfigurationFile {
    /// Reads the text of a file.
    pub fn read(text: &str, sources: SecretSources<'_>) -> Self {
        let mut reading = Reading { sources, places: HashMap::new(), errors: Vec::new() };
        let (document, unreadable) = DeTable::parse_recoverable(text);
        for error in unreadable {
            reading.error(&error.span().unwrap_or_default(), error.message().to_owned());
        }
        let root = FieldPath::default();
        let mut file = Section::new(document.get_ref(), root, "the file");
        let draft = ConfigurationDraft {
            base_version: None,
            site: file.table("site", &mut reading, read_site).unwrap_or_default(),
            ews_servers: file.objects("ews_server", &mut reading, read_ews_server),
            connections: file.objects("connection", &mut reading, read_connection),
            schedules: file.objects("schedule", &mut reading, read_schedule),
            processors: file.objects("processor", &mut reading, read_processor),
            users: Vec::new(),
        };
        file.finish(&mut reading);
        let Reading { places, errors, .. } = reading;
        Self { draft, places, text: text.to_owned(), errors }
    }

    /// Returns whether the text itself has errors. The draft lacks these parts.
    pub fn is_readable(&self) -> bool {
        self.errors.is_empty()
    }

    /// Returns the errors of the text and of the check of its draft, in the order of the lines.
    pub fn locate(&self, found: &[FieldError]) -> Vec<FileError> {
        let located = found.iter().map(|error| (self.place_of(&error.path), error.message.clone()));
        let mut errors: Vec<(usize, String)> = self.errors.iter().cloned().chain(located).collect();
        errors.sort();
        errors.dedup();
        errors.into_iter().map(|(at, message)| self.file_error(at, message)).collect()
    }

    /// Returns the position of a field, or of the nearest table around it.
    fn place_of(&self, path: &FieldPath) -> usize {
        let around = std::iter::successors(Some(path.clone()), FieldPath::parent);
        around.into_iter().find_map(|path| self.places.get(&path)).map_or(0, |place| place.start)
    }

    fn file_error(&self, at: usize, message: String) -> FileError {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        FileError {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message,
        }
    }
}

fn read_site(section: &mut Section<'_>, reading: &mut Reading<'_>) -> SiteDraft {
    SiteDraft { name: section.text("name", reading), time_zone: section.text("time_zone", reading) }
}

fn read_ews_server(
    section: &mut Section<'_>,
    identity: Identity,
    reading: &mut Reading<'_>,
) -> EwsServerDraft {
    EwsServerDraft {
        identity,
        listen: section.text("listen", reading),
        path: section.text("path", reading),
        realm: section.text("realm", reading),
        public_url: section.text("public_url", reading),
        certificate: section.text("certificate", reading),
        key: section.text("key", reading),
        page_size_items: section.whole("page_size_items", SMALLEST_PAGE_ITEMS, reading),
        digest: section.texts("digest", reading),
        accounts: section.objects("account", reading, read_account),
    }
}

fn read_account(section: &mut Section<'_>, identity: Identity, reading: &mut Reading<'_>) -> AccountDraft {
    let rights = section.text("rights", reading);
    let password = section.value("password", reading).map(|value| read_secret("password", value, reading));
    AccountDraft { identity, rights, password }
}

fn read_connection(
    section: &mut Section<'_>,
    identity: Identity,
    reading: &mut Reading<'_>,
) -> ConnectionDraft {
    let kind = section.text("kind", reading);
    ConnectionDraft { identity, kind, settings: read_settings(section, reading) }
}

fn read_schedule(section: &mut Section<'_>, identity: Identity, reading: &mut Reading<'_>) -> ScheduleDraft {
    ScheduleDraft { identity, rule: section.text("rule", reading) }
}

fn read_processor(
    section: &mut Section<'_>,
    identity: Identity,
    reading: &mut Reading<'_>,
) -> ProcessorDraft {
    ProcessorDraft {
        identity,
        class: section.text("class", reading),
        connection: section.text("connection", reading),
        ews_server: section.text("ews_server", reading),
        schedule: section.text("schedule", reading),
        active: section.truth("active", reading),
        runs_at_start: section.truth("runs_at_start", reading),
        runs_on_schedule: section.truth("runs_on_schedule", reading),
        manually_startable: section.truth("manually_startable", reading),
        manually_stoppable: section.truth("manually_stoppable", reading),
        memory_limit_mib: section.whole("memory_limit_mib", SMALLEST_MEMORY_LIMIT_MIB, reading),
        settings: read_settings(section, reading),
    }
}
