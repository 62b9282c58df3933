//! One run of Status: its loop, and what it knows of the controller.

use std::time::SystemTime;

use riser_plugin::LogLevel;
use riser_plugin::prelude::*;

use super::StatusSettings;
use crate::api_version::{self, ApiSupport};
use crate::client::{EvceClient, EvceError, SiteSnapshot};
use crate::meter_readings::MeterReadings;
use crate::model::Site;
use crate::outage::Outage;
use crate::points::{Binding, SETUP};
use crate::set_points::{ActiveReductions, Queue, SetPointWriter, Validity};

/// Time between two attempts to execute a write.
const RETRY_AFTER: Duration = Duration::from_secs(5);
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
    controller_now: SystemTime,
    queue: Queue,
    active: ActiveReductions,
    outage: Outage,
    /// The uptime of the last request for Setup.
    setup_requested: Option<Duration>,
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
            controller_now: host.now(),
            queue,
            active: ActiveReductions::load(host)?,
            outage: Outage::new(settings.offline_after),
            setup_requested: None,
            skipped: Vec::new(),
            meter_readings: MeterReadings::default(),
            api_support: None,
        })
    }
}

impl StatusRun<'_> {
    pub(super) fn follow(&mut self) -> Outcome {
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
            if self.queue.is_urgent() {
                wait = wait.min(RETRY_AFTER);
            }
            match self.host.wait(wait)? {
                Wake::Write(set_point) => self.queue.add(self.host, set_point)?,
                Wake::TreeChanged => {
                    self.bind()?;
                    self.setup_requested = None;
                    next_poll = self.host.uptime()?;
                }
                _ => {}
            }
        }
    }

    /// Leaves the controller.
    pub(super) fn end(&mut self) {
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
        let SiteSnapshot { mut site, skipped, controller_now } = snapshot;
        for message in self.meter_readings.update(&mut site) {
            self.host.log(LogLevel::Warn, &message);
        }
        if skipped != self.skipped {
            SiteSnapshot::log_skipped(&skipped, self.host);
            self.skipped = skipped;
        }
        self.controller_now = controller_now;
        let was_known = self.site.replace(site).is_some();
        if !was_known || !self.binding_fits() {
            self.bind()?;
        }
        if let Some(site) = &self.site {
            let mut values = self.binding.status_values(site);
            if self.api_support == Some(ApiSupport::Unsupported) {
                api_version::downgrade(&mut values);
            }
            self.host.publish(&values)?;
        }
        let was_failing = self.outage.end();
        if !was_known || was_failing {
            self.host.log(LogLevel::Info, "the charge controller responds");
            for code in crate::PROBLEM_CODES {
                self.host.clear(code);
            }
        }
        if !self.binding_fits() {
            self.request_setup()?;
        }
        match self.api_support {
            Some(ApiSupport::Supported) => self.with_writer(|writer, _| writer.renew(controller_now)),
            _ => Ok(()),
        }
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
            validity: self.validity,
        };
        work(&mut writer, &mut self.queue)
    }
}
