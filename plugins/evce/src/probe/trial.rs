//! One profile tried on a controller.

use std::rc::Rc;

use riser_plugin::Host;

use super::unit_check;
use crate::client::{EvceClient, EvceError, Exchange, Recording};
use crate::connection::EvceConnection;
use crate::model::Site;
use crate::wire::{Document, Profile, SeenValue, SurveyRow, seen_values};

/// How far a trial came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reached {
    Nothing,
    Login,
    Read,
}

/// The result of a trial.
#[derive(Debug)]
pub(super) struct Trial {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) reached: Reached,
    /// Why it came no further.
    error: Option<String>,
    site: Site,
    pub(super) rows: Vec<SurveyRow>,
    pub(super) skipped: Vec<String>,
    /// Values that the profile does not use, by request.
    pub(super) unused: Vec<(String, Vec<SeenValue>)>,
    pub(super) recording: Recording,
}

impl Trial {
    /// Logs in and reads by a profile.
    ///
    /// # Errors
    /// If the controller cannot be reached at all: then no profile helps.
    pub(super) fn run(
        host: &Host,
        connection: &EvceConnection,
        name: String,
        profile: Profile,
    ) -> Result<Self, EvceError> {
        let profile = Rc::new(profile);
        let mut client = EvceClient::with_profile(host, connection, Rc::clone(&profile))?;
        client.record();
        let mut trial = Self {
            name,
            address: connection.base_url.clone(),
            reached: Reached::Nothing,
            error: None,
            site: Site::default(),
            rows: Vec::new(),
            skipped: Vec::new(),
            unused: Vec::new(),
            recording: Recording::default(),
        };
        let read = trial.read(&mut client, &profile);
        client.log_out();
        trial.recording = client.recording();
        trial.unused = unused(&profile, &trial.recording.exchanges);
        match read {
            Err(error @ EvceError::Http(_)) => return Err(error),
            Err(error) => trial.error = Some(error.to_string()),
            Ok(()) => {}
        }
        Ok(trial)
    }

    fn read(&mut self, client: &mut EvceClient, profile: &Profile) -> Result<(), EvceError> {
        client.log_in()?;
        self.reached = Reached::Login;
        client.version()?;
        let (documents, gone) = client.documents()?;
        let (site, skipped) = profile.decode_site(&documents)?;
        self.rows = profile.survey(&documents)?;
        self.site = site;
        self.skipped = gone.into_iter().chain(skipped).collect();
        self.reached = Reached::Read;
        Ok(())
    }

    /// Orders trials: the one that came further, then the one with more fields.
    pub(super) fn rank(&self) -> (Reached, usize) {
        (self.reached, self.rows.iter().filter(|row| row.found > 0).count())
    }

    /// Returns the result in a sentence.
    pub(super) fn summary(&self) -> String {
        let name = &self.name;
        let error = self.error.as_deref().unwrap_or_default();
        match self.reached {
            Reached::Nothing => format!("{name}: no login: {error}"),
            Reached::Login => format!("{name}: no read: {error}"),
            Reached::Read => {
                let found = self.rows.iter().filter(|row| row.found > 0).count();
                format!("{name}: {}; {found} of {} fields", self.site.counts(), self.rows.len())
            }
        }
    }

    /// Returns whether the unit of a field is plausible, in words; empty if nothing can be said.
    pub(super) fn unit_check(&self, row: &SurveyRow) -> String {
        unit_check::of(&self.site, &row.field)
    }
}

/// Returns the values in the responses that a profile has no place for.
fn unused(profile: &Profile, exchanges: &[Exchange]) -> Vec<(String, Vec<SeenValue>)> {
    let mut all = Vec::new();
    let mut known = std::collections::HashSet::new();
    let readable = exchanges.iter().filter(|exchange| exchange.method == "GET" && exchange.status == 200);
    for exchange in readable {
        let body = exchange.body.to_string().into_bytes();
        let document = Document { path: exchange.path.clone(), body };
        let is_new = |value: &SeenValue| !profile.uses(&value.pointer);
        // Responses of one kind repeat the same values.
        let new: Vec<SeenValue> = seen_values(&document)
            .into_iter()
            .filter(is_new)
            .filter(|value| known.insert(value.pointer.clone()))
            .collect();
        if !new.is_empty() {
            all.push((format!("GET {}", exchange.path), new));
        }
    }
    all
}
