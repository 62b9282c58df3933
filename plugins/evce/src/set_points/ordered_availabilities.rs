//! The availabilities that the BMS ordered, compared with those at the controller. They survive a run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use riser_plugin::{Host, HostError, LogLevel};
use serde::{Deserialize, Serialize};

use super::events::{Event, EventKind};
use super::overrides::{Change, Overrides};
use super::policy::Owner;
use super::queue::{Failing, Queue, Target};
use super::{ATTEMPT_PAUSES, SetPointWriter};
use crate::back_off::BackOff;
use crate::client::WriteAck;
use crate::model::{Availability, ObjectId};

const KEY: &str = "ordered-availabilities";

/// The confirmed orders of the BMS, by station and connector.
#[derive(Debug, Default)]
pub(crate) struct OrderedAvailabilities {
    by_station: BTreeMap<String, BTreeMap<i32, Ordered>>,
}

/// One order.
#[derive(Clone, Debug)]
struct Ordered {
    availability: Availability,
    /// Riser accepts the availability at the controller instead.
    is_given_up: bool,
    /// The controller sets it again later.
    is_deferred: bool,
    /// The controller accepted it, and has not shown it yet.
    is_awaited: bool,
    overrides: Overrides,
    attempts: BackOff,
    fault: String,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    availability: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_given_up: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_awaited: bool,
}

/// What to do about an order.
enum Step {
    Nothing,
    SetAgain,
}

impl OrderedAvailabilities {
    /// Loads the orders of earlier runs.
    ///
    /// # Errors
    /// If the host cannot read them.
    pub(crate) fn load(host: &Host) -> Result<Self, HostError> {
        let kept = host.state().get(KEY)?;
        // Unreadable state is dropped: the controller then decides.
        let stored: BTreeMap<String, BTreeMap<i32, Stored>> =
            kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let order = |(number, stored): (i32, Stored)| {
            let Stored { availability, is_given_up, is_awaited } = stored;
            let new = Ordered::new(availability.parse().ok()?);
            Some((number, Ordered { is_given_up, is_awaited, ..new }))
        };
        let orders = |orders: BTreeMap<_, _>| orders.into_iter().filter_map(order).collect();
        Ok(Self { by_station: stored.into_iter().map(|(station, its)| (station, orders(its))).collect() })
    }

    /// Returns the connectors where Riser fails again and again to set the availability.
    pub(crate) fn failing(&self) -> impl Iterator<Item = Failing> {
        let all = self.by_station.iter().flat_map(|(station, its)| its.iter().map(move |it| (station, it)));
        all.filter(|(_, (_, order))| order.attempts.failures() > 1).map(|(station, (number, order))| {
            Failing {
                object: format!("station {station}, connector {number}"),
                failures: order.attempts.failures(),
                fault: order.fault.clone(),
            }
        })
    }

    /// Notes a confirmed order of the BMS.
    pub(super) fn confirm(
        &mut self,
        host: &Host,
        station: &ObjectId,
        number: i32,
        availability: Availability,
    ) -> Result<(), HostError> {
        let orders = self.by_station.entry(station.0.clone()).or_default();
        let before = orders.insert(number, Ordered::new(availability));
        let is_known = before.is_some_and(|before| before.is_settled_as(availability));
        if is_known { Ok(()) } else { self.save(host) }
    }

    /// Notes an order that the controller has accepted and applies later. Its write has expired.
    pub(super) fn await_later(
        &mut self,
        host: &Host,
        station: &ObjectId,
        number: i32,
        availability: Availability,
    ) -> Result<(), HostError> {
        let order = Ordered { is_awaited: true, ..Ordered::new(availability) };
        self.by_station.entry(station.0.clone()).or_default().insert(number, order);
        self.save(host)
    }

    fn of(&mut self, station: &ObjectId, number: i32) -> Option<&mut Ordered> {
        self.by_station.get_mut(&station.0)?.get_mut(&number)
    }

    fn save(&self, host: &Host) -> Result<(), HostError> {
        let stored: BTreeMap<&str, BTreeMap<i32, Stored>> = self
            .by_station
            .iter()
            .map(|(station, its)| {
                let order = |(number, order): (&i32, &Ordered)| {
                    let availability = order.availability.as_str().to_owned();
                    let Ordered { is_given_up, is_awaited, .. } = *order;
                    (*number, Stored { availability, is_given_up, is_awaited })
                };
                (station.as_str(), its.iter().map(order).collect())
            })
            .collect();
        let text = serde_json::to_string(&stored).expect("texts by name are always JSON");
        host.state().put(KEY, &text)
    }
}

impl Ordered {
    fn is_settled_as(&self, availability: Availability) -> bool {
        self.availability == availability && !self.is_given_up && !self.is_awaited
    }

    fn new(availability: Availability) -> Self {
        Self {
            availability,
            is_given_up: false,
            is_deferred: false,
            is_awaited: false,
            overrides: Overrides::default(),
            attempts: BackOff::new(ATTEMPT_PAUSES),
            fault: String::new(),
        }
    }
}

