//! Points of the site, in the container `EVCE Zones`.

use riser_plugin::Kind::{Double, Integer};

use super::row::Publisher::{Setup, StatusLive};
use super::row::{Extra, Row, Shown};
use super::sums::zone_set_points_kw;
use crate::model::Site;

type SiteRow = Row<Site>;

pub(crate) const ROWS: &[SiteRow] = &[
    SiteRow::new("SiteOverallActivePowerTotal", Double, "kW", StatusLive, |_, sums| {
        Shown::sum(&sums.power_total_kw)
    })
    .recorded_if_wanted(),
    SiteRow::new("SiteSetPointPower(kW)", Double, "kW", StatusLive, |site, _| {
        Shown::sum(&zone_set_points_kw(&site.zones))
    })
    .clean("SiteSetPointPower")
    .recorded_if_wanted(),
    SiteRow::new("SiteNumberOfStations", Integer, "", Setup, |site, _| Shown::count(site.station_count())),
    SiteRow::new("SiteNumberOfConnectors", Integer, "", Setup, |site, _| {
        Shown::count(site.connector_count())
    }),
    SiteRow::new("SiteNumberOfZones", Integer, "", Setup, |site, _| Shown::count(site.zones.len())),
    SiteRow::new("SiteOverallActivePowerTotal_PartsMissing", Integer, "", StatusLive, |_, sums| {
        Shown::parts_missing(&sums.power_total_kw)
    })
    .clean("SiteOverallActivePowerTotalPartsMissing")
    .only_with(Extra::PartsMissing),
];
