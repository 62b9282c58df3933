//! The operations and faults of the contract (DataExchange 1.2), as data. Dispatch, faults and the WSDL are
//! built from these tables.

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::names;
use crate::version::EwsVersion;

/// A fault of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr, VariantArray)]
pub(crate) enum FaultName {
    InvalidRequest,
    #[strum(serialize = "Invalid_Alarmfilter")]
    InvalidAlarmfilter,
    #[strum(serialize = "Invalid_EventMode")]
    InvalidEventMode,
    #[strum(serialize = "Invalid_EventType")]
    InvalidEventType,
    #[strum(serialize = "Invalid_Group")]
    InvalidGroup,
    #[strum(serialize = "Invalid_Id")]
    InvalidId,
    #[strum(serialize = "Invalid_Notification_Id")]
    InvalidNotificationId,
    #[strum(serialize = "Invalid_Priority")]
    InvalidPriority,
    #[strum(serialize = "Invalid_Reference")]
    InvalidReference,
    #[strum(serialize = "Invalid_Subscription")]
    InvalidSubscription,
    #[strum(serialize = "Invalid_Time")]
    InvalidTime,
    #[strum(serialize = "Invalid_Type")]
    InvalidType,
    #[strum(serialize = "Invalid_Value")]
    InvalidValue,
    #[strum(serialize = "Missing_Id_List")]
    MissingIdList,
    #[strum(serialize = "Missing_Value_List")]
    MissingValueList,
    #[strum(serialize = "Missing_Valueitem_List")]
    MissingValueitemList,
    #[strum(serialize = "Operation_Failed")]
    OperationFailed,
    #[strum(serialize = "Operation_Not_Supported")]
    OperationNotSupported,
    #[strum(serialize = "Permission_Denied")]
    PermissionDenied,
    #[strum(serialize = "Subscription_Terminated")]
    SubscriptionTerminated,
    TimeOut,
    #[strum(serialize = "Unequal_Lists")]
    UnequalLists,
}

use FaultName as F;

impl FaultName {
    /// The name in the contract; its element is `Fault_` plus this name.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    /// The text of the fault, which clients compare with.
    pub(crate) fn reason(self) -> String {
        match self {
            F::InvalidRequest => "INVALID_REQUEST".to_owned(),
            other => other.as_str().to_ascii_uppercase(),
        }
    }

    /// Whether the server causes the fault, so that the same request may succeed later.
    pub(crate) const fn is_receivers(self) -> bool {
        matches!(self, F::TimeOut | F::OperationFailed)
    }
}

/// An operation of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
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
    /// The operations that this server supports and announces.
    pub(crate) const SERVED: [Self; 6] = [
        O::GetWebServiceInformation,
        O::GetContainerItems,
        O::GetItems,
        O::GetValues,
        O::SetValues,
        O::GetHistory,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    /// The operation whose request has this element.
    pub(crate) fn of_request_element(element: &str) -> Option<Self> {
        Self::VARIANTS.iter().copied().find(|operation| {
            element.strip_prefix(operation.as_str()).is_some_and(|rest| rest == operation.request_suffix())
        })
    }

    /// The suffix of the request element; subscription operations have none.
    pub(crate) const fn request_suffix(self) -> &'static str {
        match self {
            O::Subscribe | O::Unsubscribe | O::Renew => "",
            _ => "Request",
        }
    }

    /// The operation whose requests have this action.
    pub(crate) fn of_request_action(action: &str) -> Option<Self> {
        let name = action.strip_prefix(names::DATA_EXCHANGE)?.strip_prefix('/')?.strip_suffix("In")?;
        name.parse().ok()
    }

    pub(crate) fn request_action(self) -> String {
        format!("{}/{}In", names::DATA_EXCHANGE, self.as_str())
    }

    pub(crate) fn response_action(self) -> String {
        format!("{}/{}Out", names::DATA_EXCHANGE, self.as_str())
    }

    /// The action of a fault. Three are irregular in the contract.
    pub(crate) fn fault_action(self, fault: FaultName) -> String {
        let (middle, fault) = match (self, fault) {
            (O::ForceValues, F::MissingValueitemList) => ("Fault_", "Valueitem_List"),
            (O::GetHistoricalDataAggregation, F::InvalidGroup) => ("Fault_", "InvalidGroup"),
            (O::Unsubscribe, F::TimeOut) => ("StatusFault_", "TimeOut"),
            (_, fault) => ("Fault_", fault.as_str()),
        };
        format!("{}/{}{middle}{fault}", names::DATA_EXCHANGE, self.as_str())
    }

    /// The version that introduced it. The operations without the fault `InvalidRequest` are the older ones.
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
