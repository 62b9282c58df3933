//! One run of Status: its loop, and what it knows of the controller.

use std::time::SystemTime;

use riser_plugin::LogLevel;
use riser_plugin::prelude::*;

use super::settings::StatusSettings;
use super::status_ages::StatusAges;
use crate::api_version::ApiSupport;
use crate::client::{EvceClient, EvceError, SiteSnapshot};
use crate::controller_clock::{self, ControllerClock};
use crate::meter_readings::MeterReadings;
use crate::model::Site;
use crate::notices::Notices;
use crate::outage::Outage;
use crate::points::{Binding, KnownObjects, StoredObjects};
use crate::removals::{self, Removals};
use crate::set_points::{
    self, ActiveReductions, BmsWrites, MissingRights, OrderedAvailabilities, Policies, Queue, SentWrites,
    SetPointWriter, Validity,
};
use crate::site_problems;

/// The code of the problem with objects that were removed.
pub(super) const REMOVED: &str = "removed-objects";
/// The code of the problem with energy registers that fell.
pub(super) const REGISTER_FELL: &str = "energy-register";
/// The code of the problem with rules for objects that do not exist.
pub(super) const RULES: &str = "rules-without-item";
/// A write that is due waits this long after an attempt at it was not possible.
const SHORTEST_WAIT: Duration = Duration::from_secs(5);

pub(super) struct StatusRun<'a> {
    pub(super) host: &'a Host,
    pub(super) client: EvceClient,
    pub(super) interval: Duration,
    pub(super) validity: Validity,
    pub(super) binding: Binding,
    /// The last state.
    pub(super) site: Option<Site>,
    /// The time of the last poll whose lists had everything.
    pub(super) complete_at: SystemTime,
    /// The objects of the stored tree, until a poll has them all.
    pub(super) from_tree: Option<KnownObjects>,
    pub(super) removals: Removals,
    pub(super) notices: Notices,
    pub(super) clock: ControllerClock,
    pub(super) queue: Queue,
    pub(super) active: ActiveReductions,
    pub(super) sent: SentWrites,
    pub(super) rights: MissingRights,
    pub(super) policies: Policies,
    pub(super) ordered: OrderedAvailabilities,
    pub(super) bms_writes: BmsWrites,
    pub(super) outage: Outage,
    /// The uptime of the last request for Setup.
    pub(super) setup_requested: Option<Duration>,
    /// The site has changed since Setup ran.
    pub(super) wants_setup: bool,
    pub(super) skipped: Vec<String>,
    pub(super) status_ages: StatusAges,
    pub(super) meter_readings: MeterReadings,
    /// Unknown before the first response.
    pub(super) api_support: Option<ApiSupport>,
}

impl<'a> StatusRun<'a> {
    pub(super) fn new(
        host: &'a Host,
        client: EvceClient,
        settings: &StatusSettings,
    ) -> Result<Self, HostError> {
        let mut queue = Queue::default();
        for set_point in host.open_set_points() {
            queue.adopt(host, set_point)?;
        }
        Ok(Self {
            host,
            client,
            interval: settings.interval,
            validity: settings.validity(),
            binding: Binding::default(),
            site: None,
            complete_at: host.now(),
            from_tree: Some(StoredObjects::of(&host.points()?).known(host)?),
            removals: Removals::default(),
            notices: Notices::default(),
            clock: ControllerClock::default(),
            queue,
            active: ActiveReductions::load(host)?,
            sent: SentWrites::load(host)?,
            rights: MissingRights::default(),
            policies: settings.policies(),
            ordered: OrderedAvailabilities::load(host)?,
            bms_writes: BmsWrites::load(host)?,
            outage: Outage::new(settings.offline_after),
            setup_requested: None,
            wants_setup: false,
            skipped: Vec::new(),
            status_ages: StatusAges::default(),
            meter_readings: MeterReadings::load(host)?,
            api_support: None,
        })
    }
}

