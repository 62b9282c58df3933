//! Points of a station.

use riser_plugin::Kind::{Boolean, Double, Integer, String};

use super::row::Publisher::{Setup, Status, StatusLive};
use super::row::{Extra, Row, Shown};
use crate::model::{Station, field};

type StationRow = Row<Station>;

pub(crate) const ROWS: &[StationRow] = &[
    StationRow::new("StationId", Integer, "", Setup, |station, _| {
        Shown::of(station.id.0.parse::<i32>().ok())
    }),
    StationRow::new("StationType", String, "", Setup, |station, _| Shown::text(station.protocol.as_ref())),
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
    .clean("StationIsAcceptedByCpo")
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
        .of(&[field::IS_CONNECTED]),
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
        .recorded(),
    StationRow::new("StationOverallSetPointCurrent", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.set_point_a)
    }),
    StationRow::new("StationOverallActivePowerTotal", Double, "kW", StatusLive, |_, sums| {
        Shown::sum(&sums.power_total_kw)
    })
    .recorded(),
    StationRow::new("StationOverallRmsCurrentAverage", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.current_average_a)
    })
    .clean("StationOverallRmsCurrentSumOfAverages")
    .recorded(),
    StationRow::new("StationOverallActivePowerTotal_PartsMissing", Integer, "", StatusLive, |_, sums| {
        Shown::parts_missing(&sums.power_total_kw)
    })
    .clean("StationOverallActivePowerTotalPartsMissing")
    .only_with(Extra::PartsMissing),
];
