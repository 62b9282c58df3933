//! The connection gate: open until the test closes it, and for logins until credentials are refused; who passed
//! and how it went is kept.

use std::time::{Duration, SystemTime};

use riser_plugin::abi::messages::{Answer, GatePurpose, GateResult};

use crate::records::unix_ms;

/// Time between two logins with credentials that were refused, as Riser keeps it.
const REFUSED_PAUSE: Duration = Duration::from_mins(5);

/// What was told to the gate after a login or a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateReport {
    /// Which of the two.
    pub purpose: GatePurpose,
    /// How it went.
    pub result: GateResult,
}

#[derive(Debug, Default)]
pub(crate) struct MemoryGate {
    closed: Option<(SystemTime, String)>,
    no_login_before: Option<SystemTime>,
    held: Vec<GatePurpose>,
    reports: Vec<GateReport>,
}

impl MemoryGate {
    pub(crate) fn close(&mut self, until: SystemTime, reason: &str) {
        self.closed = Some((until, reason.to_owned()));
    }

    /// Lets through whoever asks, until it is closed; it opens by itself when its time has come.
    pub(crate) fn enter(&mut self, purpose: GatePurpose, now: SystemTime) -> Answer {
        if self.closed.as_ref().is_some_and(|(until, _)| *until <= now) {
            self.closed = None;
        }
        if let Some(until) = self.no_login_before.filter(|until| *until > now)
            && purpose == GatePurpose::Login
        {
            let reason = "login and password were refused".to_owned();
            return Answer::GateClosed { until_ms: unix_ms(until), reason };
        }
        match &self.closed {
            Some((until, reason)) => Answer::GateClosed { until_ms: unix_ms(*until), reason: reason.clone() },
            None => {
                self.held.push(purpose);
                Answer::Done
            }
        }
    }

    /// Takes a slot back; `None` when none is held.
    pub(crate) fn leave(
        &mut self,
        purpose: GatePurpose,
        result: GateResult,
        now: SystemTime,
    ) -> Option<Answer> {
        let at = self.held.iter().position(|held| *held == purpose)?;
        self.held.remove(at);
        if result == GateResult::CredentialsRefused {
            self.no_login_before = Some(now + REFUSED_PAUSE);
        }
        self.reports.push(GateReport { purpose, result });
        Some(Answer::Done)
    }

    pub(crate) fn reports(&self) -> &[GateReport] {
        &self.reports
    }
}
