use std::fmt;

use crate::{Actor, EwsItemId, EwsServerId, PointHandle, Timestamp, Value};

/// The database's number of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub i64);

/// What became of a set point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteState {
    /// Committed to the outbox; nothing was sent yet.
    Accepted,
    /// The device was asked.
    Sent,
    /// The device took it and will act later.
    Pending,
    /// Read back from the device as requested.
    Confirmed,
    /// The device or the plugin said no.
    Rejected,
    /// A newer write for the same point took its place.
    Superseded,
    /// Its time ran out before the device was asked or answered.
    Expired,
    /// The answer was lost; a read decides.
    Unknown,
}

impl WriteState {
    const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Sent,
        Self::Pending,
        Self::Confirmed,
        Self::Rejected,
        Self::Superseded,
        Self::Expired,
        Self::Unknown,
    ];

    /// The word shown and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Sent => "Sent",
            Self::Pending => "Pending",
            Self::Confirmed => "Confirmed",
            Self::Rejected => "Rejected",
            Self::Superseded => "Superseded",
            Self::Expired => "Expired",
            Self::Unknown => "Unknown",
        }
    }

    /// The state with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether the write still waits for its end.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Accepted | Self::Sent | Self::Pending | Self::Unknown)
    }

    /// Whether a write in this state may go on to `next`.
    ///
    /// A closed write stays closed; an open one never goes back to Accepted. A restarted worker may report
    /// Sent again after Unknown, because it reads before it writes.
    pub fn may_become(self, next: Self) -> bool {
        self.is_open() && next != Self::Accepted && self != next
    }
}

impl fmt::Display for WriteState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set point accepted from the BMS or the portal: a write for a state, kept until it is done.
#[derive(Clone, Debug, PartialEq)]
pub struct SetPointWrite {
    /// Its number; rises with the order of acceptance.
    pub id: WriteId,
    /// Writes written in one request share a group and travel together.
    pub group: i64,
    /// The point.
    pub point: PointHandle,
    /// The point's id.
    pub item: EwsItemId,
    /// The server it was written on.
    pub ews_server: EwsServerId,
    /// What is requested.
    pub value: Value,
    /// Who wrote it.
    pub actor: Actor,
    /// Where it stands.
    pub state: WriteState,
    /// Why it stands there, in words; empty when the state says it all.
    pub reason: String,
    /// When it was committed.
    pub accepted_at: Timestamp,
    /// When the device was first asked.
    pub sent_at: Option<Timestamp>,
    /// When it came into its present state.
    pub changed_at: Timestamp,
    /// It is not sent after this moment.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_write_stays_closed_and_none_goes_back_to_accepted() {
        for state in WriteState::ALL {
            assert!(!state.may_become(WriteState::Accepted), "{state}");
            for next in WriteState::ALL {
                assert!(state.is_open() || !state.may_become(next), "{state} to {next}");
            }
        }
        assert!(WriteState::Unknown.may_become(WriteState::Confirmed));
        assert!(WriteState::Unknown.may_become(WriteState::Sent));
    }
}
