//! Points of the site, in the container `EVCE Zones`.

use riser_plugin::Kind::{Double, Integer};

use super::row::Publisher::{Setup, StatusLive};
use super::row::{Row, Shown};
use super::sums::zone_set_points_kw;
use crate::model::Site;

type SiteRow = Row<Site>;

pub(crate) const ROWS: &[SiteRow] = &[
    SiteRow::new("SiteOverallActivePowerTotal", Double, "kW", StatusLive, |_, sums| {
        Shown::sum(&sums.power_total_kw)
    })
    .about("Sum of all zones' active power"),
    SiteRow::new("SiteSetPointPower(kW)", Double, "kW", StatusLive, |site, _| {
        Shown::sum(&zone_set_points_kw(&site.zones))
    })
    .about("Sum of all zones' set points"),
    SiteRow::new("SiteNumberOfStations", Integer, "", Setup, |site, _| Shown::count(site.station_count())),
    SiteRow::new("SiteNumberOfConnectors", Integer, "", Setup, |site, _| {
        Shown::count(site.connector_count())
    }),
    SiteRow::new("SiteNumberOfZones", Integer, "", Setup, |site, _| Shown::count(site.zones.len())),
];
