//! Points of a connector.

use riser_plugin::Kind::{Boolean, Double, Integer, String};

use super::row::Written::{BySetup, ByStatus, Live};
use super::row::{Row, SetPointKind, Shown};
use super::sums::{current_average_a, power_total_kw};
use crate::model::ConnectorStatus::{
    self, Available, Charging, Faulted, Finishing, Preparing, Reserved, SuspendedEv, SuspendedEvse,
    Unavailable,
};
use crate::model::{Availability, Connector};

/// What a connector's maximum is given in.
pub(crate) const MAXIMUM: &str = "ConnectorMaxCurrentorPower";

type ConnectorRow = Row<Connector>;

pub(crate) const ROWS: &[ConnectorRow] = &[
    ConnectorRow::new("LogicalConnector", Integer, "", BySetup, |it, _| Shown::of(Some(it.number))),
    ConnectorRow::new("ConnectorIsFixedSetPoint", Boolean, "", BySetup, |it, _| {
        Shown::of(it.is_fixed_set_point)
    })
    .about("Whether load management leaves it alone"),
    ConnectorRow::new("ConnectorIsDC", Boolean, "", BySetup, |it, _| Shown::of(it.is_dc)),
    // The unit follows the connector: see `unit`.
    ConnectorRow::new(MAXIMUM, Double, "A", BySetup, |it, _| Shown::of(it.max_current_or_power)),
    ConnectorRow::new("ConnectorPhaseConnection", String, "", BySetup, |it, _| {
        Shown::text(it.phase_connection.as_ref())
    }),
    ConnectorRow::new("ConnectorOverallActivePower1", Double, "kW", Live, |it, _| {
        measured(it, it.power_kw[0])
    }),
    ConnectorRow::new("ConnectorOverallActivePower2", Double, "kW", Live, |it, _| {
        measured(it, it.power_kw[1])
    }),
    ConnectorRow::new("ConnectorOverallActivePower3", Double, "kW", Live, |it, _| {
        measured(it, it.power_kw[2])
    }),
    ConnectorRow::new("ConnectorOverallActivePowerTotal", Double, "kW", Live, |it, _| {
        measured(it, power_total_kw(it))
    }),
    ConnectorRow::new("ConnectorOverallRmsCurrentPhase1", Double, "A", Live, |it, _| {
        measured(it, it.current_a[0])
    }),
    ConnectorRow::new("ConnectorOverallRmsCurrentPhase2", Double, "A", Live, |it, _| {
        measured(it, it.current_a[1])
    }),
    ConnectorRow::new("ConnectorOverallRmsCurrentPhase3", Double, "A", Live, |it, _| {
        measured(it, it.current_a[2])
    }),
    ConnectorRow::new("ConnectorOverallRmsCurrentAverage", Double, "A", Live, |it, _| {
        measured(it, current_average_a(it))
    })
    .about("Average over the connected phases"),
    ConnectorRow::new("ConnectorSetPointCurrent", Double, "A", ByStatus, |it, _| {
        measured(it, it.set_point_a)
    }),
    ConnectorRow::new("ConnectorSetPointPower", Double, "kW", ByStatus, |it, _| Shown::of(it.set_point_kw)),
    ConnectorRow::new("ConnectorState_Available", Boolean, "", Live, |it, _| is(it, Available))
        .about("Writing true makes the connector operative, false inoperative")
        .writable(SetPointKind::IsAvailable),
    ConnectorRow::new("ConnectorState_Charging", Boolean, "", Live, |it, _| is(it, Charging)),
    ConnectorRow::new("ConnectorState_Faulted", Boolean, "", Live, |it, _| is(it, Faulted)),
    ConnectorRow::new("ConnectorState_Finishing", Boolean, "", Live, |it, _| is(it, Finishing)),
    ConnectorRow::new("ConnectorState_Preparing", Boolean, "", Live, |it, _| is(it, Preparing)),
    ConnectorRow::new("ConnectorState_Reserved", Boolean, "", Live, |it, _| is(it, Reserved)),
    ConnectorRow::new("ConnectorState_SuspendedEV", Boolean, "", Live, |it, _| is(it, SuspendedEv)),
    ConnectorRow::new("ConnectorState_SuspendedEVSE", Boolean, "", Live, |it, _| is(it, SuspendedEvse)),
    ConnectorRow::new("ConnectorState_Unavailable", Boolean, "", Live, |it, _| is(it, Unavailable)),
    ConnectorRow::new("ConnectorActiveEnergy", Double, "kWh", Live, |it, _| Shown::of(it.energy_kwh)),
    ConnectorRow::new("ConnectorAvailability", String, "", ByStatus, |it, _| {
        Shown::of(it.availability.map(Availability::word))
    })
    .about("operative or inoperative")
    .writable(SetPointKind::Availability),
];

/// The unit of a point of this connector.
pub(crate) fn unit(row: &ConnectorRow, connector: &Connector) -> &'static str {
    if row.name == MAXIMUM && connector.is_dc == Some(true) { "kW" } else { row.unit }
}

/// What a connector for direct current has only if the controller gives it: phases, and a set point in amperes.
fn measured(connector: &Connector, value: Option<f64>) -> Shown {
    match value {
        None if connector.is_dc == Some(true) => {
            Shown::Offline("the controller gives none for direct current")
        }
        value => Shown::of(value),
    }
}

fn is(connector: &Connector, status: ConnectorStatus) -> Shown {
    Shown::of(connector.status.map(|its| its == status))
}
