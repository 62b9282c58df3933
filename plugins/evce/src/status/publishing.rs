//! From the snapshot of a poll to values and problems.

use riser_plugin::LogLevel;
use riser_plugin::prelude::*;

use super::run::{REGISTER_FELL, REMOVED, RULES, StatusRun};
use crate::api_version::{self, ApiSupport};
use crate::client::{EvceError, SiteSnapshot};
use crate::model::{ObjectKey, Site, listed};
use crate::plausibility;
use crate::points::{Binding, Extra, SETUP};
use crate::removals::{self, Comparison};
use crate::site_problems;

/// The reason of values while the first poll lacks objects of the tree.
const LISTS_TOO_SHORT: &str =
    "the lists of the charge controller lack objects; their removal is not confirmed";
/// Shortest time between two requests for Setup.
const SETUP_REQUEST_INTERVAL: Duration = Duration::from_mins(1);

impl StatusRun<'_> {
    /// Makes a snapshot the present state: decides about missing objects, publishes values, and renews reductions.
    pub(super) fn publish(&mut self, snapshot: SiteSnapshot) -> Result<(), HostError> {
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
        if self.binding.has_extra(Extra::ConnectorStatus) {
            self.status_ages.fill_in(&mut site, uptime);
        }
        let was_known = self.site.is_some();
        self.adopt(site)?;
        self.with_writer(|writer, _| {
            writer.annotate();
            Ok(())
        })?;
        self.publish_values(unseen)?;
        if !was_known {
            self.check_rules();
        }
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
            Some(ApiSupport::Supported) => self.with_writer(|writer, queue| {
                writer.renew(controller_now)?;
                writer.defend_availabilities(queue)?;
                writer.watch_bms(queue, controller_now)
            }),
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

    /// Raises a problem if a rule of the settings names an object that the controller does not have.
    fn check_rules(&mut self) {
        let Some(site) = &self.site else { return };
        let names = self.policies.unknown_names(site);
        let problem = (!names.is_empty()).then(|| {
            let what = format!(
                "the charge controller has no {}, which the rules for single items name",
                listed(&names)
            );
            Problem::new(RULES, what)
                .effect("these rules apply to nothing")
                .remedy("correct the names in the settings of this processor")
                .setting("zones")
        });
        self.notices.set(self.host, RULES, problem);
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
        let adapt = api_version::adapt_to(self.api_support);
        self.binding.publish_status(self.host, site, Some(self.complete_at), adapt)?;
        site_problems::update(self.host, &mut self.notices, site);
        Ok(())
    }

    fn binding_fits(&self) -> bool {
        self.site.as_ref().is_some_and(|site| self.binding.fits(site))
    }

    pub(super) fn bind(&mut self) -> Result<(), HostError> {
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
}
