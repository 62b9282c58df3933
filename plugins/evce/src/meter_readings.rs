//! The energy registers of all meters, kept over runs, so that a sum neither falls when a station loses its link nor when
//! a register falls.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use riser_plugin::{Host, HostError, LogLevel};

use crate::model::{Connector, Site};

const KEY: &str = "meter-readings";
/// Time between two times of storing the registers; new ones, and one that fell, are stored at once.
const SAVE_INTERVAL: Duration = Duration::from_mins(15);
/// Time in which a register that fell may return to its old value: it was a false reading then.
const RETURN_WITHIN: Duration = Duration::from_mins(10);

/// Most bytes to store: other state needs the rest of the room of a processor.
const MOST_BYTES: usize = 768 << 10;
/// Parts of a kWh that a sum keeps.
const ROUNDED: f64 = 1e6;

/// The register of each connector, by station and number.
#[derive(Debug, Default)]
pub(crate) struct MeterReadings {
    by_station: BTreeMap<String, BTreeMap<i32, Meter>>,
    saved_at: Option<Duration>,
    /// Registers that were stored last.
    saved_count: usize,
    /// Whether the store had no room; logged once.
    is_full: bool,
}

/// A register in kWh.
#[derive(Clone, Debug, Default)]
struct Meter {
    register: f64,
    /// Added to the register for a sum: the energy before it fell.
    before: f64,
    fall: Option<Fall>,
}

/// The last fall of a register in this run.
#[derive(Clone, Debug)]
struct Fall {
    at: Duration,
    register: f64,
    before: f64,
}

impl MeterReadings {
    /// Loads the registers of earlier runs.
    ///
    /// # Errors
    /// If the host cannot read them.
    pub(crate) fn load(host: &Host) -> Result<Self, HostError> {
        let kept = host.state().get(KEY)?;
        // Unreadable state is dropped: sums begin again with the present registers.
        let stored: BTreeMap<String, BTreeMap<i32, (f64, f64)>> =
            kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let meter = |(register, before)| Meter { register, before, fall: None };
        let by_station = stored
            .into_iter()
            .map(|(station, meters)| {
                (station, meters.into_iter().map(|(number, stored)| (number, meter(stored))).collect())
            })
            .collect();
        Ok(Self { by_station, ..Self::default() })
    }

    /// Records the present registers, and fills in the energies that sums count. Returns a message for each register that
    /// fell. Forgets connectors that a complete site no longer has.
    ///
    /// # Errors
    /// If the run must end.
    pub(crate) fn update(
        &mut self,
        host: &Host,
        site: &mut Site,
        is_complete: bool,
        now: Duration,
    ) -> Result<Vec<String>, HostError> {
        let mut fallen = Vec::new();
        for station in site.stations_mut() {
            // A name is copied only when it is new.
            if !self.by_station.contains_key(&station.id.0) {
                self.by_station.insert(station.id.0.clone(), BTreeMap::new());
            }
            let Some(meters) = self.by_station.get_mut(&station.id.0) else { continue };
            for connector in &mut station.connectors {
                let (meter, message) = read(meters.remove(&connector.number), connector, now);
                fallen.extend(message.map(|message| format!("station {}, {message}", station.id)));
                if let Some(meter) = meter {
                    meters.insert(connector.number, meter);
                }
            }
            if is_complete && meters.len() > station.connectors.len() {
                meters.retain(|number, _| station.connectors.iter().any(|it| it.number == *number));
            }
        }
        if is_complete && self.by_station.len() > site.station_count() {
            let here: HashSet<&str> = site.stations().map(|station| station.id.0.as_str()).collect();
            self.by_station.retain(|station, _| here.contains(station.as_str()));
        }
        let count = self.by_station.values().map(BTreeMap::len).sum();
        let is_due = self.saved_at.is_none_or(|saved| now.saturating_sub(saved) >= SAVE_INTERVAL);
        if is_due || !fallen.is_empty() || count != self.saved_count {
            self.save(host)?;
            (self.saved_at, self.saved_count) = (Some(now), count);
        }
        Ok(fallen)
    }

    /// Stores the registers for the next run.
    ///
    /// # Errors
    /// If the run must end.
    pub(crate) fn save(&mut self, host: &Host) -> Result<(), HostError> {
        let stored: BTreeMap<&str, BTreeMap<i32, (f64, f64)>> = self
            .by_station
            .iter()
            .map(|(station, meters)| {
                let meters = meters.iter().map(|(number, meter)| (*number, (meter.register, meter.before)));
                (station.as_str(), meters.collect())
            })
            .collect();
        let text = serde_json::to_string(&stored).expect("numbers by name are always JSON");
        let stored = if text.len() > MOST_BYTES {
            let what = format!("they need more than {} KiB", MOST_BYTES >> 10);
            Err(HostError::Refused { code: "state-full".to_owned(), what })
        } else {
            host.state().put(KEY, &text)
        };
        match stored {
            Err(HostError::Refused { what, .. }) => {
                if !std::mem::replace(&mut self.is_full, true) {
                    host.log(LogLevel::Warn, &format!("energy registers do not survive a restart: {what}"));
                }
                Ok(())
            }
            other => other,
        }
    }
}

/// Compares the register of a connector with the known one.
fn read(known: Option<Meter>, connector: &mut Connector, now: Duration) -> (Option<Meter>, Option<String>) {
    let Some(register) = connector.energy_kwh else {
        connector.counted_kwh = known.as_ref().map(Meter::counted);
        return (known, None);
    };
    let mut meter = known.unwrap_or(Meter { register, before: 0.0, fall: None });
    let mut message = None;
    if register < meter.register && !connector.is_kept {
        message = Some(format!(
            "connector {}: the energy register fell from {} to {register} kWh: a new meter, or a register that began again",
            connector.number, meter.register
        ));
        connector.register_fell = true;
        meter.fall = Some(Fall { at: now, register: meter.register, before: meter.before });
        // The energy between the two readings is not known, so nothing is added.
        meter.before += meter.register - register;
    } else if let Some(fall) = meter.fall.take_if(|fall| register >= fall.register || fall.is_old(now))
        && !fall.is_old(now)
    {
        meter.before = fall.before;
    }
    meter.register = register;
    connector.counted_kwh = Some(meter.counted());
    (Some(meter), message)
}

impl Meter {
    /// Rounded: a difference of two registers has the error of binary fractions.
    fn counted(&self) -> f64 {
        ((self.register + self.before) * ROUNDED).round() / ROUNDED
    }
}

impl Fall {
    fn is_old(&self, now: Duration) -> bool {
        now.saturating_sub(self.at) > RETURN_WITHIN
    }
}
