use std::fmt;

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::{Actor, EwsItemId, EwsServerId, PointHandle, Timestamp, Value};

/// Database id of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub i64);

/// State of a set point write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(const_into_str)]
pub enum WriteState {
    /// Committed to the outbox and not sent yet.
    Accepted,
    /// Sent to the device.
    Sent,
    /// Accepted by the device, which acts later.
    Pending,
    /// Read back from the device with the requested value.
    Confirmed,
    /// Rejected by the device or the plugin.
    Rejected,
    /// Replaced by a newer write to the same point.
    Superseded,
    /// Expired before the device confirmed it.
    Expired,
    /// The response of the device was lost; the next read decides.
    Unknown,
}

impl WriteState {
    /// Returns the name shown on pages and stored.
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// Returns whether the write can still change its state.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Accepted | Self::Sent | Self::Pending | Self::Unknown)
    }

    /// Returns whether a write may change from this state to `next`.
    ///
    /// A closed write stays closed. An open write never returns to Accepted. A restarted worker may report Sent
    /// again after Unknown, because it reads before it writes.
    pub fn may_become(self, next: Self) -> bool {
        self.is_open() && next != Self::Accepted && self != next
    }
}

impl fmt::Display for WriteState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set point accepted from the BMS or the portal, kept until the device has confirmed it or it expires.
#[derive(Clone, Debug, PartialEq)]
pub struct SetPointWrite {
    /// Rises in the order of acceptance.
    pub id: WriteId,
    /// Writes of one request share a group and reach the plugin together.
    pub group: i64,
    pub point: PointHandle,
    /// The point's id.
    pub item: EwsItemId,
    pub ews_server: EwsServerId,
    pub value: Value,
    pub actor: Actor,
    pub state: WriteState,
    /// Why the write or run is in this state; empty when the state is enough.
    pub reason: String,
    pub accepted_at: Timestamp,
    /// When it was first sent to the device.
    pub sent_at: Option<Timestamp>,
    /// When the state last changed.
    pub changed_at: Timestamp,
    /// It is never sent after this time.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_write_stays_closed_and_none_goes_back_to_accepted() {
        for &state in WriteState::VARIANTS {
            assert!(!state.may_become(WriteState::Accepted), "{state}");
            for &next in WriteState::VARIANTS {
                assert!(state.is_open() || !state.may_become(next), "{state} to {next}");
            }
        }
        assert!(WriteState::Unknown.may_become(WriteState::Confirmed));
        assert!(WriteState::Unknown.may_become(WriteState::Sent));
    }
}
