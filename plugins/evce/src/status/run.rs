//! One run of Status: its loop, and what it knows of the controller.

use std::time::SystemTime;

use riser_plugin::LogLevel;
use riser_plugin::prelude::*;

use super::StatusSettings;
use crate::api_version::{self, ApiSupport};
use crate::client::{EvceClient, EvceError, SiteSnapshot};
use crate::controller_clock::{self, ControllerClock};
use crate::meter_readings::MeterReadings;
use crate::model::{ObjectKey, Site, listed};
use crate::notices::Notices;
use crate::outage::Outage;
use crate::plausibility;
use crate::points::{Binding, KnownObjects, SETUP, StoredObjects};
use crate::removals::{self, Comparison, Removals};
use crate::set_points::{self, ActiveReductions, Queue, SentWrites, SetPointWriter, Validity};
use crate::site_problems;

/// The code of the problem with objects that were removed.
const REMOVED: &str = "removed-objects";
/// The code of the problem with energy registers that fell.
const REGISTER_FELL: &str = "energy-register";
/// The reason of values while the first poll lacks objects of the tree.
const LISTS_TOO_SHORT: &str =
    "the lists of the charge controller lack objects; their removal is not confirmed";
/// A write that is due waits this long after an attempt at it was not possible.
const SHORTEST_WAIT: Duration = Duration::from_secs(5);
/// Shortest time between two requests for Setup.
const SETUP_REQUEST_INTERVAL: Duration = Duration::from_mins(1);

pub(super) struct StatusRun<'a> {
    host: &'a Host,
    client: EvceClient,
    interval: Duration,
    validity: Validity,
    binding: Binding,
    /// The last state.
    site: Option<Site>,
    /// The time of the last poll whose lists had everything.
    complete_at: SystemTime,
    /// The objects of the stored tree, until a poll has them all.
    from_tree: Option<KnownObjects>,
    removals: Removals,
    notices: Notices,
    clock: ControllerClock,
    queue: Queue,
    active: ActiveReductions,
    sent: SentWrites,
    outage: Outage,
    /// The uptime of the last request for Setup.
    setup_requested: Option<Duration>,
    /// The site has changed since Setup ran.
    wants_setup: bool,
    skipped: Vec<String>,
    meter_readings: MeterReadings,
    /// Unknown before the first response.
    api_support: Option<ApiSupport>,
}

