//! The stages of connection tests while they run, for the pages that wait for their results.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use riser_runtime::TestStage;
use riser_store::TokenHash;

/// A test by its session and the number in its form.
type TestKey = (TokenHash, u64);

/// The tests that run.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunningTests {
    stages: Arc<Mutex<HashMap<TestKey, Vec<TestStage>>>>,
}

/// A test that runs. Dropping it forgets its stages.
#[derive(Debug)]
pub(crate) struct RunningTest {
    tests: RunningTests,
    key: TestKey,
}

impl RunningTests {
    pub(crate) fn begin(&self, session: TokenHash, number: u64) -> RunningTest {
        let key = (session, number);
        self.stages.lock().insert(key, Vec::new());
        RunningTest { tests: self.clone(), key }
    }

    /// Returns the stages so far; `None` if no such test of the session runs.
    pub(crate) fn stages(&self, session: TokenHash, number: u64) -> Option<Vec<TestStage>> {
        self.stages.lock().get(&(session, number)).cloned()
    }
}

impl RunningTest {
    /// Adds a stage, or the result of the stage that ran last.
    pub(crate) fn report(&self, stage: &TestStage) {
        let mut all = self.tests.stages.lock();
        let Some(stages) = all.get_mut(&self.key) else { return };
        match stages.last_mut() {
            Some(last) if last.stage == stage.stage && last.passed.is_none() => *last = stage.clone(),
            _ => stages.push(stage.clone()),
        }
    }
}

impl Drop for RunningTest {
    fn drop(&mut self) {
        self.tests.stages.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(name: &str, passed: Option<bool>) -> TestStage {
        TestStage {
            stage: name.to_owned(),
            passed,
            finding: String::new(),
            advice: String::new(),
            took_ms: 3,
        }
    }

    #[test]
    fn a_session_sees_the_stages_of_its_own_tests_while_they_run() {
        let tests = RunningTests::default();
        let test = tests.begin([1; 32], 7);
        for (name, passed) in [("DNS", None), ("DNS", Some(true)), ("TCP", None)] {
            test.report(&stage(name, passed));
        }
        let seen = tests.stages([1; 32], 7).unwrap();
        assert_eq!(seen, [stage("DNS", Some(true)), stage("TCP", None)]);
        assert_eq!((tests.stages([2; 32], 7), tests.stages([1; 32], 8)), (None, None));
        drop(test);
        assert_eq!(tests.stages([1; 32], 7), None);
    }
}
