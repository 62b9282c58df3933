//! The answers of an EWS server, as the client's callers get them.

use riser_domain::{ContainerKind, HistorySample, Timestamp, ValueKind, ValueState};

use super::error::ClientError;
use super::read_answer::{flag, items_in, moment, state, text, value_kind};
use crate::value_text::parse_value;
use crate::xml::Element;

/// What a server speaks and who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceInformation {
    /// Such as `1.2`.
    pub version: String,
    pub operations: Vec<String>,
    /// Empty below 1.2.
    pub system_name: String,
    pub system_id: String,
    pub system_version: String,
}

/// An id that a server refused, and its word for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemError {
    pub id: String,
    pub message: String,
}

/// A container inside a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildContainer {
    pub id: String,
    pub name: String,
    pub description: String,
    pub kind: ContainerKind,
}

/// A value item without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueFacts {
    pub id: String,
    pub name: String,
    pub description: String,
    pub kind: ValueKind,
    pub unit: String,
    pub is_writeable: bool,
}

/// A history item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryFacts {
    pub id: String,
    pub name: String,
    pub description: String,
    pub kind: ValueKind,
    pub unit: String,
    pub value_item: String,
}

/// A container with what lies in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerAnswer {
    pub container: ChildContainer,
    pub containers: Vec<ChildContainer>,
    pub values: Vec<ValueFacts>,
    pub histories: Vec<HistoryFacts>,
}

/// A page of containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerPage {
    pub containers: Vec<ContainerAnswer>,
    pub errors: Vec<ItemError>,
    /// `None` on the last page.
    pub more_data_ref: Option<String>,
}

/// A value: its text as sent, and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueAnswer {
    pub id: String,
    pub text: String,
    pub state: ValueState,
}

/// Values, in the order of the request, and the ids that were refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuesAnswer {
    pub values: Vec<ValueAnswer>,
    pub errors: Vec<ItemError>,
}

/// Items with all that is known of them, and the ids that were refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemsAnswer {
    pub values: Vec<(ValueFacts, ValueAnswer)>,
    pub histories: Vec<HistoryFacts>,
    pub errors: Vec<ItemError>,
}

/// What became of one write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetResult {
    pub id: String,
    pub is_success: bool,
    /// Empty on success.
    pub message: String,
}

/// Samples of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryAnswer {
    pub value_item: String,
    pub kind: ValueKind,
    pub unit: String,
    /// The whole range that the server answered for.
    pub from: Timestamp,
    pub to: Timestamp,
    pub samples: Vec<HistorySample>,
}

/// A page of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPageAnswer {
    pub history: HistoryAnswer,
    /// `None` on the last page.
    pub more_data_ref: Option<String>,
}

impl ServiceInformation {
    pub(super) fn read(answer: Element<'_>) -> Self {
        let version = items_in(answer, &["GetWebServiceInformationVersion"]).next();
        let system = items_in(answer, &["SystemInfo"]).next();
        let system = |name| system.map_or_else(String::new, |system| text(system, name));
        Self {
            version: version.map_or_else(String::new, |version| {
                format!("{}.{}", text(version, "MajorVersion"), text(version, "MinorVersion"))
            }),
            operations: items_in(answer, &["GetWebServiceInformationSupportedOperations", "Operation"])
                .map(|operation| operation.text().to_owned())
                .collect(),
            system_name: system("Name"),
            system_id: system("Id"),
            system_version: system("Version"),
        }
    }
}

impl ItemError {
    fn read_all(answer: Element<'_>, wrapper: &'static str) -> Vec<Self> {
        items_in(answer, &[wrapper, "ErrorResult"])
            .map(|error| Self { id: text(error, "Id"), message: text(error, "Message") })
            .collect()
    }
}

impl ChildContainer {
    fn read(item: Element<'_>) -> Result<Self, ClientError> {
        Ok(Self {
            id: text(item, "Id"),
            name: text(item, "Name"),
            description: text(item, "Description"),
            kind: ContainerKind::from_name(&text(item, "Type"))
                .ok_or(ClientError::BadAnswer("a container has an unknown type"))?,
        })
    }
}

impl ValueFacts {
    fn read(item: Element<'_>) -> Result<Self, ClientError> {
        Ok(Self {
            id: text(item, "Id"),
            name: text(item, "Name"),
            description: text(item, "Description"),
            kind: value_kind(item)?,
            unit: text(item, "Unit"),
            is_writeable: text(item, "Writeable") == "1",
        })
    }
}

