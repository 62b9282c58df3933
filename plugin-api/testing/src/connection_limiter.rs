//! The connection limiter: open until the test closes it, and for logins until credentials are refused. It
//! records each action and its result.

use std::time::{Duration, SystemTime};

use riser_plugin::abi::messages::{ActionResult, LimitedAction, Reply};

use crate::records::unix_ms;

/// Time between two logins with credentials that were refused, as Riser keeps it.
const REFUSED_PAUSE: Duration = Duration::from_mins(5);

/// The reported result of a login or a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimiterReport {
    /// Login or request.
    pub purpose: LimitedAction,
    /// The result.
    pub result: ActionResult,
}

#[derive(Debug, Default)]
pub(crate) struct MemoryLimiter {
    closed: Option<(SystemTime, String)>,
    no_login_before: Option<SystemTime>,
    held: Vec<LimitedAction>,
    reports: Vec<LimiterReport>,
}

impl MemoryLimiter {
    pub(crate) fn close(&mut self, until: SystemTime, reason: &str) {
        self.closed = Some((until, reason.to_owned()));
    }

    /// Moves the ends of pauses with a clock that is set: they last as long as they would have.
    pub(crate) fn move_pauses(&mut self, by_ns: i64) {
        let by = Duration::from_nanos(by_ns.unsigned_abs());
        let closed = self.closed.as_mut().map(|(until, _)| until);
        for until in closed.into_iter().chain(self.no_login_before.as_mut()) {
            if by_ns < 0 {
                *until -= by;
            } else {
                *until += by;
            }
        }
    }

    /// Grants every permit until it is closed. It opens again when its time is over.
    pub(crate) fn acquire(&mut self, purpose: LimitedAction, now: SystemTime) -> Reply {
        if self.closed.as_ref().is_some_and(|(until, _)| *until <= now) {
            self.closed = None;
        }
        if let Some(until) = self.no_login_before.filter(|until| *until > now)
            && purpose == LimitedAction::Login
        {
            let reason = "login and password were refused".to_owned();
            return Reply::LimiterDenied { until_ms: unix_ms(until), reason };
        }
        match &self.closed {
            Some((until, reason)) => {
                Reply::LimiterDenied { until_ms: unix_ms(*until), reason: reason.clone() }
            }
            None => {
                self.held.push(purpose);
                Reply::Done
            }
        }
    }

    /// Takes a permit back; `None` if none is held.
    pub(crate) fn release(
        &mut self,
        purpose: LimitedAction,
        result: ActionResult,
        now: SystemTime,
    ) -> Option<Reply> {
        let at = self.held.iter().position(|held| *held == purpose)?;
        self.held.remove(at);
        if result == ActionResult::CredentialsRefused {
            self.no_login_before = Some(now + REFUSED_PAUSE);
        }
        self.reports.push(LimiterReport { purpose, result });
        Some(Reply::Done)
    }

    pub(crate) fn reports(&self) -> &[LimiterReport] {
        &self.reports
    }
}
