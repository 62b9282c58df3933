//! Typed responses of an EWS server.

use riser_calendar::Zone;
use riser_domain::{ContainerKind, HistorySample, Timestamp, ValueKind, ValueState};

use super::error::{ClientError, ItemError};
use super::read_response::{flag, items_in, moment, state, text, value_kind};
use crate::value_text::parse_value;
use crate::xml::Element;

/// Version, operations and identity of a server.
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

/// A container and the items in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerResponse {
    pub container: ChildContainer,
    pub containers: Vec<ChildContainer>,
    pub values: Vec<ValueFacts>,
    pub histories: Vec<HistoryFacts>,
}

/// A page of containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerPage {
    pub containers: Vec<ContainerResponse>,
    pub errors: Vec<ItemError>,
    /// `None` on the last page.
    pub more_data_ref: Option<String>,
}

/// A value: its text as sent, and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueResponse {
    pub id: String,
    pub text: String,
    pub state: ValueState,
}

/// Values in the order of the request, and the rejected ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuesResponse {
    pub values: Vec<ValueResponse>,
    pub errors: Vec<ItemError>,
}

/// Items with all their properties, and the rejected ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemsResponse {
    pub values: Vec<(ValueFacts, ValueResponse)>,
    pub histories: Vec<HistoryFacts>,
    pub errors: Vec<ItemError>,
}

/// Result of one write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetResult {
    pub id: String,
    pub is_success: bool,
    /// Empty on success.
    pub message: String,
}

/// Samples of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryResponse {
    pub value_item: String,
    pub kind: ValueKind,
    pub unit: String,
    /// The whole range of the response.
    pub from: Timestamp,
    pub to: Timestamp,
    pub samples: Vec<HistorySample>,
}

/// A page of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPageResponse {
    pub history: HistoryResponse,
    /// `None` on the last page.
    pub more_data_ref: Option<String>,
}

impl ServiceInformation {
    pub(super) fn read(response: Element<'_>) -> Self {
        let version = items_in(response, &["GetWebServiceInformationVersion"]).next();
        let system = items_in(response, &["SystemInfo"]).next();
        let system = |name| system.map_or_else(String::new, |system| text(system, name));
        Self {
            version: version.map_or_else(String::new, |version| {
                format!("{}.{}", text(version, "MajorVersion"), text(version, "MinorVersion"))
            }),
            operations: items_in(response, &["GetWebServiceInformationSupportedOperations", "Operation"])
                .map(|operation| operation.text().to_owned())
                .collect(),
            system_name: system("Name"),
            system_id: system("Id"),
            system_version: system("Version"),
        }
    }
}

impl ItemError {
    fn read_all(response: Element<'_>, wrapper: &'static str) -> Vec<Self> {
        items_in(response, &[wrapper, "ErrorResult"])
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
            kind: text(item, "Type")
                .parse::<ContainerKind>()
                .map_err(|_| ClientError::BadResponse("a container has an unknown type"))?,
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

impl ContainerResponse {
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

    /// Appends a later page of the same container.
    pub(super) fn append(&mut self, mut later: Self) {
        self.containers.append(&mut later.containers);
        self.values.append(&mut later.values);
        self.histories.append(&mut later.histories);
    }
}

impl ContainerPage {
    pub(super) fn read(response: Element<'_>) -> Result<Self, ClientError> {
        Ok(Self {
            containers: items_in(response, &["GetContainerItemsItems", "ContainerItem"])
                .map(ContainerResponse::read)
                .collect::<Result<_, _>>()?,
            errors: ItemError::read_all(response, "GetContainerItemsErrorResults"),
            more_data_ref: more_data_ref(response, "GetContainerItemsStatus"),
        })
    }
}

impl ValueResponse {
    fn read(item: Element<'_>) -> Result<Self, ClientError> {
        Ok(Self { id: text(item, "Id"), text: text(item, "Value"), state: state(item)? })
    }
}

impl ValuesResponse {
    pub(super) fn read(response: Element<'_>) -> Result<Self, ClientError> {
        Ok(Self {
            values: items_in(response, &["GetValuesItems", "ValueItem"])
                .map(ValueResponse::read)
                .collect::<Result<_, _>>()?,
            errors: ItemError::read_all(response, "GetValuesErrorResults"),
        })
    }
}

impl ItemsResponse {
    pub(super) fn read(response: Element<'_>) -> Result<Self, ClientError> {
        Ok(Self {
            values: items_in(response, &["GetItemsItems", "ValueItems", "ValueItem"])
                .map(|item| Ok((ValueFacts::read(item)?, ValueResponse::read(item)?)))
                .collect::<Result<_, ClientError>>()?,
            histories: items_in(response, &["GetItemsItems", "HistoryItems", "HistoryItem"])
                .map(HistoryFacts::read)
                .collect::<Result<_, _>>()?,
            errors: ItemError::read_all(response, "GetItemsErrorResults"),
        })
    }
}

pub(super) fn read_set_results(response: Element<'_>) -> Vec<SetResult> {
    items_in(response, &["SetValuesResults", "Result"])
        .map(|result| SetResult {
            id: text(result, "Id"),
            is_success: flag(result, "Success"),
            message: text(result, "Message"),
        })
        .collect()
}

impl HistoryPageResponse {
    pub(super) fn read(response: Element<'_>) -> Result<Self, ClientError> {
        let missing = || ClientError::BadResponse("a history lacks its status or records");
        let status = items_in(response, &["GetHistoryResponseStatus"]).next().ok_or_else(missing)?;
        let records = items_in(response, &["GetHistoryHistoryRecords"]).next().ok_or_else(missing)?;
        let kind = value_kind(records)?;
        let samples = items_in(records, &["List", "HistoryRecord"])
            .map(|record| {
                Ok(HistorySample {
                    value: parse_value(kind, &text(record, "Value"), &Zone::utc()).map_err(|_| {
                        ClientError::BadResponse("a sample has another type than its history")
                    })?,
                    state: state(record)?,
                    time: moment(record, "TimeStamp")?,
                })
            })
            .collect::<Result<_, ClientError>>()?;
        Ok(Self {
            history: HistoryResponse {
                value_item: text(records, "ValueItemId"),
                kind,
                unit: text(records, "Unit"),
                from: moment(status, "TimeFrom")?,
                to: moment(status, "TimeTo")?,
                samples,
            },
            more_data_ref: more_data_ref(response, "GetHistoryResponseStatus"),
        })
    }
}

fn more_data_ref(response: Element<'_>, status: &'static str) -> Option<String> {
    let status = items_in(response, &[status]).next()?;
    flag(status, "MoreDataAvailable").then(|| text(status, "MoreDataRef"))
}
