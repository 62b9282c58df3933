//! The operations of this server, one file each: input, action and response. A new one joins `Operation`, the
//! two matches below and `OperationName::SERVED`.

pub(crate) mod get_container_items;
mod get_history;
mod get_items;
pub(crate) mod get_values;
mod get_web_service_information;
mod item_elements;
mod set_values;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use riser_calendar::Zone;
use riser_domain::{Clock, EwsServer};

use crate::contract::{FaultName, OperationName};
use crate::envelope::SoapRequest;
use crate::more_data_ref::MoreDataRefs;
use crate::source::{EwsAccount, ItemSource};
use get_container_items::{ContainerListings, GetContainerItems};
use get_history::GetHistory;
use get_items::GetItems;
use get_values::GetValues;
use get_web_service_information::GetWebServiceInformation;
use set_values::SetValues;

/// Dependencies of an operation.
#[derive(Clone, Copy)]
pub(crate) struct OperationContext<'a> {
    pub(crate) server: &'a EwsServer,
    pub(crate) items: &'a Arc<dyn ItemSource>,
    pub(crate) account: &'a EwsAccount,
    pub(crate) clock: &'a dyn Clock,
    /// Zone of dates and times without an offset.
    pub(crate) zone: &'a Zone,
    pub(crate) more_data: &'a MoreDataRefs,
    pub(crate) listings: &'a ContainerListings,
    /// How long a client waits for a write or a history.
    pub(crate) disk_deadline: Duration,
    /// Counts the items that a request names and the operation refuses.
    pub(crate) refused_items: &'a AtomicUsize,
}

/// An operation with its parameters.
#[derive(Debug)]
pub(crate) enum Operation<'d> {
    GetWebServiceInformation(GetWebServiceInformation),
    GetContainerItems(GetContainerItems<'d>),
    GetItems(GetItems<'d>),
    GetValues(GetValues<'d>),
    SetValues(SetValues<'d>),
    GetHistory(GetHistory<'d>),
}

impl<'d> Operation<'d> {
    /// Reads a request. Rejects an operation that is not supported or newer than the client's version.
    pub(crate) fn read(request: &SoapRequest<'d>) -> Result<Self, FaultName> {
        if request.version.excludes_newer_operations()
            && request.operation.since() > request.version.effective
        {
            return Err(FaultName::OperationNotSupported);
        }
        match request.operation {
            OperationName::GetWebServiceInformation => {
                Ok(Self::GetWebServiceInformation(GetWebServiceInformation::read(request)))
            }
            OperationName::GetContainerItems => GetContainerItems::read(request).map(Self::GetContainerItems),
            OperationName::GetItems => GetItems::read(request).map(Self::GetItems),
            OperationName::GetValues => GetValues::read(request).map(Self::GetValues),
            OperationName::SetValues => SetValues::read(request).map(Self::SetValues),
            OperationName::GetHistory => GetHistory::read(request).map(Self::GetHistory),
            _ => Err(FaultName::OperationNotSupported),
        }
    }

    /// Returns the number of items that the request names.
    pub(crate) fn item_count(&self) -> usize {
        match self {
            Self::GetWebServiceInformation(_) => 0,
            Self::GetContainerItems(operation) => operation.item_count(),
            Self::GetItems(operation) => operation.item_count(),
            Self::GetValues(operation) => operation.item_count(),
            Self::SetValues(operation) => operation.item_count(),
            Self::GetHistory(_) => 1,
        }
    }

    /// Performs the operation and returns the whole envelope.
    pub(crate) async fn respond(self, context: OperationContext<'_>) -> Result<String, FaultName> {
        match self {
            Self::GetWebServiceInformation(operation) => Ok(operation.respond(context)),
            Self::GetContainerItems(operation) => operation.respond(context),
            Self::GetItems(operation) => Ok(operation.respond(context)),
            Self::GetValues(operation) => Ok(operation.respond(context)),
            Self::SetValues(operation) => operation.respond(context).await,
            Self::GetHistory(operation) => operation.respond(context).await,
        }
    }
}
