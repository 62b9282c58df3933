//! Points of a zone.

use std::time::UNIX_EPOCH;

use riser_plugin::Kind::{DateTime, Double, Integer, String};

use super::row::Written::{BySetup, ByStatus, Live};
use super::row::{Row, SetPointKind, Shown};
use crate::model::{Reduction, Zone};

type ZoneRow = Row<Zone>;

pub(crate) const ROWS: &[ZoneRow] = &[
    ZoneRow::new("ZoneId", Integer, "", BySetup, |zone, _| Shown::of(zone.id.0.parse::<i32>().ok())),
    ZoneRow::new("ZoneName", String, "", BySetup, |zone, _| Shown::text(zone.name.as_ref())),
    ZoneRow::new("ZoneNumberOfStations", Integer, "", BySetup, |zone, _| Shown::count(zone.stations.len())),
    ZoneRow::new("ZoneNumberOfConnectors", Integer, "", BySetup, |zone, _| {
        Shown::count(zone.connector_count())
    }),
    ZoneRow::new("ZoneMaxCurrent(A)", Double, "A", ByStatus, |zone, _| Shown::of(zone.max_current_a)),
    ZoneRow::new("ZoneType", String, "", ByStatus, |zone, _| Shown::text(zone.kind.as_ref()))
        .about("static or dynamic"),
    ZoneRow::new("ZoneNumberOfTransactions", Integer, "", Live, |zone, _| Shown::of(zone.transactions)),
    ZoneRow::new("ZoneSetPointCurrent(A)", Double, "A", ByStatus, |zone, _| Shown::of(zone.set_point_a))
        .about("What the zone may take"),
    ZoneRow::new("ZoneSetPointPower(kW)", Double, "kW", ByStatus, |zone, _| Shown::of(zone.set_point_kw))
        .about("What the zone may take, in whole kW"),
    ZoneRow::new("ZoneReduction", Double, "%", ByStatus, |zone, _| {
        reduction(zone, |it| Shown::of(it.percent), 0.0)
    })
    .about("Reduction of the zone's limit asked for by the BMS; 0 takes ours back")
    .writable(SetPointKind::Reduction),
    ZoneRow::new("ZoneReductionType(Percentage)", String, "", ByStatus, |zone, _| {
        reduction(zone, |it| Shown::text(it.kind.as_ref()), "percentage")
    }),
    ZoneRow::new("ZoneReductionDescription", String, "", ByStatus, |zone, _| {
        reduction(zone, |it| Shown::text(it.description.as_ref()), "")
    }),
    ZoneRow::new("ZoneValidity", DateTime, "", ByStatus, |zone, _| {
        reduction(zone, |it| Shown::moment(it.valid_until), UNIX_EPOCH)
    })
    .about("When the reduction ends by itself")
    .writable(SetPointKind::Validity),
    ZoneRow::new("ZoneValidityMode(Absolute)", String, "", ByStatus, |zone, _| {
        reduction(zone, |it| Shown::text(it.validity_mode.as_ref()), "absolute")
    }),
    ZoneRow::new("ZoneOverallRmsCurrentPhase1", Double, "A", Live, |_, sums| Shown::sum(&sums.current_a[0]))
        .about(CURRENT_SUM)
        .recorded(),
    ZoneRow::new("ZoneOverallRmsCurrentPhase2", Double, "A", Live, |_, sums| Shown::sum(&sums.current_a[1]))
        .about(CURRENT_SUM)
        .recorded(),
    ZoneRow::new("ZoneOverallRmsCurrentPhase3", Double, "A", Live, |_, sums| Shown::sum(&sums.current_a[2]))
        .about(CURRENT_SUM)
        .recorded(),
    ZoneRow::new("ZoneOverallActivePowerPhase1", Double, "kW", Live, |_, sums| Shown::sum(&sums.power_kw[0]))
        .recorded(),
    ZoneRow::new("ZoneOverallActivePowerPhase2", Double, "kW", Live, |_, sums| Shown::sum(&sums.power_kw[1]))
        .recorded(),
    ZoneRow::new("ZoneOverallActivePowerPhase3", Double, "kW", Live, |_, sums| Shown::sum(&sums.power_kw[2]))
        .recorded(),
    ZoneRow::new("ZoneActiveEnergy", Double, "kWh", Live, |_, sums| Shown::sum(&sums.energy_kwh))
        .about("Sum of the meters' registers: falls when a meter is replaced or a station leaves")
        .recorded(),
    ZoneRow::new("ZoneOverallSetPointCurrent", Double, "A", Live, |_, sums| Shown::sum(&sums.set_point_a))
        .about("Sum of what the AC connectors were given"),
    ZoneRow::new("ZoneOverallActivePowerTotal", Double, "kW", Live, |_, sums| {
        Shown::sum(&sums.power_total_kw)
    })
    .recorded(),
    ZoneRow::new("ZoneOverallRmsCurrentAverage", Double, "A", Live, |_, sums| {
        Shown::sum(&sums.current_average_a)
    })
    .about("Sum of the connectors' averages over their phases")
    .recorded(),
];

const CURRENT_SUM: &str = "Sum of amounts, an upper bound: phases of different stations are not in step";

/// What a zone without reduction shows is known: it has none.
fn reduction(
    zone: &Zone,
    show: fn(&Reduction) -> Shown,
    without: impl Into<riser_plugin::PointValue>,
) -> Shown {
    zone.reduction.as_ref().map_or_else(|| Shown::Good(without.into()), show)
}
