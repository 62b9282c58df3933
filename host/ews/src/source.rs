//! Interfaces that this crate needs from its host: the items of one EWS server and its accounts.
//!
//! The runtime implements these traits over its item store, tests over memory
//! (`testing::MemorySource`). All reads are synchronous and short. Only histories and set points, which may
//! access a disk, are asynchronous.

use std::pin::Pin;
use std::sync::Arc;

use riser_domain::{
    AccountId, AccountRights, ContainerKind, DigestAlgorithm, EwsItem, HistorySample, PointHandle,
    SetPointRule, Timestamp, Value, ValueKind, ValueState,
};

use crate::digest::Ha1;

/// The result of an asynchronous call of the source.
pub type SourceFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, SourceFault>> + Send + 'a>>;

/// The items of one EWS server.
pub trait ItemSource: Send + Sync {
    /// Returns the present tree. It does not change while a reader holds it.
    fn tree(&self) -> Arc<dyn ItemTree>;

    /// Calls `visit` with the present value of each point and its index in `handles`, in order, under one
    /// lock. Skips a handle without a value.
    fn read_values(&self, handles: &[PointHandle], visit: &mut dyn FnMut(usize, &Value, ValueState));

    /// Returns samples of a history, oldest first.
    fn history(&self, query: HistoryQuery) -> SourceFuture<'_, HistoryPage>;

    /// Accepts set points. Returns one outcome for each write, in order, after the successful ones are
    /// durable. Of two writes to one point the last wins and both succeed.
    ///
    /// The source checks whether a point is writable, its rule, and the processor that handles its writes.
    /// The protocol has checked that each handle is a value and that the account may write, and has parsed
    /// each value by its kind.
    fn set_values<'a>(
        &'a self,
        account: &'a EwsAccount,
        writes: Vec<ValueWrite>,
    ) -> SourceFuture<'a, Vec<SetOutcome>>;

    /// Returns facts about the system.
    fn system(&self) -> SystemFacts;
}

/// The tree of one EWS server at one moment.
pub trait ItemTree: Send + Sync {
    /// A number that changes whenever an id, a name or a kind changes. No two trees of a source share it.
    fn version(&self) -> u64;

    /// Returns the item with exactly this id. The root has the id [`riser_domain::EwsItemId::ROOT`].
    fn find(&self, id: &str) -> Option<PointHandle>;

    /// Returns facts about an item; `None` if it is not in the tree.
    fn item(&self, handle: PointHandle) -> Option<ItemView<'_>>;

    /// Returns the children of a container of every kind, in tree order; nothing for other items.
    fn children(&self, container: PointHandle) -> &[PointHandle];
}

/// Facts about an item that change only with the tree.
#[derive(Clone, Copy, Debug)]
pub enum ItemView<'a> {
    Container(ContainerView<'a>),
    Value(ValueView<'a>),
    History(HistoryView<'a>),
}

/// Facts about a container.
#[derive(Clone, Copy, Debug)]
pub struct ContainerView<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub description: &'a str,
    pub kind: ContainerKind,
}

/// Facts about a value item.
#[derive(Clone, Copy, Debug)]
pub struct ValueView<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub description: &'a str,
    pub kind: ValueKind,
    /// Empty if it has none.
    pub unit: &'a str,
    /// `None` for a point that is read-only.
    pub set_point: Option<&'a SetPointRule>,
}

/// Facts about a history item.
#[derive(Clone, Copy, Debug)]
pub struct HistoryView<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub description: &'a str,
    pub kind: ValueKind,
    /// Empty if it has none.
    pub unit: &'a str,
    /// The id of the value it records.
    pub value_item: &'a str,
}

impl<'a> From<&'a EwsItem> for ItemView<'a> {
    fn from(item: &'a EwsItem) -> Self {
        match item {
            EwsItem::Container(item) => Self::Container(ContainerView {
                id: &item.id,
                name: &item.definition.name,
                description: &item.definition.description,
                kind: item.definition.kind,
            }),
            EwsItem::Value(item) => Self::Value(ValueView {
                id: &item.id,
                name: &item.definition.name,
                description: &item.definition.description,
                kind: item.definition.kind,
                unit: &item.definition.unit,
                set_point: item.definition.set_point.as_ref(),
            }),
            EwsItem::History(item) => Self::History(HistoryView {
                id: &item.id,
                name: &item.definition.name,
                description: &item.definition.description,
                kind: item.definition.kind,
                unit: &item.definition.unit,
                value_item: &item.value_item,
            }),
        }
    }
}

/// A range of samples: `from <= time < to`, and later than `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    pub history: PointHandle,
    /// The first moment; `None` means the oldest sample.
    pub from: Option<Timestamp>,
    /// The moment after the last one.
    pub to: Timestamp,
    /// The time of the last sample of the previous page; a history has one sample per moment.
    pub after: Option<Timestamp>,
    /// Most samples to return.
    pub limit_samples: usize,
}

/// A page of a history.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct HistoryPage {
    /// Oldest first.
    pub samples: Vec<HistorySample>,
    /// Whether the range has more samples.
    pub has_more: bool,
    /// The time of the oldest sample of this history, independent of the range; `None` if it is empty.
    pub oldest: Option<Timestamp>,
}

/// A set point to write.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueWrite {
    pub point: PointHandle,
    /// The requested value, of the item's kind.
    pub value: Value,
}

/// Result of one write.
pub type SetOutcome = Result<(), ItemMessage>;

/// Why an operation failed for one item; sent as the item's message (`ews-semantics`, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemMessage {
    /// The item does not exist or has another kind.
    #[error("INVALID_ID")]
    InvalidId,
    #[error("VALUE_NOT_WRITEABLE")]
    ValueNotWriteable,
    /// The text is not a value of the item's type, or not one of the listed values.
    #[error("INVALID_VALUE")]
    InvalidValue,
    #[error("OUT_OF_RANGE")]
    OutOfRange,
    /// The account lacks the right.
    #[error("PERMISSION_DENIED")]
    PermissionDenied,
}

/// Why the source failed as a whole; nothing was done. Clients get the fault `TIMEOUT` and may try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceFault {
    #[error("the store is full or cannot be written")]
    StoreFull,
    #[error("the store did not respond in time")]
    Timeout,
}

/// The system part of `GetWebServiceInformation`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemFacts {
    /// Dotted numbers only, such as `0.1.0`: clients compute with it.
    pub version: String,
    pub id: String,
    pub name: String,
}

/// The accounts of one EWS server.
pub trait AccountSource: Send + Sync {
    /// Returns the account with this name, and its digest secret for this server's realm and `algorithm`.
    fn find(&self, user_name: &str, algorithm: DigestAlgorithm) -> Option<DigestAccount>;
}

/// An account and its digest secret.
#[derive(Clone, Debug)]
pub struct DigestAccount {
    pub account: EwsAccount,
    pub ha1: Arc<Ha1>,
}

/// A logged-in account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EwsAccount {
    pub id: AccountId,
    pub name: Arc<str>,
    pub rights: AccountRights,
}
