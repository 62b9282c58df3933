//! Points of a connector.

use riser_plugin::Kind::{Boolean, Double, Integer, String};

use super::row::Publisher::{Setup, Status, StatusLive};
use super::row::{Extra, Row, SetPointKind, Shown};
use super::sums::{current_a, current_average_a, power_kw, power_total_kw};
use crate::model::ConnectorStatus::{
    self, Available, Charging, Faulted, Finishing, Preparing, Reserved, SuspendedEv, SuspendedEvse,
    Unavailable,
};
use crate::model::{Availability, Connector, field};

/// The point whose unit depends on the connector.
pub(crate) const MAXIMUM: &str = "ConnectorMaxCurrentorPower";

type ConnectorRow = Row<Connector>;

pub(crate) const ROWS: &[ConnectorRow] = &[
    ConnectorRow::new("LogicalConnector", Integer, "", Setup, |it, _| Shown::of(Some(it.number)))
        .clean("ConnectorNumber"),
    ConnectorRow::new("ConnectorIsFixedSetPoint", Boolean, "", Setup, |it, _| {
        Shown::of(it.is_fixed_set_point)
    })
    .of(&[field::IS_FIXED_SET_POINT]),
    ConnectorRow::new("ConnectorIsDC", Boolean, "", Setup, |it, _| Shown::of(it.is_dc)).of(&[field::IS_DC]),
    // The unit depends on the connector: see `unit`.
    ConnectorRow::new(MAXIMUM, Double, "A", Setup, |it, _| Shown::of(it.max_current_or_power))
        .clean("ConnectorMaxCurrentOrPower")
        .of(&[field::MAX_CURRENT_OR_POWER]),
    ConnectorRow::new("ConnectorPhaseConnection", String, "", Setup, |it, _| {
        Shown::text(it.phase_connection.as_ref())
    }),
    ConnectorRow::new("ConnectorOverallActivePower1", Double, "kW", StatusLive, |it, _| {
        measured(it, power_kw(it, 0))
    })
    .clean("ConnectorOverallActivePowerPhase1")
    .of(&[field::POWER[0]]),
    ConnectorRow::new("ConnectorOverallActivePower2", Double, "kW", StatusLive, |it, _| {
        measured(it, power_kw(it, 1))
    })
    .clean("ConnectorOverallActivePowerPhase2")
    .of(&[field::POWER[1]]),
    ConnectorRow::new("ConnectorOverallActivePower3", Double, "kW", StatusLive, |it, _| {
        measured(it, power_kw(it, 2))
    })
    .clean("ConnectorOverallActivePowerPhase3")
    .of(&[field::POWER[2]]),
    ConnectorRow::new("ConnectorOverallActivePowerTotal", Double, "kW", StatusLive, |it, _| {
        measured(it, power_total_kw(it))
    })
    .of(&[field::POWER[0], field::POWER[1], field::POWER[2], field::POWER_TOTAL]),
    ConnectorRow::new("ConnectorOverallRmsCurrentPhase1", Double, "A", StatusLive, |it, _| {
        measured(it, current_a(it, 0))
    })
    .of(&[field::CURRENT[0]]),
    ConnectorRow::new("ConnectorOverallRmsCurrentPhase2", Double, "A", StatusLive, |it, _| {
        measured(it, current_a(it, 1))
    })
    .of(&[field::CURRENT[1]]),
    ConnectorRow::new("ConnectorOverallRmsCurrentPhase3", Double, "A", StatusLive, |it, _| {
        measured(it, current_a(it, 2))
    })
    .of(&[field::CURRENT[2]]),
    ConnectorRow::new("ConnectorOverallRmsCurrentAverage", Double, "A", StatusLive, |it, _| {
        measured(it, current_average_a(it))
    })
    .of(&[field::PHASE_CONNECTION, field::CURRENT[0], field::CURRENT[1], field::CURRENT[2]]),
    ConnectorRow::new("ConnectorSetPointCurrent", Double, "A", Status, |it, _| measured(it, it.set_point_a))
        .of(&[field::SET_POINT_A]),
    ConnectorRow::new("ConnectorSetPointPower", Double, "kW", Status, |it, _| Shown::of(it.set_point_kw))
        .of(&[field::SET_POINT_KW]),
    ConnectorRow::new("ConnectorState_Available", Boolean, "", StatusLive, |it, _| is(it, Available))
        .of(&[field::STATUS])
        .writable(SetPointKind::IsAvailable),
    ConnectorRow::new("ConnectorState_Charging", Boolean, "", StatusLive, |it, _| is(it, Charging))
        .of(&[field::STATUS]),
    ConnectorRow::new("ConnectorState_Faulted", Boolean, "", StatusLive, |it, _| is(it, Faulted))
        .of(&[field::STATUS]),
    ConnectorRow::new("ConnectorState_Finishing", Boolean, "", StatusLive, |it, _| is(it, Finishing))
        .of(&[field::STATUS]),
    ConnectorRow::new("ConnectorState_Preparing", Boolean, "", StatusLive, |it, _| is(it, Preparing))
        .of(&[field::STATUS]),
    ConnectorRow::new("ConnectorState_Reserved", Boolean, "", StatusLive, |it, _| is(it, Reserved))
        .of(&[field::STATUS]),
    ConnectorRow::new("ConnectorState_SuspendedEV", Boolean, "", StatusLive, |it, _| is(it, SuspendedEv))
        .of(&[field::STATUS]),
    ConnectorRow::new("ConnectorState_SuspendedEVSE", Boolean, "", StatusLive, |it, _| is(it, SuspendedEvse))
        .of(&[field::STATUS]),
    ConnectorRow::new("ConnectorState_Unavailable", Boolean, "", StatusLive, |it, _| is(it, Unavailable))
        .of(&[field::STATUS]),
    ConnectorRow::new("ConnectorActiveEnergy", Double, "kWh", StatusLive, |it, _| register(it))
        .of(&[field::ENERGY]),
    ConnectorRow::new("ConnectorAvailability", String, "", Status, |it, _| {
        Shown::of(it.availability.map(Availability::as_str))
    })
    .of(&[field::AVAILABILITY])
    .writable(SetPointKind::Availability),
    ConnectorRow::new("ConnectorStatus", String, "", StatusLive, |it, _| {
        Shown::of(it.status.map(ConnectorStatus::as_str))
    })
    .only_with(Extra::ConnectorStatus)
    .of(&[field::STATUS]),
    ConnectorRow::new("ConnectorStatusAge", Integer, "min", StatusLive, |it, _| {
        Shown::of(it.status.and(it.status_age_min))
    })
    .only_with(Extra::ConnectorStatus)
    .of(&[field::STATUS]),
];

/// Returns the unit of a point of this connector.
pub(crate) fn unit(row: &ConnectorRow, connector: &Connector) -> &'static str {
    if row.name == MAXIMUM && connector.is_dc == Some(true) { "kW" } else { row.unit }
}

/// Shows a value that a DC connector has only if the controller sends it: phases, and a set point in amperes.
fn measured(connector: &Connector, value: Option<f64>) -> Shown {
    match value {
        None if connector.is_dc == Some(true) => {
            Shown::Offline("the controller does not send it for a DC connector")
        }
        value => Shown::of(value),
    }
}

fn register(connector: &Connector) -> Shown {
    match connector.energy_kwh {
        Some(energy) if connector.register_fell => Shown::Fallen(energy),
        energy => Shown::of(energy),
    }
}

fn is(connector: &Connector, status: ConnectorStatus) -> Shown {
    Shown::of(connector.status.map(|its| its == status))
}
