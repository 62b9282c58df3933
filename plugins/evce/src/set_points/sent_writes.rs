//! Writes that were sent and not confirmed, by object. A newer write must reach the controller even if it shows the
//! requested value already: the older one may still take effect. They survive a run.

use std::collections::BTreeMap;

use riser_plugin::{Host, HostError};

const KEY: &str = "sent-writes";
/// Stands for an older write whose number does not matter any more.
const OLDER: i64 = 0;

/// The number of the last sent write of each object.
#[derive(Debug, Default)]
pub(crate) struct SentWrites {
    by_object: BTreeMap<String, i64>,
}

impl SentWrites {
    /// Loads the writes of earlier runs.
    ///
    /// # Errors
    /// If the host cannot read them.
    pub(crate) fn load(host: &Host) -> Result<Self, HostError> {
        let kept = host.state().get(KEY)?;
        // Unreadable state is dropped: each write is then compared with the shown value.
        let by_object = kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Ok(Self { by_object })
    }

    /// Returns whether an older write than this one was sent and not confirmed.
    pub(super) fn has_older(&self, object: &str, write: i64) -> bool {
        self.by_object.get(object).is_some_and(|sent| *sent != write)
    }

    /// Returns whether this write was sent.
    pub(super) fn has(&self, object: &str, write: i64) -> bool {
        self.by_object.get(object) == Some(&write)
    }

    /// Notes that a write is sent.
    pub(super) fn note(&mut self, host: &Host, object: &str, write: i64) -> Result<(), HostError> {
        if self.by_object.insert(object.to_owned(), write) == Some(write) { Ok(()) } else { self.save(host) }
    }

    /// Notes that the controller rejected the last write. Older ones may still take effect.
    pub(super) fn rejected(&mut self, host: &Host, object: &str, had_older: bool) -> Result<(), HostError> {
        if had_older { self.note(host, object, OLDER) } else { self.finish(host, object) }
    }

    /// Notes that the controller shows the last write.
    pub(super) fn finish(&mut self, host: &Host, object: &str) -> Result<(), HostError> {
        if self.by_object.remove(object).is_none() { Ok(()) } else { self.save(host) }
    }

    fn save(&self, host: &Host) -> Result<(), HostError> {
        let text = serde_json::to_string(&self.by_object).expect("numbers by name are always JSON");
        host.state().put(KEY, &text)
    }
}
