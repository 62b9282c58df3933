//! The fields to extract, by their names in a profile.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::json_pointers::JsonPointers;

/// The pointers to the fields of one object type.
pub(super) type FieldPointers<Field> = BTreeMap<Field, JsonPointers>;

/// Names the fields of an object type; `MaxCurrentA` is `max_current_a` in a profile.
macro_rules! fields {
    ($(#[$about:meta])* $object:ident: $($field:ident),+ $(,)?) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $object {
            $($field),+
        }

        impl From<$object> for usize {
            fn from(field: $object) -> Self {
                field as Self
            }
        }
    };
}

fields! {
    /// Of the response to a login.
    TokenField: Token, LifeS
}

fields! {
    /// Of an error.
    ErrorField: Code, Message
}

fields! {
    /// Of the version.
    VersionField: ApiVersion, SoftwareVersion
}

fields! {
    /// Of a list: `Items` is the list of objects, `Total` their number on all pages.
    ListField: Items, Total
}

fields! {
    /// Of a zone; `Reduction` is an object.
    ZoneField: Id, Name, Kind, MaxCurrentA, Transactions, SetPointA, SetPointKw, Reduction
}

fields! {
    /// Of a zone's reduction.
    ReductionField: Percent, Kind, Description, ValidUntil, ValidityMode
}

fields! {
    /// Of a station; `Connectors` is a list of objects.
    StationField:
        Id, ZoneId, Protocol, OcppIdentifier, FriendlyName, SerialNumber, Model, Version, IpAddress, CpoUrl,
        IsAcceptedByCpo, IsConnected, Status, AuthenticationMode, DisconnectedAuthenticationMode, Connectors,
}

fields! {
    /// Of a connector.
    ConnectorField:
        Number, IsDc, IsFixedSetPoint, MaxCurrentOrPower, PhaseConnection, Status, Availability, SetPointA,
        SetPointKw, PowerPhase1, PowerPhase2, PowerPhase3, CurrentPhase1, CurrentPhase2, CurrentPhase3,
        Energy, MeasuredAt, PowerTotal, ErrorCode,
}
