//! The operations and faults of the contract (DataExchange 1.2), as data. Dispatch, faults and the WSDL that we
//! serve are all made from these tables.

use crate::names;
use crate::version::EwsVersion;

/// A fault of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FaultName {
    InvalidRequest,
    InvalidAlarmfilter,
    InvalidEventMode,
    InvalidEventType,
    InvalidGroup,
    InvalidId,
    InvalidNotificationId,
    InvalidPriority,
    InvalidReference,
    InvalidSubscription,
    InvalidTime,
    InvalidType,
    InvalidValue,
    MissingIdList,
    MissingValueList,
    MissingValueitemList,
    OperationFailed,
    OperationNotSupported,
    PermissionDenied,
    SubscriptionTerminated,
    TimeOut,
    UnequalLists,
}

use FaultName as F;

impl FaultName {
    pub(crate) const ALL: [Self; 22] = [
        F::InvalidRequest,
        F::InvalidAlarmfilter,
        F::InvalidEventMode,
        F::InvalidEventType,
        F::InvalidGroup,
        F::InvalidId,
        F::InvalidNotificationId,
        F::InvalidPriority,
        F::InvalidReference,
        F::InvalidSubscription,
        F::InvalidTime,
        F::InvalidType,
        F::InvalidValue,
        F::MissingIdList,
        F::MissingValueList,
        F::MissingValueitemList,
        F::OperationFailed,
        F::OperationNotSupported,
        F::PermissionDenied,
        F::SubscriptionTerminated,
        F::TimeOut,
        F::UnequalLists,
    ];

    /// The name in the contract, which its element bears behind `Fault_`.
    pub(crate) const fn contract_name(self) -> &'static str {
        match self {
            F::InvalidRequest => "InvalidRequest",
            F::InvalidAlarmfilter => "Invalid_Alarmfilter",
            F::InvalidEventMode => "Invalid_EventMode",
            F::InvalidEventType => "Invalid_EventType",
            F::InvalidGroup => "Invalid_Group",
            F::InvalidId => "Invalid_Id",
            F::InvalidNotificationId => "Invalid_Notification_Id",
            F::InvalidPriority => "Invalid_Priority",
            F::InvalidReference => "Invalid_Reference",
            F::InvalidSubscription => "Invalid_Subscription",
            F::InvalidTime => "Invalid_Time",
            F::InvalidType => "Invalid_Type",
            F::InvalidValue => "Invalid_Value",
            F::MissingIdList => "Missing_Id_List",
            F::MissingValueList => "Missing_Value_List",
            F::MissingValueitemList => "Missing_Valueitem_List",
            F::OperationFailed => "Operation_Failed",
            F::OperationNotSupported => "Operation_Not_Supported",
            F::PermissionDenied => "Permission_Denied",
            F::SubscriptionTerminated => "Subscription_Terminated",
            F::TimeOut => "TimeOut",
            F::UnequalLists => "Unequal_Lists",
        }
    }

    /// The text of the fault, which clients compare with.
    pub(crate) fn reason(self) -> String {
        match self {
            F::InvalidRequest => "INVALID_REQUEST".to_owned(),
            other => other.contract_name().to_ascii_uppercase(),
        }
    }

    /// Whether the server is at fault and the same request may succeed later.
    pub(crate) const fn is_receivers(self) -> bool {
        matches!(self, F::TimeOut | F::OperationFailed)
    }
}

/// An operation of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperationName {
    GetWebServiceInformation,
    GetContainerItems,
    GetItems,
    GetValues,
    SetValues,
    GetHistory,
    GetAlarmEvents,
    GetUpdatedAlarmEvents,
    AcknowledgeAlarmEvents,
    GetAlarmEventTypes,
    Subscribe,
    ForceValues,
    GetEnums,
    GetAlarmHistory,
    GetHierarchicalInformation,
    GetHistoricalDataAggregation,
    Unsubscribe,
    Renew,
    GetNotification,
    GetSystemEvents,
    GetSystemEventTypes,
    UnforceValues,
}

use OperationName as O;

