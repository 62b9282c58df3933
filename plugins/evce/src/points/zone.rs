//! Points of a zone.

use std::time::UNIX_EPOCH;

use riser_plugin::Kind::{Boolean, DateTime, Double, Integer, String};

use super::row::Publisher::{Setup, Status, StatusLive};
use super::row::{Extra, Row, SetPointKind, Shown};
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
        .clean("ZoneMaxCurrent")
        .of(&[field::MAX_CURRENT_A]),
    ZoneRow::new("ZoneType", String, "", Status, |zone, _| Shown::text(zone.kind.as_ref())),
    ZoneRow::new("ZoneNumberOfTransactions", Integer, "", StatusLive, |zone, _| Shown::of(zone.transactions))
        .of(&[field::TRANSACTIONS]),
    ZoneRow::new("ZoneSetPointCurrent(A)", Double, "A", Status, |zone, _| Shown::of(zone.set_point_a))
        .clean("ZoneSetPointCurrent")
        .recorded_if_wanted()
        .of(&[field::SET_POINT_A]),
    ZoneRow::new("ZoneSetPointPower(kW)", Double, "kW", Status, |zone, _| Shown::of(zone.set_point_kw))
        .clean("ZoneSetPointPower")
        .recorded_if_wanted()
        .of(&[field::SET_POINT_KW]),
    ZoneRow::new("ZoneReduction", Double, "%", Status, |zone, _| {
        reduction(zone, |it| Shown::of(it.percent), 0.0)
    })
    .recorded_if_wanted()
    .writable(SetPointKind::Reduction),
    ZoneRow::new("ZoneReductionType(Percentage)", String, "", Status, |zone, _| {
        reduction(zone, |it| Shown::text(it.kind.as_ref()), "percentage")
    })
    .clean("ZoneReductionType"),
    ZoneRow::new("ZoneReductionDescription", String, "", Status, |zone, _| {
        reduction(zone, |it| Shown::text(it.description.as_ref()), "")
    }),
    ZoneRow::new("ZoneValidity", DateTime, "", Status, |zone, _| {
        reduction(zone, |it| Shown::moment(it.valid_until), UNIX_EPOCH)
    })
    .writable(SetPointKind::Validity),
    ZoneRow::new("ZoneValidityMode(Absolute)", String, "", Status, |zone, _| {
        reduction(zone, |it| Shown::text(it.validity_mode.as_ref()), "absolute")
    })
    .clean("ZoneValidityMode"),
    ZoneRow::new("ZoneOverallRmsCurrentPhase1", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.current_a[0])
    })
    .recorded(),
    ZoneRow::new("ZoneOverallRmsCurrentPhase2", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.current_a[1])
    })
    .recorded(),
    ZoneRow::new("ZoneOverallRmsCurrentPhase3", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.current_a[2])
    })
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
        .recorded(),
    ZoneRow::new("ZoneOverallSetPointCurrent", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.set_point_a)
    }),
    ZoneRow::new("ZoneOverallActivePowerTotal", Double, "kW", StatusLive, |_, sums| {
        Shown::sum(&sums.power_total_kw)
    })
    .recorded(),
    ZoneRow::new("ZoneOverallRmsCurrentAverage", Double, "A", StatusLive, |_, sums| {
        Shown::sum(&sums.current_average_a)
    })
    .clean("ZoneOverallRmsCurrentSumOfAverages")
    .recorded(),
    ZoneRow::new("ZoneReductionActive", Boolean, "", Status, |zone, _| {
        Shown::Good(zone.reduction.is_some().into())
    })
    .only_with(Extra::ReductionDetails),
    ZoneRow::new("ZoneReduction_Actual", Double, "%", Status, |zone, _| {
        reduction(zone, |it| Shown::of(it.percent), 0.0)
    })
    .clean("ZoneReductionActual")
    .only_with(Extra::ReductionDetails),
    ZoneRow::new("ZoneReductionRemark", String, "", Status, |zone, _| {
        Shown::Good(zone.remark.as_deref().unwrap_or_default().into())
    })
    .only_with(Extra::ReductionDetails),
    ZoneRow::new("ZoneOverallActivePowerTotal_PartsMissing", Integer, "", StatusLive, |_, sums| {
        Shown::parts_missing(&sums.power_total_kw)
    })
    .clean("ZoneOverallActivePowerTotalPartsMissing")
    .only_with(Extra::PartsMissing),
];

/// Returns the default values of a zone without a reduction.
fn reduction(
    zone: &Zone,
    show: fn(&Reduction) -> Shown,
    without: impl Into<riser_plugin::PointValue>,
) -> Shown {
    zone.reduction.as_ref().map_or_else(|| Shown::Good(without.into()), show)
}