impl SetPointWriter<'_> {
    /// Compares the orders of the BMS with the present availabilities, after a poll.
    pub(crate) fn defend_availabilities(&mut self, queue: &Queue) -> Result<(), HostError> {
        if self.ordered.by_station.is_empty() {
            return Ok(());
        }
        let uptime = self.host.uptime()?;
        let mut shown = Vec::new();
        for station in self.site.stations().filter(|station| !station.is_kept) {
            if station.is_connected == Some(false) || !self.ordered.by_station.contains_key(&station.id.0) {
                continue;
            }
            for connector in station.connectors.iter().filter(|connector| !connector.is_kept) {
                let owner = self.policies.of_connector(station, connector.number);
                if let Some(availability) = connector.availability {
                    shown.push((
                        station.id.clone(),
                        station.shown_name(),
                        connector.number,
                        availability,
                        owner,
                    ));
                }
            }
        }
        for (station, name, number, availability, owner) in shown {
            let target = Target::Connector { station: station.clone(), number };
            // A write of the BMS decides by itself.
            if queue.is_waiting(&target) {
                continue;
            }
            let step = self.step(&station, &name, (number, availability, owner), uptime)?;
            if matches!(step, Step::SetAgain) && !self.order_again(&station, number, uptime)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn step(
        &mut self,
        station: &ObjectId,
        name: &str,
        (number, shown, owner): (i32, Availability, Owner),
        uptime: Duration,
    ) -> Result<Step, HostError> {
        let Some(order) = self.ordered.of(station, number) else { return Ok(Step::Nothing) };
        if order.availability == shown {
            order.overrides.finish();
            order.is_deferred = false;
            let was_awaited = std::mem::take(&mut order.is_awaited);
            if std::mem::take(&mut order.is_given_up) || was_awaited {
                self.ordered.save(self.host)?;
            }
            return Ok(Step::Nothing);
        }
        if order.is_given_up || order.is_awaited {
            return Ok(Step::Nothing);
        }
        let ordered = order.availability.as_str();
        let what = format!(
            "{name}, connector {number} was made {} at the controller; the BMS ordered {ordered}",
            shown.as_str()
        );
        let change = match owner {
            Owner::Bms => order.overrides.note(shown.as_str(), uptime),
            Owner::Controller => Change::New,
        };
        let event = match (owner, change) {
            (Owner::Bms, Change::Known) => {
                let is_due = !order.is_deferred && order.attempts.is_over(uptime);
                return Ok(if is_due { Step::SetAgain } else { Step::Nothing });
            }
            (Owner::Bms, Change::New) => {
                order.is_deferred = false;
                let what = format!("{what}. Riser orders it again, since the BMS decides here");
                Event { kind: EventKind::AvailabilitySetAgain, what }
            }
            (Owner::Bms, Change::TooMany) => {
                order.is_given_up = true;
                let what =
                    format!("{what}, for the third time within 10 min. Riser keeps it until the BMS writes");
                Event { kind: EventKind::AvailabilityKept, what }
            }
            (Owner::Controller, _) => {
                order.is_given_up = true;
                let what = format!("{what}. Riser keeps it, since the controller decides here");
                Event { kind: EventKind::AvailabilityKept, what }
            }
        };
        let is_given_up = order.is_given_up;
        self.host.log(LogLevel::Warn, &event.what);
        self.active.report(event);
        if !is_given_up {
            return Ok(Step::SetAgain);
        }
        self.ordered.save(self.host)?;
        self.show_given_up(station, number)?;
        Ok(Step::Nothing)
    }

    /// Orders an availability again. Returns whether others can be ordered now.
    fn order_again(&mut self, station: &ObjectId, number: i32, uptime: Duration) -> Result<bool, HostError> {
        let Some(order) = self.ordered.of(station, number) else { return Ok(true) };
        match self.client.put_availability(station, number, order.availability) {
            Ok(ack) => {
                order.attempts.reset();
                order.is_deferred = ack == WriteAck::Deferred;
                if ack == WriteAck::Done {
                    order.overrides.finish();
                }
                Ok(true)
            }
            Err(error) => {
                error.propagate_stop()?;
                if !error.is_of_object() {
                    return Ok(false);
                }
                order.attempts.fail(uptime);
                order.fault = error.to_string();
                Ok(!error.delays_others())
            }
        }
    }

    /// Publishes a connector with the remark that its availability is not that of the BMS.
    fn show_given_up(&mut self, station: &ObjectId, number: i32) -> Result<(), HostError> {
        self.annotate();
        for zone in &self.site.zones {
            let Some(found) = zone.stations.iter().find(|found| found.id == *station) else { continue };
            if let Some(connector) = found.connectors.iter().find(|it| it.number == number) {
                return self.host.publish(&self.binding.connector_values(&zone.id, found, connector));
            }
        }
        Ok(())
    }

    /// Fills in the remarks on availabilities.
    pub(super) fn annotate_connectors(&mut self) {
        if self.ordered.by_station.is_empty() {
            return;
        }
        for station in self.site.stations_mut() {
            let Some(orders) = self.ordered.by_station.get(&station.id.0) else { continue };
            for connector in &mut station.connectors {
                let order = orders.get(&connector.number);
                let is_other = |order: &&Ordered| connector.availability != Some(order.availability);
                connector.remark = order.filter(is_other).map(|order| {
                    let ordered = order.availability.as_str();
                    if order.is_awaited {
                        return Arc::from(format!(
                            "the controller accepted {ordered} and will apply it when the charging session ends"
                        ));
                    }
                    let then = match (order.is_given_up, order.is_deferred) {
                        (true, _) => "Riser keeps the change until the BMS writes",
                        (false, true) => "the controller makes it so again when the charging session ends",
                        (false, false) => "Riser orders it again",
                    };
                    Arc::from(format!("changed at the controller; the BMS ordered {ordered}; {then}"))
                });
            }
        }
    }
}
