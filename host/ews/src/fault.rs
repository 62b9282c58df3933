//! SOAP faults. A fault contains its name and nothing else: no fault repeats data of the client.

use crate::contract::{FaultName, OperationName};
use crate::names;

/// Why a request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A fault of the contract. The operation is unknown if the contract does not have it.
    Contract { operation: Option<OperationName>, name: FaultName },
    /// No XML, no SOAP, or the body of another protocol.
    Unreadable,
    /// A header with `mustUnderstand` that we do not understand.
    MustUnderstand,
    /// A SOAP 1.1 envelope.
    VersionMismatch,
}

impl Fault {
    pub(crate) const fn of(operation: OperationName, name: FaultName) -> Self {
        Self::Contract { operation: Some(operation), name }
    }

    /// Returns the text of the fault, such as `MISSING_ID_LIST`.
    pub(crate) fn reason(self) -> String {
        match self {
            Self::VersionMismatch => "VERSION_MISMATCH".to_owned(),
            Self::MustUnderstand => "MUST_UNDERSTAND".to_owned(),
            Self::Unreadable => FaultName::InvalidRequest.reason(),
            Self::Contract { name, .. } => name.reason(),
        }
    }

    /// The HTTP status. A fault of the contract is never 400: some clients then retry with another SOAP
    /// version.
    pub(crate) const fn status(self) -> http::StatusCode {
        match self {
            Self::Unreadable => http::StatusCode::BAD_REQUEST,
            _ => http::StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(crate) fn content_type(self) -> String {
        match self {
            Self::VersionMismatch => "text/xml; charset=utf-8".to_owned(),
            Self::Contract { operation: Some(operation), name } => {
                content_type_with(&operation.fault_action(name))
            }
            _ => "application/soap+xml; charset=utf-8".to_owned(),
        }
    }

    pub(crate) fn envelope(self) -> String {
        let reason = self.reason();
        let (code, detail) = match self {
            Self::VersionMismatch => return version_mismatch(),
            Self::MustUnderstand => ("MustUnderstand", None),
            Self::Unreadable => ("Sender", None),
            Self::Contract { operation, name } => {
                let code = if name.is_receivers() { "Receiver" } else { "Sender" };
                let is_declared = operation.is_some_and(|operation| operation.faults().contains(&name));
                (code, is_declared.then_some(name))
            }
        };
        let detail = detail.map_or_else(String::new, |name| {
            let element = name.as_str();
            format!(
                "<s:Detail><Fault_{element} xmlns=\"{}\">{reason}</Fault_{element}></s:Detail>",
                names::FAULTS
            )
        });
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"{}\"><s:Body><s:Fault>\
             <s:Code><s:Value>s:{code}</s:Value></s:Code>\
             <s:Reason><s:Text xml:lang=\"en\">{reason}</s:Text></s:Reason>{detail}\
             </s:Fault></s:Body></s:Envelope>",
            names::SOAP_12
        )
    }
}

/// The content type of a response with this action.
pub(crate) fn content_type_with(action: &str) -> String {
    format!("application/soap+xml; charset=utf-8; action=\"{action}\"")
}

/// The response to SOAP 1.1, in SOAP 1.1, so that the client can read it.
fn version_mismatch() -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"{}\"><s:Body><s:Fault>\
         <faultcode>s:VersionMismatch</faultcode><faultstring>SOAP 1.2 is needed</faultstring>\
         </s:Fault></s:Body></s:Envelope>",
        names::SOAP_11
    )
}
