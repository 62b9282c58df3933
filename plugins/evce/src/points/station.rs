//! Points of a station.

use riser_plugin::Kind::{Boolean, Double, Integer, String};

use super::row::Publisher::{Setup, Status, StatusLive};
use super::row::{Row, Shown};
use crate::model::{Station, field};

type StationRow = Row<Station>;

pub(crate) const ROWS: &[StationRow] = &[
    StationRow::new("StationId", Integer, "", Setup, |station, _| {
        Shown::of(station.id.0.parse::<i32>().ok())
    }),
    StationRow::new("StationType", String, "", Setup, |station, _| Shown::text(station.protocol.as_ref()))
        .about("Its protocol"),
    StationRow::new("StationOCPPIdentifier", String, "", Setup, |station, _| {
        Shown::text(station.ocpp_identifier.as_ref())
    }),
    StationRow::new("StationSerialNumber", String, "", Setup, |station, _| {
        Shown::text(station.serial_number.as_ref())
    }),
    StationRow::new("StationModel", String, "", Setup, |station, _| Shown::text(station.model.as_ref())),
    StationRow::new("StationVersion", String, "", Setup, |station, _| Shown::text(station.version.as_ref())),
    StationRow::new("StationIPAddress", String, "", Setup, |station, _| {
        Shown::text(station.ip_address.as_ref())
    }),
    StationRow::new("StationCpoUrl", String, "", Setup, |station, _| Shown::text(station.cpo_url.as_ref())),
    StationRow::new("IsAcceptedByCpo", Boolean, "", Setup, |station, _| {
        Shown::of(station.is_accepted_by_cpo)
    })
    .of(&[field::IS_ACCEPTED_BY_CPO]),
    StationRow::new("StationFriendlyName", String, "", Setup, |station, _| {
        Shown::text(station.friendly_name.as_ref())
    }),
    StationRow::new("StationNumberOfConnectors", Integer, "", Setup, |station, _| {
        Shown::count(station.connectors.len())
    }),
    StationRow::new("StationAuthenticationMode", String, "", Status, |station, _| {
        Shown::text(station.authentication_mode.as_ref())
    }),
    StationRow::new("StationDisconnectedAuthenticationMode", String, "", Status, |station, _| {
        Shown::text(station.disconnected_authentication_mode.as_ref())
    }),
    StationRow::new("StationIsConnected", Boolean, "", Status, |station, _| Shown::of(station.is_connected))
        .of(&[field::IS_CONNECTED])
        .about("Whether the station is connected to the controller"),
    StationRow::new("StationStatus", String, "", Status, |station, _| match station.is_connected {
        Some(false) => Shown::Offline("the station is not connected to the controller"),
        _ => Shown::text(station.status.as_ref()),
    }),
    StationRow::new("StationOverallRmsCurrentPhase1", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.current_a[0])
    })
    .recorded(),
    StationRow::new("StationOverallRmsCurrentPhase2", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.current_a[1])
    })
    .recorded(),
    StationRow::new("StationOverallRmsCurrentPhase3", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.current_a[2])
    })
    .recorded(),
    StationRow::new("StationOverallActivePowerPhase1", Double, "kW", StatusLive, |_, sums| {
        Shown::sum(&sums.power_kw[0])
    })
    .recorded(),
    StationRow::new("StationOverallActivePowerPhase2", Double, "kW", StatusLive, |_, sums| {
        Shown::sum(&sums.power_kw[1])
    })
    .recorded(),
    StationRow::new("StationOverallActivePowerPhase3", Double, "kW", StatusLive, |_, sums| {
        Shown::sum(&sums.power_kw[2])
    })
    .recorded(),
    StationRow::new("StationActiveEnergy", Double, "kWh", StatusLive, |_, sums| Shown::sum(&sums.energy_kwh))
        .about("Sum of the connectors' energy registers, continued where a register falls")
        .recorded(),
    StationRow::new("StationOverallSetPointCurrent", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.set_point_a)
    })
    .about("Sum of the set points of the AC connectors"),
    StationRow::new("StationOverallActivePowerTotal", Double, "kW", StatusLive, |_, sums| {
        Shown::sum(&sums.power_total_kw)
    })
    .recorded(),
    StationRow::new("StationOverallRmsCurrentAverage", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.current_average_a)
    })
    .about("Sum of the connectors' averages over their phases")
    .recorded(),
];
