//! The state of the simulated site: zones, stations, connectors and their settings.
//!
//! Only `api` knows the format of the API. Currents are whole amperes from the controller and hundredths of
//! an ampere from a meter.

use crate::auth::Role;
use crate::charging_session::ChargingSession;
use crate::profiles::Profile;

/// One step of charging and metering.
pub(crate) const TICK_MS: i64 = 5_000;

/// Everything a controller manages. Stations are kept in order of their ids.
pub(crate) struct Site {
    pub(crate) zones: Vec<Zone>,
    pub(crate) stations: Vec<Station>,
}

/// An area whose stations share one supply.
pub(crate) struct Zone {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) kind: ZoneKind,
    pub(crate) max_current_a: u32,
    pub(crate) set_point: SetPoint,
    pub(crate) reduction: Option<Reduction>,
    pub(crate) profile: Profile,
}

/// Whether other consumers of the building are taken off a zone's budget.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ZoneKind {
    Static,
    Dynamic,
}

/// The limit of a zone or a connector.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SetPoint {
    pub(crate) current_a: u32,
    pub(crate) power_kw: u32,
}

/// A limit on a zone, stored as sent.
#[derive(Clone, PartialEq)]
pub(crate) struct Reduction {
    /// 0 to 100.
    pub(crate) percent: f64,
    pub(crate) validity: Validity,
    pub(crate) description: String,
    /// Only this role, or the administrator, may replace it.
    pub(crate) owner: Role,
}

/// The validity of a reduction, by the controller's clock.
#[derive(Clone, PartialEq)]
pub(crate) enum Validity {
    /// Until a moment; `text` is the original text.
    Absolute { text: String, until_ms: i64 },
    /// For a number of seconds after receipt.
    Relative { seconds: u32, until_ms: i64 },
}

impl Validity {
    pub(crate) fn until_ms(&self) -> i64 {
        match self {
            Self::Absolute { until_ms, .. } | Self::Relative { until_ms, .. } => *until_ms,
        }
    }
}

/// A charging station and its link to the controller.
pub(crate) struct Station {
    pub(crate) id: u64,
    /// Index into [`Site::zones`].
    pub(crate) zone: usize,
    pub(crate) protocol: String,
    pub(crate) ocpp_identifier: String,
    pub(crate) friendly_name: String,
    pub(crate) serial_number: String,
    pub(crate) model: String,
    pub(crate) version: String,
    pub(crate) ip_address: String,
    pub(crate) cpo_url: String,
    pub(crate) accepted_by_cpo: bool,
    pub(crate) link: Link,
    pub(crate) authentication_mode: String,
    pub(crate) disconnected_authentication_mode: String,
    /// How often its meters report.
    pub(crate) sample_interval_ms: i64,
    /// Rejects every change of availability.
    pub(crate) rejects_availability: bool,
    pub(crate) reported_phases: ReportedPhases,
    pub(crate) connectors: Vec<Connector>,
}

/// The phases that the meters of a station send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReportedPhases {
    /// All three, also those without a wire.
    #[default]
    All,
    /// Those with a wire.
    Connected,
    /// The sum of the power, and no phase and no current, as many DC stations do.
    Total,
}

/// The link between a station and the controller.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    Up,
    /// Lost at this moment of the cars' clock; the API shows the last state.
    Lost {
        since_ms: i64,
    },
}

impl Station {
    pub(crate) fn is_connected(&self) -> bool {
        self.link == Link::Up
    }

    /// When its meters reported last, up to `now_ms` of the cars' clock.
    pub(crate) fn last_sample_ms(&self, now_ms: i64) -> i64 {
        let until = match self.link {
            Link::Up => now_ms,
            Link::Lost { since_ms } => since_ms,
        };
        // Stations do not report in step: each has its own phase on the grid of ticks.
        let slots = (self.sample_interval_ms / TICK_MS).max(1);
        let phase = i64::try_from(self.id % 1_000_000).unwrap_or(0) * 7 % slots * TICK_MS;
        (until - phase).div_euclid(self.sample_interval_ms) * self.sample_interval_ms + phase
    }

    /// Returns the phases of a connector that the API shows, or `None` for a total.
    pub(crate) fn phases_in_api(&self, rating: Rating) -> Option<[bool; 3]> {
        match self.reported_phases {
            ReportedPhases::All => Some([true; 3]),
            ReportedPhases::Connected => Some(rating.phases.connected()),
            ReportedPhases::Total => None,
        }
    }

