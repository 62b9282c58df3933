//! EVCE Status: looks at the controller again and again, publishes what it shows, and carries set points.

use std::time::SystemTime;

use riser_plugin::LogLevel;
use riser_plugin::prelude::*;

use crate::client::{EvceClient, EvceError, Look};
use crate::connection::EvceConnection;
use crate::generation::{self, Generation};
use crate::model::Site;
use crate::outage::Outage;
use crate::points::{Binding, SETUP, STATUS};
use crate::registers::Registers;
use crate::set_points::{Queue, SetPointWriter, StandingReductions, Validity};

/// Time between two attempts to carry a set point.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Setup is asked for at most this often.
const ASK_FOR_SETUP_AFTER: Duration = Duration::from_mins(1);

/// How Status works.
#[derive(Settings)]
#[settings(check = Self::check_renewal)]
pub(crate) struct StatusSettings {
    /// Time between two looks at the charge controller.
    #[setting(default = "15 s", min = "5 s", max = "300 s")]
    interval: Duration,
    /// How long a reduction holds that the BMS writes without a validity. It is renewed every third of this
    /// time while it stands, so that it ends soon when Riser does.
    #[setting(default = "15 min", min = "2 min", max = "24 h", group = "Set points")]
    validity: Duration,
    /// Let reductions hold for ever instead, as the incumbent does.
    #[setting(default = false, group = "Set points", advanced)]
    forever: bool,
}

impl StatusSettings {
    /// A reduction is renewed after a look, once a third of its validity is over.
    fn check_renewal(&self) -> Result<(), Problem> {
        if self.forever || self.validity >= self.interval * 3 {
            return Ok(());
        }
        let problem = Problem::new("validity", "reductions would end before they are renewed");
        Err(problem.remedy("make the validity at least three times the interval").setting("validity"))
    }
}

/// Publishes what a controller shows.
pub(crate) struct Status;

struct StatusRun<'a> {
    host: &'a Host,
    client: EvceClient,
    interval: Duration,
    validity: Validity,
    binding: Binding,
    /// What was seen last.
    site: Option<Site>,
    controller_now: SystemTime,
    queue: Queue,
    standing: StandingReductions,
    outage: Outage,
    asked_for_setup: Option<SystemTime>,
    left_out: Vec<String>,
    registers: Registers,
    /// Not known before the controller has answered.
    generation: Option<Generation>,
}

impl Processor for Status {
    type Settings = StatusSettings;
    const CLASS: Class = Class::long_running(STATUS, "EVCE Status")
        .needs::<EvceConnection>()
        .requires(SETUP)
        .creates("live values, and set points back to the controller")
        .about(
            "Reads live values of zones, stations and connectors and carries set points to the controller.",
        )
        .accepts_writes();

    fn run(&self, host: &Host, settings: StatusSettings) -> Outcome {
        let connection = host.connection::<EvceConnection>()?;
        host.publishes_every(settings.interval)?;
        let client = EvceClient::new(host, &connection)
            .map_err(|error| error.as_failure("no live values, and no set points"))?;
        let validity =
            if settings.forever { Validity::ForEver } else { Validity::Renewed(settings.validity) };
        let mut queue = Queue::default();
        for set_point in host.open_set_points() {
            queue.add(set_point);
        }
        let mut run = StatusRun {
            host,
            client,
            interval: settings.interval,
            validity,
            binding: Binding::default(),
            site: None,
            controller_now: host.now(),
            queue,
            standing: StandingReductions::load(host)?,
            outage: Outage::default(),
            asked_for_setup: None,
            left_out: Vec::new(),
            registers: Registers::default(),
            generation: None,
        };
        let outcome = run.follow();
        run.client.log_out();
        outcome
    }
}

