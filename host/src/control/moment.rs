use std::fmt;
use std::sync::OnceLock;

use riser_calendar::{Zone, machine_zone};
use riser_domain::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: RFC 3339 in UTC in messages, the wall time of the site with its offset for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown_zone().local_text(self.0))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// The zone of all times that this process shows.
static SHOWN_ZONE: OnceLock<Zone> = OnceLock::new();

/// Shows all times in the zone of the running host. The shell of a command may have another one.
pub(super) fn show_in(zone: Zone) {
    // The first host that a command asks counts.
    let _ = SHOWN_ZONE.set(zone);
}

/// Returns the zone of the host, or that of this machine when no host was asked.
fn shown_zone() -> &'static Zone {
    SHOWN_ZONE.get_or_init(|| machine_zone().zone)
}

/// Replaces the moments in UTC of a sentence by the local times that tables show.
pub(crate) fn with_local_times(sentence: &str) -> String {
    shown_zone().localize(sentence)
}