    /// OCPP's connector 0: the station as a whole.
    pub(crate) fn status(&self) -> Status {
        let all = |status| self.connectors.iter().all(|c| c.shown_status() == status);
        if self.connectors.is_empty() {
            Status::Available
        } else if all(Status::Faulted) {
            Status::Faulted
        } else if all(Status::Unavailable) {
            Status::Unavailable
        } else {
            Status::Available
        }
    }
}

/// One outlet of a station.
pub(crate) struct Connector {
    pub(crate) number: u8,
    pub(crate) rating: Rating,
    pub(crate) status: Status,
    /// The status in the API while the link is lost.
    pub(crate) status_at_link_loss: Option<Status>,
    pub(crate) error_code: String,
    pub(crate) availability: Availability,
    /// Becomes inoperative when the transaction ends.
    pub(crate) inoperative_scheduled: bool,
    pub(crate) set_point_a: u32,
    /// The set point without a car.
    pub(crate) idle_set_point_a: u32,
    /// Energy register in watt seconds; falls with a new meter alone.
    pub(crate) energy_ws: u64,
    /// The measures without a car.
    pub(crate) standby: Measures,
    /// The present measures.
    pub(crate) measured: Measures,
    /// The last report of the station.
    pub(crate) reported: Reported,
    pub(crate) session: Option<ChargingSession>,
    /// Sessions so far; numbers the next.
    pub(crate) sessions: u32,
}

impl Connector {
    pub(crate) fn shown_status(&self) -> Status {
        self.status_at_link_loss.unwrap_or(self.status)
    }

    /// Hands the meter's present values over to the controller.
    pub(crate) fn report(&mut self) {
        self.reported = Reported { measures: self.measured, energy_wh: self.energy_ws / 3600 };
    }

    pub(crate) fn has_transaction(&self) -> bool {
        self.session.as_ref().is_some_and(ChargingSession::is_transaction)
    }

    /// Returns the set point in the controller's terms: power is cut to whole kilowatts, as the guide shows it.
    pub(crate) fn set_point(&self) -> SetPoint {
        SetPoint { current_a: self.set_point_a, power_kw: self.rating.power_kw(self.set_point_a) }
    }
}

/// The measures on the three phases.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Measures {
    pub(crate) power_w: [u32; 3],
    pub(crate) current_ca: [u32; 3],
}

impl Measures {
    /// Returns the power of all phases.
    pub(crate) fn total_w(&self) -> u32 {
        self.power_w.iter().sum()
    }
}

/// A meter's values as the controller has them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Reported {
    pub(crate) measures: Measures,
    pub(crate) energy_wh: u64,
}

/// The rating of a connector.
#[derive(Clone, Copy)]
pub(crate) struct Rating {
    pub(crate) is_dc: bool,
    pub(crate) is_fixed_set_point: bool,
    /// Amperes for alternating current, kilowatts for direct current.
    pub(crate) max_current_or_power: u32,
    pub(crate) phases: Phases,
}

impl Rating {
    /// Returns the maximum current per connected phase.
    pub(crate) fn max_current_a(self) -> u32 {
        if self.is_dc {
            // Rounded up, so that the set point cut to whole kilowatts shows the rating.
            (self.max_current_or_power * 1000).div_ceil(3 * 230)
        } else {
            self.max_current_or_power
        }
    }

    /// Whole kilowatts at a current, cut as the guide shows (32 A on one phase: 7).
    pub(crate) fn power_kw(self, current_a: u32) -> u32 {
        current_a * 230 * self.phases.count() / 1000
    }
}

/// The phases a connector is wired to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phases {
    Mono1,
    Mono2,
    Mono3,
    Tri,
}

impl Phases {
    pub(crate) fn connected(self) -> [bool; 3] {
        match self {
            Self::Mono1 => [true, false, false],
            Self::Mono2 => [false, true, false],
            Self::Mono3 => [false, false, true],
            Self::Tri => [true, true, true],
        }
    }

    fn count(self) -> u32 {
        if self == Self::Tri { 3 } else { 1 }
    }
}

/// OCPP 1.6 `ChargePointStatus`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    Available,
    Preparing,
    Charging,
    SuspendedEv,
    SuspendedEvse,
    Finishing,
    Unavailable,
    Faulted,
}

/// The state that OCPP `ChangeAvailability` requested.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Availability {
    Operative,
    Inoperative,
}

impl Site {
    pub(crate) fn zone_mut(&mut self, id: u64) -> Option<&mut Zone> {
        self.zones.iter_mut().find(|zone| zone.id == id)
    }

    pub(crate) fn station_index(&self, id: u64) -> Option<usize> {
        self.stations.binary_search_by_key(&id, |station| station.id).ok()
    }

    pub(crate) fn station(&self, id: u64) -> Option<&Station> {
        self.station_index(id).map(|index| &self.stations[index])
    }
}
