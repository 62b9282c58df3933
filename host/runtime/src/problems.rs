//! Open problems, raised and ended by processors or by Riser itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use riser_domain::{Clock, ClockReading, ConfigurationId, Problem};

use crate::changes::{Change, Changes};
use crate::status::RaisedProblem;

/// Largest number of open problems of one processor configuration. More are logged only.
const OPEN_PROBLEMS_PER_SOURCE: usize = 50;

/// All open problems.
#[derive(Debug)]
pub(crate) struct Problems {
    clock: Arc<dyn Clock>,
    changes: Changes,
    open: Mutex<BTreeMap<(Option<ConfigurationId>, String), OpenProblem>>,
}

#[derive(Clone, Debug, PartialEq)]
struct OpenProblem {
    problem: Problem,
    raised_by: String,
    since: ClockReading,
}

impl Problems {
    pub(crate) fn new(clock: Arc<dyn Clock>, changes: Changes) -> Self {
        Self { clock, changes, open: Mutex::default() }
    }

    /// Raises a problem, or renews the text of the one with this code. Returns whether it is new.
    pub(crate) fn raise(
        &self,
        configuration: Option<ConfigurationId>,
        raised_by: &str,
        problem: Problem,
    ) -> bool {
        let mut open = self.open.lock();
        let key = (configuration, problem.code.clone());
        let since = open.get(&key).map(|raised| raised.since);
        let held = open.keys().filter(|(source, _)| *source == configuration).count();
        if since.is_none() && held >= OPEN_PROBLEMS_PER_SOURCE {
            return false;
        }
        let raised = OpenProblem {
            problem,
            raised_by: raised_by.to_owned(),
            since: since.unwrap_or_else(|| self.clock.read()),
        };
        let is_changed = open.insert(key, raised.clone()) != Some(raised);
        drop(open);
        if is_changed {
            self.changes.send(Change::Problems);
        }
        since.is_none()
    }

    /// Ends the problem with this code.
    pub(crate) fn clear(&self, configuration: Option<ConfigurationId>, code: &str) {
        let mut open = self.open.lock();
        let was_open = open.remove(&(configuration, code.to_owned())).is_some();
        drop(open);
        if was_open {
            self.changes.send(Change::Problems);
        }
    }

    /// Ends all problems of a processor configuration.
    pub(crate) fn clear_of(&self, configuration: ConfigurationId) {
        let mut open = self.open.lock();
        let before = open.len();
        open.retain(|(source, _), _| *source != Some(configuration));
        let is_changed = open.len() != before;
        drop(open);
        if is_changed {
            self.changes.send(Change::Problems);
        }
    }

    /// Shows the open problems of a processor configuration under its new name.
    pub(crate) fn rename(&self, configuration: ConfigurationId, name: &str) {
        let mut open = self.open.lock();
        for ((source, _), raised) in &mut *open {
            if *source == Some(configuration) {
                name.clone_into(&mut raised.raised_by);
            }
        }
        drop(open);
        self.changes.send(Change::Problems);
    }

    /// Returns all open problems, newest first.
    pub(crate) fn list(&self) -> Vec<RaisedProblem> {
        let open = self.open.lock();
        let mut newest_first: Vec<_> = open.iter().collect();
        newest_first.sort_by_key(|(_, raised)| std::cmp::Reverse(raised.since.uptime));
        newest_first
            .into_iter()
            .map(|((configuration, _), raised)| RaisedProblem {
                problem: raised.problem.clone(),
                configuration: *configuration,
                raised_by: raised.raised_by.clone(),
                since: self.clock.wall_time_of(raised.since),
            })
            .collect()
    }
}
