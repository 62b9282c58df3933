//! What this crate asks of its host: the items of one EWS server and the accounts that may log in to it.
//!
//! The runtime implements these traits over its item store, tests over plain memory
//! (`testing::MemorySource`). All reads are synchronous and short; only histories and set points, which may
//! reach a disk, are asynchronous.

use std::pin::Pin;
use std::sync::Arc;

use riser_domain::{
    AccountId, AccountRights, ContainerKind, DigestAlgorithm, EwsItem, HistorySample, PointHandle,
    SetPointRule, Timestamp, Value, ValueKind, ValueState,
};

use crate::digest::Ha1;

/// The answer of an asynchronous question to the source.
pub type SourceFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, SourceFault>> + Send + 'a>>;

/// The items of one EWS server.
pub trait ItemSource: Send + Sync {
    /// The tree as it stands; it does not change under its reader.
    fn tree(&self) -> Arc<dyn ItemTree>;

    /// Shows the present value of each point to `visit`, with its place in `handles`, in order, all under one
    /// lock. A handle without a value is passed over.
    fn read_values(&self, handles: &[PointHandle], visit: &mut dyn FnMut(usize, &Value, ValueState));

    /// Samples of a history, oldest first.
    fn history(&self, query: HistoryQuery) -> SourceFuture<'_, HistoryPage>;

    /// Accepts set points: answers one outcome for each write, in their order, once those that succeed are
    /// durable. Of two writes to one point the last wins and both succeed.
    ///
    /// Whether a point may be written, by which rule and by whom it is carried is the source's to check; the
    /// protocol has checked that each handle is a value, that the account may write, and parsed each value by
    /// its kind.
    fn set_values<'a>(
        &'a self,
        account: &'a EwsAccount,
        writes: Vec<ValueWrite>,
    ) -> SourceFuture<'a, Vec<SetOutcome>>;

    /// Facts about the system that serves the items.
    fn system(&self) -> SystemFacts;
}

/// The tree of one EWS server at one moment.
pub trait ItemTree: Send + Sync {
    /// A number that no other tree of this source has: another one whenever an id, a name or a kind changed.
    fn version(&self) -> u64;

    /// The item with exactly this id. The id of the root is [`riser_domain::EwsItemId::ROOT`].
    fn find(&self, id: &str) -> Option<PointHandle>;

    /// Facts about an item; `None` when the tree does not hold it.
    fn item(&self, handle: PointHandle) -> Option<ItemView<'_>>;

    /// What lies in a container, of every kind, in tree order; empty for anything else.
    fn children(&self, container: PointHandle) -> &[PointHandle];
}

/// Facts about an item that change with the tree only.
#[derive(Clone, Copy, Debug)]
pub enum ItemView<'a> {
    /// A container.
    Container(ContainerView<'a>),
    /// A live value.
    Value(ValueView<'a>),
    /// A history.
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
    /// Empty when it has none.
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
    /// Empty when it has none.
    pub unit: &'a str,
    /// The id of the value it records.
    pub value_item: &'a str,
}

impl<'a> From<&'a EwsItem> for ItemView<'a> {
    fn from(item: &'a EwsItem) -> Self {
        match item {
            EwsItem::Container(item) => Self::Container(ContainerView {
                id: &item.id,
                name: &item.name,
                description: &item.description,
                kind: item.kind,
            }),
            EwsItem::Value(item) => Self::Value(ValueView {
                id: &item.id,
                name: &item.name,
                description: &item.description,
                kind: item.kind,
                unit: &item.unit,
                set_point: item.set_point.as_ref(),
            }),
            EwsItem::History(item) => Self::History(HistoryView {
                id: &item.id,
                name: &item.name,
                description: &item.description,
                kind: item.kind,
                unit: &item.unit,
                value_item: &item.value_item,
            }),
        }
    }
}

/// Which samples of a history are wanted: `from <= time < to`, and later than `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// The history item.
    pub history: PointHandle,
    /// The first moment; the oldest sample kept when `None`.
    pub from: Option<Timestamp>,
    /// The moment after the last one.
    pub to: Timestamp,
    /// The time of the last sample that was already given; a history holds one sample for a moment.
    pub after: Option<Timestamp>,
    /// Samples wanted at most.
    pub limit_samples: usize,
}

/// A page of a history.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct HistoryPage {
    /// The samples, oldest first.
    pub samples: Vec<HistorySample>,
    /// Whether more of the range follow.
    pub has_more: bool,
    /// The time of the oldest sample kept of this history, whatever was asked for; `None` when it is empty.
    pub oldest: Option<Timestamp>,
}

/// A set point to accept.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueWrite {
    /// The value item.
    pub point: PointHandle,
    /// The write, of the item's kind.
    pub value: Value,
}

/// What became of one write.
pub type SetOutcome = Result<(), ItemMessage>;

/// Why an operation failed for one item; sent as the item's message (`ews-semantics`, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemMessage {
    /// There is no such item, or it is of another kind.
    #[error("INVALID_ID")]
    InvalidId,
    /// The item is read-only.
    #[error("VALUE_NOT_WRITEABLE")]
    ValueNotWriteable,
    /// The text is no value of the item's type, or none of those it lists.
    #[error("INVALID_VALUE")]
    InvalidValue,
    /// The value lies outside the item's range.
    #[error("OUT_OF_RANGE")]
    OutOfRange,
    /// The account may not do this.
    #[error("PERMISSION_DENIED")]
    PermissionDenied,
}

/// Why the source could not answer at all; nothing was done. Clients get the fault `TIMEOUT` and may try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceFault {
    /// The store cannot take more.
    #[error("the store is full or cannot be written")]
    StoreFull,
    /// The answer took too long.
    #[error("the store did not answer in time")]
    Timeout,
}

/// What `GetWebServiceInformation` tells of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemFacts {
    /// Dotted numbers and nothing else, such as `0.1.0`: clients compute with it.
    pub version: String,
    /// The instance's id.
    pub id: String,
    /// The server's name.
    pub name: String,
}

/// The accounts of one EWS server.
pub trait AccountSource: Send + Sync {
    /// The account with this name and its digest secret for this server's realm and `algorithm`.
    fn find(&self, user_name: &str, algorithm: DigestAlgorithm) -> Option<DigestAccount>;
}

/// An account and what proves it.
#[derive(Clone, Debug)]
pub struct DigestAccount {
    pub account: EwsAccount,
    pub ha1: Arc<Ha1>,
}

/// Who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EwsAccount {
    pub id: AccountId,
    pub name: Arc<str>,
    pub rights: AccountRights,
}