impl<'a> StatusRun<'a> {
    pub(super) fn new(
        host: &'a Host,
        client: EvceClient,
        validity: Validity,
        settings: &StatusSettings,
    ) -> Result<Self, HostError> {
        let mut queue = Queue::default();
        for set_point in host.open_set_points() {
            queue.add(host, set_point)?;
        }
        Ok(Self {
            host,
            client,
            interval: settings.interval,
            validity,
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
            outage: Outage::new(settings.offline_after),
            setup_requested: None,
            wants_setup: false,
            skipped: Vec::new(),
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
            removals::MISSING,
            controller_clock::CLOCK,
            set_points::WRITES_FAIL,
            set_points::REDUCTION_ENDED,
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
            let mut wait = next_poll.saturating_sub(self.host.uptime()?);
            if let Some(due) = self.queue.next_attempt().filter(|_| self.site.is_some()) {
                wait = wait.min(due.saturating_sub(self.host.uptime()?).max(SHORTEST_WAIT));
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
        let api_support = ApiSupport::classify(self.host, self.client.version()?.api_version);
        self.api_support = Some(api_support);
        Ok(api_support)
    }

    fn publish(&mut self, snapshot: SiteSnapshot) -> Result<(), HostError> {
        let SiteSnapshot { mut site, skipped, controller_now, has_clock } = snapshot;
        if skipped != self.skipped {
            SiteSnapshot::log_skipped(&skipped, self.host);
            self.skipped = skipped;
        }
        plausibility::reject_implausible(&mut site);
        let unseen = self.review_lists(&mut site)?;
        self.confirm_ended_reductions(&mut site)?;
        let uptime = self.host.uptime()?;
        self.count_energy(&mut site, unseen == 0, uptime)?;
        let was_known = self.site.is_some();
        self.adopt(site)?;
        self.publish_values(unseen)?;
        let was_failing = self.outage.end();
        if !was_known || was_failing {
            self.host.log(LogLevel::Info, "the charge controller responds");
            for code in crate::PROBLEM_CODES {
                self.host.clear(code);
            }
        }
        if has_clock {
            self.clock.read(self.host, controller_now, uptime, &mut self.notices)?;
        }
        self.notices.expire(self.host, uptime);
        if self.wants_setup || !self.binding_fits() {
            self.request_setup()?;
        }
        match self.api_support {
            Some(ApiSupport::Supported) => self.with_writer(|writer, _| writer.renew(controller_now)),
            _ => Ok(()),
        }
    }

    /// Puts objects back that the lists lack without a confirmed removal. Returns how many of them are not known from an
    /// earlier poll of this run.
    fn review_lists(&mut self, site: &mut Site) -> Result<usize, HostError> {
        let comparison = match (&self.from_tree, &self.site) {
            (Some(known), _) => Comparison::with_tree(known, site),
            (None, Some(before)) => Comparison::with_site(before, site),
            (None, None) => Comparison::default(),
        };
        let review = self.removals.review(&comparison, site, &mut self.client)?;
        let before = self.site.as_ref().filter(|_| self.from_tree.is_none());
        let unseen = removals::keep(site, before, &review.kept);
        if !review.removed.is_empty() {
            self.report_removed(&review.removed)?;
        }
        if let Some(known) = &mut self.from_tree {
            known.forget(&review.removed);
        }
        if unseen == 0 {
            self.from_tree = None;
        }
        if review.kept.is_empty() {
            self.complete_at = self.host.now();
        }
        self.notices.set(self.host, removals::MISSING, self.removals.problem(&comparison));
        Ok(unseen)
    }

    /// Reads the reductions that the list of zones lacks since this poll: the list may be wrong.
    fn confirm_ended_reductions(&mut self, site: &mut Site) -> Result<(), HostError> {
        let Some(before) = &self.site else { return Ok(()) };
        for zone in site.zones.iter_mut().filter(|zone| zone.reduction.is_none()) {
            let known = before.zone(&zone.id).and_then(|before| before.reduction.as_ref());
            if let Some(known) = known {
                zone.reduction = match self.client.reduction(&zone.id) {
                    Ok(read) => read.reduction,
                    // The controller has no such request, so the list decides.
                    Err(EvceError::Refused { .. }) => None,
                    Err(error) => error.propagate_stop().map(|()| Some(known.clone()))?,
                };
            }
        }
        Ok(())
    }

    fn report_removed(&mut self, removed: &[ObjectKey]) -> Result<(), HostError> {
        let names: Vec<String> = removed.iter().map(ToString::to_string).collect();
        let what = format!("the charge controller no longer has {}", listed(&names));
        self.host.log(LogLevel::Warn, &what);
        self.wants_setup = true;
        let problem = Problem::new(REMOVED, what)
            .effect("their points are Error and are removed after 30 days")
            .remedy("remove their bindings from the BMS; this message ends after a day");
        self.notices.raise_for_a_day(self.host, problem)
    }

    /// Fills in the energies that sums count, and reports registers that fell.
    fn count_energy(
        &mut self,
        site: &mut Site,
        is_complete: bool,
        uptime: Duration,
    ) -> Result<(), HostError> {
        let fallen = self.meter_readings.update(self.host, site, is_complete, uptime)?;
        for message in &fallen {
            self.host.log(LogLevel::Warn, message);
        }
        if fallen.is_empty() {
            return Ok(());
        }
        let problem = Problem::new(REGISTER_FELL, listed(&fallen))
            .effect("sums of energy continue from their last value; one of their samples is Uncertain")
            .remedy("if the meter is new, none; otherwise check it. This message ends after a day");
        self.notices.raise_for_a_day(self.host, problem)
    }

    /// Makes a site the present one, and finds its points if it differs from the one before.
    fn adopt(&mut self, site: Site) -> Result<(), HostError> {
        let was_known = self.site.is_some();
        if was_known && !self.binding.fits(&site) {
            // A station that moved, or a removed object, has its points; only Setup changes the tree.
            self.wants_setup = true;
            self.host.publish(&self.binding.gone_values(&site))?;
        }
        let fits = was_known && self.binding.fits(&site);
        self.site = Some(site);
        if fits { Ok(()) } else { self.bind() }
    }

    fn publish_values(&mut self, unseen: usize) -> Result<(), HostError> {
        let Some(site) = &self.site else { return Ok(()) };
        if unseen > 0 {
            // Sums cannot be computed without the missing objects.
            let kept = self.binding.all_kept(self.host, LISTS_TOO_SHORT)?;
            return self.host.publish(&kept);
        }
        let mut values = self.binding.status_values(site, Some(self.complete_at));
        if self.api_support == Some(ApiSupport::Unsupported) {
            api_version::downgrade(&mut values);
        }
        self.host.publish(&values)?;
        site_problems::update(self.host, &mut self.notices, site);
        Ok(())
    }

    fn binding_fits(&self) -> bool {
        self.site.as_ref().is_some_and(|site| self.binding.fits(site))
    }

    fn bind(&mut self) -> Result<(), HostError> {
        if let Some(site) = &self.site {
            self.binding = Binding::new(&self.host.points()?, site);
        }
        Ok(())
    }

    fn request_setup(&mut self) -> Result<(), HostError> {
        let now = self.host.uptime()?;
        if self.setup_requested.is_some_and(|asked| now.saturating_sub(asked) < SETUP_REQUEST_INTERVAL) {
            return Ok(());
        }
        self.setup_requested = Some(now);
        self.wants_setup = false;
        match self
            .host
            .request_run(SETUP, "zones, stations or connectors of the charge controller have changed")
        {
            Err(HostError::Refused { what, .. }) => {
                self.host.log(LogLevel::Warn, &format!("EVCE Setup cannot run for the new objects: {what}"));
                Ok(())
            }
            other => other,
        }
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

    fn with_writer(
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
            validity: self.validity,
            is_complete: self.from_tree.is_none(),
        };
        work(&mut writer, &mut self.queue)?;
        let ended = self.active.take_ended();
        if !ended.is_empty() {
            self.notices.raise_for_a_day(self.host, set_points::ended_problem(&ended))?;
        }
        let failing: Vec<_> = self.queue.failing().chain(self.active.failing()).collect();
        self.notices.set(self.host, set_points::WRITES_FAIL, set_points::problem(&failing));
        Ok(())
    }
}
