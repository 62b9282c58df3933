//! Applies a configuration file: EWS servers, connections, schedules and processors, by name.
//!
//! What the file leaves out stays as it is. Everything is checked first, against what is stored and against
//! what the plugins describe; all faults are told at once, each with its line, and then nothing is applied.
//! The changes are one transaction. A file that is applied twice changes nothing the second time.
//!
//! A new kind of object is a file here with `read` (file to plan) and `execute` (plan to store), and a line
//! in [`apply`].

mod connections;
mod ews_servers;
mod fault;
mod processors;
mod schedules;
mod secret_settings;
mod section;

use std::path::PathBuf;
use std::sync::Arc;

use riser_domain::{Actor, Clock};
use riser_secrets::{Keyring, SecretError};
use riser_store::{Configuration, Store, StoreError};
use riser_worker::{LaunchError, LaunchOptions, Launcher, LibraryCache, LibraryError};
use toml::de::DeTable;

pub use fault::Fault;

use crate::changes::Changes;
use crate::libraries::{Libraries, Library};
use crate::problems::Problems;
use fault::Faults;
use section::{Placed, Section};

/// Bytes of a name at most.
const LONGEST_NAME: usize = 200;

/// What a file is applied to.
#[derive(Debug)]
pub struct ApplyParts<'a> {
    pub store: &'a Store,
    pub keyring: &'a Keyring,
    pub clock: Arc<dyn Clock>,
    pub actor: Actor,
    pub plugin_dirs: Vec<PathBuf>,
    pub worker: LaunchOptions,
}

/// Why a file was not applied. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// All that is wrong with it, in the order of the lines.
    #[error("the file has {} faults", .0.len())]
    Faults(Vec<Fault>),
    #[error("the configuration could not be stored")]
    Store(#[from] StoreError),
    #[error("a secret could not be sealed")]
    Secret(#[from] SecretError),
    #[error("plugins cannot be asked what they offer")]
    Launch(#[from] LaunchError),
    #[error("the directory for copies of plugin libraries cannot be used")]
    Library(#[from] LibraryError),
}

/// What objects are checked against.
struct Check<'a> {
    now: &'a Configuration,
    libraries: &'a [Library],
    /// Their ids, for messages.
    plugin_names: String,
    store: &'a Store,
    keyring: &'a Keyring,
}

/// Applies the text of a file. Answers what was changed, one line for each change.
///
/// # Errors
/// [`ApplyError`]; nothing was changed then.
pub async fn apply(parts: ApplyParts<'_>, text: &str) -> Result<Vec<String>, ApplyError> {
    let mut faults = Faults::new(text);
    let (document, unreadable) = DeTable::parse_recoverable(text);
    for error in unreadable {
        faults.add(error.span().unwrap_or_default(), error.message().to_owned());
    }
    let mut root = Section::new(document.get_ref(), document.span(), "the file");
    let now = parts.store.load_configuration().await?;
    let libraries = describe_libraries(&parts).await?;
    let plugin_names: Vec<&str> = libraries.iter().map(|library| library.description.id.as_str()).collect();
    let check = Check {
        now: &now,
        plugin_names: plugin_names.join(", "),
        libraries: &libraries,
        store: parts.store,
        keyring: parts.keyring,
    };
    let servers = ews_servers::read(&check, root.sections("ews_server", &mut faults), &mut faults);
    let connections =
        connections::read(&check, root.sections("connection", &mut faults), &mut faults).await?;
    let schedules = schedules::read(&check, root.sections("schedule", &mut faults), &mut faults);
    let names = processors::Names::new(&now, &root, &connections);
    let processors =
        processors::read(&check, &names, root.sections("processor", &mut faults), &mut faults).await?;
    root.finish(&mut faults);
    faults.none()?;

    let mut told = Vec::new();
    let mut transaction = parts.store.begin_configuration(&parts.actor, parts.clock.now()).await?;
    ews_servers::execute(servers, &check, &mut transaction, &mut told).await?;
    connections::execute(connections, &check, &mut transaction, &mut told).await?;
    schedules::execute(schedules, &mut transaction, &mut told).await?;
    processors::execute(processors, &check, &mut transaction, &mut told).await?;
    if !told.is_empty() {
        transaction.commit().await?;
    }
    Ok(told)
}

async fn describe_libraries(parts: &ApplyParts<'_>) -> Result<Vec<Library>, ApplyError> {
    let launcher = Launcher::start(parts.worker.clone())?;
    let cache = LibraryCache::open(parts.store.directory())?;
    let libraries = Libraries::new(parts.plugin_dirs.clone(), cache);
    // What is wrong with a library is logged; a file that needs it meets it as missing.
    libraries.scan(&launcher, &Problems::new(Arc::clone(&parts.clock), Changes::new())).await;
    Ok(libraries.list())
}

/// Reads the name of an object, which stands once in a file and is called by it from then on.
fn read_name(
    section: &mut Section<'_>,
    what: &str,
    is_taken: impl Fn(&str) -> bool,
    faults: &mut Faults<'_>,
) -> Option<Placed<String>> {
    let name = section.needed_text("name", faults)?;
    section.call_it(format!("the {what} {:?}", name.value));
    let place = || name.place.clone();
    if name.value.trim().is_empty() {
        faults.add(place(), "a name is needed");
    } else if name.value.len() > LONGEST_NAME || name.value.chars().any(char::is_control) {
        faults.add(place(), "a name is one line of at most 200 bytes");
    }
    if is_taken(&name.value) {
        faults.add(place(), format!("the {what} {:?} stands here twice", name.value));
    }
    Some(name)
}