impl HistoryFacts {
    fn read(item: Element<'_>) -> Result<Self, ClientError> {
        Ok(Self {
            id: text(item, "Id"),
            name: text(item, "Name"),
            description: text(item, "Description"),
            kind: value_kind(item)?,
            unit: text(item, "Unit"),
            value_item: text(item, "ValueItemId"),
        })
    }
}

impl ContainerAnswer {
    fn read(item: Element<'_>) -> Result<Self, ClientError> {
        Ok(Self {
            container: ChildContainer::read(item)?,
            containers: items_in(item, &["Items", "ContainerItems", "ContainerItem"])
                .map(ChildContainer::read)
                .collect::<Result<_, _>>()?,
            values: items_in(item, &["Items", "ValueItems", "ValueItem"])
                .map(ValueFacts::read)
                .collect::<Result<_, _>>()?,
            histories: items_in(item, &["Items", "HistoryItems", "HistoryItem"])
                .map(HistoryFacts::read)
                .collect::<Result<_, _>>()?,
        })
    }

    /// Joins what a later page says of the same container.
    pub(super) fn append(&mut self, mut later: Self) {
        self.containers.append(&mut later.containers);
        self.values.append(&mut later.values);
        self.histories.append(&mut later.histories);
    }
}

impl ContainerPage {
    pub(super) fn read(answer: Element<'_>) -> Result<Self, ClientError> {
        Ok(Self {
            containers: items_in(answer, &["GetContainerItemsItems", "ContainerItem"])
                .map(ContainerAnswer::read)
                .collect::<Result<_, _>>()?,
            errors: ItemError::read_all(answer, "GetContainerItemsErrorResults"),
            more_data_ref: more_data_ref(answer, "GetContainerItemsStatus"),
        })
    }
}

impl ValueAnswer {
    fn read(item: Element<'_>) -> Result<Self, ClientError> {
        Ok(Self { id: text(item, "Id"), text: text(item, "Value"), state: state(item)? })
    }
}

impl ValuesAnswer {
    pub(super) fn read(answer: Element<'_>) -> Result<Self, ClientError> {
        Ok(Self {
            values: items_in(answer, &["GetValuesItems", "ValueItem"])
                .map(ValueAnswer::read)
                .collect::<Result<_, _>>()?,
            errors: ItemError::read_all(answer, "GetValuesErrorResults"),
        })
    }
}

impl ItemsAnswer {
    pub(super) fn read(answer: Element<'_>) -> Result<Self, ClientError> {
        Ok(Self {
            values: items_in(answer, &["GetItemsItems", "ValueItems", "ValueItem"])
                .map(|item| Ok((ValueFacts::read(item)?, ValueAnswer::read(item)?)))
                .collect::<Result<_, ClientError>>()?,
            histories: items_in(answer, &["GetItemsItems", "HistoryItems", "HistoryItem"])
                .map(HistoryFacts::read)
                .collect::<Result<_, _>>()?,
            errors: ItemError::read_all(answer, "GetItemsErrorResults"),
        })
    }
}

pub(super) fn read_set_results(answer: Element<'_>) -> Vec<SetResult> {
    items_in(answer, &["SetValuesResults", "Result"])
        .map(|result| SetResult {
            id: text(result, "Id"),
            is_success: flag(result, "Success"),
            message: text(result, "Message"),
        })
        .collect()
}

impl HistoryPageAnswer {
    pub(super) fn read(answer: Element<'_>) -> Result<Self, ClientError> {
        let missing = || ClientError::BadAnswer("a history lacks its status or records");
        let status = items_in(answer, &["GetHistoryResponseStatus"]).next().ok_or_else(missing)?;
        let records = items_in(answer, &["GetHistoryHistoryRecords"]).next().ok_or_else(missing)?;
        let kind = value_kind(records)?;
        let samples = items_in(records, &["List", "HistoryRecord"])
            .map(|record| {
                Ok(HistorySample {
                    value: parse_value(kind, &text(record, "Value"), chrono_tz::UTC)
                        .map_err(|_| ClientError::BadAnswer("a sample is not of the history's type"))?,
                    state: state(record)?,
                    time: moment(record, "TimeStamp")?,
                })
            })
            .collect::<Result<_, ClientError>>()?;
        Ok(Self {
            history: HistoryAnswer {
                value_item: text(records, "ValueItemId"),
                kind,
                unit: text(records, "Unit"),
                from: moment(status, "TimeFrom")?,
                to: moment(status, "TimeTo")?,
                samples,
            },
            more_data_ref: more_data_ref(answer, "GetHistoryResponseStatus"),
        })
    }
}

fn more_data_ref(answer: Element<'_>, status: &'static str) -> Option<String> {
    let status = items_in(answer, &[status]).next()?;
    flag(status, "MoreDataAvailable").then(|| text(status, "MoreDataRef"))
}