impl OperationName {
    pub(crate) const ALL: [Self; 22] = [
        O::GetWebServiceInformation,
        O::GetContainerItems,
        O::GetItems,
        O::GetValues,
        O::SetValues,
        O::GetHistory,
        O::GetAlarmEvents,
        O::GetUpdatedAlarmEvents,
        O::AcknowledgeAlarmEvents,
        O::GetAlarmEventTypes,
        O::Subscribe,
        O::ForceValues,
        O::GetEnums,
        O::GetAlarmHistory,
        O::GetHierarchicalInformation,
        O::GetHistoricalDataAggregation,
        O::Unsubscribe,
        O::Renew,
        O::GetNotification,
        O::GetSystemEvents,
        O::GetSystemEventTypes,
        O::UnforceValues,
    ];

    /// The operations that this server answers and announces.
    pub(crate) const SERVED: [Self; 6] = [
        O::GetWebServiceInformation,
        O::GetContainerItems,
        O::GetItems,
        O::GetValues,
        O::SetValues,
        O::GetHistory,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            O::GetWebServiceInformation => "GetWebServiceInformation",
            O::GetContainerItems => "GetContainerItems",
            O::GetItems => "GetItems",
            O::GetValues => "GetValues",
            O::SetValues => "SetValues",
            O::GetHistory => "GetHistory",
            O::GetAlarmEvents => "GetAlarmEvents",
            O::GetUpdatedAlarmEvents => "GetUpdatedAlarmEvents",
            O::AcknowledgeAlarmEvents => "AcknowledgeAlarmEvents",
            O::GetAlarmEventTypes => "GetAlarmEventTypes",
            O::Subscribe => "Subscribe",
            O::ForceValues => "ForceValues",
            O::GetEnums => "GetEnums",
            O::GetAlarmHistory => "GetAlarmHistory",
            O::GetHierarchicalInformation => "GetHierarchicalInformation",
            O::GetHistoricalDataAggregation => "GetHistoricalDataAggregation",
            O::Unsubscribe => "Unsubscribe",
            O::Renew => "Renew",
            O::GetNotification => "GetNotification",
            O::GetSystemEvents => "GetSystemEvents",
            O::GetSystemEventTypes => "GetSystemEventTypes",
            O::UnforceValues => "UnforceValues",
        }
    }

    /// The operation whose request has this element.
    pub(crate) fn of_request_element(element: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| {
            element.strip_prefix(operation.name()).is_some_and(|rest| rest == operation.request_suffix())
        })
    }

    /// What follows the name in the request's element; the subscription operations go without.
    pub(crate) const fn request_suffix(self) -> &'static str {
        match self {
            O::Subscribe | O::Unsubscribe | O::Renew => "",
            _ => "Request",
        }
    }

    /// The operation whose requests have this action.
    pub(crate) fn of_request_action(action: &str) -> Option<Self> {
        let name = action.strip_prefix(names::DATA_EXCHANGE)?.strip_prefix('/')?.strip_suffix("In")?;
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }

    pub(crate) fn request_action(self) -> String {
        format!("{}/{}In", names::DATA_EXCHANGE, self.name())
    }

    pub(crate) fn answer_action(self) -> String {
        format!("{}/{}Out", names::DATA_EXCHANGE, self.name())
    }

    /// The action of a fault. Three are irregular in the contract.
    pub(crate) fn fault_action(self, fault: FaultName) -> String {
        let (middle, fault) = match (self, fault) {
            (O::ForceValues, F::MissingValueitemList) => ("Fault_", "Valueitem_List"),
            (O::GetHistoricalDataAggregation, F::InvalidGroup) => ("Fault_", "InvalidGroup"),
            (O::Unsubscribe, F::TimeOut) => ("StatusFault_", "TimeOut"),
            (_, fault) => ("Fault_", fault.contract_name()),
        };
        format!("{}/{}{middle}{fault}", names::DATA_EXCHANGE, self.name())
    }

    /// The version that brought it. The operations without the fault `InvalidRequest` are the older ones.
    pub(crate) fn since(self) -> EwsVersion {
        if self.faults().contains(&F::InvalidRequest) { EwsVersion::V1_2 } else { EwsVersion::V1_0 }
    }

    /// The faults that the contract declares for it.
    #[expect(clippy::too_many_lines, reason = "one table of the contract")]
    pub(crate) const fn faults(self) -> &'static [FaultName] {
        use F::{
            InvalidAlarmfilter, InvalidEventMode, InvalidEventType, InvalidGroup, InvalidId,
            InvalidNotificationId, InvalidPriority, InvalidReference, InvalidRequest, InvalidSubscription,
            InvalidTime, InvalidType, InvalidValue, MissingIdList, MissingValueList, MissingValueitemList,
            OperationFailed, OperationNotSupported, PermissionDenied, SubscriptionTerminated, TimeOut,
            UnequalLists,
        };
        match self {
            O::GetWebServiceInformation | O::GetAlarmEventTypes => {
                &[OperationNotSupported, PermissionDenied, TimeOut]
            }
            O::GetContainerItems | O::GetItems | O::GetValues | O::AcknowledgeAlarmEvents => {
                &[OperationNotSupported, MissingIdList, PermissionDenied, TimeOut]
            }
            O::SetValues => &[
                OperationNotSupported,
                MissingIdList,
                PermissionDenied,
                TimeOut,
                MissingValueList,
                UnequalLists,
            ],
            O::GetHistory => {
                &[OperationNotSupported, InvalidReference, PermissionDenied, TimeOut, InvalidId, InvalidTime]
            }
            O::GetAlarmEvents => &[
                OperationNotSupported,
                InvalidReference,
                InvalidPriority,
                PermissionDenied,
                TimeOut,
                InvalidType,
            ],
            O::GetUpdatedAlarmEvents => &[
                OperationNotSupported,
                InvalidReference,
                InvalidPriority,
                PermissionDenied,
                TimeOut,
                InvalidType,
                InvalidTime,
            ],
            O::Subscribe => &[
                OperationNotSupported,
                PermissionDenied,
                TimeOut,
                InvalidRequest,
                OperationFailed,
                InvalidTime,
                MissingIdList,
                InvalidEventMode,
                InvalidEventType,
                InvalidPriority,
                InvalidType,
                InvalidAlarmfilter,
            ],
            O::ForceValues => &[
                OperationNotSupported,
                PermissionDenied,
                TimeOut,
                InvalidRequest,
                MissingValueitemList,
                InvalidValue,
                InvalidId,
            ],
            O::GetEnums | O::UnforceValues => {
                &[OperationNotSupported, PermissionDenied, TimeOut, InvalidRequest, MissingIdList]
            }
            O::GetAlarmHistory => &[
                OperationNotSupported,
                PermissionDenied,
                TimeOut,
                InvalidRequest,
                InvalidId,
                InvalidReference,
                InvalidTime,
                InvalidPriority,
                InvalidType,
            ],
            O::GetHierarchicalInformation => {
                &[OperationNotSupported, PermissionDenied, TimeOut, InvalidRequest, InvalidId]
            }
            O::GetHistoricalDataAggregation => &[
                OperationNotSupported,
                PermissionDenied,
                TimeOut,
                InvalidRequest,
                InvalidId,
                InvalidReference,
                InvalidTime,
                InvalidGroup,
                InvalidType,
            ],
            O::Unsubscribe => &[
                OperationNotSupported,
                PermissionDenied,
                TimeOut,
                InvalidRequest,
                OperationFailed,
                InvalidSubscription,
                SubscriptionTerminated,
            ],
            O::Renew => &[
                OperationNotSupported,
                PermissionDenied,
                TimeOut,
                InvalidRequest,
                OperationFailed,
                InvalidTime,
                InvalidSubscription,
            ],
            O::GetNotification => &[
                OperationNotSupported,
                PermissionDenied,
                TimeOut,
                InvalidRequest,
                InvalidSubscription,
                InvalidNotificationId,
            ],
            O::GetSystemEvents => &[
                OperationNotSupported,
                PermissionDenied,
                TimeOut,
                InvalidRequest,
                InvalidReference,
                InvalidPriority,
                InvalidType,
            ],
            O::GetSystemEventTypes => &[OperationNotSupported, PermissionDenied, TimeOut, InvalidRequest],
        }
    }
}
