use std::fmt;
use std::sync::LazyLock;

use riser_calendar::{Zone, machine_zone};
use riser_domain::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: RFC 3339 in UTC in messages, the wall time of this machine for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", local_zone().civil(self.0).strftime("%Y-%m-%d %H:%M:%S"))
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

/// Returns the zone of this machine, looked up once for all lines of a command.
fn local_zone() -> &'static Zone {
    static ZONE: LazyLock<Zone> = LazyLock::new(|| machine_zone().zone);
    &ZONE
}