impl StatusRun<'_> {
    pub(super) fn follow(&mut self) -> Outcome {
        // Those of an earlier run, which nobody else clears.
        Notices::clear_all(self.host, &site_problems::CODES);
        let events = [
            REMOVED,
            REGISTER_FELL,
            RULES,
            removals::MISSING,
            controller_clock::CLOCK,
            set_points::WRITES_FAIL,
            set_points::REDUCTION_ENDED,
            set_points::NO_RIGHT,
            set_points::REDUCTION_OVERRIDDEN,
            set_points::BMS_SILENT,
            set_points::REDUCTION_FOREIGN,
            set_points::AVAILABILITY_CHANGED,
        ];
        Notices::clear_all(self.host, &events);
        let mut next_poll = self.host.uptime()?;
        loop {
            let now = self.host.uptime()?;
            if now >= next_poll {
                self.poll()?;
                // A slow poll shifts the schedule.
                next_poll = (next_poll + self.interval).max(now);
            }
            self.execute_writes()?;
            let now = self.host.uptime()?;
            let mut wait = next_poll.saturating_sub(now);
            if let Some(due) = self.queue.next_attempt().filter(|_| self.site.is_some()) {
                let left = due.saturating_sub(now);
                wait = wait.min(if left.is_zero() { SHORTEST_WAIT } else { left });
            }
            match self.host.wait(wait)? {
                Wake::Write(set_point) => self.queue.add(self.host, set_point)?,
                Wake::TreeChanged => {
                    self.bind()?;
                    self.setup_requested = None;
                    self.wants_setup = false;
                    next_poll = self.host.uptime()?;
                }
                _ => {}
            }
        }
    }

    /// Keeps what the next run needs, and leaves the controller.
    pub(super) fn end(&mut self) {
        if self.site.is_some() && self.meter_readings.save(self.host).is_err() {
            self.host.log(LogLevel::Warn, "the energy registers could not be stored for the next run");
        }
        self.client.log_out();
    }

    fn poll(&mut self) -> Result<(), HostError> {
        match self.read() {
            Ok(snapshot) => self.publish(snapshot),
            Err(error) => {
                self.fail(&error)?;
                if error.has_response() { self.renew_without_poll() } else { Ok(()) }
            }
        }
    }

    /// Polls the controller. Reads its version first, once after each outage.
    fn read(&mut self) -> Result<SiteSnapshot, EvceError> {
        self.api_support()?;
        self.client.poll()
    }

    fn api_support(&mut self) -> Result<ApiSupport, EvceError> {
        if let Some(known) = self.api_support {
            return Ok(known);
        }
        let version = self.client.version()?.api_version;
        let api_support = ApiSupport::classify(self.host, version, self.client.supported_versions());
        self.api_support = Some(api_support);
        Ok(api_support)
    }

    fn fail(&mut self, error: &EvceError) -> Result<(), HostError> {
        error.propagate_stop()?;
        // It may have been updated during the outage.
        self.api_support = None;
        if let Some(reason) = self.outage.record(self.host, error)? {
            self.bind_from_store()?;
            self.host.publish(&self.binding.all_offline(&reason))?;
        }
        Ok(())
    }

    /// Binds the points of the stored tree before the first successful poll.
    fn bind_from_store(&mut self) -> Result<(), HostError> {
        if self.site.is_none() {
            self.binding = Binding::of_status_points(&self.host.points()?);
        }
        Ok(())
    }

    /// Executes the waiting writes if the API version is supported.
    fn execute_writes(&mut self) -> Result<(), HostError> {
        if self.site.is_none() || self.queue.is_empty() {
            return Ok(());
        }
        match self.api_support() {
            Ok(ApiSupport::Supported) => self.with_writer(|writer, queue| queue.execute(writer)),
            Ok(ApiSupport::Unsupported) => {
                self.queue.reject_all("the API version of the charge controller is not supported");
                Ok(())
            }
            Err(error) => error.propagate_stop(),
        }
    }

    fn renew_without_poll(&mut self) -> Result<(), HostError> {
        if self.active.is_empty() {
            return Ok(());
        }
        match self.api_support() {
            Ok(ApiSupport::Supported) => self.with_writer(|writer, _| writer.renew_without_poll()),
            Ok(ApiSupport::Unsupported) => Ok(()),
            Err(error) => error.propagate_stop(),
        }
    }

    pub(super) fn with_writer(
        &mut self,
        work: impl FnOnce(&mut SetPointWriter<'_>, &mut Queue) -> Result<(), HostError>,
    ) -> Result<(), HostError> {
        let Some(site) = &mut self.site else { return Ok(()) };
        let mut writer = SetPointWriter {
            host: self.host,
            client: &mut self.client,
            binding: &self.binding,
            site,
            active: &mut self.active,
            sent: &mut self.sent,
            rights: &mut self.rights,
            policies: &self.policies,
            ordered: &mut self.ordered,
            bms_writes: &mut self.bms_writes,
            validity: self.validity,
            is_complete: self.from_tree.is_none(),
        };
        work(&mut writer, &mut self.queue)?;
        for problem in set_points::problems(&self.active.take_events()) {
            self.notices.raise_for_a_day(self.host, problem)?;
        }
        let foreign = set_points::foreign_problem(self.active.displaced());
        self.notices.set(self.host, set_points::REDUCTION_FOREIGN, foreign);
        self.notices.set(self.host, set_points::BMS_SILENT, self.bms_writes.problem());
        let rights = self.rights.problem(self.client.login());
        self.notices.set(self.host, set_points::NO_RIGHT, rights);
        let failing: Vec<_> = self
            .queue
            .failing()
            .chain(self.active.failing())
            .chain(self.ordered.failing())
            .chain(self.bms_writes.failing())
            .collect();
        self.notices.set(self.host, set_points::WRITES_FAIL, set_points::problem(&failing));
        Ok(())
    }
}
