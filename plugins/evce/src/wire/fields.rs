//! The fields that are read, by the names that a profile gives their places.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::place::Place;

/// Where the fields of a kind of object stand.
pub(super) type Places<Field> = BTreeMap<Field, Place>;

/// Names the fields of a kind of object; a profile writes `MaxCurrentA` as `max_current_a`.
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
    /// Of the answer to a login.
    TokenField: Token, LifeS
}

fields! {
    /// Of an error.
    ErrorField: Code, Message
}

fields! {
    /// Of what a controller says of itself.
    VersionField: ApiVersion, SoftwareVersion
}

fields! {
    /// Of a list: `Items` holds the objects, `Total` says how many there are in all.
    ListField: Items, Total
}

fields! {
    /// Of a zone; `Reduction` holds an object.
    ZoneField: Id, Name, Kind, MaxCurrentA, Transactions, SetPointA, SetPointKw, Reduction
}

fields! {
    /// Of what the BMS asked of a zone.
    ReductionField: Percent, Kind, Description, ValidUntil, ValidityMode
}

fields! {
    /// Of a station; `Connectors` holds a list of objects.
    StationField:
        Id, ZoneId, Protocol, OcppIdentifier, FriendlyName, SerialNumber, Model, Version, IpAddress, CpoUrl,
        IsAcceptedByCpo, IsConnected, Status, AuthenticationMode, DisconnectedAuthenticationMode, Connectors,
}

fields! {
    /// Of a connector.
    ConnectorField:
        Number, IsDc, IsFixedSetPoint, MaxCurrentOrPower, PhaseConnection, Status, Availability, SetPointA,
        SetPointKw, PowerPhase1, PowerPhase2, PowerPhase3, CurrentPhase1, CurrentPhase2, CurrentPhase3,
        Energy, MeasuredAt,
}