impl StatusRun<'_> {
    fn follow(&mut self) -> Outcome {
        let mut next_look = self.host.now();
        loop {
            let now = self.host.now();
            // A clock that was set back must not put off the next look.
            if next_look > now + self.interval {
                next_look = now;
            }
            if now >= next_look {
                self.look()?;
                // A look that took long, or a clock that jumped, shifts the rhythm.
                next_look = (next_look + self.interval).max(now);
            }
            self.carry()?;
            let mut wait = next_look.duration_since(self.host.now()).unwrap_or_default().min(self.interval);
            if self.queue.is_urgent() {
                wait = wait.min(RETRY_AFTER);
            }
            match self.host.wait(wait)? {
                Wake::Write(set_point) => self.queue.add(set_point),
                Wake::TreeChanged => {
                    self.bind()?;
                    self.asked_for_setup = None;
                    next_look = self.host.now();
                }
                _ => {}
            }
        }
    }

    fn look(&mut self) -> Result<(), HostError> {
        match self.read() {
            Ok(look) => self.show(look),
            Err(error) => {
                self.fail(&error)?;
                if error.is_an_answer() { self.renew_unseen() } else { Ok(()) }
            }
        }
    }

    /// Reads the controller; asks it before for its version, once after each time it was away.
    fn read(&mut self) -> Result<Look, EvceError> {
        self.generation()?;
        self.client.look()
    }

    fn generation(&mut self) -> Result<Generation, EvceError> {
        if let Some(known) = self.generation {
            return Ok(known);
        }
        let generation = Generation::judge(self.host, self.client.version()?.api_version);
        self.generation = Some(generation);
        Ok(generation)
    }

    fn show(&mut self, look: Look) -> Result<(), HostError> {
        let Look { mut site, left_out, controller_now } = look;
        for fall in self.registers.follow(&mut site) {
            self.host.log(LogLevel::Warn, &fall);
        }
        if left_out != self.left_out {
            Look::tell_left_out(&left_out, self.host);
            self.left_out = left_out;
        }
        self.controller_now = controller_now;
        let was_known = self.site.replace(site).is_some();
        if !was_known || !self.binding_fits() {
            self.bind()?;
        }
        if let Some(site) = &self.site {
            let mut values = self.binding.status_values(site);
            if self.generation == Some(Generation::Unsupported) {
                generation::doubt(&mut values);
            }
            self.host.publish(&values)?;
        }
        let was_failing = self.outage.end();
        if !was_known || was_failing {
            self.host.log(LogLevel::Info, "the charge controller answers");
            for code in crate::PROBLEM_CODES {
                self.host.clear(code);
            }
        }
        if !self.binding_fits() {
            self.ask_for_setup()?;
        }
        match self.generation {
            Some(Generation::Supported) => self.with_carrier(|carrier, _| carrier.renew(controller_now)),
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

    fn ask_for_setup(&mut self) -> Result<(), HostError> {
        let now = self.host.now();
        let is_recent =
            |asked: SystemTime| now.duration_since(asked).is_ok_and(|waited| waited < ASK_FOR_SETUP_AFTER);
        if self.asked_for_setup.is_some_and(is_recent) {
            return Ok(());
        }
        self.asked_for_setup = Some(now);
        match self.host.request_run(SETUP, "the charge controller has other zones, stations or connectors") {
            Err(HostError::Refused { what, .. }) => {
                self.host.log(LogLevel::Warn, &format!("new objects wait for EVCE Setup: {what}"));
                Ok(())
            }
            other => other,
        }
    }

    fn fail(&mut self, error: &EvceError) -> Result<(), HostError> {
        error.propagate_stop()?;
        // While it was away it may have been updated.
        self.generation = None;
        if let Some(reason) = self.outage.note(self.host, error) {
            self.bind_from_store()?;
            self.host.publish(&self.binding.all_offline(&reason))?;
        }
        Ok(())
    }

    /// Without a look yet, the stored tree tells which points there are.
    fn bind_from_store(&mut self) -> Result<(), HostError> {
        if self.site.is_none() {
            self.binding = Binding::of_status_points(&self.host.points()?);
        }
        Ok(())
    }

    /// Carries what waits, once the controller is known to be one that may be written.
    fn carry(&mut self) -> Result<(), HostError> {
        if self.site.is_none() || self.queue.is_empty() {
            return Ok(());
        }
        match self.generation() {
            Ok(Generation::Supported) => self.with_carrier(|carrier, queue| queue.carry(carrier)),
            Ok(Generation::Unsupported) => {
                self.queue.reject_all("the API version of the charge controller is not supported");
                Ok(())
            }
            Err(error) => error.propagate_stop(),
        }
    }

    fn renew_unseen(&mut self) -> Result<(), HostError> {
        if self.standing.is_empty() {
            return Ok(());
        }
        match self.generation() {
            Ok(Generation::Supported) => self.with_carrier(|carrier, _| carrier.renew_unseen()),
            Ok(Generation::Unsupported) => Ok(()),
            Err(error) => error.propagate_stop(),
        }
    }

    fn with_carrier(
        &mut self,
        work: impl FnOnce(&mut SetPointWriter<'_>, &mut Queue) -> Result<(), HostError>,
    ) -> Result<(), HostError> {
        let Some(site) = &mut self.site else { return Ok(()) };
        let mut carrier = SetPointWriter {
            host: self.host,
            client: &mut self.client,
            binding: &self.binding,
            site,
            standing: &mut self.standing,
            validity: self.validity,
        };
        work(&mut carrier, &mut self.queue)
    }
}
