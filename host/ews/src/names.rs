//! Names that the contract and SOAP fix.

/// Namespace of the contract (DataExchange 1.2).
pub const DATA_EXCHANGE: &str = "http://www.schneider-electric.com/common/dataexchange/2011/05";
/// Namespace of the contract's fault elements.
pub(crate) const FAULTS: &str =
    "http://www.schneider-electric.com/common/dataexchange/2011/05/DataExchangeInterface/Fault";
/// Namespace of a SOAP 1.1 envelope.
pub(crate) const SOAP_11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// Namespace of a SOAP 1.2 envelope.
pub(crate) const SOAP_12: &str = "http://www.w3.org/2003/05/soap-envelope";
/// Namespace of `xsi:nil`.
pub(crate) const XML_SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
