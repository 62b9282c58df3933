//! A charging session: one car at one connector.

/// A car's stay at a connector.
pub(crate) struct ChargingSession {
    pub(crate) number: u32,
    pub(crate) stage: Stage,
    /// Time of queueing for current: earlier is served first.
    pub(crate) queued_ms: i64,
    pub(crate) departs_ms: i64,
    pub(crate) car: Car,
    pub(crate) delivered_ws: u64,
    pub(crate) current_ca: u32,
}

/// The stage of a session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Plugged in, not yet authorised.
    Preparing {
        until_ms: i64,
    },
    Drawing,
    /// Wants no more, since this moment.
    Full {
        since_ms: i64,
    },
    /// The transaction is over, the cable still in.
    Finishing {
        until_ms: i64,
    },
}

/// The limits of a car and its cable.
#[derive(Clone, Copy)]
pub(crate) struct Car {
    pub(crate) max_current_a: u32,
    /// Phases it uses at a three-phase outlet.
    pub(crate) phases: u8,
    /// Energy until the battery is as full as its driver wants.
    pub(crate) need_ws: u64,
    pub(crate) is_dc: bool,
    /// Share of the need at which an AC car begins to want less.
    pub(crate) knee_permille: u16,
    /// State of charge of a DC car on its arrival.
    pub(crate) first_charge_permille: u16,
    /// Warms itself for five minutes of each hour when it is full.
    pub(crate) wakes: bool,
}

impl ChargingSession {
    pub(crate) fn is_transaction(&self) -> bool {
        matches!(self.stage, Stage::Drawing | Stage::Full { .. })
    }
}
