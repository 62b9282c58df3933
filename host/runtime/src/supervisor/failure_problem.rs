use riser_domain::{ConfigurationId, Problem, ProcessorConfiguration};

use crate::problems::Problems;

/// The problem of a failed run, while the host keeps it open.
#[derive(Debug, Default)]
pub(super) struct FailureProblem {
    code: Option<String>,
}

impl FailureProblem {
    /// Opens a problem in place of the one before.
    pub(super) fn replace(
        &mut self,
        problems: &Problems,
        configuration: &ProcessorConfiguration,
        problem: Problem,
    ) {
        if self.code.as_ref() != Some(&problem.code) {
            self.end(problems, configuration.id);
        }
        self.code = Some(problem.code.clone());
        problems.raise(Some(configuration.id), &configuration.name, problem);
    }

    /// Ends it.
    pub(super) fn end(&mut self, problems: &Problems, configuration: ConfigurationId) {
        if let Some(code) = self.code.take() {
            problems.clear(Some(configuration), &code);
        }
    }

    /// Hands the problem over to the processor, which raised the same one and ends it.
    pub(super) fn leave_to_processor(&mut self, code: &str) {
        self.code.take_if(|open| open == code);
    }
}
