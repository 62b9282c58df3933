use crate::abi::messages::{Notice, WakeMessage, WriteMessage, WriteState};
use crate::host::{Host, Services};
use crate::value::{PointValue, moment};
use std::sync::Arc;
use std::time::SystemTime;

/// The reason that ended a wait.
#[derive(Debug)]
#[non_exhaustive]
pub enum Wake {
    /// The time is over.
    Elapsed,
    /// The BMS, or a person, wrote set points; those written together arrive together.
    Write(WriteRequest),
    /// Another class of this plugin changed the tree: [`Host::points`] gives the new one.
    TreeChanged,
}

impl Wake {
    pub(crate) fn from_message(message: WakeMessage, services: &Arc<Services>) -> Self {
        match message {
            WakeMessage::Elapsed => Self::Elapsed,
            WakeMessage::SetPoints(writes) => Self::Write(WriteRequest::from_messages(writes, services)),
            WakeMessage::TreeChanged => Self::TreeChanged,
        }
    }
}

/// Set points that were written together and travel together.
#[derive(Debug)]
pub struct WriteRequest {
    /// The writes, one for each point.
    pub writes: Vec<SetPointWrite>,
}

impl WriteRequest {
    pub(crate) fn from_messages(messages: Vec<WriteMessage>, services: &Arc<Services>) -> Self {
        let writes = messages
            .into_iter()
            .map(|message| SetPointWrite {
                id: message.id,
                group: message.group,
                handle: message.handle,
                item: message.item,
                value: message.value,
                was_sent: message.state != WriteState::Accepted,
                expires_at: moment(message.expires_at_ms),
                services: Arc::clone(services),
            })
            .collect();
        Self { writes }
    }

    /// Rejects all of them. [any thread] Never fails.
    pub fn reject(&self, reason: &str) {
        for write in &self.writes {
            write.reject(reason);
        }
    }
}

/// A requested value of one point. The class reports the status of the write with its methods. [any thread, running or
/// stopping] They never fail: Riser keeps the write and asks again.
#[derive(Debug)]
pub struct SetPointWrite {
    id: i64,
    group: i64,
    handle: u32,
    item: String,
    value: PointValue,
    was_sent: bool,
    expires_at: SystemTime,
    services: Arc<Services>,
}

impl SetPointWrite {
    /// Returns the number of the write. Later writes have higher numbers.
    pub const fn id(&self) -> i64 {
        self.id
    }

    /// Returns the number of the group: writes of one request share it.
    pub const fn group(&self) -> i64 {
        self.group
    }

    /// Returns the point's handle.
    pub const fn handle(&self) -> u32 {
        self.handle
    }

    /// Returns the point's id.
    pub fn item(&self) -> &str {
        &self.item
    }

    /// Returns the requested value.
    pub const fn value(&self) -> &PointValue {
        &self.value
    }

    /// Returns whether an earlier run may have written to the device. Always read before writing.
    pub const fn was_sent(&self) -> bool {
        self.was_sent
    }

    /// Returns the time after which the write must not be sent.
    pub const fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    /// Reports that the write is sent to the device.
    pub fn sent(&self) {
        self.report(WriteState::Sent, "");
    }

    /// Reports that the device accepted the write and acts later.
    pub fn pending(&self, reason: &str) {
        self.report(WriteState::Pending, reason);
    }

    /// Reports that the device confirmed the value.
    pub fn confirmed(&self) {
        self.report(WriteState::Confirmed, "");
    }

    /// Reports that the device confirmed the write, with a remark: it may show a rounded value.
    pub fn confirmed_with(&self, remark: &str) {
        self.report(WriteState::Confirmed, remark);
    }

    /// Reports that the device, or this plugin, rejects the write.
    pub fn reject(&self, reason: &str) {
        self.report(WriteState::Rejected, reason);
    }

    /// Reports that the response was lost. The next run must read the device.
    pub fn unknown(&self, reason: &str) {
        self.report(WriteState::Unknown, reason);
    }

    fn report(&self, state: WriteState, reason: &str) {
        let notice = Notice::WriteStatus { write: self.id, state, reason: reason.to_owned() };
        Host::notify(&self.services, notice);
    }
}
