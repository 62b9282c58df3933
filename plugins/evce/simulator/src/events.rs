//! Events at the site, which the control interface and scripts cause.

mod apply;

use serde::Deserialize;

pub(crate) use self::apply::apply;
use crate::certificate::CertificateKind;
use crate::faults::FaultSpec;
use crate::rules::RulesChange;
use crate::site::{ReportedPhases, Status};
use crate::time_span::TimeSpan;
use crate::topology::Template;

/// Something that happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Event {
    /// A car arrives.
    PlugIn {
        station: u64,
        connector: u8,
    },
    /// The car leaves.
    Unplug {
        station: u64,
        connector: u8,
    },
    /// An outlet reports an error; its transaction ends.
    Fault {
        station: u64,
        connector: u8,
        error_code: Option<String>,
        /// The fault ends after this time of the cars' clock.
        #[serde(rename = "for")]
        duration: Option<TimeSpan>,
    },
    ClearFault {
        station: u64,
        connector: u8,
    },
    /// The station loses its link to the controller; the API shows its last state.
    LinkLoss {
        station: u64,
        /// It comes back after this time of the cars' clock.
        #[serde(rename = "for")]
        duration: Option<TimeSpan>,
    },
    /// A new meter, whose register begins at 0.
    SwapMeter {
        station: u64,
        connector: u8,
    },
    LinkBack {
        station: u64,
    },
    /// A station is added, with the next free id.
    AddStation {
        zone: u64,
        #[serde(default = "three_phase")]
        template: Template,
        #[serde(default = "one")]
        connectors: u8,
        ocpp_identifier: Option<String>,
    },
    RemoveStation {
        station: u64,
    },
    /// A station moves to another zone, with its cars.
    MoveStation {
        station: u64,
        zone: u64,
    },
    /// The register shows another energy from now on: a rollover, or a used meter.
    SetRegister {
        station: u64,
        connector: u8,
        energy_wh: u64,
    },
    /// From now on reductions are stored in whole percent, or as sent.
    RoundReductions {
        rounds: bool,
    },
    RenameZone {
        zone: u64,
        name: String,
    },
    /// Another user sets a reduction on a zone for a day and replaces the present one; without `percent` it
    /// is removed.
    Reduce {
        zone: u64,
        percent: Option<f64>,
        #[serde(default = "tariff")]
        description: String,
    },
    /// From now on the station rejects changes of availability, or no longer.
    RejectAvailability {
        station: u64,
        rejects: bool,
    },
    /// From now on the meters of a station send these phases.
    ReportPhases {
        station: u64,
        phases: ReportedPhases,
    },
    /// The station starts again: its link is away for a minute, its transactions end, and with
    /// `forgets_availability` its connectors are operative.
    RebootStation {
        station: u64,
        #[serde(default)]
        forgets_availability: bool,
    },
    /// Another firmware, after a restart of the station.
    UpdateFirmware {
        station: u64,
        version: String,
        ip_address: Option<String>,
    },
    /// Another device with the same identifier: its serial number and its registers are new.
    ReplaceStation {
        station: u64,
        serial_number: String,
    },
    RenameStation {
        station: u64,
        name: String,
    },
    /// The station has this number of connectors from now on.
    SetConnectors {
        station: u64,
        connectors: u8,
    },
    /// The controller starts again: 503 for this time, no login is left, and the stations come back one by one in
    /// the five minutes after it.
    Restart {
        #[serde(rename = "for", default = "ninety_seconds")]
        duration: TimeSpan,
    },
    /// Some rules of load management change.
    SetRules {
        rules: RulesChange,
    },
    // From here on: what happens outside of the site, to the API.
    /// A fault of the API begins.
    AddFault {
        fault: Box<FaultSpec>,
    },
    EndFaults {},
    /// All logins end.
    RevokeTokens {},
    /// All accounts have another password. Tokens stay valid.
    SetPassword {
        password: String,
    },
    /// From now on a login too many is refused, or ends the oldest session.
    RefuseSessions {
        refuses: bool,
    },
    /// The controller's clock is this far from wall time.
    SetClockOffset {
        offset: TimeSpan,
    },
    /// Another version of the API; none if left out.
    SetApiVersion {
        version: Option<String>,
    },
    /// New connections get another certificate.
    SetCertificate {
        certificate: CertificateKind,
    },
}

fn three_phase() -> Template {
    Template::Ac22
}

fn one() -> u8 {
    1
}

fn tariff() -> String {
    "tariff@admin".to_owned()
}

fn ninety_seconds() -> TimeSpan {
    TimeSpan::from_ms(90_000)
}

/// Why an event cannot happen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EventRefused {
    #[error("no zone {0}")]
    NoZone(u64),
    #[error("no station {0}")]
    NoStation(u64),
    #[error("station {0} has no connector {1}")]
    NoConnector(u64, u8),
    #[error("no car can be plugged in: the connector is {0:?}")]
    NotAvailable(Status),
    #[error("no car is plugged in")]
    NoCar,
    #[error("{0}")]
    NoFault(&'static str),
    #[error("fallback_a must be 0, or at least 6")]
    NoFallback,
    #[error("percent must be between 0 and 100")]
    NoPercentage,
}
