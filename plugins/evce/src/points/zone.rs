//! Points of a zone.

use std::time::UNIX_EPOCH;

use riser_plugin::Kind::{DateTime, Double, Integer, String};

use super::row::Publisher::{Setup, Status, StatusLive};
use super::row::{Row, SetPointKind, Shown};
use crate::model::{Reduction, Zone, field};

type ZoneRow = Row<Zone>;

pub(crate) const ROWS: &[ZoneRow] = &[
    ZoneRow::new("ZoneId", Integer, "", Setup, |zone, _| Shown::of(zone.id.0.parse::<i32>().ok())),
    ZoneRow::new("ZoneName", String, "", Setup, |zone, _| Shown::text(zone.name.as_ref())),
    ZoneRow::new("ZoneNumberOfStations", Integer, "", Setup, |zone, _| Shown::count(zone.stations.len())),
    ZoneRow::new("ZoneNumberOfConnectors", Integer, "", Setup, |zone, _| {
        Shown::count(zone.connector_count())
    }),
    ZoneRow::new("ZoneMaxCurrent(A)", Double, "A", Status, |zone, _| Shown::of(zone.max_current_a))
        .of(&[field::MAX_CURRENT_A]),
    ZoneRow::new("ZoneType", String, "", Status, |zone, _| Shown::text(zone.kind.as_ref()))
        .about("static or dynamic"),
    ZoneRow::new("ZoneNumberOfTransactions", Integer, "", StatusLive, |zone, _| Shown::of(zone.transactions))
        .of(&[field::TRANSACTIONS]),
    ZoneRow::new("ZoneSetPointCurrent(A)", Double, "A", Status, |zone, _| Shown::of(zone.set_point_a))
        .of(&[field::SET_POINT_A])
        .about("Limit of the zone"),
    ZoneRow::new("ZoneSetPointPower(kW)", Double, "kW", Status, |zone, _| Shown::of(zone.set_point_kw))
        .of(&[field::SET_POINT_KW])
        .about("Limit of the zone in whole kW"),
    ZoneRow::new("ZoneReduction", Double, "%", Status, |zone, _| {
        reduction(zone, |it| Shown::of(it.percent), 0.0)
    })
    .about("Reduction of the zone's limit; 0 removes the reduction of the BMS")
    .writable(SetPointKind::Reduction),
    ZoneRow::new("ZoneReductionType(Percentage)", String, "", Status, |zone, _| {
        reduction(zone, |it| Shown::text(it.kind.as_ref()), "percentage")
    }),
    ZoneRow::new("ZoneReductionDescription", String, "", Status, |zone, _| {
        reduction(zone, |it| Shown::text(it.description.as_ref()), "")
    }),
    ZoneRow::new("ZoneValidity", DateTime, "", Status, |zone, _| {
        reduction(zone, |it| Shown::moment(it.valid_until), UNIX_EPOCH)
    })
    .about("End of the reduction")
    .writable(SetPointKind::Validity),
    ZoneRow::new("ZoneValidityMode(Absolute)", String, "", Status, |zone, _| {
        reduction(zone, |it| Shown::text(it.validity_mode.as_ref()), "absolute")
    }),
    ZoneRow::new("ZoneOverallRmsCurrentPhase1", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.current_a[0])
    })
    .about(CURRENT_SUM)
    .recorded(),
    ZoneRow::new("ZoneOverallRmsCurrentPhase2", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.current_a[1])
    })
    .about(CURRENT_SUM)
    .recorded(),
    ZoneRow::new("ZoneOverallRmsCurrentPhase3", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.current_a[2])
    })
    .about(CURRENT_SUM)
    .recorded(),
    ZoneRow::new("ZoneOverallActivePowerPhase1", Double, "kW", StatusLive, |_, sums| {
        Shown::sum(&sums.power_kw[0])
    })
    .recorded(),
    ZoneRow::new("ZoneOverallActivePowerPhase2", Double, "kW", StatusLive, |_, sums| {
        Shown::sum(&sums.power_kw[1])
    })
    .recorded(),
    ZoneRow::new("ZoneOverallActivePowerPhase3", Double, "kW", StatusLive, |_, sums| {
        Shown::sum(&sums.power_kw[2])
    })
    .recorded(),
    ZoneRow::new("ZoneActiveEnergy", Double, "kWh", StatusLive, |_, sums| Shown::sum(&sums.energy_kwh))
        .about("Sum of the energy registers, continued where a register falls; it falls when a station is removed")
        .recorded(),
    ZoneRow::new("ZoneOverallSetPointCurrent", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.set_point_a)
    })
    .about("Sum of the set points of the AC connectors"),
    ZoneRow::new("ZoneOverallActivePowerTotal", Double, "kW", StatusLive, |_, sums| {
        Shown::sum(&sums.power_total_kw)
    })
    .recorded(),
    ZoneRow::new("ZoneOverallRmsCurrentAverage", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.current_average_a)
    })
    .about("Sum of the connectors' averages over their phases")
    .recorded(),
];

const CURRENT_SUM: &str = "Sum of magnitudes, an upper bound: phases of different stations are not aligned";

/// Returns the default values of a zone without a reduction.
fn reduction(
    zone: &Zone,
    show: fn(&Reduction) -> Shown,
    without: impl Into<riser_plugin::PointValue>,
) -> Shown {
    zone.reduction.as_ref().map_or_else(|| Shown::Good(without.into()), show)
}
